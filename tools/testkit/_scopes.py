"""The side of a server of ASGI, by hand: scopes, messages to give, and the messages that come."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final
from urllib.parse import unquote

__all__ = ["ScopeServer", "http_scope", "websocket_scope"]

_Message = MutableMapping[str, Any]
_Application = Callable[
    [_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]],
    Awaitable[None],
]


def http_scope(
    method: str = "GET",
    target: str = "/",
    fields: Iterable[tuple[bytes, bytes]] = (),
    **changes: Any,
) -> _Message:
    """Return the scope of a request; ``changes`` replace its values."""
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"example.org"), *fields],
        "client": ("192.0.2.7", 5000),
        "server": ("192.0.2.1", 80),
        "extensions": {},
        **changes,
    }


def websocket_scope(
    target: str = "/", fields: Iterable[tuple[bytes, bytes]] = (), **changes: Any
) -> _Message:
    """Return the scope of a WebSocket."""
    scope = http_scope("GET", target, fields, type="websocket", scheme="ws", subprotocols=[])
    del scope["method"]
    return {**scope, **changes}


class ScopeServer:
    """Gives an application ``messages``, and keeps in ``sent`` what it sends.

    Behind the messages ``receive`` waits; ``leave`` tells that the client has left. ``send`` raises
    ``refuses`` from the message ``refused`` on, counted from 0.
    """

    def __init__(
        self, *messages: _Message, refuses: Exception | None = None, refused: int = 0
    ) -> None:
        self._messages: Final = list(messages)
        self._refuses: Final = refuses
        self._refused: Final = refused
        self._more = asyncio.Event()
        #: The messages of the application.
        self.sent: Final[list[_Message]] = []
        #: Set with each message of the application.
        self.heard: Final = asyncio.Event()
        #: The number of times that the application has called ``receive``.
        self.asked = 0

    async def receive(self) -> _Message:
        """Return the next message."""
        self.asked += 1
        while not self._messages:
            self._more.clear()
            await self._more.wait()
        return self._messages.pop(0)

    async def send(self, message: _Message) -> None:
        """Keep ``message``."""
        if self._refuses is not None and len(self.sent) >= self._refused:
            raise self._refuses
        self.sent.append(message)
        self.heard.set()

    def give(self, *messages: _Message) -> None:
        """Have more messages."""
        self._messages.extend(messages)
        self._more.set()

    async def wait_sent(self, count: int) -> None:
        """Wait until the application has sent ``count`` messages."""
        while len(self.sent) < count:
            self.heard.clear()
            await asyncio.wait_for(self.heard.wait(), 5)

    async def run(self, app: _Application, scope: _Message) -> "ScopeServer":
        """Run a conversation to its end; return this."""
        await asyncio.wait_for(app(scope, self.receive, self.send), 10)
        return self

    def task(self, app: _Application, scope: _Message) -> "asyncio.Task[ScopeServer]":
        """Return a task that runs a conversation."""
        return asyncio.get_running_loop().create_task(self.run(app, scope))

    # What was sent.

    @property
    def types(self) -> list[str]:
        """The types of the messages, without those of the protocol in front."""
        return [str(message["type"]).removeprefix("http.response.") for message in self.sent]

    @property
    def status(self) -> int | None:
        """The status of the response; None without one."""
        found = [each["status"] for each in self.sent if str(each["type"]).endswith(".start")]
        return found[0] if found else None

    @property
    def fields(self) -> dict[str, str]:
        """The fields of the response."""
        start = next(each for each in self.sent if str(each["type"]).endswith(".start"))
        return {name.decode(): value.decode() for name, value in start["headers"]}

    @property
    def body(self) -> bytes:
        """The body of the response."""
        return b"".join(each.get("body", b"") for each in self.sent)
