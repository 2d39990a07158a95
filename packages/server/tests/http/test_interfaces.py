"""A second implementation of the interfaces, without a socket: what one must provide is enough.

``Channel`` keeps in memory what is written. ``ask`` makes a request from values and runs an
exchange, as HTTP/2, ASGI or an in-memory client would.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
from multidict import CIMultiDict

from testkit import run_on
from treadle_http_parser import LocalProtocolError, ServerConnection
from treadle_http_parser import Request as Head
from treadle_responses import HTTPFound, Response, StreamResponse
from treadle_server import (
    Application,
    BaseRequest,
    ClientConnectionResetError,
    FileResponse,
    Request,
    ServerConfig,
    StreamReader,
    WebSocketResponse,
)
from treadle_server._core.types import ConnectionInfo
from treadle_server._http.exchange import Exchange
from treadle_server._http.interfaces import RequestFactory, ResponseChannel
from treadle_server._http.state import ServerState
from treadle_server._transport.upgrade import Upgraded

_T = TypeVar("_T")

run = run_on("asyncio")


@dataclass
class Channel:
    """Keeps one response in memory."""

    status: int = 0
    fields: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    informational: list[int] = field(default_factory=list)
    ended: bool = False
    lost: bool = False
    failed: list[BaseException | None] = field(default_factory=list)
    #: Set after each write; the client waits for it.
    written: asyncio.Event = field(default_factory=asyncio.Event)

    # There is no transport; an exchange looks at it to find out that the client is gone.
    @property
    def transport(self) -> asyncio.Transport | None:
        return None if self.lost else NO_TRANSPORT

    @property
    def is_lost(self) -> bool:
        return self.lost

    @property
    def head_sent(self) -> bool:
        return self.status != 0 and not self.ended

    @property
    def response_ended(self) -> bool:
        return self.ended

    def write_whole(self, status: int, reason: str | None, block: bytes, body: bytes) -> None:
        if self.status:
            raise LocalProtocolError("There is a response already")
        lines = [line.partition(": ") for line in block.decode().splitlines()]
        self._begin(status, [(name, value) for name, _, value in lines])
        self._end(body)

    def write_head(
        self, status: int, reason: str, headers: CIMultiDict[str], *, body_follows: bool
    ) -> None:
        self._begin(status, list(headers.items()))

    def _begin(self, status: int, fields: list[tuple[str, str]]) -> None:
        if self.lost:
            raise ClientConnectionResetError("The client has left")
        self.status, self.fields = status, fields

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        self.body += data
        self.written.set()

    async def write_eof(self, data: bytes = b"") -> None:
        self._end(data)

    def _end(self, data: bytes) -> None:
        self.body += data
        self.ended = True
        self.written.set()

    def write_informational(self, status: int, headers: Iterable[tuple[str, str]] = ()) -> None:
        self.informational.append(status)

    async def drain(self) -> None:
        await asyncio.sleep(0)

    async def run_blocking(self, call: Callable[[], _T], executor: Executor | None = None) -> _T:
        return call()

    def switch(self, headers: CIMultiDict[str], upgraded: Upgraded) -> None:
        raise ValueError("This channel cannot switch protocols")

    def fail(self, error: BaseException | None) -> None:
        self.failed.append(error)
        self.written.set()


class _Transport(asyncio.Transport):
    def is_closing(self) -> bool:
        return False


NO_TRANSPORT = _Transport()
INFO = ConnectionInfo(("192.0.2.7", 1234), ("192.0.2.1", 80), None)


def head_of(method: str, target: str, fields: str = "") -> Head:
    data = f"{method} {target} HTTP/1.1\r\nHost: example.org\r\n{fields}\r\n".encode()
    head = ServerConnection().receive_data(data)[0]
    assert isinstance(head, Head)
    return head


async def ask(
    app: Application, method: str, target: str, body: StreamReader | None = None, fields: str = ""
) -> Channel:
    """Run one exchange of ``app`` and return what it wrote."""
    channel, done = Channel(), asyncio.Event()
    as_interface: ResponseChannel = channel
    factory: RequestFactory[BaseRequest] = Request
    state = ServerState(asyncio.get_running_loop(), app._handle, factory, ServerConfig())  # type: ignore[arg-type]  # the factory makes the requests that the application takes
    exchange = Exchange(state, as_interface, done.set)
    head = head_of(method, target, fields)
    request = factory(head, body or StreamReader(arrived=b""), channel, INFO)
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
        ("/broken", 500, b"500: Internal Server Error"),
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
        body = StreamReader(None, 1000)

        async def feed() -> None:
            for piece in (b"one ", b"two"):
                body.feed_data(piece)
                await asyncio.sleep(0)
            body.feed_eof()

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
        body = StreamReader(None, 1000)
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
