"""Sites: names, addresses, those of others, and what is refused."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from testkit import GET, Peer, Run, each_loop, hello
from treadle_server import (
    BaseRunner,
    BaseSite,
    NamedPipeSite,
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


class Site(BaseSite):
    """A site as programs write it, by aiohttp's documentation."""

    def __init__(self, runner: BaseRunner, port: int) -> None:
        super().__init__(runner, ssl_context=None, backlog=64)
        self._port = port

    @property
    def name(self) -> str:
        return f"mine:{self._port}"

    async def start(self) -> None:
        await super().start()
        server: Any = self._runner.server
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            server, "127.0.0.1", self._port, ssl=self._ssl_context, backlog=self._backlog
        )


@each_loop
def test_a_site_of_your_own(run: Run) -> None:
    async def main() -> None:
        async with running() as runner:
            site = Site(runner, 0)
            await site.start()
            assert runner.sites == {site}
            (address,) = runner.addresses
            peer = Peer(*await asyncio.open_connection(*address))
            await peer.send(GET)
            assert (await peer.response())[0] == 200
            peer.writer.close()
            with pytest.raises(RuntimeError, match="mine:0 is already registered in the runner"):
                await site.start()
            await site.stop()
            assert runner.sites == set()

    run(main())


@pytest.mark.parametrize(
    "make",
    [
        lambda runner, **keywords: TCPSite(runner, "127.0.0.1", 0, **keywords),
        lambda runner, **keywords: UnixSite(runner, "/x", **keywords),
    ],
)
def test_the_shutdown_timeout_belongs_to_the_runner(run: Run, make: Any) -> None:
    async def main() -> None:
        async with running() as runner:
            make(runner, shutdown_timeout=60.0)
            with pytest.deprecated_call(match="shutdown_timeout should be set on BaseRunner"):
                make(runner, shutdown_timeout=0.5)
            assert runner._shutdown_timeout == 0.5

    run(main())


@each_loop
def test_a_named_pipe_needs_windows(run: Run) -> None:
    async def main() -> None:
        async with running() as runner:
            with pytest.raises(RuntimeError, match="Named Pipes only available in proactor loop"):
                NamedPipeSite(runner, r"\\.\pipe\x")

    run(main())


def test_a_runner_ignores_what_its_server_knows_already(run: Run) -> None:
    async def main() -> None:
        runner = ServerRunner(
            Server(hello),
            debug=True,
            shutdown_timeout=1.0,
            unknown=5,  # type: ignore[call-arg]  # the mistake under test
        )
        await runner.setup()
        assert runner.server is not None
        await runner.cleanup()

    run(main())
