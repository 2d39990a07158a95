"""nginx and HAProxy in front of an application, as the pages about deployment set them up."""

import asyncio
import contextlib
import hashlib
import io
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from testkit import turns
from treadle import web

from ._proxies import CLIENT, NAME, Certificate, Proxy, block
from .conftest import Start

_SECONDS: Final = 60
_SIZE: Final = 64 * 2**20
_PIECE: Final = bytes(range(256)) * 256

PROXIES: Final = ["nginx", "haproxy"]


class Site:
    """An application, what its handlers have seen, and where it listens."""

    def __init__(self) -> None:
        self.connections: set[object] = set()
        self.events: asyncio.Queue[str] = asyncio.Queue()
        self.go_on = asyncio.Event()
        self.address = ""
        self.app = app = web.Application(client_max_size=0)
        app.router.add_get("/", self.show)
        app.router.add_get("/move", self.move)
        app.router.add_get("/wait", self.wait)
        app.router.add_get("/download", self.download)
        app.router.add_get("/events", self.stream)
        app.router.add_post("/", self.upload)
        app.router.add_post("/upload", self.watch_upload)
        app.router.add_get("/ws", self.chat)

    async def event(self) -> str:
        """Return the next event of a handler."""
        return await asyncio.wait_for(self.events.get(), _SECONDS)

    async def show(self, request: web.Request) -> web.Response:
        self.connections.add(request.get_extra_info("peername"))
        return web.Response(text=f"{request.remote} {request.url}")

    async def move(self, request: web.Request) -> web.Response:
        raise web.HTTPFound(request.url.with_path("/there"))

    async def wait(self, request: web.Request) -> web.Response:
        self.events.put_nowait("begun")
        try:
            await asyncio.sleep(_SECONDS)
        except asyncio.CancelledError:
            self.events.put_nowait("cancelled")
            raise
        return web.Response(text="late")

    async def download(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(_SIZE)})
        await response.prepare(request)
        try:
            for _ in range(_SIZE // len(_PIECE)):
                await response.write(_PIECE)
        except (ConnectionError, asyncio.CancelledError):
            self.events.put_nowait("left")
            raise
        self.events.put_nowait("written")
        return response

    async def stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await self.go_on.wait()
        await response.write(b"second")
        return response

    async def upload(self, request: web.Request) -> web.Response:
        digest = hashlib.sha256()
        async for piece in request.content.iter_any():
            digest.update(piece)
        return web.Response(text=digest.hexdigest())

    async def watch_upload(self, request: web.Request) -> web.Response:
        size = 0
        try:
            async for piece in request.content.iter_any():
                if not size:
                    self.events.put_nowait("begun")
                size += len(piece)
        except asyncio.CancelledError:
            self.events.put_nowait("cancelled")
            raise
        except Exception:
            self.events.put_nowait("broken")
            raise
        return web.Response(text=str(size))

    async def chat(self, request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse(origins=web.AllowedOrigins(same_host=True), heartbeat=30)
        await websocket.prepare(request)
        await websocket.send_str(f"{request.remote} {request.scheme}")
        async for message in websocket:
            assert isinstance(message.data, bytes)
            await websocket.send_bytes(message.data)
        return websocket


@contextlib.asynccontextmanager
async def serving(
    address: str = "tcp", *, ssl_context: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[Site]:
    """Serve the application on a free port, or on a Unix socket."""
    site = Site()
    options.setdefault("trusted_proxies", ["127.0.0.1"])
    runner = web.AppRunner(site.app, shutdown_timeout=2.0, **options)
    await runner.setup()
    if address == "tcp":
        sock = socket.create_server(("127.0.0.1", 0))
        site.address = f"127.0.0.1:{sock.getsockname()[1]}"
        await web.SockSite(runner, sock, ssl_context=ssl_context).start()
    else:
        site.address = address
        await web.UnixSite(runner, address, ssl_context=ssl_context).start()
    try:
        yield site
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def browsing(
    proxy: Proxy, sockets: list[socket.socket] | None = None, **options: Any
) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the proxy's site, with an address of its own; ``sockets`` gets what it opens."""

    class Resolver(aiohttp.abc.AbstractResolver):
        async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[Any]:
            return [
                {
                    "hostname": host, "host": "127.0.0.1", "port": port,
                    "family": socket.AF_INET, "proto": 0, "flags": 0,
                }
            ]  # fmt: skip

        async def close(self) -> None:
            pass

    sockets = [] if sockets is None else sockets

    def make_socket(info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, proto, *_ = info
        sockets.append(socket.socket(family, kind, proto))
        sockets[-1].setblocking(False)
        sockets[-1].bind((CLIENT, 0))
        return sockets[-1]

    connector = aiohttp.TCPConnector(
        ssl=proxy.certificate.client, resolver=Resolver(), socket_factory=make_socket, **options
    )
    timeout = aiohttp.ClientTimeout(total=2 * _SECONDS)
    async with aiohttp.ClientSession(
        f"https://{NAME}:{proxy.tls}", connector=connector, timeout=timeout
    ) as client:
        yield client
    # aiohttp does not wait for the end of its connections.
    async with asyncio.timeout(_SECONDS):
        while any(sock.fileno() >= 0 for sock in sockets):
            await turns(1)


async def cancel(request: "asyncio.Future[aiohttp.ClientResponse]") -> None:
    """Leave in the middle of a request."""
    request.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await request


FORGED: Final = {
    "X-Forwarded-For": "6.6.6.6, 127.0.0.1",
    "X-Forwarded-Proto": "ftp",
    "X-Forwarded-Host": "evil.example",
    "Forwarded": "for=6.6.6.6;host=evil.example",
    "X-Real-IP": "6.6.6.6",
}


@pytest.mark.parametrize("name", PROXIES)
def test_requests(name: str, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serving(access_log_format="%a %r") as site:
            proxy = start(name, site.address)
            # One connection to the server: nginx has it for all clients, HAProxy for this one.
            async with browsing(proxy, force_close=name == "nginx") as client:
                wanted = f"{CLIENT} https://{NAME}:{proxy.tls}/"
                for fields in ({}, FORGED, {"x-forwarded-for": ""}):
                    async with client.get("/", headers=fields) as response:
                        assert await response.text() == wanted
                async with client.get("/move", headers=FORGED, allow_redirects=False) as response:
                    assert response.headers["Location"] == f"https://{NAME}:{proxy.tls}/there"
                plain = f"http://{NAME}:{proxy.plain}/x"
                async with client.get(plain, allow_redirects=False) as response:
                    assert response.status == 301
                    assert response.headers["Location"].startswith(f"https://{NAME}")
            assert len(site.connections) == 1

    caplog.set_level(logging.INFO, "treadle.access")
    asyncio.run(main())
    lines = [each.getMessage() for each in caplog.records if each.name == "treadle.access"]
    requests = [line for line in lines if line.startswith(CLIENT)]
    assert requests == [f"{CLIENT} GET / HTTP/1.1"] * 3 + [f"{CLIENT} GET /move HTTP/1.1"]


@pytest.mark.parametrize("name", PROXIES)
def test_a_unix_socket(name: str, start: Start, tmp_path: Path) -> None:
    async def main() -> None:
        path = str(tmp_path / "app.sock")
        async with serving(path, trusted_proxies=["unix"]) as site:
            prefix = {"nginx": "unix:", "haproxy": "unix@"}[name]
            proxy = start(name, prefix + site.address)
            async with browsing(proxy) as client, client.get("/", headers=FORGED) as response:
                assert await response.text() == f"{CLIENT} https://{NAME}:{proxy.tls}/"

    asyncio.run(main())


def test_the_unix_socket_of_the_page() -> None:
    assert block("nginx", 1).strip() == "server unix:/run/app/app.sock;"


@pytest.mark.parametrize("name", PROXIES)
def test_websockets(name: str, start: Start) -> None:
    async def main() -> None:
        async with serving() as site:
            proxy = start(name, site.address)
            async with browsing(proxy) as client:
                origin = f"https://{NAME}:{proxy.tls}"
                async with client.ws_connect("/ws", origin=origin, headers=FORGED) as websocket:
                    assert await websocket.receive_str() == f"{CLIENT} https"
                    for size in (0, 1, 70_000, 3_000_000):
                        await websocket.send_bytes(_PIECE[:1] * size)
                        assert await websocket.receive_bytes() == _PIECE[:1] * size
                with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                    await client.ws_connect("/ws", origin="https://evil.example", headers=FORGED)

    asyncio.run(main())


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield _PIECE


@pytest.mark.parametrize("name", PROXIES)
def test_a_large_upload_and_download(name: str, start: Start) -> None:
    count = _SIZE // len(_PIECE)
    digest = hashlib.sha256(_PIECE * count).hexdigest()

    async def main() -> None:
        async with serving() as site:
            proxy = start(name, site.address)
            async with browsing(proxy) as client:
                # Chunked, and with a length.
                for body in (pieces(count), io.BytesIO(_PIECE * count)):
                    async with client.post("/", data=body) as response:
                        assert await response.text() == digest
                received = hashlib.sha256()
                async with client.get("/download") as response:
                    async for piece in response.content.iter_any():
                        received.update(piece)
                assert received.hexdigest() == digest

    asyncio.run(main())


@pytest.mark.parametrize("name", PROXIES)
def test_a_slow_reader_gets_everything(name: str, start: Start) -> None:
    async def main() -> None:
        async with serving() as site:
            proxy = start(name, site.address)
            async with browsing(proxy) as client, client.get("/download") as response:
                if name == "nginx":
                    # nginx has taken all of it before the client reads.
                    assert await site.event() == "written"
                size = 0
                while piece := await response.content.read(10_000_000):
                    size += len(piece)
                    await asyncio.sleep(0)
                assert size == _SIZE

    asyncio.run(main())


@pytest.mark.parametrize("name", PROXIES)
def test_a_client_that_leaves(name: str, start: Start) -> None:
    async def main() -> None:
        async with serving(handler_cancellation=True) as site:
            proxy = start(name, site.address)
            sockets: list[socket.socket] = []
            async with browsing(proxy, sockets) as client:
                if name == "nginx":
                    # Before the answer, for which HAProxy waits.
                    request = asyncio.ensure_future(client.get("/wait"))
                    assert await site.event() == "begun"
                    await cancel(request)
                    # Its end of TLS would wait for nginx's, for half a minute.
                    sockets[-1].shutdown(socket.SHUT_RDWR)
                    assert await site.event() == "cancelled"
                # In the middle of the answer, of which nginx may have all.
                async with client.get("/download") as response:
                    await response.content.read(1000)
                if name == "haproxy":
                    assert await site.event() == "left"
                # In the middle of the request, which is not buffered.
                hold = asyncio.Event()

                async def half() -> AsyncIterator[bytes]:
                    yield _PIECE
                    await hold.wait()

                request = asyncio.ensure_future(client.post("/upload", data=half()))
                while (event := await site.event()) in ("left", "written"):
                    pass
                assert event == "begun"
                await cancel(request)
                while (event := await site.event()) in ("left", "written"):
                    pass
                assert event in ("cancelled", "broken")

    asyncio.run(main())


@pytest.mark.parametrize("name", PROXIES)
def test_bodies_that_are_not_buffered(name: str, start: Start) -> None:
    async def main() -> None:
        async with serving() as site:
            proxy = start(name, site.address)
            async with browsing(proxy) as client:

                async def slowly() -> AsyncIterator[bytes]:
                    yield _PIECE
                    # The handler has read this piece before there is another.
                    assert await site.event() == "begun"
                    yield _PIECE

                async with client.post("/upload", data=slowly()) as response:
                    assert await response.text() == str(2 * len(_PIECE))
                async with client.get("/events") as response:
                    assert await response.content.readexactly(5) == b"first"
                    site.go_on.set()
                    assert await response.read() == b"second"

    asyncio.run(main())


# The PROXY protocol.


@pytest.mark.parametrize(
    ("bind", "send", "scheme"),
    [
        # TLS of treadle: the page, and version 1.
        ("", "send-proxy-v2", "https"),
        ("", "send-proxy", "https"),
        ("", "send-proxy-v2 proxy-v2-options crc32c,unique-id", "https"),
        # TLS of HAProxy.
        (" ssl crt /etc/haproxy/www.example.com.pem", "send-proxy-v2-ssl", "https"),
        (" ssl crt /etc/haproxy/www.example.com.pem", "send-proxy-v2-ssl-cn", "https"),
        (" ssl crt /etc/haproxy/www.example.com.pem", "send-proxy-v2", "http"),
    ],
)
def test_the_proxy_protocol(
    bind: str,
    send: str,
    scheme: str,
    start: Start,
    certificate: Certificate,
    caplog: pytest.LogCaptureFixture,
) -> None:
    page = block("haproxy", 1)
    assert " send-proxy-v2 " in page
    text = page.replace("bind :443", f"bind :443{bind}").replace("send-proxy-v2", send)

    async def main() -> None:
        context = None if bind else certificate.server()
        async with serving(ssl_context=context, proxy_protocol=True) as site:
            proxy = start("haproxy", site.address, text)
            async with browsing(proxy, force_close=True) as client:
                for fields in ({}, FORGED):
                    async with client.get("/", headers=fields) as response:
                        wanted = f"{CLIENT} {scheme}://{NAME}:{proxy.tls}/"
                        assert await response.text() == wanted
                count = _SIZE // len(_PIECE)
                async with client.post("/", data=pieces(count)) as response:
                    wanted = hashlib.sha256(_PIECE * count).hexdigest()
                    assert await response.text() == wanted
                origin = f"https://{NAME}:{proxy.tls}"
                async with client.ws_connect("/ws", origin=origin) as websocket:
                    assert await websocket.receive_str() == f"{CLIENT} {scheme}"

    caplog.set_level(logging.WARNING, "treadle")
    asyncio.run(main())
    # The checks of HAProxy are no reason for a warning either.
    assert [each.getMessage() for each in caplog.records] == []


def test_a_proxy_that_sends_no_header(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serving(proxy_protocol=True) as site:
            proxy = start("haproxy", site.address)
            async with browsing(proxy) as client, client.get("/") as response:
                assert response.status in (502, 503)

    asyncio.run(main())
    assert "it does not begin with a header of the PROXY protocol" in caplog.text
