"""One WebSocket on a transport: asyncio's callbacks to the sans-IO session, and back.

``WebSocketConnection`` takes a connection over behind the 101. It feeds ``WebSocketSession``, gives
the messages that come out to the one reader, writes what the session has to say, and keeps its
timers. It is the ``WebSocketChannel`` of HTTP/1.1.

Memory is bounded: reading from the peer pauses while the queue of the reader is full, and pongs to
a peer that does not read are withheld.
"""

import asyncio
from typing import Final, final

from treadle_server._transport.flow import FlowControl
from treadle_server._transport.output import OutputBuffer
from treadle_server._transport.upgrade import Upgraded, UpgradeOwner
from treadle_websocket import WS_CLOSING_MESSAGE, State, WebSocketSession

from .compression import BackgroundCompressor
from .heartbeat import Heartbeat
from .queue import AnyMessage
from .reader import MessageReader
from .sender import MessageSender

__all__ = ["WebSocketConnection"]

_OPEN: Final = State.OPEN
_OWING: Final = (State.CLOSE_RECEIVED, State.FAILED)

# A read is decoded in pieces of the first size, or of the second with compression, with a look at
# the queue and for pongs after each. Otherwise the 256 KiB that may come at once could be 43,000
# messages of 120 bytes each, or 264 MB: DEFLATE makes up to 1,032 bytes of one. In one turn of the
# loop so many bytes of the smallest frames take some 25 ms; the rest waits for the next one.
_SLICE: Final = 64 * 1024
_SLICE_DEFLATED: Final = 4 * 1024
_TURN: Final = {_SLICE: 64 * 1024, _SLICE_DEFLATED: 16 * 1024}

_GOING_AWAY: Final = 1001
_INTERNAL_ERROR: Final = 1011


