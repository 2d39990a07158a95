"""Right uses, as authors of applications and libraries write them: type checkers report none.

Each function or class is a row, as in ``mistakes.py``; ``assert_type`` has the type that a user
expects to see. A row with ``# only treadle: REASON`` on its first line uses something that aiohttp
does not have.

No row is ever run; ``library.py`` is.
"""

import asyncio
import functools
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, ParamSpec, Protocol, TypeVar, assert_type
from uuid import UUID

import pytest

from treadle import (
    BodyPartReader,
    ETag,
    MultipartReader,
    MultipartWriter,
    WSCloseCode,
    hdrs,
    web,
)
from treadle.abc import AbstractAccessLogger, AbstractView
from treadle.pytest_plugin import AiohttpClient
from treadle.test_utils import AioHTTPTestCase, TestClient, TestServer, make_mocked_request
from treadle.typedefs import Handler, Middleware

P = ParamSpec("P")
ResponseT = TypeVar("ResponseT", bound=web.StreamResponse)


class Database:
    async def names(self) -> list[str]:
        return ["Ada"]

    async def close(self) -> None:
        pass


DATABASE = web.AppKey("DATABASE", Database)
NAMES: web.AppKey[dict[str, list[str]]] = web.AppKey("NAMES")
USER = web.RequestKey("USER", str)
SIZE = web.ResponseKey("SIZE", int)

app = web.Application()
routes = web.RouteTableDef()


async def show(request: web.Request) -> web.Response:
    return web.Response(text=request.match_info.get("name", "world"))


async def send_file(request: web.Request) -> web.FileResponse:
    return web.FileResponse(Path("file"))


async def stream(request: web.Request) -> web.StreamResponse:
    return web.StreamResponse()


async def chat(request: web.Request) -> web.WebSocketResponse:
    return web.WebSocketResponse()


async def with_limit(request: web.Request, limit: int) -> web.Response:
    return web.Response(text=str(limit))


class Page(web.View):
    async def get(self) -> web.StreamResponse:
        return web.Response(text=self.request.path)

    async def post(self) -> web.Response:
        database = self.request.app[DATABASE]
        return web.json_response(await database.names())


class Pages:
    def __init__(self, title: str) -> None:
        self.title = title

    async def index(self, request: web.Request) -> web.Response:
        return web.Response(text=self.title)

    async def __call__(self, request: web.Request) -> web.Response:
        return web.Response(text=self.title)


# Handlers and routes


def handlers_of_all_kinds_in_one_list() -> None:
    pages = Pages("Start")
    app.add_routes(
        [
            web.get("/", show, name="index"),
            web.get("/file", send_file, allow_head=False),
            web.post("/stream", stream),
            web.get("/chat", chat),
            web.put("/limit", functools.partial(with_limit, limit=5)),
            web.get("/pages", pages.index),
            web.patch("/called", pages),
            web.view("/view", Page),
            web.get("/view", Page),
            web.route("*", "/any", show),
            web.static("/static", Path("static"), show_index=True),
        ]
    )


def handlers_in_a_list_without_a_context() -> None:
    definitions = [
        web.get("/", show),
        web.view("/view", Page),
        web.get("/limit", functools.partial(with_limit, limit=5)),
        web.static("/static", "static"),
    ]
    app.add_routes(definitions)
    app.router.add_routes(definitions[:2])


def definitions_with_a_type() -> None:
    some: list[web.RouteDef] = [web.get("/", show), web.view("/view", Page)]
    more: list[web.AbstractRouteDef] = [*some, *routes, web.static("/s", ".")]

    def collect() -> Iterable[web.AbstractRouteDef]:
        yield from more
        yield web.delete("/", show)

    assert_type(app.add_routes(collect()), list[web.AbstractRoute])


