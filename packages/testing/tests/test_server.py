"""Test servers: free ports, URLs, start and end."""

import asyncio
import socket

import pytest

from treadle_server import Application
from treadle_testing import TestServer, get_port_socket, get_unused_port_socket, unused_port


def test_ports_are_free() -> None:
    with socket.create_server(("127.0.0.1", unused_port())):
        pass
    with get_unused_port_socket("127.0.0.1") as first, get_unused_port_socket("127.0.0.1") as other:
        assert first.getsockname()[1] != other.getsockname()[1]


def test_a_server_listens_until_it_is_closed() -> None:
    async def main() -> None:
        server = TestServer(Application())
        assert not server.started
        with pytest.raises(AssertionError, match="start_server"):
            server.make_url("/")
        with pytest.raises(AssertionError, match="start_server"):
            _ = server.handler
        await server.start_server()
        await server.start_server()
        assert server.started
        assert server.handler.requests_count == 0
        assert str(server.make_url("/a b")) == f"http://127.0.0.1:{server.port}/a%20b"
        with pytest.raises(AssertionError, match="takes a path"):
            server.make_url("http://example.org/")
        port = server.port
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await server.close()
        await server.close()
        writer.close()
        assert server.closed
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection("127.0.0.1", port)

    asyncio.run(main())


def test_a_url_of_another_server_for_a_proxy() -> None:
    async def main() -> None:
        async with TestServer(Application(), skip_url_asserts=True) as server:
            url = server.make_url("/http://example.org/")
            assert str(url) == f"http://127.0.0.1:{server.port}/http://example.org/"

    asyncio.run(main())


def test_a_socket_of_the_test() -> None:
    made: list[tuple[str, int, socket.AddressFamily]] = []

    def factory(host: str, port: int, family: socket.AddressFamily) -> socket.socket:
        made.append((host, port, family))
        return get_port_socket(host, port, family)

    async def main() -> None:
        port = unused_port()
        async with TestServer(Application(), port=port, socket_factory=factory) as server:
            assert server.port == port
        assert made == [("127.0.0.1", port, socket.AF_INET)]

    asyncio.run(main())


def test_ipv6() -> None:
    async def main() -> None:
        async with TestServer(Application(), host="::1") as server:
            assert str(server.make_url("/")) == f"http://[::1]:{server.port}/"

    asyncio.run(main())


def test_a_start_that_fails_leaves_nothing() -> None:
    cleaned: list[str] = []

    async def clean(app: Application) -> None:
        cleaned.append("yes")

    def refuse(host: str, port: int, family: socket.AddressFamily) -> socket.socket:
        raise OSError("no socket")

    async def main() -> None:
        app = Application()
        app.on_cleanup.append(clean)
        server = TestServer(app, socket_factory=refuse)
        with pytest.raises(OSError, match="no socket"):
            await server.start_server()
        assert (cleaned, server.started) == (["yes"], False)
        await server.close()

    asyncio.run(main())


def test_options_go_to_the_server() -> None:
    async def main() -> None:
        async with TestServer(Application()) as server:
            assert server.scheme == "http"
        server = TestServer(Application())
        await server.start_server(keepalive_timeout=3)
        assert server.handler.request_handler is not None
        await server.close()
        with pytest.raises(TypeError, match="number of seconds"):
            await TestServer(Application()).start_server(
                shutdown_timeout="soon"  # type: ignore[arg-type]  # the mistake under test
            )

    asyncio.run(main())
