"""A block of a coroutine that other code can end: the task is cancelled, and goes on behind it.

It is ``asyncio.timeout`` with an event in the place of the time.
"""

import asyncio
from types import TracebackType
from typing import final

from treadle_server._core.errors import ClientConnectionResetError

__all__ = ["Block"]


@final
class Block:
    """The block ``with block:``, once; ``end`` may be called at any time."""

    __slots__ = ("_cancelled", "_cancelling", "_loop", "_task", "ended", "entered")

    def __init__(self) -> None:
        #: True once ``end`` was called, or the block was left.
        self.ended: bool = False
        #: True once the block was entered.
        self.entered: bool = False
        # The task that is in the block, its event loop, how often others had cancelled it before,
        # and True if this block has cancelled it.
        self._task: asyncio.Task[object] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._cancelling = 0
        self._cancelled = False

    @property
    def open(self) -> bool:
        """True if a task is in the block, and may stay there."""
        return self.entered and not self.ended

    def end(self) -> None:
        """Have the task leave the block from the place where it waits, or will wait next."""
        self.ended = True
        if self._loop is not None:
            # In the block itself it must not be cancelled at once: a task that leaves the block
            # without a wait would be cancelled behind it.
            self._loop.call_soon(self._cancel)

    def _cancel(self) -> None:
        task = self._task
        # A task that others have cancelled leaves the block already: a second time would break off
        # what it does in a ``finally``.
        if task is not None and not self._cancelled and task.cancelling() <= self._cancelling:
            self._cancelled = True
            task.cancel()

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("An event stream is sent by a task")
        self._task = task
        self.entered = True
        self._cancelling = task.cancelling()
        self._loop = task.get_loop()
        if self.ended:
            self.end()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        task, self._task = self._task, None
        self._loop = None
        ended, self.ended = self.ended, True
        assert task is not None
        if self._cancelled and task.uncancel() > self._cancelling:
            # Others have cancelled the task too.
            return False
        if isinstance(exc, asyncio.CancelledError):
            return self._cancelled
        # The stream itself has raised it: the task left the block before it could be cancelled.
        return ended and isinstance(exc, ClientConnectionResetError)
