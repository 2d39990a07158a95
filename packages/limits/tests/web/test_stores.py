"""The store of an application: found by its limits, closed at its end, warned about in workers."""

import asyncio
import multiprocessing
from typing import Any

import pytest

from treadle_limits import MemoryStore
from treadle_limits._web import stores
from treadle_limits.web import STORE, limited, setup
from treadle_responses import Response
from treadle_server import Application, Request
from treadle_testing import MemoryClient


@limited("2/day", key=lambda _request: "all")
async def hello(_request: Request) -> Response:
    return Response(text="hello")


def application() -> Application:
    app = Application()
    app.router.add_get("/", hello)
    return app


async def statuses(app: Application, *paths: str) -> list[int]:
    async with MemoryClient(app) as client:
        return [(await client.get(path)).status for path in paths]


class ClosingStore:
    """A store in memory that notes its end."""

    def __init__(self) -> None:
        self.memory = MemoryStore()
        self.closed = 0

    async def hit(self, *args: Any, **options: Any) -> Any:
        return await self.memory.hit(*args, **options)

    async def reset(self, key: str, /) -> None:
        await self.memory.reset(key)

    async def aclose(self) -> None:
        self.closed += 1


def test_a_limit_finds_it_in_the_applications_around_and_it_is_closed() -> None:
    outer, inner = Application(), application()
    outer.add_subapp("/inner", inner)
    outer.router.add_get("/", hello)
    store = ClosingStore()
    assert setup(outer, store) is store
    assert outer[STORE] is store
    # One store, one limit: both routes together.
    found = asyncio.run(statuses(outer, "/", "/inner/", "/", "/inner/"))
    assert found == [200, 200, 429, 429]
    assert store.closed == 1


def test_without_it_each_application_has_its_own_memory() -> None:
    for _ in range(2):
        found = asyncio.run(statuses(application(), "/", "/", "/"))
        assert found == [200, 200, 429]


def test_two_stores_are_refused() -> None:
    app = Application()
    setup(app, MemoryStore())
    with pytest.raises(ValueError, match="has a store of limits already: <MemoryStore"):
        setup(app, MemoryStore())


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("worker", [True, False])
def test_workers_are_told_once_that_each_counts_by_itself(
    worker: bool, given: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stores, "_warned", False)
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: object() if worker else None)
    for _ in range(2):
        app = application()
        if given:
            setup(app, MemoryStore())
        assert asyncio.run(statuses(app, "/")) == [200]
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == int(worker)
    assert all("in the memory of each worker" in line for line in lines)
