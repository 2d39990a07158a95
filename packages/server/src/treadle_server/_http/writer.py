"""Writes the responses of one HTTP/1.1 connection: the core's bytes to the transport.

``StreamWriter`` is the ``ResponseChannel`` of HTTP/1.1 and serves every request of its connection
in turn. It decides when bytes leave, not which bytes: a head waits for the body that follows it,
and the answers to requests that came in one piece leave in one piece.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import Final, TypeVar, final

from multidict import CIMultiDict

from treadle_http_parser import LocalProtocolError, ServerConnection, encode_fields, status_line
from treadle_server._core.errors import BodyDiscardedError, ClientConnectionResetError
from treadle_server._transport.blocking import BlockingCalls
from treadle_server._transport.files import send_from_file, socket_for_files
from treadle_server._transport.flow import FlowControl
from treadle_server._transport.output import OutputBuffer
from treadle_server._transport.upgrade import Upgraded, not_switched

from .interfaces import HeadDefaults
from .streams import OpenStreams

__all__ = ["StreamWriter"]

_T = TypeVar("_T")

_OK: Final = status_line(200)

#: Bodies above this size are written as they are, and with a slow peer in mind.
_LARGE: Final = 64 * 1024

#: A handler that writes without waiting, because its peer keeps up, gives others a turn after this
#: many bytes. Each call counts for some, so that many small pieces or empty ones are no way around.
_LONG_TURN: Final = 128 * 1024
_CALL: Final = 1024

#: The bytes that a handler may write to a response without a body (to HEAD, 204, 304) until it is
#: told to stop: a finite stream may run to its end, an endless one must not.
_MAX_DISCARDED: Final = 1024 * 1024


@final
class StreamWriter:
    """The writing side of a connection."""

    __slots__ = (
        "_awaiting_continue", "_blocking", "_core", "_defaults", "_discarded", "_flow", "_head",
        "_output", "_switched", "_transport", "_turn", "output_size", "upgraded",
    )  # fmt: skip

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
        #: The protocol behind a 101 that this connection has sent, until it ends.
        self.upgraded: Upgraded | None = None
        # A head that waits for the first bytes of its body, or for the next turn of the loop.
        self._head = b""
        self._output: Final = OutputBuffer(flow, transport)
        # Bytes written since other tasks had their turn, and those dropped of the current response.
        self._turn = 0
        self._discarded = 0
        self._awaiting_continue = False
        #: The bytes of the current response so far, but for one that is written as a whole.
        self.output_size = 0
        # Made with the first call: most connections have none.
        self._blocking: BlockingCalls | None = None

    @property
    def transport(self) -> asyncio.Transport | None:
        """The transport, None once the connection is lost."""
        # The bytes that were kept come first: the caller may write to it, or close it.
        self._send_head()
        self._output.flush()
        return self._flow.transport

    @property
    def is_lost(self) -> bool:
        """True if the connection is lost, or closing without another byte."""
        return self._flow.lost

    @property
    def client_left(self) -> bool:
        """True once the client has closed its side of the connection, or lost it."""
        return self._flow.peer_ended

    async def wait_client_left(self) -> None:
        """Wait until ``client_left``."""
        await self._flow.wait_peer_ended()

    @property
    def streams(self) -> OpenStreams:
        """The open streams of the server."""
        return self._defaults.streams

    @property
    def head_sent(self) -> bool:
        """True if the current request's response has begun."""
        return self._core.head_sent

    @property
    def response_ended(self) -> bool:
        """True if the current request's response is complete."""
        return self._core.response_ended

    def withdraw(self) -> bool:
        """Forget a response of which no byte has left; return True if another one may be sent."""
        if self._head:
            self._head = b""
            self._core.withdraw_head()
            return True
        return not (self._core.head_sent or self._core.response_ended)

    # Batches of answers.

    def cork(self) -> None:
        """Keep what is written until ``uncork``, up to a bound."""
        self._output.hold()

    def uncork(self) -> None:
        """Write what was kept, in one piece."""
        self._output.release()

    # 100 Continue.

    def expect_continue(self) -> None:
        """Note that the client waits for 100 Continue before it sends its body."""
        self._awaiting_continue = True

    def continue_body(self) -> None:
        """Send 100 Continue if the client waits for it and no final response has begun."""
        if self._awaiting_continue and self._core.can_send_informational:
            self._awaiting_continue = False
            self._output.write(self._core.send_informational(100))

    def body_arrives(self) -> None:
        """Note that the client sends its body without having waited."""
        self._awaiting_continue = False

    def _begin(self) -> None:
        if self._awaiting_continue:
            # The client may send its body or not: whether the next bytes are a body or a request
            # would be a guess, so the connection ends (RFC 9110 section 10.1.1).
            self._awaiting_continue = False
            self._core.close_after_response()

    # Responses.

    def write_whole(self, status: int, reason: str | None, block: bytes, body: bytes) -> int:
        """Write a whole response, return its size; ``block`` are its lines but Date and Server."""
        if self._flow.transport is None:
            return 0
        if self._head:
            self.withdraw()
        if self._awaiting_continue:
            self._begin()
        if len(body) > _LARGE:
            return self._write_large(status, reason, block, body)
        data = self._core.send_response(
            _OK if status == 200 and reason is None else status_line(status, reason),
            block + self._defaults.head_block,
            body,
            bodiless=status == 204 or status == 304,
        )
        if self._output.holding:
            self._output.write(data)
        else:
            self._transport.write(data)
        return len(data)

    def _write_large(self, status: int, reason: str | None, block: bytes, body: bytes) -> int:
        head, body = self._core.send_large_response(
            status_line(status, reason),
            block + self._defaults.head_block,
            body,
            bodiless=status == 204 or status == 304,
        )
        self._flow.expect_much()
        self._output.write(head)
        self._output.flush()
        # Not joined with the head: the copy would cost more than a second write does.
        if body and not self._flow.lost:
            self._transport.write(body)
        return len(head) + len(body)

    def write_head(
        self, status: int, reason: str, headers: CIMultiDict[str], *, body_follows: bool
    ) -> None:
        """Write the head of a response; raises ``ValueError`` for a field that cannot be sent."""
        self._flow.check_connected()
        # A handler that prepares a second response wants that one, if the first has not left.
        self.withdraw()
        self._begin()
        self._discarded = 0
        self.add_defaults(headers)
        try:
            head = self._core.send_head(status, headers.items(), reason)
        except LocalProtocolError as error:
            raise ValueError(str(error)) from error
        self._head = head
        self.output_size = len(head)
        if not body_follows:
            # The first piece of the body may come before the task waits, and leave with it; or an
            # error, which can still have an answer of its own.
            asyncio.get_running_loop().call_soon(self._send_head_soon)

    def add_defaults(self, headers: CIMultiDict[str]) -> None:
        """Add Date and Server unless the response has its own; an empty Server is not sent."""
        if "Date" not in headers:
            headers["Date"] = self._defaults.date
        server = self._defaults.server_header
        if "Server" in headers:
            if not headers["Server"]:
                del headers["Server"]
        elif server is not None:
            headers["Server"] = server

    def _send_head_soon(self) -> None:
        if self._head:
            # The task that has made the head may have ended meanwhile, with an error: its callback
            # is due in this turn.
            asyncio.get_running_loop().call_soon(self._send_head)

    def _send_head(self) -> None:
        if self._head:
            self._output.write(self._take_head())
            self._output.flush()

    def _take_head(self) -> bytes:
        head, self._head = self._head, b""
        return head

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write a piece of the body and wait while the peer is behind.

        Raises ``ClientConnectionResetError`` when the peer is gone, and when a response without a
        body gets very much of one; ``RuntimeError`` for more bytes than its Content-Length.
        """
        self._flow.check_connected()
        try:
            framed = self._core.send_data(data)
        except LocalProtocolError as error:
            raise RuntimeError(str(error)) from error
        if self._flow.write_paused:
            # Another task waits for the peer already.
            self._flow.note_write(len(framed))
        self.output_size += len(framed)
        self._output.write(self._take_head() + framed)
        self._output.flush()
        cost = _CALL + (data.nbytes if type(data) is memoryview else len(data))
        self._turn += cost
        if self._flow.write_paused:
            await self._flow.drain()
        elif self._turn > _LONG_TURN:
            self._turn = 0
            await asyncio.sleep(0)
        if not framed and not self._core.has_body:
            self._discard(cost)

    def _discard(self, cost: int) -> None:
        self._discarded += cost
        if self._discarded > _MAX_DISCARDED:
            raise BodyDiscardedError(
                "The response has no body (it answers HEAD, or its status allows none): the client "
                "has all of it, and nothing more needs to be written"
            )

    def end_bodiless(self) -> None:
        """End a response that has no body, whatever is written to it; its head is sent."""
        self.finish()

    async def run_blocking(self, call: Callable[[], _T], executor: Executor | None = None) -> _T:
        """Return ``call()``, made in a thread of ``executor`` or of the event loop's own."""
        if self._blocking is None:
            self._blocking = BlockingCalls()
        return await self._blocking.run(call, executor)

    # Files.

    def file_socket(self) -> socket.socket | None:
        """Return a duplicate of the socket for ``send_file``, which the caller closes.

        None if ``sendfile`` cannot be used: over TLS, while bytes wait to be written, on platforms
        without it, or if the process has no descriptor left.
        """
        if self._flow.lost or not self._output.is_empty:
            return None
        return socket_for_files(self._transport)

    async def send_file(
        self, sock: socket.socket, preamble: bytes, fd: int, offset: int, count: int
    ) -> None:
        """Send ``preamble`` and ``count`` bytes of an open file as a part of the body.

        ``sock`` is from ``file_socket``; while it is in use, nothing else is written. Raises what
        ``write`` raises, and ``FileTruncatedError``.
        """
        try:
            framed = self._core.send_data(preamble)
            self._core.pass_data(count)
        except LocalProtocolError as error:
            raise RuntimeError(str(error)) from error
        self.output_size += len(framed) + count
        head = self._take_head() + framed
        timeout = self._defaults.write_timeout
        await send_from_file(sock, self._flow, head, fd, offset, count, timeout)

    async def drain(self) -> None:
        """Wait while the peer is behind."""
        await self._flow.drain()

    async def write_eof(self, data: bytes = b"") -> None:
        """Write the last piece and the end of the response; waits like ``write``.

        A body that is shorter than its Content-Length raises ``RuntimeError``. It closes the
        connection, so that the client can tell, unless no byte of the response has left.
        """
        self.finish(data)
        if self._flow.write_paused and not self._flow.lost:
            await self._flow.drain()

    def finish(self, data: bytes = b"", trailers: Iterable[tuple[str, str]] = ()) -> None:
        """Write the last piece and the end of the response without waiting for the peer."""
        try:
            framed = self._core.send_data(data) if data else b""
            end = self._core.send_end(trailers)
        except LocalProtocolError as error:
            if not self._head:
                self.abort()
            raise RuntimeError(str(error)) from error
        self.output_size += len(framed) + len(end)
        self._output.write(b"".join((self._take_head(), framed, end)))

    def write_informational(self, status: int, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Write a 1xx response; raises ``ValueError`` if none may be sent now."""
        try:
            self._output.write(self._core.send_informational(status, headers))
        except LocalProtocolError as error:
            raise ValueError(str(error)) from error
        if status == 100:
            self._awaiting_continue = False

    def switch(self, headers: CIMultiDict[str], upgraded: Upgraded) -> None:
        """Write 101 Switching Protocols and hand the connection to ``upgraded``.

        The request must have asked for it, have no unread body, and ``headers`` no field that
        frames one. Raises ``ValueError`` for a field that cannot be sent, and
        ``ClientConnectionResetError`` when the peer is gone.
        """
        self._flow.check_connected()
        self.add_defaults(headers)
        try:
            # The caller's mistake, unlike what ``send_switch`` finds.
            encode_fields(headers.items())
        except LocalProtocolError as error:
            raise ValueError(str(error)) from error
        try:
            head = self._core.send_switch(headers.items())
        except LocalProtocolError as error:
            # The client has stopped sending.
            raise ClientConnectionResetError("Cannot upgrade: the client has left") from error
        self.output_size = 0
        self._output.write(head)
        # The upgraded protocol writes past this buffer: the head must not come behind its bytes.
        self._output.flush()
        self.upgraded = upgraded
        self._switched(upgraded)

    def release(self) -> None:
        """Let go of the references that lead back to the connection, which is lost."""
        self.upgraded = None
        self._switched = not_switched

    def write_error(self, status: int, reason: str) -> int:
        """Answer a request that was refused, the connection's last; return the answer's size."""
        self._core.close_after_response()
        text = f"{status}: {reason}".encode()
        block = b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n" % len(text)
        self._awaiting_continue = False
        return self.write_whole(status, None, block, text)

    def abort(self) -> None:
        """Close the connection without the bytes that wait for the peer.

        The bytes that were kept are written: they are answers to earlier requests.
        """
        self._output.flush()
        self._head = b""
        self._transport.abort()

    def fail(self, error: BaseException | None) -> None:
        """Cut the connection off; after ``switch`` the upgraded protocol decides."""
        if self.upgraded is None:
            self.abort()
        else:
            self.upgraded.handler_failed(error)
