"""Applications as others build on them: options, subclasses, instrumentation, routes' settings."""

import asyncio
import warnings
from collections.abc import Awaitable, Callable
from types import EllipsisType
from typing import Any

import pytest

from testkit import Run, hello, serve
from treadle_responses import AppKey, HTTPNotFound, Response, StreamResponse
from treadle_server import (
    Application,
    Handler,
    Middleware,
    Request,
    RouteTableDef,
    UrlDispatcher,
    get,
    post,
)


async def fail(request: Request) -> Response:
    raise OSError("secret")


async def read(request: Request) -> Response:
    return Response(text=f"{len(await request.read())} of {request.client_max_size}")


def ask(run: Run, app: Application, data: bytes, **options: Any) -> tuple[int, bytes]:
    answers: list[tuple[int, bytes]] = []

    async def main() -> None:
        async with serve(app, **options) as connect:
            peer = await connect()
            await peer.send(data)
            answers.append(await peer.response())

    run(main())
    return answers[0]


GET = b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n"


# Options.


@pytest.mark.parametrize("name", ["loop", "router", "debug"])
def test_deprecated_arguments(name: str) -> None:
    loop, router = asyncio.new_event_loop(), UrlDispatcher()
    values: dict[str, Any] = {"loop": loop, "router": router, "debug": True}
    with pytest.warns(DeprecationWarning, match=f"{name} argument is deprecated: ") as warned:
        app = Application(**{name: values[name]})
    assert [warning.filename for warning in warned] == [__file__]
    assert (app._loop is loop) is (name == "loop")
    assert (app.router is router) is (name == "router")
    assert (app._debug is True) is (name == "debug")
    loop.close()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"middlewares": hello}, TypeError, "put it into a list"),
        ({"middlewares": ["m"]}, TypeError, "of the application is 'm'"),
        ({"client_max_size": "1M"}, TypeError, "not '1M'"),
        ({"client_max_size": -1}, ValueError, "give 0 for no limit"),
    ],
)
def test_wrong_options(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Application(**options)


def test_a_middleware_that_is_none_is_told_at_once() -> None:
    app = Application()
    with pytest.raises(TypeError, match="of the application is 'm'"):
        app.middlewares.append("m")  # type: ignore[arg-type]  # the mistake under test
    assert app.middlewares == []


@pytest.mark.parametrize(
    ("debug", "handler_args", "option", "shown"),
    [
        (..., None, None, False),
        (True, None, None, True),
        (True, None, False, True),
        (False, None, True, False),
        (..., {"debug": True}, None, True),
        (True, {"debug": False}, None, False),
        (..., None, True, True),
        (None, None, True, False),
    ],
)
def test_debug(
    run: Run,
    debug: bool | EllipsisType | None,
    handler_args: dict[str, Any] | None,
    option: bool | None,
    shown: bool,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app = Application(debug=debug, handler_args=handler_args)
    app.router.add_get("/x", fail)
    status, body = ask(run, app, GET, **({} if option is None else {"debug": option}))
    assert status == 500
    assert (b"secret" in body) is shown


def test_debug_is_the_loops_if_nothing_is_said() -> None:
    async def tell(on: bool) -> bool:
        asyncio.get_running_loop().set_debug(on)
        with pytest.warns(DeprecationWarning, match="debug property is deprecated"):
            return Application().debug

    assert asyncio.run(tell(True))
    assert not asyncio.run(tell(False))
    with pytest.warns(DeprecationWarning, match="debug property"):
        assert Application().debug in {True, False}


# What instrumentation does.


def test_handle_may_be_replaced(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Sentry does: on the class, called with the application and the request."""
    seen: list[str] = []
    original = Application._handle

    async def handle(self: Application, request: Request) -> StreamResponse:
        seen.append(request.path)
        try:
            return await original(self, request)
        except Exception as error:
            seen.append(type(error).__name__)
            raise

    monkeypatch.setattr(Application, "_handle", handle)
    app = Application()
    app.router.add_get("/x", hello)
    assert ask(run, app, GET) == (200, b"hello")
    app = Application()
    assert ask(run, app, GET)[0] == 404
    assert seen == ["/x", "/x", "HTTPNotFound"]


@pytest.mark.filterwarnings("ignore:Inheritance class Traced")
def test_a_subclass_may_handle_and_insert_middlewares(run: Run) -> None:
    """As OpenTelemetry does: the list is taken, changed and passed on."""
    seen: list[str] = []

    async def trace(request: Request, handler: Handler) -> StreamResponse:
        seen.append(request.match_info.route.method)
        return await handler(request)

    class Traced(Application):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            middlewares = kwargs.pop("middlewares", [])
            middlewares.insert(0, trace)
            kwargs["middlewares"] = middlewares
            super().__init__(*args, **kwargs)

        def _handle(self, request: Request) -> Awaitable[StreamResponse]:
            seen.append("handle")
            return super()._handle(request)

    app = Traced()
    app.router.add_get("/x", hello)
    assert ask(run, app, GET) == (200, b"hello")
    assert seen == ["handle", "GET"]


def test_before_the_start_middlewares_run_too() -> None:
    """Tests of others call ``_handle`` without a server."""
    app = Application()
    assert not app.frozen
    assert app._run_middlewares
    assert not app._calls_directly
    app.freeze()
    app.freeze()
    assert app.frozen
    assert app.pre_frozen
    assert app._calls_directly


# Routes' own settings.


def tag(name: str) -> Middleware:
    async def add_tag(request: Request, handler: Handler) -> StreamResponse:
        assert getattr(handler, "__name__", "") == "hello"
        response = await handler(request)
        response.headers["X-Tags"] = response.headers.get("X-Tags", "") + name
        return response

    return add_tag


def test_middlewares_of_a_route(run: Run) -> None:
    routes = RouteTableDef()
    routes.get("/table", middlewares=[tag("a"), tag("b")])(hello)

    async def main() -> None:
        app = Application(middlewares=[tag("m")])
        bare = Application()
        for one in (app, bare):
            one.add_routes([get("/def", hello, middlewares=(tag("a"), tag("b")))])
            one.add_routes(routes)
            one.router.add_get("/get", hello, middlewares=iter([tag("a"), tag("b")]))
            one.router.add_route("GET", "/route", hello, middlewares=[tag("a"), tag("b")])
            one.router.add_resource("/resource").add_route(
                "GET", hello, middlewares=[tag("a"), tag("b")]
            )
            one.router.add_get("/none", hello)
        for one, tags in ((app, b"bam"), (bare, b"ba")):
            async with serve(one) as connect:
                peer = await connect()
                for path in ("def", "table", "get", "route", "resource"):
                    for method in ("GET", "HEAD") if path in {"get", "def"} else ("GET",):
                        await peer.send(f"{method} /{path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                        assert b"\r\nX-Tags: " + tags + b"\r\n" in await peer.head()
                        if method == "GET":
                            await peer.exactly(5)
                await peer.send(b"GET /none HTTP/1.1\r\nHost: h\r\n\r\n")
                assert (b"X-Tags: m" in await peer.head()) is (one is app)

    run(main())


@pytest.mark.parametrize(
    ("limit", "size", "answer"),
    [
        (None, 10, (200, b"10 of 10")),
        (None, 11, (413, b"")),
        (20, 20, (200, b"20 of 20")),
        (20, 21, (413, b"")),
        (5, 6, (413, b"")),
        (0, 2000, (200, b"2000 of 0")),
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_client_max_size_of_a_route(
    run: Run, inside: bool, limit: int | None, size: int, answer: tuple[int, bytes]
) -> None:
    app = Application(client_max_size=10)
    # What a sub-application says does not count, as with aiohttp; what its routes say does.
    part = Application(client_max_size=1) if inside else app
    part.add_routes([post("/x", read, client_max_size=limit)])
    path = b"/x"
    if inside:
        app.add_subapp("/sub", part)
        path = b"/sub/x"
    data = b"POST %b HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % (path, size)
    status, body = ask(run, app, data + b"x" * size)
    assert status == answer[0]
    if status == 200:
        assert body == answer[1]


def test_an_expectation_is_met_before_the_middlewares(run: Run) -> None:
    seen: list[str] = []

    async def note(request: Request, handler: Handler) -> StreamResponse:
        seen.append("middleware")
        return await handler(request)

    async def expect(request: Request) -> Response | None:
        seen.append(f"expect {request.app is sub} {len(request.match_info.apps)}")
        return None if "X-Good" in request.headers else Response(status=401)

    app, sub = Application(middlewares=[note]), Application()
    sub.router.add_get("/x", hello, expect_handler=expect)
    app.add_subapp("/sub", sub)

    async def main() -> None:
        async with serve(app) as connect:
            peer = await connect()
            head = b"GET /sub/x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
            await peer.send(head + b"\r\n")
            assert (await peer.response())[0] == 401
            await peer.send(head + b"X-Good: 1\r\n\r\n")
            assert (await peer.response()) == (200, b"hello")

    run(main())
    assert seen == ["expect True 2", "expect True 2", "middleware"]


@pytest.mark.parametrize("host", ["top.org", "sub.org"])
@pytest.mark.parametrize(
    ("expectation", "status"), [("100-continue", 200), ("something-else", 417)]
)
def test_expectations_without_a_handler_of_their_own(
    run: Run, host: str, expectation: str, status: int
) -> None:
    """Whether the matcher knows the route or ``resolve`` must be asked, as for a host."""
    app, sub = Application(), Application()
    app.router.add_get("/x", hello)
    sub.router.add_get("/x", hello)
    app.add_domain("sub.org", sub)
    data = f"GET /x HTTP/1.1\r\nHost: {host}\r\nExpect: {expectation}\r\n\r\n".encode()
    assert ask(run, app, data)[0] == status


def test_an_expect_handler_of_a_host_may_answer(run: Run) -> None:
    async def refuse(request: Request) -> Response:
        return Response(status=403, text=str(request.app is sub))

    app, sub = Application(), Application()
    sub.router.add_get("/x", hello, expect_handler=refuse)
    app.add_domain("h", sub)
    data = b"GET /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n"
    assert ask(run, app, data) == (403, b"True")


# One form of a path.


CHECKED = [
    # Target, what routing finds, ``request.path``.
    ("/t/../admin", "t/../admin", "/t/../admin"),
    ("/t/%2e%2e/admin", "t/../admin", "/t/../admin"),
    ("/t/%2E./admin", "t/../admin", "/t/../admin"),
    ("/./admin", "./admin", "/./admin"),
    ("//admin", "/admin", "//admin"),
    ("/t//admin", "t//admin", "/t//admin"),
    ("/admin%2Fx", "admin/x", "/admin/x"),
    ("/t%2F..%2Fadmin", "t/../admin", "/t/../admin"),
    ("/t/..%5Cadmin", "t/..\\admin", "/t/..\\admin"),
    ("/t/..\\admin", "t/..\\admin", "/t/..\\admin"),
    ("/%61dmin", "admin", "/admin"),
    ("/%2561dmin", "%61dmin", "/%61dmin"),
    ("/admin;x=1", "admin;x=1", "/admin;x=1"),
]


@pytest.mark.parametrize(("target", "found", "path"), CHECKED)
def test_a_check_on_one_form_of_a_path_holds_for_the_others(
    run: Run, target: str, found: str, path: str
) -> None:
    """Whatever was sent is neither shortened nor decoded twice, wherever one looks."""

    async def show(request: Request) -> Response:
        assert request.match_info["rest"] == found
        assert request.path == path
        assert request.raw_path == target
        assert request.rel_url.path == path
        assert request.rel_url.raw_path == target
        assert request.url.raw_path == target
        assert request.url.path == path
        assert str(request.url) == f"http://h{target}"
        return Response(text="seen")

    async def admin(request: Request) -> Response:
        # Who gets here has passed a check that looks at any form.
        assert request.path.startswith("/admin") == request.url.path.startswith("/admin") is True
        assert request.path.count("/") == 1
        return Response(text="admin")

    app = Application()
    app.add_routes([get("/admin", admin), get("/{rest:.*}", show)])
    expected = b"admin" if path == "/admin" else b"seen"
    if expected == b"admin":
        assert "%2F" not in target.upper()
    data = f"GET {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
    assert ask(run, app, data) == (200, expected)


@pytest.mark.parametrize("target", [entry[0] for entry in CHECKED])
def test_a_prefix_cannot_be_left_or_entered_by_encoding(run: Run, target: str) -> None:
    """A sub-application behind a check is reached only by paths that begin with its prefix."""
    inside: list[str] = []

    async def show(request: Request) -> Response:
        inside.append(request.path)
        return Response()

    app, sub = Application(), Application()
    sub.router.add_get("/{rest:.*}", show)
    sub.router.add_get("", show)
    app.add_subapp("/admin", sub)
    ask(run, app, f"GET {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    assert all(path == "/admin" for path in inside)
    assert bool(inside) is (target == "/%61dmin")


@pytest.mark.parametrize("target", ["admin", "?x", "@h/x", ".evil.com/x", ":80/x"])
def test_ghsa_c427_a_path_that_does_not_start_with_a_slash_is_refused(
    run: Run, target: str
) -> None:
    """Also starlette CVE-2026-48710 and -54282: it never becomes a part of ``request.url``."""
    app = Application()
    app.router.add_route("*", "/{path:.*}", hello)
    data = f"GET {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
    assert ask(run, app, data)[0] == 400


def typed(app: Application) -> None:
    """What a type checker has to take, and what it has to refuse."""
    get("/", hello, middlewares=[tag("x")], client_max_size=1)
    get("/", hello, middlewares=3)  # type: ignore[arg-type]  # not a list of functions
    get("/", hello, client_max_size="1")  # type: ignore[arg-type]  # not a number
    app.router.add_get("/", hello, middlewares=[tag("x")])
    app.router.add_get("/", hello, middlewares=[hello])  # type: ignore[list-item]  # takes no handler
    app.router.add_get("/", len)  # type: ignore[arg-type]  # no handler
    name: str = app[AppKey("name", str)]
    number: int = app[AppKey("name", str)]  # type: ignore[assignment]  # the key says str
    router: UrlDispatcher = app.router
    call: Callable[..., object] = router.resolve
    del name, number, call


# A response can be called, as an ASGI application; nothing of an application is one.
NO_FUNCTIONS: dict[str, Callable[[Application, Response], object]] = {
    "handler": lambda app, response: app.router.add_get("/", response),  # type: ignore[arg-type]  # what is tested
    "decorated": lambda _app, response: RouteTableDef().get("/")(response),  # type: ignore[type-var]  # as above
    "middleware": lambda _app, response: Application(middlewares=[response]),  # type: ignore[list-item]  # as above
    "receiver": lambda app, response: app.on_startup.append(response),  # type: ignore[arg-type]  # as above
    "cleanup": lambda app, response: app.cleanup_ctx.append(response),  # type: ignore[arg-type]  # as above
}


@pytest.mark.parametrize("name", NO_FUNCTIONS)
@pytest.mark.parametrize("response", [Response(), HTTPNotFound()], ids=["response", "exception"])
def test_a_response_is_no_function(run: Run, name: str, response: Response) -> None:
    async def main() -> None:
        app = Application()

        async def use() -> None:
            NO_FUNCTIONS[name](app, response)
            await app.startup()

        with pytest.raises(TypeError):
            await use()

    run(main())
