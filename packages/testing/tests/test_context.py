"""``RequestContext``: a coroutine, and a context."""

import asyncio

import pytest

from treadle_testing import RequestContext

_closed: list[str] = []


async def _send() -> str:
    await asyncio.sleep(0)
    return "response"


async def _close(result: str) -> None:
    _closed.append(result)


def test_three_ways_to_use_it() -> None:
    async def main() -> None:
        assert await RequestContext(_send(), _close) == "response"
        assert await asyncio.create_task(RequestContext(_send(), _close)) == "response"
        assert _closed == []
        async with RequestContext(_send(), _close) as response:
            assert response == "response"
        assert _closed == ["response"]

    _closed.clear()
    asyncio.run(main())


def test_an_error_reaches_both() -> None:
    async def fail() -> str:
        raise OSError("refused")

    async def main() -> None:
        with pytest.raises(OSError, match="refused"):
            await RequestContext(fail(), _close)
        with pytest.raises(OSError, match="refused"):
            async with RequestContext(fail(), _close):
                pass

    asyncio.run(main())


def test_cancelled() -> None:
    async def main() -> None:
        forever: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def wait() -> str:
            return await forever

        task = asyncio.create_task(RequestContext(wait(), _close))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
