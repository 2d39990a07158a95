"""What large programs written for aiohttp do beyond its documentation, each on treadle.

The names of the programs that do it are beside the tests. All of it works without
``treadle.compat``: these programs change one import.
"""

import asyncio
import json
import socket
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from multidict import CIMultiDict
from yarl import URL

from treadle import web, web_fileresponse, web_urldispatcher
from treadle.abc import AbstractAccessLogger
from treadle_testing import MemoryClient, TestClient, TestServer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Check = Callable[[MemoryClient], Awaitable[None]]


def run(app: web.Application, check: Check) -> None:
    async def main() -> None:
        async with MemoryClient(app) as client:
            await check(client)

    asyncio.run(main())


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello")


def answers(app: web.Application, path: str = "/", **kwargs: Any) -> tuple[int, str]:
    found: list[tuple[int, str]] = []

    async def check(client: MemoryClient) -> None:
        response = await client.get(path, **kwargs)
        found.append((response.status, await response.text()))

    run(app, check)
    return found[0]


# Handlers and middlewares (ComfyUI, maubot, Home Assistant).


def test_plain_functions_and_lambdas_are_handlers() -> None:
    def plain(request: web.Request) -> web.Response:
        return web.Response(text="plain")

    app = web.Application()
    with pytest.warns(DeprecationWarning, match="async"):
        app.router.add_get("/plain", plain)  # type: ignore[arg-type]  # what is deprecated
    with pytest.warns(DeprecationWarning, match="async"):
        app.router.add_get("/lambda", cast("Handler", lambda _: web.Response(text="lambda")))
    assert answers(app, "/plain") == (200, "plain")
    assert answers(app, "/lambda") == (200, "lambda")


def test_middleware_factories_of_the_old_style() -> None:
    async def factory(app: web.Application, handler: Handler) -> Handler:
        async def middleware(request: web.Request) -> web.StreamResponse:
            response = await handler(request)
            response.headers["X-App"] = app["name"]
            return response

        return middleware

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app = web.Application(middlewares=[factory])  # type: ignore[list-item]  # what is deprecated
        app["name"] = "old"
    app.router.add_get("/", hello)
    seen: list[str] = []

    async def check(client: MemoryClient) -> None:
        seen.append((await client.get("/")).headers["X-App"])

    with pytest.warns(DeprecationWarning, match="middleware"):
        run(app, check)
    assert seen == ["old"]


def test_loops() -> None:
    seen: list[object] = []

    async def handler(request: web.Request) -> web.Response:
        with pytest.warns(DeprecationWarning, match="loop"):
            seen.append(request.loop)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            seen.append(request.app.loop)
        seen.append(asyncio.get_running_loop())
        return web.Response()

    app = web.Application()
    app.router.add_get("/", handler)
    assert answers(app)[0] == 200
    assert len(seen) == 3
    assert len(set(map(id, seen))) == 1


def test_make_handler() -> None:
    async def main() -> None:
        app = web.Application()
        app.router.add_get("/", hello)
        with pytest.warns(DeprecationWarning, match="make_handler"):
            factory = app.make_handler()
        await app.startup()
        server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/"
        async with aiohttp.ClientSession() as client, client.get(url) as response:
            assert await response.text() == "hello"
        server.close()
        await factory.shutdown()
        await app.shutdown()
        await app.cleanup()

    asyncio.run(main())


def test_no_access_log() -> None:
    lines: list[str] = []

    class Ours(AbstractAccessLogger):
        def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
            lines.append(f"{request.path} {response.status}")

    async def main() -> None:
        table: list[dict[str, Any]] = [{"access_log": None}, {"access_log_class": Ours}]
        for options in table:
            runner = web.AppRunner(web.Application(), **options)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            url = f"http://127.0.0.1:{site.port}/x"
            async with aiohttp.ClientSession() as client, client.get(url) as response:
                assert response.status == 404
            await runner.cleanup()
        assert lines == ["/x 404"]

    asyncio.run(main())


# Requests.


@pytest.mark.parametrize("error", [ValueError, json.JSONDecodeError])
def test_a_body_that_is_not_json_is_a_value_error(error: type[Exception]) -> None:
    async def handler(request: web.Request) -> web.Response:
        try:
            await request.json()
        except error as caught:
            return web.Response(text=f"caught {isinstance(caught, web.HTTPBadRequest)}")
        return web.Response()

    app = web.Application()
    app.router.add_get("/", handler)
    assert answers(app, data=b"{") == (200, "caught True")


