"""The channel of a request that was made by hand, over the writer that it was made with.

Tests make a request with an ``AbstractStreamWriter``, often a mock, and send responses to it.
``WriterChannel`` is the ``ResponseChannel`` for them: it completes the fields of the head as a
connection does, and leaves framing and output to the writer.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Generator, Iterable
from concurrent.futures import Executor
from typing import Any, Final, Protocol, TypeVar, final

from multidict import CIMultiDict

from treadle_http_parser import Request as Head
from treadle_http_parser import encode_fields, reason_phrase, status_line
from treadle_http_parser.fields import format_http_date
from treadle_server._core.config import SERVER_SOFTWARE
from treadle_server._core.errors import ClientConnectionResetError, server_logger
from treadle_server._transport.blocking import BlockingCalls
from treadle_server._transport.flow import FlowControl
from treadle_server._transport.upgrade import Upgraded

from .payload_writer import AbstractStreamWriter
from .streams import OpenStreams

__all__ = ["HasTransport", "WriterChannel"]

_T = TypeVar("_T")


class HasTransport(Protocol):
    """The part of a protocol that is asked: its transport."""

    @property
    def transport(self) -> asyncio.Transport | None:
        """The transport, None once the connection is lost."""


class _GivenTransport:
    """A transport that may be a mock, whose answers are other mocks."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport: Final = transport

    def is_closing(self) -> bool:
        return self._transport.is_closing() is True

    def get_write_buffer_size(self) -> int:
        size = self._transport.get_write_buffer_size()
        return size if isinstance(size, int) else 0

    def get_extra_info(self, name: str, *default: object) -> object:
        return None if name == "socket" else self._transport.get_extra_info(name, *default)

    def __getattr__(self, name: str) -> Any:  # the transport's own
        return getattr(self._transport, name)


class _Rest:
    """The rest of a coroutine that was started: awaiting it goes on behind its first wait."""

    def __init__(self, steps: Generator[Any, Any, Any], waits_for: object) -> None:
        self._steps: Final = steps
        self._waits_for: Final = waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        yield self._waits_for
        yield from self._steps


