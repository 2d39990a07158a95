"""Runs a test's coroutine on each event loop that is installed."""

import asyncio
import importlib.util
from collections.abc import Callable, Coroutine
from typing import Any, Final

__all__ = ["LOOPS", "Run", "run_on"]

#: Runs one coroutine to its end.
Run = Callable[[Coroutine[Any, Any, None]], None]

# uvloop does not exist everywhere; where it does, it is what production runs on.
LOOPS: Final = ["asyncio", "uvloop"] if importlib.util.find_spec("uvloop") else ["asyncio"]

_SECONDS: Final = 30


def run_on(name: str) -> Run:
    """Return a function that runs a coroutine on the event loop ``name``.

    It fails when the coroutine takes too long or leaves a task behind.
    """

    def run(main: Coroutine[Any, Any, None]) -> None:
        factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
        if name == "uvloop":
            import uvloop

            factory = uvloop.new_event_loop

        async def guarded() -> None:
            await asyncio.wait_for(main, _SECONDS)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, f"left behind: {left}"

        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(guarded())

    return run
