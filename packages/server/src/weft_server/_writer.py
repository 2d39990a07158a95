"""Writes the responses of one HTTP/1.1 connection: the core's bytes to the transport.

:class:`StreamWriter` is the ``ResponseWriter`` that responses know, and serves every request of its
connection in turn.  It decides when bytes leave, not what they are: a head waits for the body that
follows it, and the answers to requests that came in one piece leave in one piece (`cork`).  HTTP/2
will bring another class with these methods.
"""

import asyncio
from collections.abc import Iterable
from typing import Final, Protocol, final

from multidict import CIMultiDict

from weft_http_parser import LocalProtocolError, ServerConnection, status_line

from ._errors import ClientConnectionResetError
from ._flow import FlowControl

__all__ = ["HeadDefaults", "StreamWriter"]

_OK: Final = status_line(200)

#: Bytes that wait for the rest of a batch of answers before they are written without it.
_MAX_KEPT: Final = 64 * 1024


class HeadDefaults(Protocol):
    """What every response head gets, shared by all connections of a server."""

    @property
    def head_block(self) -> bytes:
        """The Date and Server lines, renewed every second."""

    @property
    def date(self) -> str:
        """The value of Date."""

    @property
    def server_name(self) -> str:
        """The value of Server."""


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
        "_transport",
    )

    def __init__(
        self,
        core: ServerConnection,
        flow: FlowControl,
        transport: asyncio.Transport,
        defaults: HeadDefaults,
    ) -> None:
        self._core = core
        self._flow = flow
        self._transport = transport
        self._defaults = defaults
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

    # Batching.

    def cork(self) -> None:
        """Keep what is written until :meth:`uncork`, up to a bound."""
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

    def write_head(
        self, status: int, reason: str, headers: CIMultiDict[str], *, body_follows: bool
    ) -> None:
        """Write the head of a response; raises ``ValueError`` for a field that cannot be sent."""
        if self._flow.lost:
            raise ClientConnectionResetError("Cannot write: the client has closed the connection")
        self._begin()
        if "Date" not in headers:
            headers["Date"] = self._defaults.date
        if "Server" not in headers:
            headers["Server"] = self._defaults.server_name
        try:
            head = self._core.send_head(status, headers.items(), reason)
        except LocalProtocolError as error:
            raise ValueError(str(error)) from error
        if body_follows:
            self._head = head
        else:
            self._put(head)
            self._flush()

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

    async def drain(self) -> None:
        """Wait while the peer is behind."""
        await self._flow.drain()

    async def write_eof(self, data: bytes = b"") -> None:
        """Write the last piece and the end of the response; waits like :meth:`write`.

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
