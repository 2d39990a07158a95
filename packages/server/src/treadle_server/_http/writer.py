"""Writes the responses of one HTTP/1.1 connection: the core's bytes to the transport.

``StreamWriter`` is the ``ResponseWriter`` that responses know, and serves every request of its
connection in turn. It decides when bytes leave, not what they are: a head waits for the body that
follows it, and the answers to requests that came in one piece leave in one piece (``cork``). HTTP/2
will bring another class with these methods.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import Final, Protocol, TypeVar, final

from multidict import CIMultiDict

from treadle_http_parser import LocalProtocolError, ServerConnection, encode_fields, status_line
from treadle_server._core.errors import ClientConnectionResetError
from treadle_server._transport.files import CAN_SEND_FILES, send_from_file
from treadle_server._transport.flow import FlowControl
from treadle_server._transport.upgrade import Upgraded

__all__ = ["HeadDefaults", "StreamWriter"]

_T = TypeVar("_T")

_OK: Final = status_line(200)

#: Bytes that wait for the rest of a batch of answers before they are written without it.
_MAX_KEPT: Final = 64 * 1024

#: Bodies above this size are written as they are, and with a slow peer in mind.
_LARGE: Final = 64 * 1024


class HeadDefaults(Protocol):
    """What every response head gets, shared by all connections of a server."""

    @property
    def head_block(self) -> bytes:
        """The Date and Server lines, renewed every second."""

    @property
    def date(self) -> str:
        """The value of Date."""

    @property
    def server_name(self) -> str | None:
        """The value of Server, None if there is to be none."""

    @property
    def write_timeout(self) -> float:
        """How long a peer may take nothing, in seconds."""


def _too_late(_upgraded: Upgraded) -> None:
    raise AssertionError("switch() looks whether the connection is lost")


@final
class StreamWriter:
    """The writing side of a connection."""

    __slots__ = (
        "_awaiting_continue",
        "_core",
        "_defaults",
        "_flow",
        "_head",
        "_kept",
        "_out",
        "_switched",
        "_transport",
        "upgraded",
    )

    def __init__(
        self,
        core: ServerConnection,
        flow: FlowControl,
        transport: asyncio.Transport,
        defaults: HeadDefaults,
        switched: Callable[[Upgraded], None],
    ) -> None:
        self._core = core
        self._flow = flow
        self._transport = transport
        self._defaults = defaults
        self._switched = switched
        #: What the connection's bytes belong to since ``switch``.
        self.upgraded: Upgraded | None = None
        # A head that waits for the first bytes of its body.
        self._head = b""
        # What was written since cork(), None while not corked.
        self._out: list[bytes] | None = None
        self._kept = 0
        self._awaiting_continue = False

    @property
    def transport(self) -> asyncio.Transport | None:
        """The transport, None once the connection is lost."""
        return self._flow.transport

    @property
    def head_sent(self) -> bool:
        """Whether the current request's response has begun."""
        return self._core.head_sent

    @property
    def response_ended(self) -> bool:
        """Whether the current request's response is complete, sent by the handler itself."""
        return self._core.is_between

    # Batching.

    def cork(self) -> None:
        """Keep what is written until ``uncork``, up to a bound."""
        self._out = []

    def uncork(self) -> None:
        """Write what was kept, in one piece."""
        if self._out is not None:
            self._flush()
            self._out = None

    def _flush(self) -> None:
        out = self._out
        if out:
            self._kept = 0
            if not self._flow.lost:
                self._transport.write(out[0] if len(out) == 1 else b"".join(out))
            out.clear()

    def _put(self, data: bytes) -> None:
        if not data:
            return
        if self._out is not None:
            self._out.append(data)
            self._kept += len(data)
            # Only the transport knows when the peer is behind: what is kept must stay small.
            if self._kept > _MAX_KEPT:
                self._flush()
        elif not self._flow.lost:
            self._transport.write(data)

    # 100 Continue.

    def expect_continue(self) -> None:
        """Note that the client waits for 100 Continue before it sends its body."""
        self._awaiting_continue = True

    def continue_body(self) -> None:
        """Send 100 Continue if the client waits for it and no final response has begun."""
        if self._awaiting_continue and self._core.can_send_informational:
            self._awaiting_continue = False
            self._put(self._core.send_informational(100))

    def body_arrives(self) -> None:
        """Note that the client sends its body without having waited."""
        self._awaiting_continue = False

    def _begin(self) -> None:
        if self._awaiting_continue:
            # Told nothing, the client may send its body or may not: the next bytes would be
            # a guess, so there are none (RFC 9110 section 10.1.1).
            self._awaiting_continue = False
            self._core.close_after_response()

    # Responses.

    def write_whole(self, status: int, reason: str | None, block: bytes, body: bytes) -> None:
        """Write a whole response: ``block`` holds its field lines but for Date and Server."""
        if self._flow.transport is None:
            return
        if self._awaiting_continue:
            self._begin()
        if len(body) > _LARGE:
            self._write_large(status, reason, block, body)
            return
        data = self._core.send_response(
            _OK if status == 200 and reason is None else status_line(status, reason),
            block + self._defaults.head_block,
            body,
            bodiless=status == 204 or status == 304,
        )
        if self._out is None:
            self._transport.write(data)
        else:
            self._put(data)

    def _write_large(self, status: int, reason: str | None, block: bytes, body: bytes) -> None:
        head, body = self._core.send_large_response(
            status_line(status, reason),
            block + self._defaults.head_block,
            body,
            bodiless=status == 204 or status == 304,
        )
        self._flow.expect_much()
        self._put(head)
        self._flush()
        # As it is: copying it to have one write would cost more than a second write does.
        if body and not self._flow.lost:
            self._transport.write(body)

    def write_head(
        self, status: int, reason: str, headers: CIMultiDict[str], *, body_follows: bool
    ) -> None:
        """Write the head of a response; raises ``ValueError`` for a field that cannot be sent."""
        if self._flow.lost:
            raise ClientConnectionResetError("Cannot write: the client has closed the connection")
        self._begin()
        self._add_defaults(headers)
        try:
            head = self._core.send_head(status, headers.items(), reason)
        except LocalProtocolError as error:
            raise ValueError(str(error)) from error
        if body_follows:
            self._head = head
        else:
            self._put(head)
            self._flush()

    def _add_defaults(self, headers: CIMultiDict[str]) -> None:
        """Add Date and Server unless the response has its own."""
        if "Date" not in headers:
            headers["Date"] = self._defaults.date
        server_name = self._defaults.server_name
        if server_name is not None and "Server" not in headers:
            headers["Server"] = server_name

    def _take_head(self) -> bytes:
        head, self._head = self._head, b""
        return head

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write a piece of the body and wait while the peer is behind.

        Raises ``ClientConnectionResetError`` when the peer is gone and ``RuntimeError`` for more
        bytes than the response's Content-Length.
        """
        if self._flow.lost:
            raise ClientConnectionResetError("Cannot write: the client has closed the connection")
        try:
            framed = self._core.send_data(data)
        except LocalProtocolError as error:
            raise RuntimeError(str(error)) from error
        self._put(self._take_head() + framed)
        self._flush()
        if self._flow.write_paused:
            await self._flow.drain()

    async def run_blocking(self, call: Callable[[], _T], executor: Executor | None = None) -> _T:
        """Return ``call()``, made in a thread of ``executor`` or of the event loop's own.

        A call cannot be stopped: a task that is cancelled meanwhile ends when the call has, so that
        nothing is closed under it.
        """
        future = asyncio.get_running_loop().run_in_executor(executor, call)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            while not future.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([future])
            if not future.cancelled():
                # Looked at, so that nobody warns that it was not.
                future.exception()
            raise

    # Files.

    def file_socket(self) -> socket.socket | None:
        """Return a duplicate of the socket for ``send_file``; None where there is no way.

        There is none through TLS, behind bytes that still wait to be written, for a body without
        a Content-Length, and on systems without the call. The caller closes it.
        """
        if not CAN_SEND_FILES or self._flow.lost or self._out:
            return None
        transport = self._transport
        if transport.get_extra_info("sslcontext") is not None or transport.get_write_buffer_size():
            return None
        sock = transport.get_extra_info("socket")
        if sock is None:
            return None
        # Of our own: event loops let nobody watch the descriptor of a transport.
        duplicate = socket.socket(sock.family, sock.type, sock.proto, os.dup(sock.fileno()))
        duplicate.setblocking(False)
        return duplicate

    async def send_file(
        self, sock: socket.socket, preamble: bytes, fd: int, offset: int, count: int
    ) -> None:
        """Send ``preamble`` and ``count`` bytes of an open file as a part of the body.

        ``sock`` is from ``file_socket``, and nothing else is written while it is in use, but
        the head of this response before. Raises what ``write`` raises, and
        ``FileTruncatedError``.
        """
        try:
            framed = self._core.send_data(preamble)
            self._core.pass_data(count)
        except LocalProtocolError as error:
            raise RuntimeError(str(error)) from error
        head = self._take_head() + framed
        timeout = self._defaults.write_timeout
        await send_from_file(sock, self._flow, head, fd, offset, count, timeout)

    async def drain(self) -> None:
        """Wait while the peer is behind."""
        await self._flow.drain()

    async def write_eof(self, data: bytes = b"") -> None:
        """Write the last piece and the end of the response; waits like ``write``.

        A body that is shorter than its Content-Length closes the connection, so that the client
        can tell, and raises ``RuntimeError``.
        """
        self.finish(data)
        if self._flow.write_paused and not self._flow.lost:
            await self._flow.drain()

    def finish(self, data: bytes = b"", trailers: Iterable[tuple[str, str]] = ()) -> None:
        """Write the last piece and the end of the response without waiting for the peer."""
        head = self._take_head()
        try:
            framed = self._core.send_data(data) if data else b""
            end = self._core.send_end(trailers)
        except LocalProtocolError as error:
            self.abort()
            raise RuntimeError(str(error)) from error
        self._put(b"".join((head, framed, end)))

    def write_informational(self, status: int, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Write a 1xx response; raises ``ValueError`` where none may be sent."""
        try:
            self._put(self._core.send_informational(status, headers))
        except LocalProtocolError as error:
            raise ValueError(str(error)) from error

    def switch(self, headers: CIMultiDict[str], upgraded: Upgraded) -> None:
        """Write 101 Switching Protocols and hand the connection to ``upgraded``.

        The request must have asked for it, have no unread body, and ``headers`` no field that
        frames one. Raises ``ValueError`` for a field that cannot be sent, and
        ``ClientConnectionResetError`` when the peer is gone.
        """
        if self._flow.lost:
            raise ClientConnectionResetError("Cannot write: the client has closed the connection")
        self._add_defaults(headers)
        try:
            # Whether it is our mistake or not: this finds ours, but for fields that frame a body.
            encode_fields(headers.items())
        except LocalProtocolError as error:
            raise ValueError(str(error)) from error
        try:
            head = self._core.send_switch(headers.items())
        except LocalProtocolError as error:
            # It has stopped sending: there is nobody to talk to.
            raise ClientConnectionResetError("Cannot upgrade: the client has left") from error
        self._put(head)
        # What follows does not come through here: the head must not be behind it.
        self._flush()
        self.upgraded = upgraded
        self._switched(upgraded)

    def release(self) -> None:
        """Let go of what leads back to the connection: it is lost."""
        self.upgraded = None
        self._switched = _too_late

    def write_error(self, status: int, reason: str) -> None:
        """Answer a request that was refused and make it the connection's last."""
        self._core.close_after_response()
        text = f"{status}: {reason}".encode()
        block = b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n" % len(text)
        self._head = b""
        self._awaiting_continue = False
        self.write_whole(status, None, block, text)

    def abort(self) -> None:
        """Close the connection without what is not yet written."""
        self._out = None if self._out is None else []
        self._head = b""
        self._transport.abort()
