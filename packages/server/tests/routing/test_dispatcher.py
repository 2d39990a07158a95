"""Resources, routes and match information as applications see them."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from typing import Any

import pytest
from yarl import URL

from testkit import Run, serve
from treadle_responses import HTTPNotFound, Response, StreamResponse
from treadle_router import Match, NotFound
from treadle_server import (
    AbstractMatchInfo,
    AbstractResource,
    AbstractRoute,
    Application,
    Handler,
    MatchInfoError,
    Request,
    ResourceRoute,
    RouteInfo,
    UrlDispatcher,
    UrlMappingMatchInfo,
    get,
)

#: Makes a request that came over no connection.
RequestTo = Callable[..., Request]


async def through(request: Request, handler: Handler) -> StreamResponse:
    return await handler(request)


async def handler(request: Request) -> Response:
    return Response()


def test_consecutive_additions_share_a_resource() -> None:
    router = Application().router
    first = router.add_resource("/a", name="a")
    assert router.add_resource("/a", name="a") is first
    other = router.add_resource("/b")
    assert router.add_resource("/b") is other
    assert router.resources() == (first, other)
    with pytest.raises(ValueError, match="'a'"):
        router.add_resource("/a", name="a")


def test_routes_know_their_resource() -> None:
    router = Application().router
    resource = router.add_resource("/{x}", name="n")
    route = resource.add_route("get", handler)
    assert isinstance(route, ResourceRoute)
    assert (route.method, route.handler, route.resource, route.name) == (
        "GET",
        handler,
        resource,
        "n",
    )
    assert route.url_for(x="1") == URL("/1")
    assert route.get_info() == resource.get_info()
    assert list(resource) == [route]
    assert len(resource) == 1
    with pytest.raises(RuntimeError, match="will never be executed"):
        resource.add_route("GET", handler)
    with pytest.raises(TypeError, match="expect_handler must be an async function"):
        resource.add_route("POST", handler, expect_handler=lambda request: None)  # type: ignore[arg-type, return-value]  # the mistake under test


def test_a_frozen_router_takes_nothing() -> None:
    router = Application().router
    resource = router.add_resource("/a")
    router.freeze()
    assert router.frozen
    with pytest.raises(RuntimeError):
        router.add_resource("/b")
    with pytest.raises(RuntimeError):
        resource.add_route("GET", handler, middlewares=[through])


class Own(AbstractResource):
    """A resource of an add-on: it answers for the paths in a table."""

    def __init__(self, canonical: str, table: dict[str, Handler], *, name: str | None = None):
        super().__init__(name=name)
        self._canonical = canonical
        self._table = table
        self.asked: list[str] = []

    @property
    def canonical(self) -> str:
        return self._canonical

    def url_for(self, **parts: object) -> URL:
        return URL(self._canonical)

    async def resolve(self, request: Request) -> tuple[AbstractMatchInfo | None, set[str]]:
        await asyncio.sleep(0)
        self.asked.append(request.path)
        handler = self._table.get(request.path)
        if handler is None or request.method == "PUT":
            return None, {"GET"} if handler else set()
        return UrlMappingMatchInfo({"own": "yes"}, ResourceRoute("GET", handler, self)), {"GET"}

    def add_prefix(self, prefix: str) -> None:
        self._canonical = prefix + self._canonical
        self._table = {prefix + path: handler for path, handler in self._table.items()}

    def get_info(self) -> RouteInfo:
        return {}

    def raw_match(self, path: str) -> bool:
        return False

    def __len__(self) -> int:
        return len(self._table)

    def __iter__(self) -> Iterator[AbstractRoute]:
        return iter(())


async def own_handler(request: Request) -> Response:
    return Response(text="own " + request.match_info.get("own", ""))


async def who(request: Request) -> Response:
    route = request.match_info.route
    assert route.resource is not None
    return Response(text=route.resource.canonical)


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("GET", "/own/a", (200, b"/own/a")),  # longer than what is fixed of /own
        ("GET", "/own/b", (200, b"own yes")),
        ("GET", "/own/c", (200, b"/own/{x}")),
        ("GET", "/own", (200, b"/own")),
        ("GET", "/else", (200, b"/{x}")),
        ("PUT", "/own/b", (405, b"GET,POST")),
        ("PUT", "/own/none/none", (404, b"")),
    ],
)
def test_a_resource_of_an_add_on_has_its_place_in_the_order(
    run: Run, method: str, path: str, answer: tuple[int, bytes]
) -> None:
    async def main() -> None:
        app = Application()
        router = app.router
        router.add_get("/{x}", who)
        router.add_get("/own", who)
        own = Own("/own/{anything}", {"/own/a": own_handler, "/own/b": own_handler}, name="own")
        router.register_resource(own)
        router.add_get("/own/a", who)
        router.add_get("/own/{x}", who, allow_head=False)
        router.add_post("/own/{x}", who)
        assert router["own"] is own
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(f"{method} {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            head = await peer.head()
            status = int(head.split()[1])
            assert status == answer[0]
            if status == 405:
                assert b"\r\nAllow: " + answer[1] + b"\r\n" in head
            elif status == 200:
                assert await peer.exactly(len(answer[1])) == answer[1]
        assert ("/else" in own.asked) is False  # not below its fixed part

    run(main())


def test_a_resource_of_an_add_on_inside_applications(run: Run) -> None:
    async def main() -> None:
        seen: list[str] = []

        async def note(request: Request, handler: Handler) -> StreamResponse:
            seen.append(request.path)
            return await handler(request)

        top, sub, deep = (Application(middlewares=[note]) for _ in range(3))
        deep.router.register_resource(Own("/own", {"/own/x": own_handler}))
        deep.router.add_get("/plain", hello_apps)
        sub.add_subapp("/deep", deep)
        top.add_subapp("/sub", sub)
        async with serve(top) as connect:
            peer = await connect()
            for path, answer in [
                ("/sub/deep/own/x", (200, b"own yes")),
                ("/sub/deep/plain", (200, b"3")),
                ("/sub/deep/none", (404, b"404: Not Found")),
            ]:
                seen.clear()
                await peer.send(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                assert await peer.response() == answer
                assert seen == [path] * 3

    run(main())


async def hello_apps(request: Request) -> Response:
    return Response(text=str(len(request.match_info.apps)))


# A replaced ``resolve``, as by instrumentation.


def test_a_replaced_resolve_is_asked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    original = UrlDispatcher.resolve

    async def resolve(self: UrlDispatcher, request: Request) -> AbstractMatchInfo:
        info = await original(self, request)
        seen.append(f"{request.path} {getattr(info, 'route', None)!r}"[:20])
        return info

    async def main() -> None:
        app, sub = Application(), Application()
        app.router.add_get("/x", hello_apps)
        sub.router.add_get("/y", hello_apps)
        app.add_subapp("/sub", sub)
        monkeypatch.setattr(UrlDispatcher, "resolve", resolve)
        async with serve(app) as connect:
            peer = await connect()
            for path, answer in [
                ("/x", (200, b"1")),
                ("/sub/y", (200, b"2")),
                ("/z", (404, b"404: Not Found")),
            ]:
                await peer.send(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                assert await peer.response() == answer

    run(main())
    # The one of the sub-application too.
    assert [line.split()[0] for line in seen] == ["/x", "/sub/y", "/sub/y", "/z"]


def test_a_subclass_may_resolve_in_its_own_way(run: Run) -> None:
    class Mine(UrlDispatcher):
        async def resolve(self, request: Request) -> UrlMappingMatchInfo:
            if request.path == "/mine":
                return UrlMappingMatchInfo({}, route)
            return await super().resolve(request)

    async def main() -> None:
        app = Application()
        app._router = Mine()
        app.router.add_get("/x", hello_apps)
        async with serve(app) as connect:
            peer = await connect()
            for path in ("/mine", "/x"):
                await peer.send(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                assert await peer.response() == (200, b"1")

    route = Application().router.add_get("/r", hello_apps)
    run(main())


class Own404(AbstractMatchInfo):
    """A match info of an add-on, without a route."""

    http_exception = None

    def __init__(self) -> None:
        self._around: tuple[object, ...] = ()

    async def handler(self, request: Request) -> Response:
        return Response(text=f"{len(self._around)} {request.app is self._around[0]}")

    async def expect_handler(self, request: Request) -> None:
        return None

    def get_info(self) -> RouteInfo:
        return {}

    @property
    def apps(self) -> tuple[Any, ...]:
        return self._around

    def add_app(self, app: object) -> None:
        self._around = (app, *self._around)

    def freeze(self) -> None:
        pass


def test_a_match_info_of_an_add_on(run: Run) -> None:
    class Catch(Own):
        async def resolve(self, request: Request) -> tuple[AbstractMatchInfo | None, set[str]]:
            assert request.client_max_size == 7
            return Own404(), set()

    async def read(request: Request, handler: Handler) -> StreamResponse:
        assert request.client_max_size == 7
        return await handler(request)

    async def main() -> None:
        app = Application(middlewares=[read], client_max_size=7)
        app.router.register_resource(Catch("/", {}))
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
            assert await peer.response() == (200, b"1 True")

    run(main())


def test_resolving_raises_nothing_and_leaves_nothing(request_to: RequestTo) -> None:
    """GHSA-27mf (CVE-2024-52303): no cache keeps paths that are not found or not allowed."""
    app = Application()
    app.router.add_get("/{x}", handler)
    app.freeze()

    async def ask() -> None:
        for number in range(100):
            info = await app.router.resolve(request_to("GET", f"/none/{number}"))
            assert isinstance(info, MatchInfoError)
            assert isinstance(info.http_exception, HTTPNotFound)
            assert repr(info) == "<MatchInfoError 404: Not Found>"
            info = await app.router.resolve(request_to("POST", f"/{number}"))
            assert info.http_exception is not None
            assert info.http_exception.status == 405

    asyncio.run(ask())
    assert app._chains == {}
    assert [len(owner) for owner in (app.router._owners, app.router._named)] == [0, 0]


def test_routes_made_per_request_do_not_stay(run: Run) -> None:
    async def main() -> None:
        app = Application()
        app.router.add_get("/plain", handler)
        app.router.register_resource(Own("/own", {"/own/x": own_handler}))
        async with serve(app) as connect:
            peer = await connect()
            for path in ("/own/x", "/plain", "/own/x", "/plain"):
                await peer.send(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                assert (await peer.response())[0] == 200
        assert [route.get_info() for route in app._chains] == [{"path": "/plain"}]

    run(main())


def test_requests_that_are_not_found_make_nothing_that_stays(run: Run) -> None:
    """The same with middlewares."""

    async def through(request: Request, handler: Handler) -> StreamResponse:
        return await handler(request)

    async def main() -> None:
        app = Application(middlewares=[through])
        app.router.add_get("/{x}", handler)
        async with serve(app) as connect:
            peer = await connect()
            for number in range(20):
                await peer.send(f"GET /none/{number} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                assert (await peer.response())[0] == 404
                await peer.send(f"PUT /{number} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                assert (await peer.response())[0] == 405
            assert app._chains == {}
            await peer.send(b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await peer.response())[0] == 200
            assert len(app._chains) == 1

    run(main())


# OPTIONS.


@pytest.mark.parametrize(
    ("top_answers", "sub_answers", "path", "status"),
    [
        (False, False, "/x", 405),
        (True, False, "/x", 204),
        (True, False, "/sub/y", 204),  # an application answers for those in it
        (False, True, "/sub/y", 204),
        (False, True, "/x", 405),
        (True, True, "/own", 200),
        (True, True, "/none", 404),
    ],
)
def test_automatic_options(
    run: Run, top_answers: bool, sub_answers: bool, path: str, status: int
) -> None:
    seen: list[str] = []

    async def note(request: Request, handler: Handler) -> StreamResponse:
        seen.append(request.method)
        return await handler(request)

    async def main() -> None:
        app = Application(auto_options=top_answers, middlewares=[note])
        sub = Application(auto_options=sub_answers)
        app.router.add_get("/x", handler)
        app.router.add_post("/x", handler)
        app.router.add_options("/own", handler)
        sub.router.add_get("/y", handler)
        app.add_subapp("/sub", sub)
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(f"OPTIONS {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            head = await peer.head()
            assert int(head.split()[1]) == status
            if status == 204:
                methods = b"GET,HEAD,OPTIONS,POST" if path == "/x" else b"GET,HEAD,OPTIONS"
                assert b"\r\nAllow: " + methods + b"\r\n" in head

    run(main())
    assert seen == ["OPTIONS"]


# Wrong use.


def test_views_of_resources_and_routes() -> None:
    router = Application().router
    route = router.add_get("/a", handler)
    for view, item in [(router.resources(), route.resource), (router.routes(), route)]:
        assert isinstance(view, Collection)
        assert item in view
        assert len(view) == len(list(view)) > 0
    assert router.NAME_SPLIT_RE.split("a.b:c-d") == ["a", "b", "c", "d"]
    assert {router: 1}[router] == 1
    assert router != Application().router
    assert bool(router)
    assert repr(router) == "<UrlDispatcher (1 resources)>"
    router.add_get("/n", handler, name="n")
    assert dict(router.named_resources()) == {"n": router["n"]} == dict(router)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda r: r.add_get("/{a", handler), ValueError, r"'/\{a'"),
        (lambda r: r.add_get("/a}", handler), ValueError, "'/a}'"),
        (lambda r: r.add_get("/{a}/{a}", handler), ValueError, "'a'"),
        (lambda r: r.add_get("/{a:(}", handler), ValueError, "Bad pattern"),
        (lambda r: r.add_get("a", handler), ValueError, "'/a'"),
        (lambda r: r.add_get(b"/a", handler), TypeError, "b'/a'"),
        (lambda r: r.add_route("GE T", "/a", handler), ValueError, "'GE T'"),
        (lambda r: r.add_route(7, "/a", handler), TypeError, "not 7"),
        (lambda r: r.add_get("/a", handler, name="a b"), ValueError, "'a b'"),
        (lambda r: r.add_get("/a", handler, name="class"), ValueError, "keyword"),
        (lambda r: r.add_get("/b", handler, name="taken"), ValueError, "Duplicate 'taken'.*'/b'"),
        (lambda r: r.add_get("/taken", handler, name="taken"), RuntimeError, "never be executed"),
        (lambda r: r.add_route("get", "/star", handler), RuntimeError, "method \\*"),
        (lambda r: r.register_resource("/a"), TypeError, "AbstractResource.*'/a'"),
        (lambda r: r.add_routes(get("/a", handler)), TypeError, r"\[<RouteDef GET /a"),
        (lambda r: r.add_routes([handler]), TypeError, r"web\.get"),
        (lambda r: r.add_get("/a", handler, middlewares=handler), TypeError, "into a list"),
        (lambda r: r.add_get("/a", handler, middlewares=["m"]), TypeError, "/a is 'm'"),
        (lambda r: r.add_get("/a", handler, client_max_size="1"), TypeError, "'1'"),
        (lambda r: r.add_get("/a", handler, client_max_size=-1), ValueError, "-1: give 0"),
        (lambda r: r.add_get("/a", handler, expect_handler=3), TypeError, "got 3"),
    ],
    ids=range(21),
)
def test_wrong_use(
    wrong: Callable[[UrlDispatcher], object], error: type[Exception], message: str
) -> None:
    router = Application().router
    # The last one added is what an equal path adds to.
    if "taken" in message or "never" in message:
        router.add_get("/taken", handler, name="taken")
    else:
        router.add_route("*", "/star", handler)
    with pytest.raises(error, match=message):
        wrong(router)


def test_a_route_after_the_start() -> None:
    app = Application()
    resource = app.router.add_resource("/a")
    app.freeze()
    with pytest.raises(RuntimeError, match="'/late' comes after"):
        app.router.add_get("/late", handler)
    with pytest.raises(RuntimeError, match=r"Cannot add GET with middlewares to '/a'.*started"):
        resource.add_route("GET", handler, middlewares=[through])
    assert isinstance(app.router.match("GET", "/a"), NotFound)
    route = resource.add_route("GET", handler)
    found = app.router.match("GET", "/a")
    assert isinstance(found, Match)
    assert found.handler is route
