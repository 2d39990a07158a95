"""A second implementation of the two protocols, without an event loop; the server's is the first.

A handler's side of a response is driven by one ``send(None)``: nothing in this package may wait for
anything but the writer, and this writer never waits.
"""

import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from multidict import CIMultiDict

from treadle_responses import RequestInfo, ResponseWriter, StreamResponse

Hook = Callable[[StreamResponse], None]


@dataclass
class Wire:
    """The written response: the head's fields in order, and the body."""

    method: str
    status: int = 0
    reason: str = ""
    fields: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    calls: list[str] = field(default_factory=list)
    body_follows: bool = False

    def write_head(
        self, status: int, reason: str, headers: CIMultiDict[str], *, body_follows: bool
    ) -> None:
        for name, value in headers.items():
            if re.search("[\r\n\0]", name + value):
                raise ValueError(f"{name}: {value!r} cannot be sent")
        self.status, self.reason = status, reason
        self.fields = list(headers.items())
        self.body_follows = body_follows
        self.calls.append("head")

    def _take(self, data: bytes | bytearray | memoryview) -> None:
        if self.method != "HEAD" and self.status not in (204, 205, 304):
            self.body += data

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        self._take(data)
        self.calls.append("write")

    async def write_eof(self, data: bytes = b"") -> None:
        assert type(data) is bytes
        self._take(data)
        self.calls.append("eof")

    def get(self, name: str) -> list[str]:
        """Return the values of a field."""
        return [value for key, value in self.fields if key.lower() == name.lower()]


@dataclass
class Ask:
    """The request side."""

    method: str = "GET"
    version: tuple[int, int] = (1, 1)
    keep_alive: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    hook: Hook = lambda response: None
    task: object = None

    def __post_init__(self) -> None:
        self.wire = Wire(self.method)

    @property
    def response_writer(self) -> ResponseWriter:
        return self.wire

    async def on_prepare(self, response: StreamResponse) -> None:
        self.wire.calls.append("hook")
        self.hook(response)


def _run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise AssertionError("The coroutine waited for something that needs an event loop")


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Return what a coroutine returns; it must not wait."""
    return _run


@pytest.fixture
def ask() -> Callable[..., Any]:
    """Make a request; its ``wire`` has what was written."""
    return Ask


@pytest.fixture
def send() -> Callable[..., Any]:
    """Send a response as a server does after the handler has returned it."""

    def send(response: StreamResponse, method: str = "GET", **facts: Any) -> Wire:
        request = Ask(method, **facts)
        # mypy checks here that the protocols can be satisfied.
        asked: RequestInfo = request
        _run(response.prepare(asked))
        _run(response.write_eof())
        return request.wire

    return send


@dataclass
class Answer:
    """The parts of a response that reached a server's side of an adapter."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes
    #: The sizes of the pieces.
    pieces: list[int]

    def get(self, name: str) -> list[str]:
        """Return the values of a field."""
        return [value for key, value in self.fields if key.lower() == name.lower()]


#: Sends a response to a request with this method and these fields.
Through = Callable[..., Answer]


def scope_of(method: str, fields: Mapping[str, str], **more: object) -> dict[str, object]:
    """Return an ASGI scope as a server makes it."""
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in fields.items()],
        **more,
    }


def environ_of(method: str, fields: Mapping[str, str], **more: object) -> dict[str, object]:
    """Return an environ as a server makes it."""
    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in fields.items()}
    return {"REQUEST_METHOD": method, "wsgi.url_scheme": "http", **named, **more}


def _by_asgi(
    response: StreamResponse, method: str = "GET", fields: Mapping[str, str] | None = None
) -> Answer:
    messages: list[dict[str, object]] = []

    async def receive() -> Mapping[str, object]:
        raise AssertionError("a response reads no request")

    async def send(message: dict[str, object]) -> None:
        messages.append(message)

    _run(response(scope_of(method, fields or {}), receive, send))
    start, *bodies = messages
    assert start["type"] == "http.response.start"
    assert {message["type"] for message in bodies} == {"http.response.body"}
    # The last one, and no other, ends the response.
    assert [bool(message.get("more_body")) for message in bodies] == [True] * (len(bodies) - 1) + [
        False
    ]
    raw: Any = start["headers"]
    pieces = [bytes(message["body"]) for message in bodies]  # type: ignore[call-overload]  # bytes
    status: Any = start["status"]
    return Answer(
        status,
        [(name.decode("ascii"), value.decode("latin-1")) for name, value in raw],
        b"".join(pieces),
        [len(piece) for piece in pieces],
    )


def _by_wsgi(
    response: StreamResponse, method: str = "GET", fields: Mapping[str, str] | None = None
) -> Answer:
    heads: list[tuple[str, list[tuple[str, str]]]] = []
    result = response.wsgi(
        environ_of(method, fields or {}), lambda status, lines: heads.append((status, lines))
    )
    pieces = list(result)
    close = getattr(result, "close", None)
    if close is not None:
        close()
    ((status, lines),) = heads
    assert status[3] == " "
    return Answer(int(status[:3]), lines, b"".join(pieces), [len(piece) for piece in pieces])


@pytest.fixture(params=[_by_asgi, _by_wsgi], ids=["asgi", "wsgi"])
def through(request: pytest.FixtureRequest) -> Through:
    """Send a response through an adapter and return its ``Answer``."""
    adapter: Through = request.param
    return adapter
