"""The clock that a test moves."""

import asyncio

import pytest

from testkit import FakeClock


def test_no_time_passes_by_itself(clock: FakeClock) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        for _ in range(100):
            await asyncio.sleep(0)
        assert loop.time() == start

    clock.run(main())


def test_timers_run_when_their_time_has_come_and_in_order(clock: FakeClock) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        start, seen = loop.time(), list[float]()

        def again() -> None:
            seen.append(loop.time() - start)
            loop.call_later(1, again)

        loop.call_later(1, again)
        sleeping = asyncio.ensure_future(asyncio.sleep(2.5, "awake"))
        await clock.advance(2.4)
        assert seen == [1, 2]
        assert not sleeping.done()
        await clock.advance(1)
        assert await sleeping == "awake"
        assert seen == [1, 2, pytest.approx(3, abs=0.5)]

    clock.run(main())


def test_a_task_that_is_left_behind_is_a_failure(clock: FakeClock) -> None:
    tasks: list[asyncio.Task[None]] = []

    async def main() -> None:
        tasks.append(asyncio.create_task(asyncio.sleep(9), name="forgotten"))

    with pytest.raises(pytest.fail.Exception, match="forgotten"):
        clock.run(main())
    assert tasks[0].cancelled()
