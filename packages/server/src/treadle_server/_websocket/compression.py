"""Compress large WebSocket messages in a thread, and send them in order.

zlib takes about 5 ms for a MiB of JSON at its fastest level, during which the event loop would
stand still. Handing a call to a thread costs some 40 us, so that only messages from 64 KiB on are
worth it; smaller ones take zlib less than 0.3 ms. Reading needs no thread: received messages are
inflated as they arrive, in slices of 4 KiB, at three times that speed.
"""

import asyncio
from typing import Final, final

from treadle_websocket import Message, RawMessage, WebSocketSession

__all__ = ["LARGE", "BackgroundCompressor"]

#: Bytes, or characters, from which a message is compressed in a thread.
LARGE: Final = 64 * 1024


@final
class BackgroundCompressor:
    """Encodes the large messages of one WebSocket in a thread; smaller ones behind them wait."""

    __slots__ = ("_lock", "_session", "started")

    def __init__(self, session: WebSocketSession[Message | RawMessage]) -> None:
        self._session: Final = session
        # Made for the first large message.
        self._lock: asyncio.Lock | None = None
        #: False until the first large message: a smaller one need not come here.
        self.started: bool = False

    @property
    def busy(self) -> bool:
        """True if a message is being compressed: others must come here, to keep the order."""
        return self._lock is not None and self._lock.locked()

    async def encode(self, data: str | bytes | bytearray | memoryview) -> bytes | None:
        """Return the compressed frame of ``data``; None if the caller must encode it itself, now.

        Raises ``WSStateError`` if it is too late to send. If the sender of a message is cancelled,
        the message is not sent; those behind it start with an empty window.
        """
        if self._lock is None:
            if len(data) < LARGE:
                return None
            self._lock = asyncio.Lock()
            self.started = True
        async with self._lock:
            deflation = self._session.start_deflation(data) if len(data) >= LARGE else None
            if deflation is None:
                return None
            await asyncio.get_running_loop().run_in_executor(None, deflation.run)
            return self._session.send_deflated(deflation)
