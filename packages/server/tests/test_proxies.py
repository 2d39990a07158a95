"""Requests from behind a proxy, from the socket to the handler: everything that its fields change.

The walk through the fields has its table in ``http/test_forwarded.py``.
"""

import asyncio
import logging
from typing import Any

import pytest

from testkit import Run, each_loop, serve
from treadle_responses import HTTPFound, Response, StreamResponse
from treadle_server import (
    Application,
    AppRunner,
    BaseRequest,
    Request,
    Server,
    TrustedProxies,
    WebSocketResponse,
)
from treadle_testing import MemoryClient
from treadle_websocket import AllowedOrigins

LINES = {
    "Host": "testserver",
    "X-Forwarded-For": "6.6.6.6, 198.51.100.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "shop.example:8443",
    "Forwarded": "for=6.6.6.6;proto=https;host=evil.example",
}
ALL = TrustedProxies(["127.0.0.1"], fields=["for", "proto", "host"])


async def show(request: Request) -> Response:
    secure = "secure" if request.secure else "open"
    return Response(text=f"{request.remote} {secure} {request.url}")


async def clones(request: Request) -> Response:
    same = request.clone()
    other = request.clone(remote="192.0.2.1", scheme="http", host="other.example")
    again = other.clone()
    return Response(
        text=" ".join(f"{each.remote} {each.url}" for each in (same, other, again)),
    )


async def real(request: Request) -> Response:
    # What the proxies have sent stays what it is.
    peer = request.get_extra_info("peername")[0]
    assert request.transport is not None
    assert request.protocol.peername[0] == peer
    (element,) = request.forwarded
    return Response(text=f"{peer} {element['for']} {request.headers['Host']}")


async def move(request: Request) -> StreamResponse:
    raise HTTPFound(request.url.with_path("/there"))


def make_app() -> Application:
    app, inner = Application(), Application()
    for each in (app, inner):
        for handler in (show, clones, real, move):
            each.router.add_get(f"/{handler.__name__}", handler)
    app.add_subapp("/inner", inner)
    return app


@pytest.mark.parametrize(
    ("proxies", "path", "answer"),
    [
        (None, "/show", "127.0.0.1 open http://testserver/show"),
        ([], "/show", "127.0.0.1 open http://testserver/show"),
        (["10.0.0.0/8"], "/show", "127.0.0.1 open http://testserver/show"),
        (["127.0.0.0/8"], "/show", "198.51.100.7 secure https://testserver/show"),
        (1, "/inner/show", "198.51.100.7 secure https://testserver/inner/show"),
        (2, "/show", "6.6.6.6 secure https://testserver/show"),
        (ALL, "/show", "198.51.100.7 secure https://shop.example:8443/show"),
        (
            TrustedProxies(1, family="Forwarded", fields=["for", "host"]),
            "/show",
            "6.6.6.6 open http://evil.example/show",
        ),
        (
            ALL,
            "/clones",
            (
                "198.51.100.7 https://shop.example:8443/clones "
                "192.0.2.1 http://other.example/clones 192.0.2.1 http://other.example/clones"
            ),
        ),
        (ALL, "/real", "127.0.0.1 6.6.6.6 testserver"),
    ],
)
def test_requests(proxies: Any, path: str, answer: str) -> None:
    async def main() -> None:
        async with MemoryClient(make_app(), trusted_proxies=proxies) as client:
            response = await client.get(path, headers=LINES)
            assert await response.text() == answer

    asyncio.run(main())


def test_absolute_redirects() -> None:
    async def main() -> None:
        async with MemoryClient(make_app(), trusted_proxies=ALL) as client:
            response = await client.get("/move", headers=LINES, allow_redirects=False)
            assert response.headers["Location"] == "https://shop.example:8443/there"

    asyncio.run(main())


@each_loop
def test_one_connection_of_a_proxy_has_many_clients(run: Run) -> None:
    async def main() -> None:
        async with serve(make_app(), trusted_proxies=["127.0.0.1"]) as connect:
            peer = await connect()
            for number in range(3):
                await peer.send(
                    b"GET /show HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.%d\r\n\r\n" % number
                )
                answer = b"192.0.2.%d open http://a/show" % number
                assert await peer.response() == (200, answer)
            # A request of the proxy's own.
            await peer.send(b"GET /show HTTP/1.1\r\nHost: a\r\n\r\n")
            assert await peer.response() == (200, b"127.0.0.1 open http://a/show")

    run(main())


