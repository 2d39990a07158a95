"""An event loop whose time stands still until the test moves it."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Final, final

from ._loops import SECONDS, complete

__all__ = ["FakeClock"]

#: Small enough for the sweeper of deadlines, which looks once a second, to see each of its ticks.
_STEP: Final = 0.5

#: Turns of the loop at each step: one to run the timers, the others for the callbacks that follow
#: (``asyncio.wait_for`` needs more of them on Python 3.11).
_TURNS: Final = 10


@final
class _Loop(asyncio.SelectorEventLoop):
    """asyncio's loop with another clock; sockets work as ever."""

    now = 1000.0

    def time(self) -> float:
        return self.now


@final
class FakeClock:
    """Runs one coroutine on asyncio, with deadlines and timers by a clock that the test moves.

    No time passes between two calls of ``advance``, however busy the machine is: also none for the
    timeouts of ``Peer``, which end ten seconds of this clock after the call.
    """

    def __init__(self) -> None:
        #: The loop; its ``time`` is what the test has made of it.
        self.loop: Final = _Loop()

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        """Run ``main`` to its end; fails if it hangs or leaves a task behind."""

        async def guarded() -> None:
            task = asyncio.current_task()
            assert task is not None
            # The loop's own timers stand still: a thread has to look at the real time.
            guard = threading.Timer(SECONDS, self.loop.call_soon_threadsafe, [task.cancel])
            guard.start()
            try:
                await complete(main)
            finally:
                guard.cancel()

        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(guarded())

    async def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass, and run the timers that become due on the way."""
        # What was started just now begins before the time moves.
        await self._turn()
        end = self.loop.now + seconds
        while self.loop.now < end:
            self.loop.now = min(self.loop.now + _STEP, end)
            await self._turn()

    async def _turn(self) -> None:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