def test_the_type_of_a_message_is_aiohttps() -> None:
    seen: list[bool] = []

    async def handler(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            kind: object = message.type
            seen.append(kind is aiohttp.WSMsgType.TEXT)
            seen.append(kind == aiohttp.WSMsgType.TEXT)
        return ws

    async def check(client: MemoryClient) -> None:
        async with client.ws_connect("/") as ws:
            await ws.send_str("text")

    app = web.Application()
    app.router.add_get("/", handler)
    run(app, check)
    assert seen == [True, True]


def test_a_request_class_of_the_program() -> None:
    """Home Assistant makes its requests itself, to raise their limit."""

    class Request(web.Request):
        pass

    with pytest.warns(DeprecationWarning, match="Inheritance class Application"):

        class Application(web.Application):
            def _make_request(
                self,
                message: Any,
                payload: Any,
                protocol: Any,
                writer: Any,
                task: Any,
                _cls: Any = Request,
            ) -> web.Request:
                assert (message.method, message.path) == ("POST", "/?a=b")
                request: web.Request = _cls(
                    message, payload, protocol, writer, task, loop=asyncio.get_running_loop(),
                    client_max_size=3,
                )  # fmt: skip
                return request

    async def handler(request: web.Request) -> web.Response:
        assert type(request) is Request
        await request.read()
        return web.Response()

    async def check(client: MemoryClient) -> None:
        assert (await client.post("/?a=b", data=b"abc")).status == 200
        assert (await client.post("/?a=b", data=b"abcd")).status == 413

    app = Application()
    app.router.add_post("/", handler)
    run(app, check)


def test_private_names_of_a_request() -> None:
    async def handler(request: web.Request) -> web.Response:
        request._client_max_size = 4
        assert request.client_max_size == 4
        assert request._stored_content_type is None
        assert request.writer is not None
        copy = request.clone(
            rel_url="/other?x=1", scheme="https", host="example.org", remote="192.0.2.1"
        )
        seen = [
            copy.path,
            copy.query["x"],
            copy.scheme,
            copy.host,
            copy.remote,
            copy.match_info["name"],
        ]
        return web.json_response(seen)

    app = web.Application()
    app.router.add_get("/{name}", handler)
    status, text = answers(app, "/value")
    assert (status, json.loads(text)) == (
        200, ["/other", "1", "https", "example.org", "192.0.2.1", "value"],
    )  # fmt: skip


def test_the_match_info_is_replaced() -> None:
    """maubot routes a request again, below a prefix."""

    async def handler(request: web.Request) -> web.StreamResponse:
        inner = web_urldispatcher.UrlDispatcher()
        inner.add_get("/inner/{id}", hello_id)
        copy = request.clone(rel_url=str(request.rel_url).removeprefix("/outer"))
        found = await inner.resolve(copy)
        assert isinstance(found, web.UrlMappingMatchInfo)
        request._match_info = found
        return await found.handler(request)

    async def hello_id(request: web.Request) -> web.Response:
        return web.Response(text=request.match_info["id"])

    app = web.Application()
    app.router.add_get("/outer/{tail:.*}", handler)
    assert answers(app, "/outer/inner/7") == (200, "7")


def test_an_expect_handler_writes_the_100_itself() -> None:
    async def expects(request: web.Request) -> None:
        assert request.headers["Expect"] == "100-continue"
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=await request.text())

    async def main() -> None:
        app = web.Application()
        app.router.add_post("/", handler, expect_handler=expects)
        async with TestClient(TestServer(app)) as client:
            response = await client.post("/", data=b"body", expect100=True)
            assert (response.status, await response.text()) == (200, "body")

    asyncio.run(main())


# Routing (Home Assistant, maubot).


def test_routes_are_added_after_the_start() -> None:
    """Home Assistant's integrations add their views when they are loaded."""
    app = web.Application()
    app._router.freeze = lambda: None  # type: ignore[method-assign]  # what the program does
    app.router.add_get("/", hello)

    async def check(client: MemoryClient) -> None:
        assert (await client.get("/later")).status == 404
        app.router.add_get("/later", hello)
        assert (await client.get("/later")).status == 200
        assert (await client.get("/")).status == 200

    run(app, check)


def test_a_router_that_is_emptied() -> None:
    class Router(web.UrlDispatcher):
        def forget(self) -> None:
            self._resources = []
            self._named_resources = {}

    with pytest.warns(DeprecationWarning, match="router"):
        app = web.Application(router=Router())
    app.router.add_get("/", hello, name="first")
    app.router.forget()  # type: ignore[attr-defined]  # it is the router that was given
    app.router.add_get("/second", hello, name="first")
    assert answers(app, "/")[0] == 404
    assert answers(app, "/second")[0] == 200
    assert list(app.router) == ["first"]


def test_a_resource_without_a_path() -> None:
    class Anything(web.Resource):
        def _match(self, path: str) -> dict[str, str] | None:
            return {"rest": path} if path.startswith("/any") else None

        def raw_match(self, path: str) -> bool:
            return False

        @property
        def canonical(self) -> str:
            return "/any"

        def add_prefix(self, prefix: str, **options: object) -> None:
            raise AssertionError("not here")

        def get_info(self) -> Any:
            return {}

        def url_for(self, **parts: object) -> URL:
            return URL("/any")

    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=request.match_info["rest"])

    resource = Anything()
    resource.add_route("GET", handler)
    app = web.Application()
    app.router.register_resource(resource)
    assert answers(app, "/any/thing") == (200, "/any/thing")
    assert answers(app, "/nothing")[0] == 404


