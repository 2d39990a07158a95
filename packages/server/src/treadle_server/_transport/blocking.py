"""Calls that block, in threads."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar, final

__all__ = ["BlockingCalls", "run_blocking"]

_T = TypeVar("_T")


async def run_blocking(call: Callable[[], _T], executor: Executor | None = None) -> _T:
    """Return ``call()``, made in a thread of ``executor`` or, for None, of the event loop's own.

    A call cannot be stopped. A task that is cancelled meanwhile ends when the call has ended, so
    that no file is closed while a thread reads it.
    """
    future = asyncio.get_running_loop().run_in_executor(executor, call)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        while not future.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([future])
        if not future.cancelled():
            # Retrieved, or asyncio would log that it never was.
            future.exception()
        raise


@final
class BlockingCalls:
    """Runs calls one after the other, in the order in which they were asked for.

    A body has one compressor and a file one position: two calls must not use them at a time.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        # Done when the last call that was asked for has ended; None if none runs.
        self._last: asyncio.Future[None] | None = None

    async def run(self, call: Callable[[], _T], executor: Executor | None = None) -> _T:
        """Return ``run_blocking(call, executor)`` behind the calls before it."""
        before = self._last
        ended = self._last = asyncio.get_running_loop().create_future()
        try:
            if before is not None:
                # A future that others wait for, too: a cancellation must not reach it.
                await asyncio.shield(before)
            return await run_blocking(call, executor)
        finally:
            if before is None or before.done():
                self._end(ended)
            else:
                # Cancelled while it waited: the next one waits for the one before.
                before.add_done_callback(lambda _before: self._end(ended))

    def _end(self, ended: "asyncio.Future[None]") -> None:
        ended.set_result(None)
        if self._last is ended:
            self._last = None