def test_the_access_log_and_the_log_of_errors(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(request: Request) -> StreamResponse:
        raise ZeroDivisionError

    app = Application()
    app.router.add_get("/", fail)

    async def main() -> None:
        async with MemoryClient(app, trusted_proxies=1, access_log_format="%a") as client:
            assert (await client.get("/", headers=LINES)).status == 500

    caplog.set_level(logging.INFO, "treadle")
    asyncio.run(main())
    (line,) = (each for each in caplog.records if each.name == "treadle.access")
    assert line.getMessage() == "198.51.100.7"
    (error,) = (each for each in caplog.records if each.levelno == logging.ERROR)
    assert error.getMessage() == "Error handling request from 198.51.100.7"


def test_a_domain_is_the_host_that_the_client_has_asked_for() -> None:
    app, shop = Application(), Application()
    shop.router.add_get("/show", show)
    app.add_domain("shop.example:8443", shop)

    async def main() -> None:
        for proxies, status in ((ALL, 200), (1, 404), (None, 404)):
            async with MemoryClient(app, trusted_proxies=proxies) as client:
                assert (await client.get("/show", headers=LINES)).status == status

    asyncio.run(main())


@pytest.mark.parametrize(
    ("origin", "proxies", "status"),
    [
        ("https://shop.example:8443", ALL, 101),
        ("https://evil.example", ALL, 403),
        # The name of the server behind the proxy is no host of a page.
        ("https://testserver", ALL, 403),
        ("https://shop.example:8443", 1, 403),
        ("https://shop.example:8443", None, 403),
        # TLS that ended at the proxy, which keeps Host.
        ("https://testserver", 1, 101),
    ],
)
def test_the_origin_of_a_websocket(origin: str, proxies: Any, status: int) -> None:
    async def chat(request: Request) -> StreamResponse:
        websocket = WebSocketResponse(origins=AllowedOrigins(same_host=True))
        await websocket.prepare(request)
        await websocket.close()
        return websocket

    app = Application()
    app.router.add_get("/", chat)
    fields = LINES | {
        "Origin": origin, "Connection": "Upgrade", "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())

    async def main() -> None:
        async with serve(app, trusted_proxies=proxies) as connect:
            peer = await connect()
            await peer.send(f"GET / HTTP/1.1\r\n{head}\r\n".encode())
            assert int((await peer.head()).split()[1]) == status

    asyncio.run(main())


def test_an_overridden_request_factory() -> None:
    async def main() -> None:
        def factory(*arguments: Any) -> BaseRequest:
            message, payload, protocol, writer, task = arguments
            return BaseRequest(
                message, payload, protocol, writer, task, asyncio.get_running_loop(),
                remote="192.0.2.1" if message.path == "/own" else None,
            )  # fmt: skip

        async def handler(request: BaseRequest) -> Response:
            return Response(text=f"{request.remote} {request.scheme}")

        server = Server(handler, request_factory=factory, trusted_proxies=1)
        async with serve_bare(server) as port:
            for path, remote in (("/", b"198.51.100.7"), ("/own", b"192.0.2.1")):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                lines = "".join(f"{name}: {value}\r\n" for name, value in LINES.items())
                writer.write(f"GET {path} HTTP/1.1\r\nConnection: close\r\n{lines}\r\n".encode())
                assert (await reader.read()).endswith(b"\r\n\r\n" + remote + b" https")
                writer.close()

    asyncio.run(main())


class serve_bare:
    """Serve a bare ``Server`` on a free port."""

    def __init__(self, server: Server) -> None:
        self.server = server

    async def __aenter__(self) -> int:
        loop = asyncio.get_running_loop()
        self.listener = await loop.create_server(self.server, "127.0.0.1", 0)
        port: int = self.listener.sockets[0].getsockname()[1]
        return port

    async def __aexit__(self, *error: object) -> None:
        self.listener.close()
        await self.server.shutdown(2)


def test_a_wrong_option_is_refused_before_anything_listens() -> None:
    async def main() -> None:
        runner = AppRunner(Application(), trusted_proxies=["10.0.0.1/8"])
        try:
            with pytest.raises(ValueError, match=r"write '10\.0\.0\.0/8'"):
                await runner.setup()
        finally:
            await runner.cleanup()

    asyncio.run(main())
