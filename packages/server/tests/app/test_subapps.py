"""Sub-applications: routes, state, order of signals and middlewares, and wrong use."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from yarl import URL

from testkit import Run, serve
from treadle_responses import AppKey, HTTPNotFound, Response, StreamResponse
from treadle_router import Match
from treadle_server import (
    AbstractRuleMatching,
    Application,
    AppRunner,
    Domain,
    Handler,
    MaskDomain,
    MatchedSubAppResource,
    Middleware,
    PrefixedSubAppResource,
    Request,
    RouteInfo,
    SystemRoute,
)

#: Makes a request that came over no connection.
RequestTo = Callable[..., Request]
NAME = AppKey("name", str)


async def hello(request: Request) -> Response:
    return Response(text=request.path)


def app(name: str, *paths: str, middlewares: tuple[Middleware, ...] = ()) -> Application:
    made = Application(middlewares=middlewares)
    made[NAME] = name
    for path in paths:
        made.router.add_get(path, hello)
    return made


def noting(seen: list[str]) -> Middleware:
    """Return a middleware that records the name of the current application."""

    async def note(request: Request, handler: Handler) -> StreamResponse:
        seen.append(request.app[NAME])
        return await handler(request)

    return note


def ask(method: str, path: str, host: str = "localhost") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def test_request_properties_inside_applications(run: Run) -> None:
    key = AppKey("key", str)

    async def show(request: Request) -> Response:
        config = request.config_dict
        info = request.match_info
        assert info.apps == (top, sub)
        assert info.current_app is request.app is sub
        assert (config[NAME], config[key], config.get("none"), "both" in config) == (
            "sub", "of top", None, True,
        )  # fmt: skip
        assert (config["both"], len(config), set(config)) == ("sub", 3, {NAME, key, "both"})
        info.current_app = top
        assert request.app is top
        assert request.config_dict["both"] == "top"
        with pytest.raises(RuntimeError, match="apps stack"):
            info.add_app(top)
        return Response(text=f"{request.client_max_size} {info['x']}")

    top, sub = Application(client_max_size=5), app("sub")
    top[key] = "of top"
    top["both"], sub["both"] = "top", "sub"
    sub.router.add_get("/{x}", show)
    top.add_subapp("/sub", sub)

    async def main() -> None:
        async with serve(top) as connect:
            peer = await connect()
            await peer.send(ask("GET", "/sub/y"))
            assert await peer.response() == (200, b"5 y")

    run(main())


def test_the_life_of_applications_inside(run: Run) -> None:
    """Signals of a sub-application come in the order of adding; contexts end before clean-up."""
    seen: list[str] = []

    def watch(app: Application) -> None:
        name = app[NAME]

        def note(what: str) -> Callable[[Application], Any]:
            async def receiver(given: Application) -> None:
                assert given is app
                seen.append(f"{what} {name}")

            return receiver

        async def context(given: Application) -> AsyncIterator[None]:
            seen.append(f"enter {given[NAME]}")
            yield
            seen.append(f"leave {given[NAME]}")

        app.cleanup_ctx.append(context)
        app.on_startup.append(note("start"))
        app.on_shutdown.append(note("shut"))
        app.on_cleanup.append(note("clean"))

    async def main() -> None:
        top, sub, other = app("top"), app("sub"), app("other")
        for one in (top, sub, other):
            watch(one)
        top.add_subapp("/sub", sub)
        top.add_domain("example.com", other)

        async def last(app: Application) -> None:
            seen.append("last start")

        top.on_startup.append(last)
        assert (sub.pre_frozen, sub.frozen, top.pre_frozen) == (True, False, False)
        sub["still"] = "open"
        runner = AppRunner(top)
        await runner.setup()
        assert sub.frozen
        assert top.frozen
        with pytest.warns(DeprecationWarning, match="state of started or joined application"):
            sub["late"] = 1
        await runner.cleanup()

    run(main())
    assert seen == [
        "enter top", "start top", "enter sub", "start sub", "enter other", "start other",
        "last start", "shut top", "shut sub", "shut other",
        "leave top", "clean top", "leave sub", "clean sub", "leave other", "clean other",
    ]  # fmt: skip


def test_a_failed_start_of_a_subapp_leaves_the_entered_contexts(run: Run) -> None:
    seen: list[str] = []

    async def good(app: Application) -> AsyncIterator[None]:
        yield
        seen.append(f"left {app[NAME]}")

    async def bad(app: Application) -> AsyncIterator[None]:
        raise OSError("no database")
        yield

    async def main() -> None:
        top, sub, never = app("top"), app("sub"), app("never")
        top.cleanup_ctx.append(good)
        sub.cleanup_ctx.extend([good, bad])
        never.cleanup_ctx.append(good)
        top.add_subapp("/sub", sub)
        top.add_subapp("/never", never)
        runner = AppRunner(top)
        with pytest.raises(OSError, match="no database"):
            await runner.setup()
        await runner.cleanup()

    run(main())
    assert seen == ["left top", "left sub"]


# URLs and looking.


def test_urls_have_all_prefixes() -> None:
    top, sub, deep = app("top"), app("sub"), app("deep")
    sub.router.add_get("/a/{x}", hello, name="a")
    deep.router.add_get("/b", hello, name="b")
    deep.router.add_get("", hello, name="bare")
    resource = sub.add_subapp("/deep/", deep)
    assert deep.router["b"].url_for() == URL("/deep/b")
    outer = top.add_subapp("/é", sub)
    assert deep.router["b"].url_for() == URL("/é/deep/b")
    assert deep.router["bare"].url_for() == URL("/é/deep")
    assert sub.router["a"].url_for(x=1) == URL("/é/a/1")
    assert (resource.canonical, outer.canonical) == ("/%C3%A9/deep", "/%C3%A9")
    assert resource.get_info() == {"app": deep, "prefix": "/%C3%A9/deep"}
    assert isinstance(resource, PrefixedSubAppResource)
    assert repr(resource).startswith("<PrefixedSubAppResource /%C3%A9/deep -> <Application 0x")
    assert resource.name is None
    assert len(outer) == len(list(outer)) == 6
    assert len(top.router.routes()) == 6
    assert top.router.resources() == (outer,)
    assert list(top.router) == []
    assert not outer.raw_match("/é")
    with pytest.raises(RuntimeError, match=r"subapp\.router\[name\]"):
        outer.url_for()
    assert top._subapps == [sub]


def test_a_prefix_may_have_variables(run: Run) -> None:
    async def show(request: Request) -> Response:
        return Response(text=repr(dict(request.match_info)))

    async def main() -> None:
        top, sub = app("top", "/fixed/x"), app("sub")
        sub.router.add_get("/{x}", show, name="x")
        top.add_subapp("/{tenant}", sub)
        assert sub.router["x"].url_for(tenant="t", x="1") == URL("/t/1")
        async with serve(top) as connect:
            peer = await connect()
            await peer.send(ask("GET", "/t/1") + ask("GET", "/fixed/x"))
            assert await peer.response() == (200, b"{'tenant': 't', 'x': '1'}")
            assert await peer.response() == (200, b"/fixed/x")

    run(main())


# Hosts.


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        ("example.com", "/host", 200),
        ("EXAMPLE.com:81", "/host", 200),
        ("example.com", "/top", 404),  # the host's application decides alone
        ("a.example.com", "/mask", 200),
        ("a.example.com", "/host", 404),
        ("other.org", "/top", 200),
        ("other.org", "/host", 404),
        ("other.org:8080", "/port", 200),
        ("other.org:8081", "/port", 404),
    ],
)
def test_domains(run: Run, host: str, path: str, status: int) -> None:
    async def main() -> None:
        seen: list[str] = []
        top = app("top", "/top", middlewares=(noting(seen),))
        for rule, where in [
            ("example.com", "/host"),
            ("*.Example.com", "/mask"),
            ("other.org:8080", "/port"),
        ]:
            resource = top.add_domain(rule, app(rule, where, middlewares=(noting(seen),)))
            found = resource.get_info()["rule"]
            assert isinstance(found, AbstractRuleMatching)
            assert found.get_info() == {"domain": rule.lower()}
            assert repr(resource).startswith("<MatchedSubAppResource -> ")
        async with serve(top) as connect:
            peer = await connect()
            await peer.send(ask("GET", path, host))
            assert (await peer.response())[0] == status
        assert seen[0] == "top"
        assert seen[1:] in ([], ["example.com"], ["*.Example.com"], ["other.org:8080"])

    run(main())


def test_a_prefix_with_variables_around_a_domain(request_to: RequestTo) -> None:
    """The ``resolve`` of the sub-application is asked, and must respect the prefix."""
    top, sub, host = app("top", "/a/x"), app("sub", "/x"), app("host", "/x")
    sub.add_domain("example.com", host)
    top.add_subapp("/{tenant}/in", sub)
    top.freeze()

    async def ask(path: str, name: str) -> tuple[object, ...]:
        info = await top.router.resolve(request_to("GET", path, name))
        error = info.http_exception
        return (*info.apps, None if error is None else error.status)

    assert asyncio.run(ask("/t/in/x", "example.com")) == (sub, host, None)
    assert asyncio.run(ask("/t/in/y", "example.com")) == (sub, host, 404)
    assert asyncio.run(ask("/t/in/x", "other.org")) == (sub, None)
    assert asyncio.run(ask("/t/out/x", "other.org")) == (404,)
    assert asyncio.run(ask("/a/x", "example.com")) == (None,)
    resource = next(iter(sub.router.resources()[1:]))
    assert resource.get_info()["app"] is host
    assert bool(resource)


def test_rules_of_an_add_on(run: Run) -> None:
    class Tunnel(AbstractRuleMatching):
        canonical = "tunnel"

        async def match(self, request: Request) -> bool:
            await asyncio.sleep(0)
            return "X-Tunnel" in request.headers

        def get_info(self) -> RouteInfo:
            return {}

    async def main() -> None:
        top = app("top", "/x")
        top.router.register_resource(MatchedSubAppResource(Tunnel(), app("sub", "/y")))
        async with serve(top) as connect:
            peer = await connect()
            await peer.send(ask("GET", "/x"))
            assert (await peer.response())[0] == 200
            await peer.send(b"GET /y HTTP/1.1\r\nHost: h\r\nX-Tunnel: 1\r\n\r\n")
            assert (await peer.response())[0] == 200

    run(main())


def test_a_domain_inside_a_prefix(request_to: RequestTo) -> None:
    top, sub, host = app("top"), app("sub", "/x"), app("host", "/x")
    sub.add_domain("example.com", host)
    top.add_subapp("/sub", sub)
    top.freeze()

    async def apps(name: str) -> tuple[object, ...]:
        info = await top.router.resolve(request_to("GET", "/sub/x", name))
        assert info.http_exception is None
        return info.apps

    assert asyncio.run(apps("example.com")) == (sub, host)
    assert asyncio.run(apps("other.org")) == (sub,)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Domain(3), TypeError, "Domain must be str, not 3"),  # type: ignore[arg-type]  # the mistake
        (lambda: Domain(""), ValueError, "Domain cannot be empty"),
        (lambda: Domain("..."), ValueError, "Domain cannot be empty"),
        (lambda: Domain("http://x.org"), ValueError, "Scheme not supported"),
        (lambda: Domain("a_b"), ValueError, "Domain not valid: 'a_b'"),
        (lambda: Domain("*.x.org"), ValueError, "Domain not valid.*MaskDomain"),
        (
            lambda: MatchedSubAppResource("x.org", Application()),  # type: ignore[arg-type]  # the mistake
            TypeError,
            "AbstractRuleMatching",
        ),
    ],
)
def test_wrong_rules(make: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
    assert repr(Domain("X.org")) == "<Domain x.org>"
    assert MaskDomain("*.x.org").get_info() == {"domain": "*.x.org"}
    assert MaskDomain("x.org").match_domain("x.org:80")
    assert re.fullmatch(MaskDomain("*.x.org").canonical, "www.x.org:80")


# Wrong use.


def test_wrong_prefixes() -> None:
    top = app("top")
    for prefix, error, message in [
        (3, TypeError, "Prefix must be str, not 3"),
        ("", ValueError, "Prefix cannot be empty, as '' is"),
        ("/", ValueError, "Prefix cannot be empty, as '/' is"),
        ("api", ValueError, "'/api', not 'api'"),
        ("/{bad", ValueError, "/{bad"),
    ]:
        with pytest.raises(error, match=message):
            top.add_subapp(prefix, app("sub"))  # type: ignore[arg-type]  # the mistakes under test
    with pytest.raises(TypeError, match="Domain must be str, not None"):
        top.add_domain(None, app("sub"))  # type: ignore[arg-type]  # the mistake under test


def test_applications_in_wrong_places() -> None:
    top, sub = app("top"), app("sub")
    with pytest.raises(TypeError, match=r"must be a web\.Application, not 'sub'"):
        top.add_subapp("/x", "sub")  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(TypeError, match=r"must be a web\.Application"):
        PrefixedSubAppResource("/x", top.router)  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(RuntimeError, match="to itself"):
        top.add_subapp("/x", top)
    top.add_subapp("/sub", sub)
    with pytest.raises(RuntimeError, match=r"is part of .* already"):
        top.add_subapp("/again", sub)
    with pytest.raises(RuntimeError, match="frozen application"):
        sub.add_subapp("/top", top)
    for change in (
        lambda: sub.router.add_get("/late", hello),
        lambda: sub.middlewares.append(noting([])),
        lambda: sub.on_startup.append(lambda app: None),  # type: ignore[arg-type, return-value]  # refused before that
    ):
        with pytest.raises(RuntimeError, match=r"frozen|after the application"):
            change()
    done = app("done")
    done.freeze()
    with pytest.raises(RuntimeError, match=r"Cannot add frozen application .*started"):
        top.add_subapp("/done", done)
    top.freeze()
    with pytest.raises(RuntimeError, match="to frozen application: add"):
        top.add_subapp("/late", app("late"))


def test_an_application_inside_one_that_contains_it() -> None:
    top, sub, deep = app("top"), app("sub"), app("deep")
    sub._parent, deep._parent = top, sub  # as they would be, were they not frozen then
    with pytest.raises(RuntimeError, match="to itself, or into what it contains"):
        deep.add_subapp("/x", top)


# Cost.


def test_a_route_of_a_subapplication_costs_as_much_as_any_other() -> None:
    """At any depth it is in the one matcher of the outermost application."""
    top = app("top", "/plain/x/y/z", "/one/{a}/{b}/{c}")
    inner = app("inner", "/x/y/z", "/{a}/{b}/{c}")
    for _ in range(5):
        outer = app("outer")
        outer.add_subapp("/p", inner)
        inner = outer
    top.add_subapp("/p", inner)
    top.freeze()
    match = top.router.match
    assert match.__self__ is not top.router  # type: ignore[attr-defined]  # the matcher's own method

    def cost(path: str) -> float:
        assert isinstance(match("GET", path), Match)
        best = 1.0
        for _ in range(7):
            start = time.perf_counter()
            for _ in range(1000):
                match("GET", path)
            best = min(best, time.perf_counter() - start)
        return best

    deep = "/p" * 6
    assert cost(f"{deep}/x/y/z") < 3 * cost("/plain/x/y/z")
    # Six segments more to walk.
    assert cost(f"{deep}/1/2/3") < 4 * cost("/one/1/2/3")


@pytest.mark.parametrize(
    "path", ["/p" * 20_000, "/p/" + "%2F" * 20_000, "/" * 20_000, "/p/" + "x/" * 20_000]
)
def test_hostile_paths_are_linear(path: str) -> None:
    top = app("top")
    inner = app("inner", "/{a}/{b:.*}/x")
    for _ in range(20):
        outer = app("outer", "/{any}/x")
        outer.add_subapp("/p", inner)
        inner = outer
    top.add_subapp("/p", inner)
    top.freeze()

    def cost(path: str) -> float:
        best = 10.0
        for _ in range(3):
            start = time.perf_counter()
            top.router.match("GET", path)
            best = min(best, time.perf_counter() - start)
        return best

    top.router.match("GET", path)
    assert cost(path) < 20 * cost(path[: len(path) // 4]) + 0.01


def test_the_route_of_a_path_that_is_not_found(request_to: RequestTo) -> None:
    top, sub = app("top"), app("sub")
    top.add_subapp("/sub", sub)
    info = asyncio.run(top.router.resolve(request_to("GET", "/sub/x")))
    assert isinstance(info.http_exception, HTTPNotFound)
    assert info.apps == (sub,)
    assert isinstance(getattr(info, "route", None), SystemRoute)
