"""A library on top of treadle, as its author would write it: every type is inferred as it says.

``python tools/dev.py types`` has mypy --strict and pyright's strict mode read it, and
``test_typed.py`` runs it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, assert_type

from multidict import CIMultiDictProxy, MultiDictProxy
from yarl import URL

from treadle import (
    BodyPartReader,
    HttpVersion,
    MultipartReader,
    StreamReader,
    WSCloseCode,
    WSMsgType,
    compat,
    web,
)
from treadle.abc import AbstractAccessLogger, AbstractMatchInfo, AbstractRouter, AbstractView
from treadle.helpers import BasicAuth, MimeType, parse_mimetype
from treadle.http_exceptions import LineTooLong
from treadle.log import access_logger
from treadle.payload import BytesPayload, Payload
from treadle.test_utils import (
    MemoryClient,
    MemoryResponse,
    TestClient,
    TestServer,
    unused_port,
)
from treadle.typedefs import Handler, Middleware
from treadle.web_log import AccessLogger
from treadle.web_urldispatcher import Domain, MaskDomain, SystemRoute

DATABASE = web.AppKey("DATABASE", dict[str, int])
USER = web.RequestKey("USER", str)
SIZE = web.ResponseKey("SIZE", int)

routes = web.RouteTableDef()


@routes.get("/items/{name}", name="item")
async def item(request: web.Request) -> web.Response:
    database = request.app[DATABASE]
    assert_type(database, dict[str, int])
    assert_type(request.match_info["name"], str)
    assert_type(request.query, MultiDictProxy[str])
    assert_type(request.headers, CIMultiDictProxy[str])
    assert_type(request.url, URL)
    assert_type(request.remote, str | None)
    assert_type(request.version, HttpVersion)
    assert_type(request.content, StreamReader)
    assert_type(request.get(USER), str | None)
    assert_type(request.config_dict[DATABASE], dict[str, int])
    request[USER] = "Ada"
    assert_type(request[USER], str)
    response = web.json_response(database)
    assert_type(response, web.Response)
    response[SIZE] = 5
    assert_type(response[SIZE], int)
    return response


# A decorated handler keeps its type.
decorated: Callable[[web.Request], Awaitable[web.Response]] = item


async def facts(request: web.Request) -> web.Response:
    assert_type(request.http_range, slice[Any, Any, Any])
    assert_type(request.if_match, tuple[web.ETag, ...] | None)
    assert_type(request.clone(method="POST"), web.Request)
    assert_type(request.keep_alive, bool)
    assert_type(await request.read(), bytes)
    assert_type(await request.text(), str)
    return web.Response()


async def upload(request: web.Request) -> web.Response:
    form = await request.post()
    field = form["file"]
    if isinstance(field, web.FileField):
        assert_type(field.filename, str)
    reader = await request.multipart()
    assert_type(reader, MultipartReader)
    async for part in reader:
        if isinstance(part, BodyPartReader):
            assert_type(part.filename, str | None)
            assert_type(await part.text(), str)
    return web.Response()


async def chat(request: web.Request) -> web.WebSocketResponse:
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for message in ws:
        if message.type is WSMsgType.TEXT:
            assert_type(message.data, str)
        elif message.type is WSMsgType.BINARY:
            assert_type(message.data, bytes)
    assert_type(ws.close_code, int | None)
    await ws.close(code=WSCloseCode.GOING_AWAY)
    return ws


class Items(web.View):
    async def get(self) -> web.Response:
        assert_type(self.request, web.Request)
        return web.Response()


@web.middleware
async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
    response = await handler(request)
    assert_type(response, web.StreamResponse)
    return response


def guard(allowed: Callable[[web.Request], bool]) -> Middleware:
    """Return a middleware that refuses what ``allowed`` does."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not allowed(request):
            raise web.HTTPForbidden(text="No", headers={"X-Why": "guard"})
        return await handler(request)

    return check


async def database(app: web.Application) -> AsyncIterator[None]:
    app[DATABASE] = {"lamp": 1}
    yield
    app[DATABASE].clear()


class Lines(AbstractAccessLogger):
    """An access logger of the library."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        assert_type(self.logger, logging.Logger)
        self.logger.info("%s %s %.3f", request.path, response.status, time)


def make_app() -> web.Application:
    app = web.Application(middlewares=[count, guard(lambda request: request.secure or True)])
    app.cleanup_ctx.append(database)
    assert_type(app.add_routes(routes), list[web.AbstractRoute])
    app.router.add_view("/view", Items)
    app.router.add_get("/chat", chat)
    app.router.add_post("/upload", upload)
    app.router.add_post("/facts", facts)
    assert_type(app.router["item"].url_for(name="lamp"), URL)
    sub = web.Application()
    assert_type(app.add_subapp("/sub", sub), web.PrefixedSubAppResource)
    return app


async def tests() -> None:
    app = make_app()
    async with TestClient(TestServer(app)) as client:
        assert_type(client, TestClient[web.Request, web.Application])
        assert_type(client.app, web.Application)
        response = await client.get("/items/lamp")
        assert await response.json() == {"lamp": 1}
    async with MemoryClient(make_app()) as memory:
        answer = await memory.get("/items/lamp")
        assert_type(answer, MemoryResponse)
        assert_type(await answer.text(), str)
        async with memory.ws_connect("/chat") as ws:
            assert_type(ws.close_code, int | None)
    runner = web.AppRunner(app, access_log_class=Lines, access_log=access_logger)
    assert_type(runner.app, web.Application)
    assert_type(runner.addresses, list[Any])
    assert_type(unused_port(), int)


def values() -> None:
    assert_type(parse_mimetype("text/html"), MimeType)
    assert_type(BasicAuth.decode("Basic YTpi"), BasicAuth)
    assert_type(compat.is_installed(), bool)
    payload: Payload = BytesPayload(b"")
    assert_type(payload.size, int | None)
    assert_type(web.HTTPFound("/").location, str | URL)
    assert_type(web.HTTPMethodNotAllowed("GET", ["POST"]).allowed_methods, set[str])
    assert issubclass(AccessLogger, AbstractAccessLogger)
    assert issubclass(web.UrlDispatcher, AbstractRouter)
    assert issubclass(web.UrlMappingMatchInfo, AbstractMatchInfo)
    assert issubclass(web.View, AbstractView)
    assert issubclass(MaskDomain, Domain)
    assert SystemRoute(web.HTTPNotFound()).status == 404
    assert LineTooLong("line", 5).code == 400


if __name__ == "__main__":
    values()
    asyncio.run(tests())
    print("ran")
