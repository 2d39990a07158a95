"""Scopes: addresses, paths and WebSocket upgrades."""

import pytest

from testkit import Run, serve, upgrade_request
from treadle_asgi._serving.scope import (
    Address,
    add_root,
    addresses,
    http_scope,
    is_websocket,
    websocket_scope,
)
from treadle_responses import Response
from treadle_server import Request
from treadle_server.interfaces import ConnectionInfo, ProxiedInfo

ADDRESSES: list[tuple[object, object, tuple[Address | None, Address | None]]] = [
    (("::1", 5, 0, 0), ("::1", 80, 0, 0), (("::1", 5), ("::1", 80))),
    ("", "/run/s", (None, ("/run/s", None))),
    (None, None, (None, None)),
    (b"", b"/run/\xff", (None, ("/run/\ufffd", None))),
]


@pytest.mark.parametrize(("peer", "sock", "expected"), ADDRESSES)
def test_addresses(
    peer: object, sock: object, expected: tuple[Address | None, Address | None]
) -> None:
    assert addresses(ConnectionInfo(peer, sock, None)) == expected


def test_the_address_of_a_proxys_client() -> None:
    info = ConnectionInfo(("10.0.0.1", 1), ("10.0.0.2", 2), None)
    proxied = ProxiedInfo(info, ("1.2.3.4", 3), source_tls=False)
    assert addresses(proxied) == (("1.2.3.4", 3), ("10.0.0.2", 2))


UPGRADES = [
    ("websocket", True), ("h2c, websocket", True), ("websocket , h2c", True), ("h2c", False),
    ("websockets", False), ("x-websocket", False), ("", False),
]  # fmt: skip


@pytest.mark.parametrize(("upgrade", "expected"), UPGRADES)
def test_is_websocket(upgrade: str, expected: bool) -> None:
    assert is_websocket(upgrade) is expected


ROOTS = [("", b"/a"), ("/r", b"/r/a"), ("/r s/%", b"/r%20s/%/a"), ("/é", b"/%C3%A9/a")]


@pytest.mark.parametrize(("root", "expected"), ROOTS)
def test_add_root(root: str, expected: bytes) -> None:
    assert add_root(root, b"/a") == expected


def test_paths_of_mounts(run: Run) -> None:
    """A mount gives the path with its root; the raw path is what the client has sent."""

    async def handler(request: Request) -> Response:
        scope = http_scope(request, root_path="/sub", path="/sub/a b", state={"c": 1})
        assert (scope["root_path"], scope["path"], scope["raw_path"]) == (
            "/sub", "/sub/a b", b"/sub/a%20b",
        )  # fmt: skip
        assert scope["state"] == {"c": 1}
        assert "state" not in http_scope(request)
        return Response()

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(b"GET /sub/a%20b HTTP/1.1\r\nHost: a\r\n\r\n")
            assert await peer.response() == (200, b"")

    run(main())


def test_the_host_of_a_trusted_proxy(run: Run) -> None:
    async def handler(request: Request) -> Response:
        scope = http_scope(request)
        assert [value for name, value in scope["headers"] if name == b"host"] == [b"public.example"]
        return Response()

    async def main() -> None:
        from treadle_server import TrustedProxies

        proxies = TrustedProxies(1, fields=["for", "host"])
        async with serve(handler, trusted_proxies=proxies) as connect:
            peer = await connect()
            await peer.send(
                b"GET / HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 1.2.3.4\r\n"
                b"X-Forwarded-Host: public.example\r\n\r\n"
            )
            assert await peer.response() == (200, b"")

    run(main())


def test_subprotocols(run: Run) -> None:
    async def handler(request: Request) -> Response:
        scope = websocket_scope(request)
        assert scope["subprotocols"] == ["a", "b"]
        assert (scope["type"], scope["scheme"]) == ("websocket", "ws")
        return Response()

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(upgrade_request(Sec_WebSocket_Protocol="a,, b"))
            assert await peer.response() == (200, b"")

    run(main())
