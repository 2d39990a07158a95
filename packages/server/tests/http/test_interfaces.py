"""A second implementation of the interfaces, without a socket: what one must provide is enough.

``FakeChannel`` keeps in memory what is written. ``ask`` makes a request from values and runs an
exchange, as HTTP/2, ASGI or an in-memory client would.
"""

import asyncio
from pathlib import Path

import pytest

from testkit import CONNECTION, FakeChannel, request_head, run_on
from treadle_responses import HTTPFound, Response, StreamResponse
from treadle_server import (
    Application,
    BaseRequest,
    ClientConnectionResetError,
    FileResponse,
    Request,
    ServerConfig,
    WebSocketResponse,
)
from treadle_server._body.stream import RequestBody
from treadle_server._http.exchange import Exchange
from treadle_server._http.interfaces import RequestFactory, ResponseChannel
from treadle_server._http.state import ServerState

run = run_on("asyncio")


async def ask(
    app: Application, method: str, target: str, body: RequestBody | None = None, fields: str = ""
) -> FakeChannel:
    """Run one exchange of ``app`` and return what it wrote."""
    channel, done = FakeChannel(), asyncio.Event()
    as_interface: ResponseChannel = channel
    factory: RequestFactory[BaseRequest] = Request.received
    state = ServerState(asyncio.get_running_loop(), app._handle, factory, ServerConfig())  # type: ignore[arg-type]  # the factory makes the requests that the application takes
    exchange = Exchange(state, as_interface, done.set)
    head = request_head(method, target, fields)
    request = factory(head, body or RequestBody.whole(b""), channel, CONNECTION)
    if not exchange.start(request):
        await asyncio.wait_for(done.wait(), 5)
    assert exchange.request is None
    return channel


async def hello(request: Request) -> Response:
    return Response(text=f"{request.remote} {request.host} {request.path}")


async def late(request: Request) -> Response:
    await asyncio.sleep(0)
    return Response(text="late", headers={"X-Late": "1"})


async def echo(request: Request) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    async for piece in request.content.iter_any():
        await response.write(piece)
    return response


async def hints(request: Request) -> Response:
    await request.send_informational(103, {"Link": "</style.css>"})
    return Response(text="hinted")


async def found(request: Request) -> Response:
    raise HTTPFound("/there")


async def broken(request: Request) -> Response:
    raise KeyError("mine")


async def chat(request: Request) -> WebSocketResponse:
    ws = WebSocketResponse()
    await ws.prepare(request)
    return ws


def app() -> Application:
    app = Application()
    for path, handler in {
        "/hello": hello, "/late": late, "/hints": hints, "/found": found, "/broken": broken,
        "/chat": chat,
    }.items():  # fmt: skip
        app.router.add_get(path, handler)
    app.router.add_post("/echo", echo)
    return app


@pytest.mark.parametrize(
    ("target", "status", "body"),
    [
        ("/hello", 200, b"192.0.2.7 example.org /hello"),
        ("/late", 200, b"late"),
        ("/hints", 200, b"hinted"),
        ("/found", 302, b"302: Found"),
        ("/broken", 500, b"500 Internal Server Error\n\nServer got itself in trouble"),
        ("/nowhere", 404, b"404: Not Found"),
        ("/echo", 405, b"405: Method Not Allowed"),
        # A WebSocket is refused where its request is none.
        ("/chat", 400, None),
    ],
)
def test_an_application_over_another_channel(target: str, status: int, body: bytes | None) -> None:
    async def main() -> None:
        channel = await ask(app(), "GET", target)
        assert (channel.status, channel.ended, channel.failed) == (status, True, [])
        if body is not None:
            assert channel.body == body
        assert channel.informational == ([103] if target == "/hints" else [])
        assert ("X-Late" in dict(channel.fields)) == (target == "/late")

    run(main())


def test_a_body_that_is_fed_while_it_is_read() -> None:
    async def main() -> None:
        body = RequestBody(None, 1000)

        async def feed() -> None:
            for piece in (b"one ", b"two"):
                body.feed(piece)
                await asyncio.sleep(0)
            body.end()

        feeding = asyncio.ensure_future(feed())
        channel = await ask(app(), "POST", "/echo", body, "Content-Length: 7\r\n")
        await feeding
        assert (channel.status, channel.body, channel.ended) == (200, b"one two", True)

    run(main())


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_bytes(b"0123456789" * 20_000)

    async def send(request: Request) -> FileResponse:
        return FileResponse(path)

    async def main() -> None:
        files = Application()
        files.router.add_get("/", send)
        channel = await ask(files, "GET", "/", fields="Range: bytes=5-149999\r\n")
        assert channel.status == 206
        assert channel.body == path.read_bytes()[5:150_000]
        assert dict(channel.fields)["Content-Range"] == "bytes 5-149999/200000"

    run(main())


def test_a_client_that_leaves() -> None:
    async def main() -> None:
        body = RequestBody(None, 1000)
        gone = ClientConnectionResetError("The client has left")
        asyncio.get_running_loop().call_soon(body.set_exception, gone)
        channel = await ask(app(), "POST", "/echo", body, "Content-Length: 7\r\n")
        assert channel.failed == [gone]
        assert not channel.ended

    run(main())


def test_a_websocket_needs_a_channel_that_switches() -> None:
    async def main() -> None:
        fields = (
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        )
        channel = await ask(app(), "GET", "/chat", fields=fields)
        assert (channel.status, channel.ended) == (500, True)

    run(main())
