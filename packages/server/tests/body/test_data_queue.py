"""``DataQueue``: values in order, then the end or an error."""

import asyncio

import pytest

from testkit import run_on
from treadle_server import DataQueue, EofStream

run = run_on("asyncio")


def test_values_and_the_end() -> None:
    async def main() -> None:
        queue: DataQueue[int] = DataQueue(asyncio.get_running_loop())
        reading = asyncio.ensure_future(queue.read())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="one task reads it"):
            await queue.read()
        queue.feed_data(1, 10)
        queue.feed_data(2)
        assert await reading == 1
        assert len(queue) == 1
        queue.feed_eof()
        assert (queue.is_eof(), queue.at_eof()) == (True, False)
        assert await queue.read() == 2
        assert queue.at_eof()
        with pytest.raises(EofStream):
            await queue.read()

    run(main())


def test_an_error_comes_behind_the_values() -> None:
    async def main() -> None:
        queue: DataQueue[int] = DataQueue()
        queue.feed_data(1)
        queue.set_exception(ValueError("broken"), KeyError("why"))
        assert isinstance(queue.exception(), ValueError)
        assert await queue.read() == 1
        with pytest.raises(ValueError, match="broken") as caught:
            await queue.read()
        assert isinstance(caught.value.__cause__, KeyError)

    run(main())


def test_it_is_iterated_and_a_reader_may_be_cancelled() -> None:
    async def main() -> None:
        queue: DataQueue[int] = DataQueue()
        reading = asyncio.ensure_future(queue.read())
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        for value in (1, 2):
            queue.feed_data(value)
        queue.feed_eof()
        assert [value async for value in queue] == [1, 2]

    run(main())
