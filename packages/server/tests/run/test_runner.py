"""Runners and sites: names, addresses, order, and what is refused."""

import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from testkit import Run, each_loop, hello
from treadle_server import (
    Application,
    AppRunner,
    BaseRunner,
    BaseSite,
    Server,
    ServerRunner,
    SockSite,
    TCPSite,
    UnixSite,
)

TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


@asynccontextmanager
async def running() -> AsyncIterator[ServerRunner]:
    runner = ServerRunner(Server(hello))
    await runner.setup()
    try:
        yield runner
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (TCPSite, "http://0.0.0.0:8080"),
        (lambda runner: TCPSite(runner, "localhost", 1), "http://localhost:1"),
        (lambda runner: TCPSite(runner, "::1", 0), "http://[::1]:0"),
        (lambda runner: TCPSite(runner, "h", ssl_context=TLS), "https://h:8443"),
        (lambda runner: UnixSite(runner, "/run/x.sock"), "http://unix:/run/x.sock:"),
        (lambda runner: UnixSite(runner, Path("/x"), ssl_context=TLS), "https://unix:/x:"),
    ],
)
def test_names_before_the_start(
    run: Run, make: Callable[[BaseRunner], BaseSite], name: str
) -> None:
    async def main() -> None:
        async with running() as runner:
            site = make(runner)
            assert site.name == name
            assert runner.sites == set()
            assert runner.addresses == []

    run(main())


@each_loop
def test_a_port_of_0_is_a_free_one(run: Run) -> None:
    async def main() -> None:
        async with running() as runner:
            site = TCPSite(runner, "127.0.0.1", 0)
            assert site.port == 0
            await site.start()
            assert site.port > 0
            assert site.name == f"http://127.0.0.1:{site.port}"
            assert runner.addresses == [("127.0.0.1", site.port)]
            assert runner.sites == {site}

    run(main())


@each_loop
def test_a_bound_socket(run: Run) -> None:
    async def main() -> None:
        async with running() as runner:
            sock = socket.create_server(("127.0.0.1", 0))
            port = sock.getsockname()[1]
            site = SockSite(runner, sock)
            assert site.name == f"http://127.0.0.1:{port}"
            await site.start()
            assert runner.addresses == [("127.0.0.1", port)]
            await site.stop()
            assert runner.addresses == []
            assert runner.sites == set()

    run(main())


@each_loop
def test_a_unix_socket_is_removed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "s"

    async def main() -> None:
        async with running() as runner:
            site = UnixSite(runner, path)
            await site.start()
            assert path.is_socket()
            assert runner.addresses == [str(path)]
            bound = socket.socket(socket.AF_UNIX)
            bound.bind(str(tmp_path / "bound"))
            assert SockSite(runner, bound).name == f"http://unix:{tmp_path / 'bound'}:"
            bound.close()
        assert not path.exists()

    run(main())


def test_mistakes(run: Run) -> None:
    with pytest.raises(TypeError, match=r"must be a web\.Application, got 'nonsense'"):
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
            with pytest.raises(RuntimeError, match="is already started"):
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
        with pytest.raises(TypeError, match="keepalive_timeuot"):
            AppRunner(Application(), keepalive_timeuot=3)
        with pytest.raises(ValueError, match="keepalive_timeout must be at least 0"):
            await AppRunner(Application(), keepalive_timeout=-3).setup()
        for port, error in ((99999, ValueError), (-1, ValueError), ("80", TypeError)):
            runner = AppRunner(Application(), keepalive_timeout=3)
            await runner.setup()
            with pytest.raises(error, match=f"port must be .*{port}"):
                TCPSite(runner, "127.0.0.1", cast("int", port))
            await runner.cleanup()
            assert runner.server is None

    run(main())