@final
class WriterChannel:
    """The ``ResponseChannel`` over an ``AbstractStreamWriter`` and the transport of a protocol."""

    def __init__(
        self, writer: AbstractStreamWriter, protocol: HasTransport | None, head: Head
    ) -> None:
        #: The writer that the request was made with: ``prepare`` of a response returns it, and has
        #: it compress the body.
        self.stream_writer: Final = writer
        #: The protocol whose transport is used.
        self.protocol = protocol
        self._head: Final = head
        self._begun = False
        #: True once the response is complete.
        self.response_ended = False
        # True if the body of the response is not sent, whatever is written.
        self._bodiless = False
        # The rest of a coroutine of the writer that had to wait when it was started.
        self._rest: _Rest | None = None
        self._blocking: Final = BlockingCalls()
        self._streams: OpenStreams | None = None

    @property
    def transport(self) -> asyncio.Transport | None:
        """The transport of the protocol."""
        return None if self.protocol is None else self.protocol.transport

    @property
    def is_lost(self) -> bool:
        """True if the transport closes; without a transport the writer decides."""
        transport = self.transport
        return transport is not None and transport.is_closing() is True

    @property
    def client_left(self) -> bool:
        """Return ``is_lost``: the end of input is not seen here."""
        return self.is_lost

    async def wait_client_left(self) -> None:
        """Wait for ever unless ``client_left``."""
        if not self.client_left:
            await asyncio.get_running_loop().create_future()

    @property
    def streams(self) -> OpenStreams:
        """Streams of their own: no server ends them."""
        if self._streams is None:
            self._streams = OpenStreams(asyncio.get_running_loop(), server_logger)
        return self._streams

    @property
    def head_sent(self) -> bool:
        """True if the response has begun and not ended."""
        return self._begun and not self.response_ended

    def withdraw(self) -> bool:
        """Return True if no response has begun: a head is the writer's at once."""
        return not self._begun

    # The writer's coroutines, from methods that are none.

    def _start(self, call: Coroutine[Any, Any, object]) -> None:
        """Run ``call`` up to its end, or up to its first wait if it has one."""
        if self._rest is not None:
            call = _behind(self._rest, call)
        steps = call.__await__()
        self._rest = None
        with contextlib.suppress(StopIteration):
            self._rest = _Rest(steps, next(steps))

    async def _finish(self) -> None:
        """Wait for what was started."""
        rest, self._rest = self._rest, None
        if rest is not None:
            await rest

    # Responses.

    def write_head(
        self, status: int, reason: str, headers: CIMultiDict[str], *, body_follows: bool
    ) -> None:
        """Write the head with the fields of the connection."""
        self._begun = True
        self.response_ended = False
        self._bodiless = self._head.method == "HEAD" or status in (204, 304) or status < 200
        self._frame(headers)
        headers.setdefault("Date", format_http_date(time.time()))
        headers.setdefault("Server", SERVER_SOFTWARE)
        if "Connection" not in headers:
            old = self._head.version < (1, 1)
            if self._head.keep_alive and old:
                headers["Connection"] = "keep-alive"
            elif not (self._head.keep_alive or old):
                headers["Connection"] = "close"
        major, minor = self._head.version
        self._start(
            self.stream_writer.write_headers(f"HTTP/{major}.{minor} {status} {reason}", headers)
        )
        if not body_follows:
            self.stream_writer.send_headers()

    def _frame(self, headers: CIMultiDict[str]) -> None:
        """Tell the writer how the body ends."""
        if "Transfer-Encoding" in headers:
            if not self._bodiless:
                self.stream_writer.enable_chunking()
        elif "Content-Length" in headers:
            self.stream_writer.length = int(headers["Content-Length"])
        else:
            self.stream_writer.length = None
            if self._bodiless:
                return
            if self._head.version >= (1, 1):
                self.stream_writer.enable_chunking()
                headers["Transfer-Encoding"] = "chunked"
            else:
                headers["Connection"] = "close"

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write a piece of the body."""
        await self._finish()
        if not self._bodiless:
            await self.stream_writer.write(data)

    async def write_eof(self, data: bytes = b"") -> None:
        """Write the last piece and the end of the response."""
        self.response_ended = True
        await self._finish()
        await self.stream_writer.write_eof(b"" if self._bodiless else data)

    @property
    def output_size(self) -> int:
        """The bytes that the writer has written."""
        return self.stream_writer.output_size

    def write_whole(self, status: int, reason: str | None, block: bytes, body: bytes) -> int:
        """Write a whole response; return the bytes that the writer has written."""
        lines = (line.partition(": ") for line in block.decode("latin-1").splitlines())
        headers = CIMultiDict((name, value) for name, _, value in lines)
        phrase = reason_phrase(status) if reason is None else reason
        self.write_head(status, phrase, headers, body_follows=True)
        self._start(self.write_eof(body))
        return self.output_size

    def end_bodiless(self) -> None:
        """End a response that has no body."""
        self._start(self.write_eof())

    def write_informational(self, status: int, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Write a 1xx response to the transport; raises ``ValueError`` once one has begun."""
        if self._begun:
            raise ValueError("The response has begun: a 1xx response comes before it")
        transport = self.transport
        if transport is not None:
            transport.write(status_line(status) + encode_fields(headers) + b"\r\n")

    async def drain(self) -> None:
        """Wait as the writer does."""
        await self._finish()
        await self.stream_writer.drain()

    async def run_blocking(self, call: Callable[[], _T], executor: Executor | None = None) -> _T:
        """Return ``call()``, made in a thread behind the calls before it."""
        return await self._blocking.run(call, executor)

    def switch(self, headers: CIMultiDict[str], upgraded: Upgraded) -> None:
        """Write 101 and hand the transport over; raises ``ClientConnectionResetError`` without."""
        transport = self.transport
        if transport is None:
            raise ClientConnectionResetError("Cannot upgrade: the request has no transport")
        self._head_of_switch(headers)
        given: Any = _GivenTransport(transport)
        upgraded.take_over(self, given, FlowControl(given))

    def _head_of_switch(self, headers: CIMultiDict[str]) -> None:
        self._begun = True
        headers.setdefault("Date", format_http_date(time.time()))
        headers.setdefault("Server", SERVER_SOFTWARE)
        self._start(self.stream_writer.write_headers("HTTP/1.1 101 Switching Protocols", headers))
        self.stream_writer.send_headers()

    def fail(self, error: BaseException | None) -> None:  # noqa: ARG002  # the interface's
        """Close the transport."""
        transport = self.transport
        if transport is not None:
            transport.abort()

    # The duties towards the protocol behind a 101 (``UpgradeOwner``).

    def connection_lost(self, exc: Exception | None) -> None:
        """Do nothing: the transport is not ours."""

    def watch_writing(self, paused: bool) -> None:
        """Do nothing: there are no deadlines."""

    def end_upgrade(self, *, linger: bool) -> None:  # noqa: ARG002  # the interface's
        """Close the transport."""
        transport = self.transport
        if transport is not None:
            transport.close()


async def _behind(first: _Rest, then: Coroutine[Any, Any, object]) -> None:
    await first
    await then
