"""A channel and requests without a connection: a second implementation of ``ResponseChannel``."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Final, TypeVar

from multidict import CIMultiDict

from treadle_http_parser import LocalProtocolError, ServerConnection
from treadle_http_parser import Request as Head
from treadle_server import ClientConnectionResetError, server_logger
from treadle_server._core.types import ConnectionInfo
from treadle_server._http.streams import OpenStreams
from treadle_server._transport.upgrade import Upgraded

from ._transport import FakeTransport

__all__ = ["CONNECTION", "FakeChannel", "request_head"]

_T = TypeVar("_T")

#: The addresses of a connection without TLS.
CONNECTION: Final = ConnectionInfo(("192.0.2.7", 1234), ("192.0.2.1", 80), None)


def request_head(
    method: str,
    target: str,
    fields: str = "",
    version: str = "1.1",
    host: str = "Host: example.org\r\n",
) -> Head:
    """Return the head of a request; ``fields`` and ``host`` are whole lines."""
    data = f"{method} {target} HTTP/{version}\r\n{host}{fields}\r\n".encode()
    event = ServerConnection().receive_data(data)[0]
    if not isinstance(event, Head):
        raise ValueError(  # noqa: TRY004  # the value is wrong
            f"The parser refuses {data!r}: {event}"
        )
    return event


@dataclass
class FakeChannel:
    """Keeps one response in memory."""

    status: int = 0
    fields: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    informational: list[int] = field(default_factory=list)
    ended: bool = False
    lost: bool = False
    failed: list[BaseException | None] = field(default_factory=list)
    own_streams: OpenStreams | None = None
    #: Set after each write; the client waits for it.
    written: asyncio.Event = field(default_factory=asyncio.Event)

    #: Nothing is written to it: an exchange looks at it to find out that the client is gone.
    connected: asyncio.Transport = field(default_factory=lambda: FakeTransport(peername="a peer"))

    @property
    def transport(self) -> asyncio.Transport | None:
        """A transport that takes everything, None after the client has left."""
        return None if self.lost else self.connected

    @property
    def is_lost(self) -> bool:
        """Return ``lost``."""
        return self.lost

    @property
    def client_left(self) -> bool:
        """Return ``lost``."""
        return self.lost

    async def wait_client_left(self) -> None:
        """Return at once if ``lost``; otherwise the client stays."""
        if not self.lost:
            await asyncio.get_running_loop().create_future()

    @property
    def streams(self) -> OpenStreams:
        """Streams of their own: no server ends them."""
        if self.own_streams is None:
            self.own_streams = OpenStreams(asyncio.get_running_loop(), server_logger)
        return self.own_streams

    def withdraw(self) -> bool:
        """Return True if no response has begun: each head is taken for sent at once."""
        return self.status == 0

    def end_bodiless(self) -> None:
        """End the response."""
        self._end(b"")

    @property
    def head_sent(self) -> bool:
        """True while a response has begun and not ended."""
        return self.status != 0 and not self.ended

    @property
    def response_ended(self) -> bool:
        """Return ``ended``."""
        return self.ended

    @property
    def output_size(self) -> int:
        """The bytes of the body: the head is kept as fields."""
        return len(self.body)

    def write_whole(self, status: int, reason: str | None, block: bytes, body: bytes) -> int:
        """Keep a whole response."""
        if self.status:
            raise LocalProtocolError("There is a response already")
        lines = [line.partition(": ") for line in block.decode().splitlines()]
        self._begin(status, [(name, value) for name, _, value in lines])
        self._end(body)
        return self.output_size

    def write_head(
        self, status: int, reason: str, headers: CIMultiDict[str], *, body_follows: bool
    ) -> None:
        """Keep the head."""
        self._begin(status, list(headers.items()))

    def _begin(self, status: int, fields: list[tuple[str, str]]) -> None:
        if self.lost:
            raise ClientConnectionResetError("The client has left")
        self.status, self.fields = status, fields

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep a piece of the body."""
        self.body += data
        self.written.set()

    async def write_eof(self, data: bytes = b"") -> None:
        """Keep the last piece."""
        self._end(data)

    def _end(self, data: bytes) -> None:
        self.body += data
        self.ended = True
        self.written.set()

    def write_informational(self, status: int, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Keep the status of a 1xx response."""
        self.informational.append(status)

    async def drain(self) -> None:
        """Yield to the event loop once."""
        await asyncio.sleep(0)

    async def run_blocking(self, call: Callable[[], _T], executor: Executor | None = None) -> _T:
        """Call at once."""
        return call()

    def switch(self, headers: CIMultiDict[str], upgraded: Upgraded) -> None:
        """Refuse: there is no other protocol."""
        raise ValueError("This channel cannot switch protocols")

    def fail(self, error: BaseException | None) -> None:
        """Keep the error."""
        self.failed.append(error)
        self.written.set()