def handlers_on_a_router() -> None:
    router = app.router
    assert_type(router.add_get("/", show, name="index"), web.AbstractRoute)
    router.add_post("/chat", chat)
    router.add_view("/view", Page)
    router.add_route(hdrs.METH_ANY, "/any", Pages("any"))
    resource = router.add_resource("/resource/{name}", name="resource")
    resource.add_route("GET", show)
    resource.add_route("POST", functools.partial(with_limit, limit=5))
    static: web.AbstractResource = router.add_static("/static", ".")
    print(static.canonical)


def handlers_in_a_dictionary() -> None:
    handlers: dict[str, Handler] = {
        "/": show,
        "/file": send_file,
        "/limit": functools.partial(with_limit, limit=5),
        "/pages": Pages("Start").index,
    }
    for path, handler in handlers.items():
        app.router.add_get(path, handler)


async def decorated_handler_is_called(request: web.Request) -> None:
    @routes.get("/decorated")
    @routes.post("/decorated", name="decorated")
    async def decorated(request: web.Request, *, upper: bool = False) -> web.Response:
        return web.Response(text=str(upper))

    assert_type(await decorated(request, upper=True), web.Response)


async def decorated_view_is_a_class(request: web.Request) -> None:
    @routes.view("/decorated")
    @routes.get("/page")
    class Decorated(web.View):
        async def get(self) -> web.Response:
            return web.Response()

    assert_type(Decorated(request), Decorated)
    assert_type(await Decorated(request).get(), web.Response)


def view_classes_with_a_type() -> None:
    def register(path: str, view: type[web.View], other: type[AbstractView]) -> None:
        app.router.add_view(path, view)
        app.add_routes([web.view(path, other)])

    register("/a", Page, Page)


def handler_of_any_request() -> None:
    async def health(request: web.BaseRequest) -> web.Response:
        return web.Response(text=request.method)

    @routes.get("/health")
    async def decorated(request: web.BaseRequest) -> web.Response:
        return await health(request)

    app.add_routes([web.get("/healthz", health), web.get("/ready", decorated)])


def handler_as_a_protocol() -> None:
    class Named(Protocol):
        name: str

        def __call__(self, request: web.Request, /) -> Awaitable[web.Response]: ...

    def register(handler: Named) -> None:
        app.router.add_get("/" + handler.name, handler)
        routes.get("/" + handler.name)(handler)

    print(register)


def typed_decorator_of_handlers() -> None:
    def logged(
        function: Callable[[web.Request], Awaitable[ResponseT]],
    ) -> Callable[[web.Request], Awaitable[ResponseT]]:
        @functools.wraps(function)
        async def call(request: web.Request) -> ResponseT:
            return await function(request)

        return call

    @routes.get("/logged")
    @logged
    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    app.router.add_get("/file", logged(send_file))
    app.router.add_get("/handler", handler)


def decorator_with_paramspec() -> None:
    def timed(function: Callable[P, Awaitable[ResponseT]]) -> Callable[P, Awaitable[ResponseT]]:
        return function

    @routes.post("/timed")
    @timed
    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    app.add_routes([web.get("/", timed(show)), web.get("/handler", handler)])


def untyped_decorator_of_a_library(untyped: Any) -> None:
    app.add_routes([web.get("/", untyped(show))])
    app.router.add_get("/any", untyped)
    routes.get("/table")(untyped)


def handler_that_only_raises() -> None:
    async def gone(request: web.Request) -> web.Response:
        raise web.HTTPGone(text="It was here")

    @routes.get("/old")
    async def moved(request: web.Request) -> web.StreamResponse:
        raise web.HTTPMovedPermanently(request.app.router["index"].url_for())

    app.add_routes([web.get("/gone", gone), web.get("/moved", moved)])


def urls_of_resources(request: web.Request) -> None:
    url = request.app.router["item"].url_for(name="lamp").with_query({"page": "1"})
    assert_type(str(url), str)
    assert_type(request.url.join(url).host, str | None)


def urls_with_values(  # only treadle: aiohttp takes text only
    request: web.Request, number: UUID, day: date
) -> None:
    router = request.app.router
    print(router["a"].url_for(id=number, day=day, page=5), router["b"].url_for(path=Path("a")))


