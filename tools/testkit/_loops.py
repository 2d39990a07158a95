"""Run a test's coroutine on an event loop."""

import asyncio
import importlib.util
from collections.abc import Callable, Coroutine
from typing import Any, Final

import pytest

__all__ = ["EVERY_LOOP", "LOOPS", "SECONDS", "Run", "complete", "each_loop", "new_loop", "run_on"]

#: Runs one coroutine to its end.
Run = Callable[[Coroutine[Any, Any, None]], None]

#: The names of the event loops that the server is tested on.
EVERY_LOOP: Final = ("asyncio", "uvloop")

#: Those that are installed. uvloop does not exist everywhere; where it does, production uses it.
LOOPS: Final = [
    name for name in EVERY_LOOP if name == "asyncio" or importlib.util.find_spec(name) is not None
]

#: The time that a test has before it is taken for one that hangs.
SECONDS: Final = 30


def new_loop(name: str) -> asyncio.AbstractEventLoop:
    """Return a new event loop; the caller closes it."""
    if name == "uvloop":
        import uvloop

        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        return loop
    return asyncio.new_event_loop()


async def complete(main: Coroutine[Any, Any, None]) -> None:
    """Await ``main``; fail if it leaves a task behind."""
    await main
    left = asyncio.all_tasks() - {asyncio.current_task()}
    # Not an ``assert``: it holds in every test and says nothing about what that test is for.
    if left:
        pytest.fail(f"The test left tasks behind: {left}")


def run_on(name: str) -> Run:
    """Return a function that runs a coroutine on the event loop ``name``.

    It fails if the coroutine takes too long or leaves a task behind.
    """

    def run(main: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            async with asyncio.timeout(SECONDS):
                await complete(main)

        with asyncio.Runner(loop_factory=lambda: new_loop(name)) as runner:
            runner.run(guarded())

    return run


#: Runs a test that takes ``run`` once on each event loop, for what depends on transports or timers.
each_loop: Final = pytest.mark.parametrize("run", [run_on(name) for name in LOOPS], ids=LOOPS)
