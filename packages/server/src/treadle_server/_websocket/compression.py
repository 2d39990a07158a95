"""Large messages of a WebSocket with compression, compressed in a thread and sent in order.

zlib takes about 5 ms for a MiB of JSON at its fastest level, and everybody else would wait. A
thread costs some 40 us to ask, so that only messages from 64 KiB on are worth it: below, zlib is
done in 0.3 ms. Reading needs no thread: what a peer sends is inflated as it arrives, in pieces of
4 KiB, at three times that speed.
"""

import asyncio
from typing import Final, final

from treadle_websocket import Message, RawMessage, WebSocketSession

__all__ = ["LARGE", "Aside"]

#: Bytes, or characters, from which a message is compressed in a thread.
LARGE: Final = 64 * 1024


@final
class Aside:
    """Encodes the messages of one WebSocket while a large one is compressed, and that one."""

    __slots__ = ("_lock", "_session")

    def __init__(self, session: WebSocketSession[Message | RawMessage]) -> None:
        self._session: Final = session
        self._lock: asyncio.Lock | None = None

    @property
    def busy(self) -> bool:
        """Whether a message is being compressed: others must come here, to keep the order."""
        return self._lock is not None and self._lock.locked()

    async def encode(self, data: str | bytes | bytearray | memoryview) -> bytes | None:
        """Return the frame of ``data``, compressed; None if it is to be sent the ordinary way, now.

        Raises ``WSStateError`` when it is too late to send. A message whose sender is cancelled is
        not sent; those behind it start with an empty window.
        """
        if self._lock is None:
            if len(data) < LARGE:
                return None
            self._lock = asyncio.Lock()
        async with self._lock:
            deflation = self._session.start_deflation(data) if len(data) >= LARGE else None
            if deflation is None:
                return None
            await asyncio.get_running_loop().run_in_executor(None, deflation.run)
            return self._session.send_deflated(deflation)
