"""Runs a test's coroutine on each event loop that is installed."""

import asyncio
import importlib.util
from collections.abc import Callable, Coroutine
from typing import Any, Final

__all__ = ["LOOPS", "Run", "new_loop", "run_on"]

#: Runs one coroutine to its end.
Run = Callable[[Coroutine[Any, Any, None]], None]

# Production uses uvloop, which is not available on every platform.
LOOPS: Final = ["asyncio", "uvloop"] if importlib.util.find_spec("uvloop") else ["asyncio"]

_SECONDS: Final = 30


def new_loop(name: str) -> asyncio.AbstractEventLoop:
    """Return a new event loop; the caller closes it."""
    if name == "uvloop":
        import uvloop

        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        return loop
    return asyncio.new_event_loop()


def run_on(name: str) -> Run:
    """Return a function that runs a coroutine on the event loop ``name``.

    It fails when the coroutine takes too long or leaves a task behind.
    """

    def run(main: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            await asyncio.wait_for(main, _SECONDS)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, f"left behind: {left}"

        with asyncio.Runner(loop_factory=lambda: new_loop(name)) as runner:
            runner.run(guarded())

    return run
