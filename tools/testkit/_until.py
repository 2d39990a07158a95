"""Wait for what has no event to wait for."""

import asyncio
from collections.abc import Callable

__all__ = ["until"]


async def until(happened: Callable[[], object]) -> None:
    """Let other tasks run until ``happened()`` is true; the test ends if that takes too long."""
    while not happened():  # noqa: ASYNC110  # there is no event for it
        await asyncio.sleep(0)