@final
class WebSocketConnection(MessageReader[WebSocketSession[AnyMessage]], MessageSender, Upgraded):
    """The protocol of one WebSocket; ``writer_limit`` bytes may wait for the peer."""

    __slots__ = (
        "_closers", "_due", "_heartbeat", "_output", "_owner", "_pending", "_slice", "_timer",
        "compressor", "flow", "limit", "transport",
    )  # fmt: skip

    transport: asyncio.Transport
    flow: FlowControl
    _output: OutputBuffer
    _due: float

    def __init__(
        self,
        session: WebSocketSession[AnyMessage],
        loop: asyncio.AbstractEventLoop,
        writer_limit: int,
    ) -> None:
        super().__init__(session, loop)
        self.limit = writer_limit
        # The connection below; None before the 101 and after the end.
        self._owner: UpgradeOwner | None = None
        # The bytes that were not decoded, because the queue is full; how many are decoded at once.
        self._pending = b""
        self._slice: Final = _SLICE if session.deflate is None else _SLICE_DEFLATED
        self._heartbeat: Heartbeat | None = None
        self._timer: asyncio.TimerHandle | None = None
        #: Compresses large messages; None where nothing is compressed.
        self.compressor: Final = None if session.deflate is None else BackgroundCompressor(session)
        # The tasks that wait for the end.
        self._closers: list[asyncio.Future[None]] = []

    # asyncio's callbacks, and the methods that ``Upgraded`` adds to them.

    def take_over(
        self, owner: UpgradeOwner, transport: asyncio.Transport, flow: FlowControl
    ) -> None:
        """Begin behind the 101."""
        self._owner = owner
        self.transport = transport
        self.flow = flow
        self._output = OutputBuffer(flow, transport)
        if self.session.settings.heartbeat is not None:
            self._heartbeat = Heartbeat(self.session, flow, transport)
            self._flow_changed()
        transport.set_write_buffer_limits(self.limit)
        self._set_timer()

    def data_received(self, data: bytes) -> None:
        """Take bytes from the peer."""
        if len(data) > _SLICE_DEFLATED or self._pending:
            # The pending bytes were read before reading was paused.
            self._decode_slices(self._pending + data)
            return
        # ``_decode`` and ``_add`` without the calls: most reads are one message.
        session = self.session
        messages = session.receive_data(data, self._loop.time() if self._heartbeat else 0.0)
        if session.state is not _OPEN:
            self._take_end(messages)
        elif messages:
            waiter = self.waiter
            if len(messages) > 1 or waiter is None or waiter.done():
                self._add(messages)
            else:
                waiter.set_result(messages[0])
        if session.wants_to_send and not self.flow.write_paused:
            self._write_own()

    def eof_received(self) -> bool:
        """Take the end of input: without a close handshake the connection is lost."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the reader, the tasks that wait for the end, and the connection below."""
        self._pending = b""
        self._output.drop()
        self._end(self.session.receive_eof())
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.connection_lost(exc)

    def pause_writing(self) -> None:
        """Note that the peer is behind with reading."""
        self.flow.pause_writing()
        self._flow_changed()
        if self._owner is not None:
            self._owner.watch_writing(True)

    def resume_writing(self) -> None:
        """Wake the writers."""
        self.flow.resume_writing()
        if self._owner is not None:
            self._owner.watch_writing(False)
            self._flow_changed()
            self._write_own()

    def handler_failed(self, error: BaseException | None) -> None:
        """Close, because the handler raised ``error`` or was cancelled (None)."""
        if self.session.state is State.CLOSE_SENT and error is None:
            # A handler that is cancelled while it closes does not wait for the peer.
            self._cut()
        else:
            self.close(_GOING_AWAY if error is None else _INTERNAL_ERROR)

    def shut_down(self) -> None:
        """Close, because the server stops."""
        self.close(_GOING_AWAY)

    # Reading.

    def _decode(self, data: bytes) -> None:
        session = self.session
        messages = session.receive_data(data, self._loop.time() if self._heartbeat else 0.0)
        if session.state is not _OPEN:
            self._take_end(messages)
        elif messages:
            self._add(messages)
        if session.wants_to_send and not self.flow.write_paused:
            self._write_own()

    def _pause(self) -> None:
        self.flow.pause_reading()
        self._flow_changed()

    def _decode_slices(self, data: bytes) -> None:
        self._pending = b""
        size = self._slice
        for start in range(0, len(data), size):
            if self._queue.full or start >= _TURN[size]:
                self._pending = data[start:]
                self.flow.pause_reading()
                self._loop.call_soon(self._read_on)
                return
            self._decode(data[start : start + size])

    def _read_on(self) -> None:
        if self._queue.full:
            return
        if self._pending:
            self._decode_slices(self._pending)
        if not (self._pending or self._queue.full):
            self.flow.resume_reading()
            self._flow_changed()

    def _take_end(self, messages: list[AnyMessage]) -> None:
        """Take messages that end in CLOSE or ERROR, or that arrive while we are closing."""
        session = self.session
        if messages and session.state in _OWING:
            last = messages.pop()
            if messages:
                self._add(messages)
            self._last = last
            self._wake()
            # The answer is given when the reader gets there, so that it can answer what came
            # before; but a peer does not wait for a reader for ever.
            self._set_timer(self._loop.time() + session.settings.close_timeout)
        elif session.closed:
            # The peer answered our close; ``close`` has dropped the queue, so these go too.
            self._end([])
            self._leave(linger=session.exception is not None)

    # Writing.

    @property
    def current_transport(self) -> asyncio.Transport | None:
        """The connection's transport, None once it is lost."""
        return self.flow.transport

    @property
    def behind(self) -> bool:
        """True while more than ``limit`` bytes wait for the peer."""
        return self.flow.write_paused

    async def drain(self) -> None:
        """Wait while it is ``behind``; raises ``ClientConnectionResetError`` if it is gone."""
        await self.flow.drain()

    def set_limit(self, limit: int) -> None:
        """Set the number of bytes that may wait for the peer."""
        self.limit = limit
        self.transport.set_write_buffer_limits(limit)

    def write(self, data: bytes) -> None:
        """Write frames, in order.

        While the reader has more messages to handle, what it sends waits until the end of this turn
        of the loop for what it will send next: a burst is answered with one system call.
        """
        output = self._output
        if self.flow.write_paused:
            self.flow.note_write(len(data))
        if self._queue.messages:
            if not output.holding:
                output.hold()
                self._loop.call_soon(output.release)
            output.keep(data)
        elif output.holding:
            output.write(data)
            output.release()
        else:
            self.transport.write(data)

    def _write_own(self) -> None:
        """Write the pings and pongs of the session."""
        if data := self.session.data_to_send():
            self.write(data)

    # The end.

    def close(self, code: int | None, reason: str | bytes = "") -> bool:
        """Send a close frame, if none was sent; False if one was or the connection is lost.

        Raises ``WSValueError`` for a code or reason that must not be sent.
        """
        session = self.session
        if session.state is _OPEN:
            frame = session.send_close(code, reason, now=self._loop.time())
            self._queue.clear()
            self.write(frame)
            if self.waiter is not None:
                self._last = WS_CLOSING_MESSAGE
                self._wake()
            self._set_timer()
            # The peer's close frame may be behind messages that no task reads any more.
            self._read_on()
            return True
        if session.state is State.CLOSE_RECEIVED:
            self._finish(session.send_close(code, reason))
        elif session.state is State.FAILED:
            self._finish(session.answer_close())
        else:
            return False
        return True

    def answer_close(self) -> None:
        """Send the close frame that the peer is owed, if any."""
        if self.session.state in _OWING:
            self._finish(self.session.answer_close())

    def _finish(self, frame: bytes) -> None:
        self.write(frame)
        self._end([])
        self._leave(linger=self.session.exception is not None)

    async def wait_closed(self) -> None:
        """Wait until the peer has closed too, is lost, or has had its time."""
        while not self.session.closed:
            closer = self._loop.create_future()
            self._closers.append(closer)
            await closer

    def _end(self, news: list[AnyMessage]) -> None:
        """Wake the reader and the waiting tasks; the reader gets the last of ``news`` last."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if news and self._last is None:
            self._last = news[-1]
        self._wake()
        closers, self._closers = self._closers, []
        for closer in closers:
            if not closer.done():
                closer.set_result(None)
        if self._close_callbacks is not None:
            self._run_close_callbacks()

    def _leave(self, *, linger: bool) -> None:
        """Give the transport back to the connection, which closes it."""
        self._output.release()
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.end_upgrade(linger=linger)

    def _cut(self) -> None:
        """Close at once: the peer had its time, or is dead."""
        self._end(self.session.receive_eof())
        self.transport.abort()

    # Time.

    def _set_timer(self, when: float | None = None) -> None:
        """Call ``_on_timer`` at ``when``, or else when the session wants its next tick."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if when is None:
            when = self.session.deadline
        if when is not None:
            self._due = when
            self._timer = self._loop.call_at(when, self._on_timer)

    def _flow_changed(self) -> None:
        beat = self._heartbeat
        if beat and self.session.state is _OPEN and beat.flow_changed(self._loop.time()):
            self._set_timer()

    def _on_timer(self) -> None:
        now = self._loop.time()
        self._timer = None
        session = self.session
        if session.state in _OWING:
            self.answer_close()
            return
        if self._heartbeat:
            self._heartbeat.before_tick(now, self._due)
        # A deadline that has moved meanwhile is not due: every read may move it.
        news = session.tick(now)
        if session.closed:
            self._end(news)
            self.transport.abort()
        else:
            if not self.flow.write_paused:
                self._write_own()
            self._set_timer()
