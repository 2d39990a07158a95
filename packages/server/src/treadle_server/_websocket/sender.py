"""The sending side of a WebSocket whose frames are made here: messages to frames, in order.

Each method waits while more than ``limit`` bytes wait for the peer. Large messages are compressed
in a thread, and those behind them wait for their turn.
"""

import abc
from collections.abc import Callable

from treadle_server._transport.flow import FlowControl
from treadle_websocket import PreparedMessage, WebSocketSession, WSMsgType, WSStateError

from .channel import Bytes, too_late
from .compression import LARGE, BackgroundCompressor
from .queue import AnyMessage

__all__ = ["MessageSender"]


class MessageSender(abc.ABC):
    """Sends messages as the frames of ``session``; the transport writes them."""

    __slots__ = ()

    # Fields of the subclass.

    @property
    @abc.abstractmethod
    def session(self) -> WebSocketSession[AnyMessage]:
        """The session that makes the frames."""

    @property
    @abc.abstractmethod
    def flow(self) -> FlowControl:
        """The flow of bytes to the peer."""

    @property
    @abc.abstractmethod
    def compressor(self) -> BackgroundCompressor | None:
        """Compresses large messages; None where nothing is compressed."""

    @abc.abstractmethod
    def write(self, data: bytes) -> None:
        """Write frames, in order."""

    # Two methods with the same text: a function between them would cost each message a call.

    async def send_text(self, data: str, compress: bool | None) -> None:
        """Send a text message."""
        try:
            compressor = self.compressor
            frame = None
            if (
                compressor is not None
                and compress is not False
                and isinstance(data, str)
                and (compressor.started or len(data) >= LARGE)
            ):
                frame = await compressor.encode(data)
            self.write(frame or self.session.send_text(data, compress=compress))
        except WSStateError as error:
            raise too_late(self.session) from error
        if self.flow.write_paused:
            await self.flow.drain()

    async def send_bytes(self, data: Bytes, compress: bool | None) -> None:
        """Send a binary message."""
        try:
            compressor = self.compressor
            frame = None
            if (
                compressor is not None
                and compress is not False
                and isinstance(data, Bytes)
                and (compressor.started or len(data) >= LARGE)
            ):
                frame = await compressor.encode(data)
            self.write(frame or self.session.send_bytes(data, compress=compress))
        except WSStateError as error:
            raise too_late(self.session) from error
        if self.flow.write_paused:
            await self.flow.drain()

    async def send_frame(self, data: Bytes, opcode: WSMsgType, compress: bool | None) -> None:
        """Send a whole message from its payload."""
        await self._wait_turn()
        await self._send(lambda: self.session.send_frame(data, opcode, compress=compress))

    async def send_prepared(self, message: PreparedMessage, compress: bool | None) -> None:
        """Send a message that was encoded once for many."""
        await self._wait_turn()
        await self._send(lambda: self.session.send_prepared(message, compress=compress))

    async def send_ping(self, data: str | Bytes) -> None:
        """Send a ping."""
        await self._send(lambda: self.session.send_ping(data))

    async def send_pong(self, data: str | Bytes) -> None:
        """Send a pong."""
        await self._send(lambda: self.session.send_pong(data))

    async def _wait_turn(self) -> None:
        if self.compressor is not None:
            await self.compressor.encode(b"")

    async def _send(self, encode: Callable[[], bytes]) -> None:
        try:
            self.write(encode())
        except WSStateError as error:
            raise too_late(self.session) from error
        if self.flow.write_paused:
            await self.flow.drain()

    def put(self, message: PreparedMessage, compress: bool | None) -> None:
        """Send ``message`` without waiting for the peer."""
        # Nothing compressed may overtake a message that is still being compressed.
        busy = self.compressor is not None and self.compressor.busy
        self.write(self.session.send_prepared(message, compress=False if busy else compress))
