"""Libraries that were written for aiohttp, through their real entry points, on treadle.

Run with ``-p treadle.compat``; each test sends real requests to a real server.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
from aiohttp import web

import treadle.web
from treadle_testing import TestClient, TestServer

Check = Callable[[Any], Coroutine[Any, Any, None]]
Serve = Callable[[Any, Check], None]


@pytest.fixture
def serve() -> Serve:
    """Return a function that serves an application and gives a client of it to a check."""
    assert web is treadle.web, "run this with -p treadle.compat"

    def run(make: Callable[[], Awaitable[Any]], check: Check) -> None:
        async def main() -> None:
            async with TestClient(TestServer(await make())) as client:
                await check(client)

        asyncio.run(main())

    return run
