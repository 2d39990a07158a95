"""The contract with servers: an in-memory server made of nothing but public names."""

import ast
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict

from treadle_responses import (
    HTTPException,
    HTTPFound,
    HTTPNotFound,
    RequestInfo,
    Response,
    ResponseWriter,
    StreamResponse,
    run_blocking,
)
from treadle_responses._types import RequestFor

Make = Callable[..., Any]
Run = Callable[..., Any]


class MemoryWriter:
    """Keeps what it is given; ``events`` are the calls, in their order."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.head: tuple[int, str, dict[str, str]] | None = None
        self.body = b""

    def write_head(
        self, status: int, reason: str, headers: CIMultiDict[str], *, body_follows: bool
    ) -> None:
        self.events.append("head, body follows" if body_follows else "head")
        self.head = (status, reason, dict(headers))

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        self.events.append("write")
        self.body += data

    async def write_eof(self, data: bytes = b"") -> None:
        self.events.append("eof")
        self.body += data


class MemoryRequest:
    """The request of a server without tasks and connections."""

    method = "GET"
    version = (1, 1)
    keep_alive = True
    task: object = "the handler's task"

    def __init__(self, hook: Callable[[StreamResponse], None] | None = None) -> None:
        self.headers: Mapping[str, str] = {}
        self.response_writer = MemoryWriter()
        self.hook = hook

    async def on_prepare(self, response: StreamResponse) -> None:
        self.response_writer.events.append("on_prepare")
        if self.hook is not None:
            self.hook(response)


Handler = Callable[[MemoryRequest], Awaitable[StreamResponse]]


async def serve(handler: Handler, request: MemoryRequest) -> StreamResponse:
    """Answer ``request``, in one write if the response allows it."""
    writer = request.response_writer
    try:
        response = await handler(request)
    except HTTPException as error:
        response = error
    if request.hook is None:
        single = response.as_single_write()
        if single is not None:
            status, reason, lines, body = single
            writer.events.append("single write")
            fields = dict(line.split(": ") for line in lines.decode().split("\r\n") if line)
            writer.head = (status, response.reason if reason is None else reason, fields)
            writer.body = body
            response.mark_sent(len(body))
            return response
    try:
        await response.prepare(request)
        await response.write_eof()
    except BaseException:
        response.release_body()
        raise
    return response


class Upgrade(StreamResponse):
    """A response class of another package: its head and its bytes go past ``ResponseWriter``."""

    def __init__(self) -> None:
        super().__init__(status=101)

    async def prepare(self, request: RequestInfo) -> ResponseWriter | None:
        writer = request.response_writer
        assert isinstance(writer, MemoryWriter)
        self.complete_headers(request)
        await self.run_on_prepare(request)
        writer.events.append("switch")
        writer.head = (self.status, self.reason, dict(self.headers))
        self.begin_sending(request, writer)
        return writer

    async def write_eof(self, data: bytes = b"") -> None:
        if self.eof_sent:
            return
        writer = self.payload_writer
        assert isinstance(writer, MemoryWriter)
        assert not self.is_compressing
        writer.body += b"frames"
        self.count_body(len(b"frames"))
        self.end_sending()


async def pieces() -> AsyncIterator[bytes]:
    yield b"a"
    yield b"b"


async def text(request: MemoryRequest) -> StreamResponse:
    return Response(text="x", reason="Fine")


async def stream(request: MemoryRequest) -> StreamResponse:
    return Response(body=pieces())


async def by_hand(request: MemoryRequest) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    assert response.task == request.task
    await response.write(b"by hand")
    return response


async def missing(request: MemoryRequest) -> StreamResponse:
    raise HTTPNotFound


async def moved(request: MemoryRequest) -> StreamResponse:
    raise HTTPFound("/a")


async def upgrade(request: MemoryRequest) -> StreamResponse:
    return Upgrade()


PLAIN = {"Content-Type": "text/plain; charset=utf-8"}
BYTES = {"Content-Type": "application/octet-stream"}
AT_ONCE = ["on_prepare", "head, body follows", "eof"]


@pytest.mark.parametrize(
    ("handler", "hooked", "events", "head", "body"),
    [
        (text, False, ["single write"], (200, "Fine", PLAIN | {"Content-Length": "1"}), b"x"),
        (text, True, AT_ONCE, (200, "Fine", PLAIN | {"Content-Length": "1"}), b"x"),
        (stream, False, ["on_prepare", "head", "write", "write", "eof"], (200, "OK", BYTES), b"ab"),
        (by_hand, False, ["on_prepare", "head", "write", "eof"], (200, "OK", BYTES), b"by hand"),
        (
            missing,
            False,
            ["single write"],
            (404, "Not Found", PLAIN | {"Content-Length": "14"}),
            b"404: Not Found",
        ),
        (
            moved,
            False,
            ["single write"],
            (302, "Found", PLAIN | {"Location": "/a", "Content-Length": "10"}),
            b"302: Found",
        ),
        (upgrade, False, ["on_prepare", "switch"], (101, "Switching Protocols", {}), b"frames"),
    ],
)
def test_a_server_of_public_names(
    run: Run,
    handler: Handler,
    hooked: bool,
    events: list[str],
    head: tuple[int, str, dict[str, str]],
    body: bytes,
) -> None:
    request = MemoryRequest((lambda response: None) if hooked else None)
    # mypy checks here that the protocols can be satisfied.
    info: RequestInfo = request
    response = run(serve(handler, request))
    writer = request.response_writer
    assert (writer.events, writer.head, writer.body) == (events, head, body)
    assert (response.prepared, response.eof_sent) == (True, True)
    assert response.body_length == len(body)
    assert response.payload_writer is None
    assert response.task is None
    assert info.response_writer is writer


def test_cookies_of_the_hook_are_added_once(run: Run) -> None:
    def hook(response: StreamResponse) -> None:
        response.set_cookie("b", "2")

    async def handler(request: MemoryRequest) -> StreamResponse:
        response = Upgrade()
        response.set_cookie("a", "1")
        return response

    response = run(serve(handler, MemoryRequest(hook)))
    assert response.headers.getall("Set-Cookie") == ["a=1; Path=/", "b=2; Path=/"]


def test_a_failed_response_releases_its_body(run: Run) -> None:
    released = []

    class Failing(Upgrade):
        async def write_eof(self, data: bytes = b"") -> None:
            raise ConnectionResetError

        def release_body(self) -> None:
            released.append(self)

    async def handler(request: MemoryRequest) -> StreamResponse:
        return Failing()

    with pytest.raises(ConnectionResetError):
        run(serve(handler, MemoryRequest()))
    assert len(released) == 1


def test_this_server_uses_no_private_name_of_a_response() -> None:
    tree = ast.parse(Path(__file__).read_text())
    own = {"_types"}
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used |= {
        node.module.rpartition(".")[2]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module is not None
    }
    private = {name for name in used if name.startswith("_") and not name.startswith("__")}
    assert private == own


def test_a_call_is_made_directly_unless_the_writer_can_run_it(run: Run) -> None:
    class Threads(MemoryWriter):
        async def run_blocking(self, call: Callable[[], int], executor: object = None) -> int:
            return call() + 10

    assert run(run_blocking(None, lambda: 1)) == 1
    assert run(run_blocking(MemoryWriter(), lambda: 2)) == 2
    assert run(run_blocking(Threads(), lambda: 3)) == 13


@pytest.mark.parametrize(
    ("protocol", "members"),
    [
        (ResponseWriter, {"write_head", "write", "write_eof"}),
        (
            RequestFor,
            {"method", "version", "keep_alive", "headers", "response_writer", "task", "on_prepare"},
        ),
    ],
)
def test_members_are_pinned_and_documented(protocol: type, members: set[str]) -> None:
    own = {n: v for n, v in vars(protocol).items() if callable(v) or isinstance(v, property)}
    found = {n for n in own if not n.startswith("__")}
    assert found == members
    assert all(inspect.getdoc(own[name]) for name in members)
