"""Runners and sites: names, addresses, order, and what is refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from testkit import Run, hello
from treadle_server import (
    Application,
    AppRunner,
    Server,
    ServerRunner,
    TCPSite,
)


@asynccontextmanager
async def running() -> AsyncIterator[ServerRunner]:
    runner = ServerRunner(Server(hello))
    await runner.setup()
    try:
        yield runner
    finally:
        await runner.cleanup()


def test_mistakes(run: Run) -> None:
    with pytest.raises(TypeError, match=r"should be web\.Application instance, got 'nonsense'"):
        AppRunner("nonsense")  # type: ignore[arg-type]  # the mistake

    async def main() -> None:
        unprepared = ServerRunner(Server(hello))
        with pytest.raises(RuntimeError, match=r"Call runner\.setup\(\) before making a site"):
            TCPSite(unprepared)
        async with running() as runner:
            site = TCPSite(runner, "127.0.0.1", 0)
            with pytest.raises(RuntimeError, match="is not registered in the runner"):
                await site.stop()
            await site.start()
            with pytest.raises(RuntimeError, match="is already registered in the runner"):
                await site.start()
            # A site that cannot listen does not stay with the runner.
            taken = TCPSite(runner, "127.0.0.1", site.port)
            with pytest.raises(OSError, match="in use"):
                await taken.start()
            assert runner.sites == {site}

    run(main())


def test_a_bare_server_has_no_application(run: Run) -> None:
    async def main() -> None:
        server = Server(hello)
        runner = ServerRunner(server)
        assert runner.server is None
        await runner.setup()
        assert runner.server is server
        await runner.cleanup()
        assert runner.server is None

    run(main())


def test_an_application_lives_between_setup_and_cleanup(run: Run) -> None:
    seen: list[str] = []

    async def main() -> None:
        app = Application()
        for name in ("on_startup", "on_shutdown", "on_cleanup"):

            async def note(app: Application, name: str = name) -> None:
                seen.append(name)

            getattr(app, name).append(note)
        runner = AppRunner(app)
        assert runner.app is app
        # Without a setup there is nothing to clean up.
        await runner.cleanup()
        assert seen == []
        await runner.setup()
        assert seen == ["on_startup"]
        assert runner.server is not None
        await runner.cleanup()
        await runner.cleanup()
        assert seen == ["on_startup", "on_shutdown", "on_cleanup"]

    run(main())


def test_a_start_that_fails_is_cleaned_up(run: Run) -> None:
    seen: list[str] = []

    async def context(app: Application) -> AsyncIterator[None]:
        seen.append("entered")
        yield
        seen.append("left")

    async def fail(app: Application) -> None:
        raise ZeroDivisionError

    async def main() -> None:
        app = Application()
        app.cleanup_ctx.append(context)
        app.on_startup.append(fail)
        runner = AppRunner(app)
        with pytest.raises(ZeroDivisionError):
            await runner.setup()
        assert runner.server is None
        await runner.cleanup()
        assert seen == ["entered", "left"]

    run(main())


def test_options_reach_the_server(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="keepalive_timeout must be at least 0"):
            await AppRunner(Application(), keepalive_timeout=-3).setup()
        for port, error in ((99999, ValueError), (-1, ValueError), ("8x", TypeError)):
            runner = AppRunner(Application(), keepalive_timeout=3)
            await runner.setup()
            with pytest.raises(error, match=f"port must be .*{port}"):
                TCPSite(runner, "127.0.0.1", cast("int", port))
            await runner.cleanup()
            assert runner.server is None

    run(main())