async def match_info_of_a_request(request: web.Request) -> web.StreamResponse:
    info = request.match_info
    assert_type(info["name"], str)
    assert_type(info.get("name"), str | None)
    assert_type(info.route.name, str | None)
    named: web.UrlMappingMatchInfo = info
    print(named.http_exception, named.apps)
    handler: Handler = info.handler
    return await handler(request)


async def match_info_of_a_router(request: web.Request) -> None:
    assert_type(request.match_info.current_app, web.Application)
    print(request.match_info.apps[0].router)
    info = await request.app.router.resolve(request)
    print(info["name"], info.route.resource, info.handler)


def descriptions_of_resources() -> None:
    for resource in app.router.resources():
        info = resource.get_info()
        path = info.get("path") or info.get("formatter") or info.get("prefix", "")
        assert_type(path, str)
        print(path.upper(), resource.canonical, [route.method for route in resource])
    for name, named in app.router.named_resources().items():
        print(name.upper(), named.canonical)


# Middlewares


def middlewares_of_all_kinds() -> None:
    @web.middleware
    async def log(request: web.Request, handler: Handler) -> web.StreamResponse:
        assert_type(await handler(request), web.StreamResponse)
        return await handler(request)

    async def plain(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.Response:
        return web.Response()

    class Limits:
        def __init__(self, most: int) -> None:
            self.most = most

        @web.middleware
        async def limit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
            return await handler(request)

        async def __call__(self, request: web.Request, handler: Handler) -> web.StreamResponse:
            return await handler(request)

    limits = Limits(5)
    web.Application(middlewares=[log, plain, limits, limits.limit, web.normalize_path_middleware()])
    app.middlewares.append(log)
    app.middlewares.insert(0, limits)


def middleware_of_a_factory() -> None:
    def guard(allowed: Callable[[web.Request], bool]) -> Middleware:
        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not allowed(request):
                raise web.HTTPForbidden(headers={"X-Why": "guard"})
            return await handler(request)

        return check

    some: list[Middleware] = [guard(lambda request: request.secure)]
    web.Application(middlewares=[*some, web.normalize_path_middleware(append_slash=False)])


def middlewares_of_one_route() -> None:  # only treadle: options of routes
    async def log(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await handler(request)

    app.router.add_get("/", show, middlewares=[log], client_max_size=5)

    @routes.post("/", middlewares=(log,))
    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    print(handler)


# State


async def state_of_an_application(request: web.Request) -> None:
    app[DATABASE] = Database()
    app[NAMES] = {"a": ["Ada"]}
    assert_type(request.app[DATABASE], Database)
    assert_type(request.app[NAMES], dict[str, list[str]])
    assert_type(app.get(DATABASE), Database | None)
    assert_type(app.get(DATABASE, "none"), Database | str)
    assert_type(await request.app[DATABASE].names(), list[str])
    print(DATABASE in app)


def state_of_outer_applications(request: web.Request) -> None:
    assert_type(request.config_dict[DATABASE], Database)
    assert_type(request.config_dict.get(NAMES), dict[str, list[str]] | None)


def state_of_requests_and_responses(request: web.Request, response: web.Response) -> None:
    request[USER] = "Ada"
    assert_type(request[USER], str)
    user: str | None = request.get(USER)
    print(user)
    request["other"] = 5
    response[SIZE] = 5
    assert_type(response[SIZE], int)


# Signals and the life of an application


def signals_of_an_application() -> None:
    async def connect(app: web.Application) -> None:
        app[DATABASE] = Database()

    async def sign(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["X-Path"] = request.path

    class Worker:
        async def start(self, app: web.Application) -> None:
            print(app[DATABASE])

    app.on_startup.append(connect)
    app.on_startup.append(Worker().start)
    app.on_shutdown.append(connect)
    app.on_cleanup.append(functools.partial(Worker.start, Worker()))
    app.on_response_prepare.append(sign)


def cleanup_contexts() -> None:
    async def database(app: web.Application) -> AsyncIterator[None]:
        app[DATABASE] = Database()
        yield
        await app[DATABASE].close()

    def context_of(name: str) -> Callable[[web.Application], AsyncIterator[None]]:
        async def context(app: web.Application) -> AsyncIterator[None]:
            async with AsyncExitStack() as stack:
                print(name, stack)
                yield

        return context

    app.cleanup_ctx.append(database)
    app.cleanup_ctx.extend([database, context_of("a")])


def subapps_and_domains() -> None:
    sub = web.Application(client_max_size=5, logger=logging.getLogger("sub"))
    sub.add_routes(routes)
    assert_type(app.add_subapp("/sub", sub), web.PrefixedSubAppResource)
    app.add_domain("*.example.com", sub)


# Requests


async def body_of_a_request(request: web.Request) -> None:
    assert_type(await request.read(), bytes)
    assert_type(await request.text(), str)
    assert_type(await request.content.read(10), bytes)
    async for line in request.content:
        assert_type(line, bytes)
    async for piece in request.content.iter_chunked(10):
        assert_type(piece, bytes)
    name: str = (await request.json())["name"]
    print(name)


async def form_with_files(request: web.Request) -> None:
    form = await request.post()
    picture = form["picture"]
    if isinstance(picture, web.FileField):
        assert_type(picture.filename, str)
        assert_type(picture.file.read(), bytes)
    name = form.get("name", "")
    assert isinstance(name, str)
    print(name.upper(), form.getall("tag", []))


async def multipart_of_a_request(request: web.Request) -> None:
    reader = await request.multipart()
    async for part in reader:
        if isinstance(part, BodyPartReader):
            assert_type(part.name, str | None)
            while data := await part.read_chunk():
                print(len(data))
        else:
            assert_type(part, MultipartReader)
    while (field := await reader.next()) is not None:
        print(field.headers)


def facts_of_a_request(request: web.Request) -> None:
    assert_type(request.query["page"], str)
    assert_type(request.query.get("page"), str | None)
    assert_type(request.headers.get(hdrs.USER_AGENT, ""), str)
    assert_type(request.cookies.get("session"), str | None)
    assert_type(request.content_length, int | None)
    assert_type(request.if_none_match, tuple[ETag, ...] | None)
    assert_type(request.can_read_body, bool)


# Responses


def json_of_all_kinds(value: Mapping[str, object]) -> None:
    def dumps(value: object) -> str:
        return str(value)

    web.json_response(value)
    web.json_response([1, 2], status=201, reason="Made", headers={"X-Count": "2"})
    web.json_response(text="{}", content_type="application/problem+json")
    assert_type(web.json_response(value, dumps=dumps), web.Response)


async def stream_of_bytes(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(status=200, headers={"Content-Type": "text/plain"})
    response.enable_chunked_encoding()
    response.enable_compression()
    response.set_cookie("name", "Ada", max_age=60, httponly=True, samesite="Lax")
    response.etag = "abc"
    await response.prepare(request)
    await response.write(b"bytes")
    await response.write(bytearray(b"array"))
    await response.write(memoryview(b"view"))
    await response.write_eof()
    return response


def bodies_of_responses() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"piece"

    writer = MultipartWriter("form-data")
    writer.append("text")
    web.Response(body=pieces())
    web.Response(body=writer)
    web.Response(body=b"bytes", content_type="image/png")
    web.Response(text="text", charset="utf-8", status=201)


def exceptions_as_responses(request: web.Request) -> None:
    try:
        raise web.HTTPSeeOther(location=request.url.with_path("/login"))
    except web.HTTPRedirection as error:
        assert_type(error.status, int)
        assert_type(error.headers.get("Location"), str | None)
    except web.HTTPException as error:
        assert_type(error.reason, str)


async def event_streams(  # only treadle: aiohttp has none
    request: web.Request,
) -> web.EventSourceResponse:
    async def texts() -> AsyncIterator[str]:
        yield "text"

    async def events() -> AsyncIterator[web.ServerSentEvent | str]:
        yield web.ServerSentEvent("text", event="news", id="1", retry=5)
        yield web.ServerSentEvent.from_json({"a": [1]}, event="news")
        yield "text"

    assert_type(request.last_event_id, str | None)
    if request.last_event_id is None:
        return web.EventSourceResponse(texts(), keepalive=None, headers={"X-A": "b"})
    async with web.sse_response(request, keepalive=5) as response:
        assert_type(response, web.EventSourceResponse)
        await response.send("text", id="1", event="news", retry=5)
        await response.send(web.ServerSentEvent("text"))
        assert_type(response.is_connected(), bool)
    return web.EventSourceResponse(events())


async def background_tasks(  # only treadle: aiohttp has none
    request: web.Request,
) -> web.Response:
    async def count(number: int, *, name: str = "") -> int:
        return number + len(name)

    task = request.app.spawn(count(1), name="count", at_stop="cancel")
    assert_type(task, asyncio.Task[int])
    request.after_response(count, 1, name="Ada")
    await request.app.background.wait_for_room()
    return web.Response(text=str(await task + len(request.app.background)))


class ResponseOfAClass(web.Response):
    def __init__(self, name: str, *, status: int = 200) -> None:
        super().__init__(text=name, status=status, content_type="text/html")
        self.name = name


# WebSockets


async def websocket_loop(request: web.Request) -> web.WebSocketResponse:
    ws = web.WebSocketResponse(heartbeat=30.0, protocols=["chat"], max_msg_size=5)
    if not ws.can_prepare(request):
        raise web.HTTPUpgradeRequired
    await ws.prepare(request)
    async for message in ws:
        if message.type == web.WSMsgType.TEXT:
            await ws.send_str(message.data + "/answer")
        elif message.type == web.WSMsgType.BINARY:
            await ws.send_bytes(message.data)
        elif message.type == web.WSMsgType.ERROR:
            print(ws.exception())
    await ws.close(code=WSCloseCode.GOING_AWAY, message=b"bye")
    return ws


async def websocket_calls(ws: web.WebSocketResponse) -> None:
    assert_type(await ws.receive_str(), str)
    assert_type(await ws.receive_bytes(timeout=5.0), bytes)
    assert_type(ws.close_code, int | None)
    await ws.send_json({"a": 1})
    await ws.ping()
    task = asyncio.create_task(ws.send_str("later"))
    await asyncio.gather(task, ws.send_bytes(bytearray(b"bytes")))


async def websocket_messages_are_matched(  # only treadle: a class for each message
    ws: web.WebSocketResponse,
) -> None:
    match await ws.receive():
        case web.WSMessageText(data=text):
            assert_type(text, str)
        case web.WSMessageBinary() as message:
            assert_type(message.data, bytes)
        case web.WSMessageClose(data=code, extra=reason):
            assert_type(code, int)
            assert_type(reason, str | None)
        case other:
            print(other.type)


def websocket_message_as_an_argument(  # only treadle: as above
    message: web.WSMessageDecodeText,
) -> None:
    if message.type is web.WSMsgType.TEXT:
        assert_type(message, web.WSMessageText)
        assert_type(message.data, str)
    elif message.type is web.WSMsgType.CLOSE:
        assert_type(message.data, int)


async def websocket_text_as_bytes(ws: "web.WebSocketResponse[Literal[False]]") -> None:
    assert_type(await ws.receive_str(), bytes)
    raw = web.WebSocketResponse(decode_text=False)
    assert_type(raw, "web.WebSocketResponse[Literal[False]]")


# Servers


def run_with_all_options(context: ssl.SSLContext) -> None:
    async def make() -> web.Application:
        return app

    web.run_app(
        make(),
        host=["localhost", "127.0.0.1"],
        port=8443,
        ssl_context=context,
        access_log=None,
        print=None,
        keepalive_timeout=5,
        handler_cancellation=True,
    )
    web.run_app(app, path="socket", reuse_port=True, max_line_size=16_384)


async def runner_and_sites(context: ssl.SSLContext, options: dict[str, Any]) -> None:
    runner = web.AppRunner(
        app, handle_signals=True, access_log=logging.getLogger("access"), keepalive_timeout=5.0
    )
    await runner.setup()
    sites: list[web.BaseSite] = [
        web.TCPSite(runner, "localhost", 8443, ssl_context=context),
        web.UnixSite(runner, "socket"),
    ]
    await asyncio.gather(*(site.start() for site in sites))
    await runner.cleanup()
    await web.AppRunner(app, **options).setup()


async def server_without_an_application() -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        return web.Response(text=request.path)

    runner = web.ServerRunner(web.Server(handler, tcp_keepalive=False))
    await runner.setup()
    await web.TCPSite(runner, port=8080).start()


class LinesOfAnAccessLog(AbstractAccessLogger):
    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        self.logger.info("%s %s %.3f", request.path, response.status, time)

    @classmethod
    def use(cls) -> None:
        web.run_app(app, access_log_class=cls)


# Tests


async def client_of_a_server() -> None:
    async with TestClient(TestServer(app)) as client:
        assert_type(client, TestClient[web.Request, web.Application])
        assert_type(client.app[DATABASE], Database)
        response = await client.post("/", json={"a": 1}, headers={"X-A": "b"})
        assert_type(response.status, int)
        assert_type(await response.text(), str)
        async with client.get("/", params={"a": "b"}, allow_redirects=False) as other:
            assert_type(await other.read(), bytes)
        async with client.ws_connect("/chat", heartbeat=5.0) as ws:
            await ws.send_str("Hello")


async def client_of_a_fixture(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(app, server_kwargs={"port": 8080})
    assert_type(client, TestClient[web.Request, web.Application])
    response = await client.get("/")
    assert response.status == 200


@pytest.fixture
async def client_in_a_fixture(
    aiohttp_client: AiohttpClient,
) -> TestClient[web.Request, web.Application]:
    return await aiohttp_client(app)


class CaseOfATest(AioHTTPTestCase):
    async def get_application(self) -> web.Application:
        return app

    async def test_show(self) -> None:
        async with self.client.get("/") as response:
            assert response.status == 200


async def request_made_by_hand() -> None:
    request = make_mocked_request("GET", "/", headers={"X-User": "Ada"}, app=app)
    assert_type(request, web.Request)
    assert_type(await show(request), web.Response)


def servers_behind_proxies() -> None:  # only treadle: an option of servers
    proxies = web.TrustedProxies(["10.0.0.0/8", "unix"], family="Forwarded", fields={"for", "host"})
    assert_type(proxies.count, int)
    web.run_app(app, trusted_proxies=proxies, proxy_protocol=True)
    web.AppRunner(app, trusted_proxies=[ip_network("fd00::/8"), "10.0.0.1"])
    web.AppRunner(app, trusted_proxies=2, proxy_protocol="any-peer")


class ASGIFramework:
    """An application with types of its own for scopes."""

    async def __call__(self, scope: dict[str, object], receive: object, send: object) -> None: ...


class WSGIFramework:
    """An application with types of its own for the environ."""

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., object]
    ) -> list[bytes]:
        start_response("200 OK", [])
        return [b"hello"]


def mounts(app: web.Application) -> None:  # only treadle: aiohttp mounts nothing
    async def through(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await handler(request)

    resource = app.router.mount("/a/{x}", ASGIFramework(), lifespan="on", middlewares=[through])
    assert_type(resource, web.MountResource)
    app.router.mount_wsgi("/w", WSGIFramework(), threads=8, client_max_size=0)
    app.add_routes([web.mount("/b", ASGIFramework()), web.mount_wsgi("/c", WSGIFramework())])
