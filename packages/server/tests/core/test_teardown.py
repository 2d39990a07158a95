"""Steps of a tear-down: all of them run, and what is raised afterwards."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from testkit import Run
from treadle_server import CleanupError
from treadle_server._core.teardown import run_all


class Stop(BaseException):
    """An exception that ``except Exception`` lets pass."""


ONE, TWO, STOP = ValueError("one"), KeyError("two"), Stop()
CANCEL = asyncio.CancelledError()


@pytest.mark.parametrize(
    ("errors", "raised"),
    [
        ([None, None], None),
        ([], None),
        ([ONE, None], ONE),
        ([None, ONE], ONE),
        ([CANCEL, None], CANCEL),
        ([ONE, STOP, None], STOP),
        ([STOP, ONE], STOP),
        ([ONE, CANCEL, STOP], STOP),
    ],
)
def test_one_error(
    run: Run, errors: list[BaseException | None], raised: BaseException | None
) -> None:
    ran: list[int] = []

    def step(number: int, error: BaseException | None) -> Callable[[], Awaitable[None]]:
        async def run_step() -> None:
            ran.append(number)
            if error is not None:
                raise error

        return run_step

    async def main() -> None:
        found: BaseException | None = None
        try:
            await run_all(step(*item) for item in enumerate(errors))
        except BaseException as error:  # noqa: BLE001  # compared below
            found = error
        assert found is raised
        assert ran == list(range(len(errors)))

    run(main())


def test_several_errors(run: Run) -> None:
    async def first() -> None:
        raise ONE

    async def second() -> None:
        raise TWO

    async def main() -> None:
        with pytest.raises(CleanupError) as caught:
            await run_all([first, second])
        assert caught.value.exceptions == [ONE, TWO]

    run(main())


def test_a_cancelled_task_that_was_awaited_is_an_error_among_others(run: Run) -> None:
    async def first() -> None:
        raise CANCEL

    async def second() -> None:
        raise ONE

    async def main() -> None:
        with pytest.raises(CleanupError) as caught:
            await run_all([first, second])
        assert caught.value.exceptions == [CANCEL, ONE]

    run(main())


def test_the_cancellation_of_the_caller_comes_alone(run: Run) -> None:
    ran: list[str] = []

    async def cancelled() -> None:
        ran.append("cancelled")
        await asyncio.Event().wait()

    async def fails() -> None:
        ran.append("fails")
        raise ONE

    async def main() -> None:
        task = asyncio.create_task(run_all([fails, cancelled, fails]))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ran == ["fails", "cancelled", "fails"]

    run(main())


def test_a_step_that_cannot_be_called(run: Run) -> None:
    """A receiver without ``async`` raises when it is called, or returns nothing to await."""
    ran: list[str] = []

    async def last() -> None:
        ran.append("last")

    async def main() -> None:
        with pytest.raises(TypeError):
            await run_all([lambda: None, last])  # type: ignore[list-item,return-value]  # the mistake
        assert ran == ["last"]

    run(main())


def test_closing_the_caller_ends_the_steps() -> None:
    ran: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            ran.append("closed")

    async def last() -> None:
        ran.append("last")

    running = run_all([waits, last])
    running.send(None)
    running.close()
    assert ran == ["closed"]
