"""Private names of aiohttp's resources and dispatcher, as large programs use them."""

import asyncio
from typing import Any

import pytest
from yarl import URL

from testkit import Run, hello, serve
from treadle_responses import Response, StreamResponse
from treadle_router import Match, NotFound
from treadle_server import (
    AbstractRouter,
    Application,
    Request,
    Resource,
    RouteInfo,
    UrlDispatcher,
    UrlMappingMatchInfo,
)


async def name(request: Request) -> Response:
    return Response(text=request.match_info["name"])


class Own(Resource):
    """A resource without a path, as ComfyUI and others derive it."""

    def __init__(self) -> None:
        super().__init__(name="own")

    @property
    def canonical(self) -> str:
        return "/own"

    def _match(self, path: str) -> dict[str, str] | None:
        return {"name": path.removeprefix("/own/")} if path.startswith("/own/") else None

    def raw_match(self, path: str) -> bool:
        return path == "/own"

    def url_for(self, **parts: object) -> URL:
        return URL("/own")

    def get_info(self) -> RouteInfo:
        return {"path": "/own"}

    def add_prefix(self, prefix: str, **_: Any) -> None:
        raise AssertionError("not in a sub-application")


@pytest.mark.parametrize(
    ("request_line", "answer"),
    [
        ("GET /own/a%20b", (200, b"a b")),
        ("POST /own/a", (405, b"405: Method Not Allowed")),
        ("GET /own", (404, b"404: Not Found")),
        ("GET /other", (200, b"hello")),
        ("PUT /star/x", (200, b"star")),
    ],
)
def test_a_resource_with_a_match_of_its_own(
    run: Run, request_line: str, answer: tuple[int, bytes]
) -> None:
    class Star(Own):
        canonical = "/star"

        def __init__(self) -> None:
            Resource.__init__(self)

        def _match(self, path: str) -> dict[str, str] | None:
            return {"name": "star"} if path == "/star/x" else None

    async def main() -> None:
        app = Application()
        own, star = Own(), Star()
        own.add_route("GET", name)
        star.add_route("*", name)
        app.router.register_resource(own)
        app.router.register_resource(star)
        app.router.add_get("/other", hello)
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(f"{request_line} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            assert await peer.response() == answer

    run(main())


def test_a_dispatcher_that_forgets_its_routes(request_to: Any) -> None:
    """The routers of maubot's plugins are cleared by setting two private lists."""

    class Plugin(UrlDispatcher):
        def clear(self) -> None:
            self._resources = []
            self._named_resources = {}

    async def found(path: str) -> object:
        info: Any = await router.resolve(request_to("GET", path))
        return info.http_exception or info.handler

    router = Plugin()
    for _ in range(2):
        router.add_get("/a", hello, name="a")
        assert asyncio.run(found("/a")) is hello
        assert list(router) == ["a"]
        router.clear()
        assert (list(router), list(router.resources()), list(router.routes())) == ([], [], [])
        assert getattr(asyncio.run(found("/a")), "status", None) == 404
    router._resources = [UrlDispatcher().add_resource("/b")]
    assert isinstance(router.match("GET", "/a"), NotFound)


def test_the_index() -> None:
    router = UrlDispatcher()
    first, second = (router.add_resource(path) for path in ("/{x}", "/{y}"))
    first.add_route("GET", hello)
    second.add_route("GET", name)

    def handler() -> object:
        found = router.match("GET", "/a")
        return found.handler.handler if isinstance(found, Match) else None

    assert handler() is hello
    router.unindex_resource(first)
    assert handler() is name
    assert router.resources() == (first, second)
    with pytest.raises(ValueError, match="not in list"):
        router.unindex_resource(first)
    router.index_resource(first)
    assert handler() is name
    router.unindex_resource(second)
    assert handler() is hello


@pytest.mark.parametrize("prefix", ["", "/sub"])
def test_routes_after_the_start(run: Run, prefix: str) -> None:
    """Home Assistant replaces ``freeze``, and adds routes while it runs."""

    async def inside(request: Request, handler: Any) -> StreamResponse:
        response: StreamResponse = await handler(request)
        response.headers["X-Inside"] = "1"
        return response

    async def main() -> None:
        app, sub = Application(), Application()
        router = sub.router if prefix else app.router
        router.freeze = lambda: None  # type: ignore[method-assign]  # what it does
        if prefix:
            app.add_subapp(prefix, sub)
        router.add_get("/x" if not prefix else "/sub/x", hello)
        async with serve(app) as connect:
            peer = await connect()
            for path, status in (("/x", 200), ("/late", 404)):
                await peer.send(f"GET {prefix}{path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                assert (await peer.response())[0] == status
            router.add_get(f"{prefix}/late", hello, middlewares=[inside])
            await peer.send(f"GET {prefix}/late HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            assert b"\r\nX-Inside: 1\r\n" in await peer.head()
            assert await peer.exactly(5) == b"hello"

    run(main())


class Least(AbstractRouter):
    """A router with nothing but ``resolve``."""

    async def resolve(self, request: Request) -> UrlMappingMatchInfo:
        route = UrlDispatcher().add_get("/", name)
        return UrlMappingMatchInfo({"name": request.path}, route)


def test_a_router_of_another_class(run: Run) -> None:
    with pytest.warns(DeprecationWarning, match="router argument is deprecated"):
        app = Application(router=Least())  # type: ignore[arg-type]  # as aiohttp allows it
    assert isinstance(app.router, Least)

    async def main() -> None:
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(b"GET /any HTTP/1.1\r\nHost: h\r\n\r\n")
            assert await peer.response() == (200, b"/any")

    run(main())