def test_a_static_resource_of_the_program(tmp_path: Path) -> None:
    """Home Assistant's files carry cache headers of its own."""
    (tmp_path / "file.txt").write_text("content")

    class Caching(web.StaticResource):
        async def _handle(self, request: web.Request) -> web.StreamResponse:
            name = request.match_info["filename"]
            path = self._directory.joinpath(name)
            if not path.is_file():
                return await super()._handle(request)
            headers = {"Cache-Control": "public"}
            return web.FileResponse(path, chunk_size=self._chunk_size, headers=headers)

    seen: list[tuple[int, str | None]] = []

    async def check(client: MemoryClient) -> None:
        for name in ("file.txt", "other.txt"):
            response = await client.get(f"/static/{name}")
            seen.append((response.status, response.headers.get("Cache-Control")))

    app = web.Application()
    app.router.register_resource(Caching("/static", tmp_path))
    run(app, check)
    assert seen == [(200, "public"), (404, None)]


# Sites, files, bodies, WebSockets.


def test_a_site_of_the_program() -> None:
    """Home Assistant listens on several hosts with one site."""

    class Site(web.BaseSite):
        __slots__ = ("_host", "_port")

        def __init__(self, runner: web.BaseRunner, host: list[str], port: int) -> None:
            super().__init__(runner, ssl_context=None, backlog=128)
            self._host = host
            self._port = port

        @property
        def name(self) -> str:
            return f"http://{self._host[0]}:{self._port}"

        async def start(self) -> None:
            await super().start()
            server = self._runner.server
            assert server is not None
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(
                server, self._host, self._port, ssl=self._ssl_context, backlog=self._backlog
            )

    async def main() -> None:
        app = web.Application()
        app.router.add_get("/", hello)
        runner = web.AppRunner(app)
        await runner.setup()
        with socket.create_server(("127.0.0.1", 0)) as sock:
            port = sock.getsockname()[1]
        site = Site(runner, ["127.0.0.1"], port)
        await site.start()
        assert runner.sites == {site}
        async with aiohttp.ClientSession() as client, client.get(site.name) as response:
            assert await response.text() == "hello"
        await site.stop()
        await runner.cleanup()

    asyncio.run(main())


@pytest.fixture
def content_types() -> Iterator[None]:
    yield
    # The table is one for the process.
    web_fileresponse.CONTENT_TYPES.types_map[True].pop(".unheard-of")


def test_file_types_of_the_program(tmp_path: Path, content_types: None) -> None:
    """Home Assistant looks types up in a table of its own."""
    (tmp_path / "a.unheard-of").write_text("x")
    assert web_fileresponse.FALLBACK_CONTENT_TYPE == "application/octet-stream"
    web_fileresponse.CONTENT_TYPES.add_type("application/x-own", ".unheard-of")
    response = web.FileResponse(tmp_path / "a.unheard-of")
    assert response._path == tmp_path / "a.unheard-of"

    async def handler(request: web.Request) -> web.StreamResponse:
        return response

    seen: list[str] = []

    async def check(client: MemoryClient) -> None:
        seen.append((await client.get("/")).content_type)

    app = web.Application()
    app.router.add_get("/", handler)
    run(app, check)
    assert seen == ["application/x-own"]


def test_a_generator_with_a_length_as_the_body() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"cd"

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=pieces(), headers={"Content-Length": "4"})

    seen: list[tuple[str | None, str | None, bytes]] = []

    async def check(client: MemoryClient) -> None:
        response = await client.get("/")
        headers = response.headers
        body = await response.read()
        seen.append((headers.get("Content-Length"), headers.get("Transfer-Encoding"), body))

    app = web.Application()
    app.router.add_get("/", handler)
    run(app, check)
    assert seen == [("4", None, b"abcd")]


def test_an_empty_response() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=200)

    seen: list[CIMultiDict[str]] = []

    async def check(client: MemoryClient) -> None:
        response = await client.get("/")
        assert await response.read() == b""
        seen.append(CIMultiDict(response.headers))

    app = web.Application()
    app.router.add_get("/", handler)
    run(app, check)
    assert seen[0]["Content-Length"] == "0"
    # aiohttp names a type of nothing: treadle does not.
    assert "Content-Type" not in seen[0]


def test_frames_by_hand() -> None:
    """Home Assistant's WebSocket API sends frames that it has encoded itself."""

    async def handler(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(writer_limit=1234)
        await ws.prepare(request)
        writer = ws._writer
        assert writer is not None
        assert writer._limit == 1234
        writer._limit = 2**16
        assert writer._limit == 2**16
        await writer.send_frame(b"text", web.WSMsgType.TEXT)
        await writer.send_frame(b"bytes", opcode=web.WSMsgType.BINARY)
        await ws.receive()
        return ws

    async def check(client: MemoryClient) -> None:
        async with client.ws_connect("/") as ws:
            assert await ws.receive_str() == "text"
            assert await ws.receive_bytes() == b"bytes"

    app = web.Application()
    app.router.add_get("/", handler)
    run(app, check)


def test_the_writer_of_a_websocket_that_is_not_open() -> None:
    assert web.WebSocketResponse()._writer is None
