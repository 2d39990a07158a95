"""The pieces of a body on their way from a thread to the event loop.

The thread waits while the client is behind: at most ``_MOST`` bytes, or one piece, are on the way.
"""

import asyncio
import collections
import threading
from typing import Final, final

__all__ = ["AbandonedError", "Pipe"]

#: The bytes that may wait for the client; what a connection keeps of a response that is streamed.
_MOST: Final = 64 * 1024


class AbandonedError(ConnectionError):
    """The response is not sent on: the client has left, or another response has been sent."""


@final
class Pipe:
    """Pieces from one thread to one task."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop: Final = loop
        # All below is guarded by it.
        self._changed: Final = threading.Condition()
        self._pieces: Final[collections.deque[bytes]] = collections.deque()
        self._size = 0
        self._abandoned = False
        self._ended = False
        self._error: BaseException | None = None
        # The task waits for it; None if it does not.
        self._waiter: asyncio.Future[None] | None = None

    # In the thread.

    @property
    def abandoned(self) -> bool:
        """True if nothing takes pieces any more."""
        return self._abandoned

    def put(self, piece: bytes) -> None:
        """Add a piece, and wait until the client keeps up; raises ``AbandonedError``."""
        with self._changed:
            while self._size >= _MOST and not self._abandoned:
                self._changed.wait()
            if self._abandoned:
                raise AbandonedError(
                    "The response is not sent on: the client has left, or a middleware has "
                    "answered in its place"
                )
            self._pieces.append(piece)
            self._size += len(piece)
            self._wake()

    def end(self, error: BaseException | None = None) -> None:
        """End the body; with ``error`` it has failed."""
        with self._changed:
            self._ended = True
            self._error = error
            self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            try:
                self._loop.call_soon_threadsafe(_set, waiter)
            except RuntimeError:
                # The loop is closed, and its task gone.
                self._abandoned = True

    # In the event loop.

    async def get(self) -> bytes | None:
        """Return the bytes that wait, or wait for some; None at the end.

        Raises the error that the body has failed with.
        """
        while True:
            with self._changed:
                if self._pieces:
                    data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
                    self._pieces.clear()
                    self._size = 0
                    self._changed.notify_all()
                    return data
                if self._ended:
                    if self._error is not None:
                        raise self._error
                    return None
                waiter = self._waiter = self._loop.create_future()
            await waiter

    def abandon(self) -> None:
        """Take no more pieces: the thread learns it with the next one."""
        with self._changed:
            self._abandoned = True
            self._pieces.clear()
            self._size = 0
            self._changed.notify_all()


def _set(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
