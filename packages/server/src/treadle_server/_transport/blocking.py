"""Calls that block, in threads."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

__all__ = ["run_blocking"]

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
