"""One lifespan for all mounts of an application."""

import asyncio
from typing import Any

import pytest

from testkit import Run
from treadle_asgi import LifespanError
from treadle_asgi._mounts.lifespans import running_lifespan


class App:
    """An application that notes its starts and ends."""

    def __init__(self, *, fails: bool = False, refuses: bool = False) -> None:
        self.seen: list[str] = []
        self.fails, self.refuses = fails, refuses

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        if self.refuses:
            raise NotImplementedError
        await receive()
        self.seen.append("start")
        scope["state"]["n"] = len(self.seen)
        if self.fails:
            await send({"type": "lifespan.startup.failed", "message": "no database"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.seen.append("end")
        await send({"type": "lifespan.shutdown.complete"})


def test_it_starts_once_and_ends_with_the_last_mount(run: Run) -> None:
    async def main() -> None:
        app = App()
        async with running_lifespan(app, "auto") as first:
            async with running_lifespan(app, "auto") as second:
                assert first is second
                assert first == {"n": 1}
            assert app.seen == ["start"]
        assert app.seen == ["start", "end"]
        async with running_lifespan(app, "on") as third:
            assert third is not first
        assert app.seen == ["start", "end", "start", "end"]

    run(main())


def test_mounts_that_start_together_wait_for_one_start(run: Run) -> None:
    async def main() -> None:
        app = App()
        started = asyncio.Barrier(3)

        async def use() -> None:
            async with running_lifespan(app, "auto") as state:
                assert state == {"n": 1}
                await started.wait()

        await asyncio.gather(use(), use(), use())
        assert app.seen == ["start", "end"]

    run(main())


def test_applications_are_apart(run: Run) -> None:
    async def main() -> None:
        one, other = App(), App()
        async with (
            running_lifespan(one, "auto") as first,
            running_lifespan(other, "auto") as second,
        ):
            assert first is not second
        assert one.seen == other.seen == ["start", "end"]

    run(main())


def test_failures(run: Run) -> None:
    async def main() -> None:
        failing, refusing = App(fails=True), App(refuses=True)
        for _ in range(2):
            with pytest.raises(LifespanError, match="no database"):
                async with running_lifespan(failing, "auto"):
                    pytest.fail("it runs")
        with pytest.raises(LifespanError, match="does not support lifespan"):
            async with running_lifespan(refusing, "on"):
                pytest.fail("it runs")
        async with running_lifespan(refusing, "auto") as state:
            assert state == {}
        assert failing.seen == ["start", "start"]

    run(main())
