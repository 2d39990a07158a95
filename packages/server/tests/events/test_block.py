"""A block that other code ends: where its task goes on, and which cancellations are its own."""

import asyncio
import contextlib
from collections.abc import Callable

import pytest

from testkit import Run
from treadle_server import ClientConnectionResetError
from treadle_server._events.block import Block


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


def test_a_task_that_waits_goes_on_behind_it(run: Run) -> None:
    async def main() -> None:
        block = Block()
        told: list[str] = []

        async def work() -> None:
            with block:
                assert block.open
                try:
                    await forever()
                finally:
                    told.append("finally")
            told.append("behind")
            # Nothing is left of the cancellation.
            await asyncio.sleep(0)
            current = asyncio.current_task()
            assert current is not None
            assert current.cancelling() == 0

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        block.end()
        block.end()
        await task
        assert told == ["finally", "behind"]
        assert not block.open
        block.end()

    run(main())


# What ends the block before or while its task runs in it.
ENDS: list[tuple[str, Callable[[Block], None], Callable[[Block], None]]] = [
    ("before", Block.end, lambda block: None),
    ("inside", lambda block: None, Block.end),
    ("both", Block.end, Block.end),
]


@pytest.mark.parametrize(("before", "inside"), [row[1:] for row in ENDS], ids=[r[0] for r in ENDS])
@pytest.mark.parametrize("waits", [False, True])
def test_a_block_that_ends_itself(
    run: Run, before: Callable[[Block], None], inside: Callable[[Block], None], waits: bool
) -> None:
    async def main() -> None:
        block = Block()
        before(block)
        with block:
            inside(block)
            if waits:
                await forever()
        assert block.ended
        # Without a wait in the block, the task is not cancelled behind it.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    run(main())


def test_a_cancellation_by_others_goes_on(run: Run) -> None:
    async def main() -> None:
        for ends_too in (False, True):
            block = Block()

            async def work(block: Block = block) -> None:
                with block:
                    await forever()

            task = asyncio.create_task(work())
            await asyncio.sleep(0)
            if ends_too:
                block.end()
                asyncio.get_running_loop().call_soon(task.cancel)
            else:
                task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()

    run(main())


def test_a_task_that_leaves_is_not_cancelled_again(run: Run) -> None:
    async def main() -> None:
        told: list[str] = []
        block = Block()

        async def work() -> None:
            with block:
                try:
                    await forever()
                finally:
                    for _ in range(5):
                        await asyncio.sleep(0)
                    told.append("cleaned up")

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        block.end()
        await asyncio.wait([task])
        assert task.cancelled()
        assert told == ["cleaned up"]

    run(main())


def test_a_task_that_was_cancelled_before(run: Run) -> None:
    async def main() -> None:
        block = Block()

        async def work() -> str:
            try:
                await forever()
            except asyncio.CancelledError:
                # It cleans up with a block of its own.
                asyncio.get_running_loop().call_soon(block.end)
                with block:
                    await forever()
                return "cleaned up"
            return ""

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        assert await task == "cleaned up"

    run(main())


# An error, if the block has been ended, and if the error stays in the block.
ERRORS: list[tuple[BaseException, bool, bool]] = [
    (LookupError(), False, False),
    (LookupError(), True, False),
    (ConnectionResetError(), True, False),
    (ClientConnectionResetError(), False, False),
    (ClientConnectionResetError(), True, True),
    (asyncio.CancelledError(), True, False),
]


@pytest.mark.parametrize(("error", "ends", "stays"), ERRORS)
def test_errors(run: Run, error: BaseException, ends: bool, stays: bool) -> None:
    async def main() -> None:
        block = Block()
        with contextlib.nullcontext() if stays else pytest.raises(type(error)) as caught, block:
            if ends:
                block.end()
            raise error
        assert stays or (caught is not None and caught.value is error)

    run(main())


def test_without_a_task() -> None:
    loop = asyncio.new_event_loop()
    told: list[str] = []

    def callback() -> None:
        with pytest.raises(RuntimeError, match="sent by a task"), Block():
            pass
        told.append("refused")
        loop.stop()

    loop.call_soon(callback)
    loop.run_forever()
    loop.close()
    assert told == ["refused"]
