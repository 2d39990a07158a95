"""Applications: routing, requests, middlewares, signals, state and life cycle."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from yarl import URL

from testkit import Run, each_loop, serve
from treadle_responses import (
    AppKey,
    HTTPFound,
    RequestKey,
    Response,
    StreamResponse,
    json_response,
)
from treadle_server import (
    Application,
    AppRunner,
    ChainMapProxy,
    CleanupError,
    Handler,
    Middleware,
    Request,
    RouteTableDef,
    UrlMappingMatchInfo,
    View,
    get,
    middleware,
    post,
    route,
    view,
)


async def hello(request: Request) -> Response:
    return Response(text="Hello, world")


async def show_path(request: Request) -> Response:
    return json_response(dict(request.match_info))


def request_for(path: str, method: str = "GET", body: bytes = b"", headers: str = "") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return (
        f"{method} {path} HTTP/1.1\r\nHost: example.org:81\r\n{length}{headers}\r\n".encode() + body
    )


# Routing.


@pytest.mark.parametrize(
    ("path", "target", "values"),
    [
        ("/a/{name}/c", "/a/b/c", {"name": "b"}),
        ("/u/{name}", "/u/%C3%A9%2Fq%25", {"name": "é/q%"}),
        (r"/n/{n:\d+}", "/n/42?x=1", {"n": "42"}),
        ("/t/{tail:.*}", "/t/../g", {"tail": "../g"}),
        ("/{a}/{b}", "/1/2", {"a": "1", "b": "2"}),
    ],
)
def test_match_info_is_strings(run: Run, path: str, target: str, values: dict[str, str]) -> None:
    async def main() -> None:
        app = Application()
        app.add_routes([get(path, show_path)])
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(request_for(target))
            status, body = await peer.response()
            assert (status, json.loads(body)) == (200, values)

    run(main())


def test_404_and_405_without_middlewares(run: Run) -> None:
    async def main() -> None:
        app = Application()
        app.add_routes([get("/a", hello), post("/a", hello), get("/b", hello, allow_head=False)])
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(request_for("/nowhere"))
            assert await peer.response() == (404, b"404: Not Found")
            await peer.send(request_for("/a", "DELETE"))
            head = await peer.head()
            assert head.startswith(b"HTTP/1.1 405 ")
            assert b"\r\nAllow: GET,HEAD,POST\r\n" in head
            await peer.reader.readexactly(len(b"405: Method Not Allowed"))
            await peer.send(request_for("/b", "HEAD"))
            assert b"\r\nAllow: GET\r\n" in await peer.head()

    run(main())


@pytest.mark.parametrize(
    ("line", "status"),
    [("OPTIONS * HTTP/1.1", b"204"), ("CONNECT h:80 HTTP/1.1", b"501")],
)
def test_targets_that_are_no_path(run: Run, line: str, status: bytes) -> None:
    async def main() -> None:
        app = Application()
        app.add_routes([get("/a", hello)])
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(f"{line}\r\nHost: h\r\n\r\n".encode())
            head = await peer.head()
            assert head.split(b" ")[1] == status
            assert (b"Allow: GET,HEAD,OPTIONS" in head) == (status == b"204")

    run(main())


def test_view_dispatches_and_lists_its_methods(run: Run) -> None:
    class Page(View):
        async def get(self) -> Response:
            return Response(text=f"get {self.request.path}")

        async def patch(self) -> Response:
            return Response(text="patch")

    async def main() -> None:
        app = Application()
        app.add_routes([view("/v", Page)])
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(request_for("/v") + request_for("/v", "PATCH"))
            assert await peer.response() == (200, b"get /v")
            assert await peer.response() == (200, b"patch")
            await peer.send(request_for("/v", "PUT"))
            assert b"\r\nAllow: GET,PATCH\r\n" in await peer.head()

    run(main())


def test_names_lead_to_urls() -> None:
    app = Application()
    app.add_routes(
        [get("/", hello, name="root"), get("/{user}/info", hello, name="user-info")],
    )
    router = app.router
    assert router["root"].url_for().with_query({"a": "b"}) == URL("/?a=b")
    assert router["user-info"].url_for(user="john doe") == URL("/john%20doe/info")
    assert sorted(router) == ["root", "user-info"]
    assert len(router) == 2
    assert "root" in router
    assert "other" not in router
    with pytest.raises(KeyError):
        router["other"]
    with pytest.raises(KeyError, match="user"):
        router["user-info"].url_for()


def test_resources_and_routes_can_be_listed() -> None:
    app = Application()
    app.add_routes([get("/a", hello), post("/a", hello), get("/{b}", hello, name="b")])
    assert [resource.canonical for resource in app.router.resources()] == ["/a", "/{b}"]
    assert [route.method for route in app.router.routes()] == ["HEAD", "GET", "POST", "HEAD", "GET"]
    assert app.router["b"].get_info()["formatter"] == "/{b}"
    assert app.router.resources()[0].get_info() == {"path": "/a"}


def test_route_tables_collect_handlers() -> None:
    routes = RouteTableDef()

    @routes.get("/a", name="a")
    @routes.post("/b")
    async def both(request: Request) -> Response:
        return Response()

    app = Application()
    assert len(app.add_routes(routes)) == 2
    assert app.router["a"].canonical == "/a"


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        ("hello", "not 'hello'"),
        (None, "not None"),
    ],
)
def test_handlers_are_checked_when_they_are_added(handler: object, message: str) -> None:
    app = Application()
    with pytest.raises(TypeError, match=message):
        app.add_routes([get("/", handler)])  # type: ignore[arg-type]  # the mistake under test


def test_callable_objects_are_handlers(run: Run) -> None:
    class Callable_:
        async def __call__(self, request: Request) -> Response:
            return Response(text="called")

    async def main() -> None:
        app = Application()
        app.router.add_get("/", Callable_())
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(request_for("/"))
            assert await peer.response() == (200, b"called")

    run(main())


@pytest.mark.parametrize(
    ("add", "error"),
    [
        (lambda app: app.router.add_get("no-slash", hello), ValueError),
        (lambda app: app.router.add_get("/{bad", hello), ValueError),
        (lambda app: app.router.add_route("B@D", "/", hello), ValueError),
        (lambda app: app.router.add_get("/taken", hello, name="taken name"), ValueError),
        (
            lambda app: (app.router.add_get("/x", hello), app.router.add_get("/x", hello)),
            RuntimeError,
        ),
    ],
)
def test_wrong_routes_are_refused(
    add: Callable[[Application], object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        add(Application())


# Requests.


def ask(run: Run, handler: Handler, data: bytes) -> tuple[int, bytes]:
    answers: list[tuple[int, bytes]] = []

    async def main() -> None:
        app = Application()
        app.add_routes([route("*", "/{path:.*}", handler)])
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(data)
            answers.append(await peer.response())

    run(main())
    return answers[0]


def test_properties_of_a_request(run: Run) -> None:
    async def handler(request: Request) -> Response:
        assert request.method == "GET"
        assert request.path == "/a b/ü"
        assert request.raw_path == "/a%20b/%C3%BC?x=1&x=2&y=%26"
        assert request.path_qs == request.raw_path
        assert request.query.getall("x") == ["1", "2"]
        assert request.query["y"] == "&"
        assert request.query_string == "x=1&x=2&y=%26"
        assert request.rel_url == URL("/a%20b/%C3%BC?x=1&x=2&y=%26", encoded=True)
        assert str(request.url) == "http://example.org:81/a%20b/%C3%BC?x=1&x=2&y=%26"
        assert request.host == "example.org:81"
        assert request.scheme == "http"
        assert not request.secure
        assert request.version == (1, 1)
        assert request.remote == "127.0.0.1"
        assert request.headers["x-one"] == "1"
        assert request.headers.getall("X-Two") == ["2", "3"]
        assert (b"X-Two", b"3") in request.raw_headers
        assert dict(request.cookies) == {"a": "1", "b": "x y"}
        assert request.content_type == "text/plain"
        assert request.charset == "UTF-8"
        assert request.content_length is None
        assert not request.body_exists
        assert not request.can_read_body
        assert await request.read() == b""
        assert request.transport is not None
        assert request.get_extra_info("peername")[0] == "127.0.0.1"
        assert request.app.router is not None
        assert {request} == {request}
        return Response()

    data = request_for(
        "/a%20b/%C3%BC?x=1&x=2&y=%26",
        headers='X-One: 1\r\nX-Two: 2\r\nX-Two: 3\r\nCookie: a=0; a=1; b="x y"\r\n'
        "Content-Type: text/plain; charset=UTF-8\r\n",
    )
    assert ask(run, handler, data)[0] == 200


def test_url_and_routing_see_the_same_path(run: Run) -> None:
    """Both keep dot segments, so that a check on one also holds for the other."""

    async def handler(request: Request) -> Response:
        return Response(text=f"{request.match_info['path']} {request.url}")

    answer = ask(run, handler, request_for("/t/../g//x"))
    assert answer == (200, b"t/../g//x http://example.org:81/t/../g//x")


def test_absolute_form_names_the_host(run: Run) -> None:
    async def handler(request: Request) -> Response:
        return Response(text=f"{request.host} {request.raw_path} {request.url}")

    data = b"GET http://other.org:99/p?q HTTP/1.1\r\nHost: ignored\r\n\r\n"
    expected = b"other.org:99 /p?q http://other.org:99/p?q"
    assert ask(run, handler, data) == (200, expected)


BODIES = [
    ("read", b"\x00\xff", "", 200, "b'\\x00\\xff'"),
    ("text", "é".encode(), "", 200, "'é'"),
    ("text", "é".encode("latin-1"), "Content-Type: text/plain; charset=latin-1\r\n", 200, "'é'"),
    ("text", b"\xff", "", 400, "byte 0"),
    ("text", b"x", "Content-Type: text/plain; charset=klingon\r\n", 415, "charset"),
    ("json", b'{"a": [1]}', "", 200, "{'a': [1]}"),
    ("json", b'{"a": [1}', "", 400, "line 1, column 9"),
    ("json", b"", "", 400, "JSON"),
    ("json", b"[" * 100_000, "", 400, "JSON"),
    ("read", b"x" * 1_048_577, "", 413, "1048577"),
]


@pytest.mark.parametrize(
    ("method", "body", "headers", "status", "text"), BODIES, ids=range(len(BODIES))
)
def test_bodies(run: Run, method: str, body: bytes, headers: str, status: int, text: str) -> None:
    async def handler(request: Request) -> Response:
        value = await getattr(request, method)()
        assert await getattr(request, method)() == value
        return Response(text=repr(value))

    data = request_for("/", "POST", body, headers) if body else request_for("/", "POST")
    answer = ask(run, handler, data)
    assert answer[0] == status
    assert text in answer[1].decode()


FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
FORMS = [
    (
        b"a=1&b=two+words&a=%C3%A9&blank=",
        FORM,
        200,
        [["a", "1"], ["b", "two words"], ["a", "é"], ["blank", ""]],
    ),
    (b"a=1;b=2", FORM, 200, [["a", "1;b=2"]]),
    (b"", FORM, 200, []),
    (b"a=%E9", FORM[:-2] + "; charset=latin-1\r\n", 200, [["a", "é"]]),
    (b"a=%E9", FORM, 400, None),
    (b"a=1", FORM[:-2] + "; charset=klingon\r\n", 415, None),
    (b"a=1\r\n", FORM, 200, [["a", "1"]]),
    (b"&".join(b"a" for _ in range(1001)), FORM, 413, None),
    (b"a=1", "Content-Type: application/json\r\n", 200, []),
]


@pytest.mark.parametrize(("body", "headers", "status", "fields"), FORMS, ids=range(len(FORMS)))
def test_urlencoded_forms(
    run: Run, body: bytes, headers: str, status: int, fields: list[list[str]] | None
) -> None:
    async def handler(request: Request) -> Response:
        form = await request.post()
        assert await request.post() is form
        return json_response([list(item) for item in form.items()])

    answer = ask(run, handler, request_for("/", "POST", body, headers))
    assert answer[0] == status
    if fields is not None:
        assert json.loads(answer[1]) == fields


def test_state_of_a_request(run: Run) -> None:
    key = RequestKey("key", int)

    async def handler(request: Request) -> Response:
        request["name"] = 1
        request[key] = 2
        assert (request["name"], request[key], len(request), set(request)) == (
            1,
            2,
            2,
            {"name", key},
        )
        del request["name"]
        assert "name" not in request
        return Response()

    assert ask(run, handler, request_for("/"))[0] == 200


def test_early_hints(run: Run) -> None:
    async def handler(request: Request) -> Response:
        await request.send_informational(103, {"Link": "</s.css>; rel=preload"})
        with pytest.raises(ValueError, match="informational"):
            await request.send_informational(200)
        return Response()

    async def main() -> None:
        app = Application()
        app.add_routes([get("/", handler)])
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(request_for("/"))
            assert await peer.head() == (
                b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n"
            )
            assert (await peer.response())[0] == 200
            old = await connect()
            answer = await old.ask(b"GET / HTTP/1.0\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")

    run(main())


# Middlewares and signals.


def test_middlewares_wrap_from_outside_in_and_see_404s(run: Run) -> None:
    def tag(name: str) -> Middleware:
        @middleware
        async def add_tag(request: Request, handler: Handler) -> StreamResponse:
            response = await handler(request)
            response.headers["X-Tags"] = response.headers.get("X-Tags", "") + name
            return response

        return add_tag

    async def catch(request: Request, handler: Handler) -> StreamResponse:
        try:
            return await handler(request)
        except HTTPFound:
            raise
        except Exception as error:  # noqa: BLE001  # whatever comes is shown
            return Response(text=f"caught {error!r}")

    async def moved(request: Request) -> Response:
        raise HTTPFound("/elsewhere")

    async def main() -> None:
        app = Application(middlewares=[tag("1"), tag("2"), catch])
        app.add_routes([get("/", hello), get("/moved", moved)])
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(request_for("/"))
            assert b"\r\nX-Tags: 21\r\n" in await peer.head()
            await peer.reader.readexactly(12)
            await peer.send(request_for("/nowhere"))
            assert b"caught <HTTPNotFound 404" in (await peer.response())[1]
            await peer.send(request_for("/moved"))
            assert (await peer.response())[0] == 302

    run(main())


def test_on_response_prepare_may_add_headers(run: Run) -> None:
    async def add(request: Request, response: StreamResponse) -> None:
        response.headers["X-Prepared"] = request.path

    async def main() -> None:
        app = Application()
        app.add_routes([get("/a", hello)])
        app.on_response_prepare.append(add)
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(request_for("/a") + request_for("/b"))
            assert b"\r\nX-Prepared: /a\r\n" in await peer.head()
            await peer.reader.readexactly(12)
            assert b"\r\nX-Prepared: /b\r\n" in await peer.head()

    run(main())


class BadField(Response):
    """A response that fails behind the signals."""

    async def write_eof(self, data: bytes = b"") -> None:
        raise ValueError("mine")

    async def prepare(self, request: object) -> None:
        raise ValueError("mine")


async def fails(request: Request) -> Response:
    raise KeyError("mine")


async def returns_none(request: Request) -> Response:
    return None  # type: ignore[return-value]  # the mistake under test


async def sends_nothing(request: Request) -> Response:
    return BadField()


async def splits(request: Request) -> Response:
    return Response(headers={"X-Split": "a\r\nb: c"})


@pytest.mark.parametrize("handler", [fails, returns_none, sends_nothing, splits])
def test_on_response_prepare_runs_for_the_answer_to_a_bug(run: Run, handler: Handler) -> None:
    """A browser shows its script no 500 without the fields of CORS, for example."""

    async def add(request: Request, response: StreamResponse) -> None:
        response.headers["X-Prepared"] = str(response.status)

    async def main() -> None:
        app = Application()
        app.add_routes([get("/a", handler)])
        app.on_response_prepare.append(add)
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(request_for("/a"))
            head = await peer.head()
            assert head.startswith(b"HTTP/1.1 500 ")
            assert b"\r\nX-Prepared: 500\r\n" in head

    run(main())


@pytest.mark.parametrize("handler", [hello, fails, returns_none])
def test_a_signal_that_fails_runs_once(run: Run, handler: Handler) -> None:
    calls = 0

    async def fail(request: Request, response: StreamResponse) -> None:
        nonlocal calls
        calls += 1
        raise ValueError("mine")

    async def main() -> None:
        app = Application()
        app.add_routes([get("/a", handler)])
        app.on_response_prepare.append(fail)
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(request_for("/a"))
            assert (await peer.response())[0] == 500
            assert calls == 1

    run(main())


def test_life_cycle_in_order(run: Run) -> None:
    seen: list[str] = []

    def note(name: str) -> Callable[[Application], Awaitable[None]]:
        async def receiver(app: Application) -> None:
            seen.append(name)

        return receiver

    async def context(app: Application) -> AsyncIterator[None]:
        seen.append("enter")
        yield
        seen.append("leave")

    async def stray(request: Request, handler: Handler) -> StreamResponse:
        return await handler(request)

    async def main() -> None:
        app = Application()
        app.on_startup.append(note("startup"))
        app.on_shutdown.append(note("shutdown"))
        app.on_cleanup.append(note("cleanup"))
        app.cleanup_ctx.append(context)
        runner = AppRunner(app)
        await runner.setup()
        for change in (
            lambda: app.on_startup.append(note("late")),
            lambda: app.router.add_get("/late", hello),
            lambda: app.middlewares.append(stray),
        ):
            with pytest.raises(RuntimeError):
                change()
        await runner.cleanup()

    run(main())
    assert seen == ["enter", "startup", "shutdown", "leave", "cleanup"]


def test_a_failed_start_leaves_the_entered_contexts(run: Run) -> None:
    seen: list[str] = []

    async def good(app: Application) -> AsyncIterator[None]:
        yield
        seen.append("left")

    async def bad(app: Application) -> AsyncIterator[None]:
        raise OSError("no database")
        yield

    async def main() -> None:
        app = Application()
        app.cleanup_ctx.extend([good, bad])
        runner = AppRunner(app)
        with pytest.raises(OSError, match="no database"):
            await runner.setup()
        await runner.cleanup()

    run(main())
    assert seen == ["left"]


def test_errors_of_several_contexts_are_all_told(run: Run) -> None:
    def failing(name: str) -> Callable[[Application], AsyncIterator[None]]:
        async def context(app: Application) -> AsyncIterator[None]:
            yield
            raise OSError(name)

        return context

    async def main() -> None:
        app = Application()
        app.cleanup_ctx.extend([failing("a"), failing("b")])
        runner = AppRunner(app)
        await runner.setup()
        with pytest.raises(CleanupError) as caught:
            await runner.cleanup()
        assert [str(error) for error in caught.value.exceptions] == ["b", "a"]

    run(main())


def test_state_of_an_application(run: Run) -> None:
    key = AppKey("key", list[int])

    async def main() -> None:
        app = Application()
        app[key] = [1]
        app["name"] = "value"
        runner = AppRunner(app)
        await runner.setup()
        assert (app[key], app["name"], len(app)) == ([1], "value", 2)
        for change in (lambda: app.__setitem__("name", "other"), lambda: app.pop("name")):
            with pytest.warns(DeprecationWarning, match="Changing state of started or joined"):
                change()
        assert list(app) == [key]
        await runner.cleanup()

    run(main())
    assert "key" in repr(key)


def test_applications_can_be_subclassed_and_stored() -> None:
    with pytest.warns(DeprecationWarning, match="Inheritance class Special from web.App") as warned:

        class Special(Application):
            pass

    assert [warning.filename for warning in warned] == [__file__]

    app = Special()
    assert app == app()
    assert {app: 1}[app] == 1
    assert bool(app)


@each_loop
def test_asyncio_timeout_in_a_handler_works(run: Run) -> None:
    async def handler(request: Request) -> Response:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            return Response(text="timed out")
        return Response()

    assert ask(run, handler, request_for("/")) == (200, b"timed out")


def test_an_unknown_key_names_its_place() -> None:
    app = Application()
    app["database"] = 1
    app.router.add_get("/users/{name}", lonely, name="user")
    with pytest.raises(KeyError) as caught:
        app["databse"]
    assert str(caught.value) == "the application has no 'databse'. Did you mean 'database'?"
    with pytest.raises(KeyError) as caught:
        del app["databse"]
    assert "the application has no 'databse'" in str(caught.value)
    with pytest.raises(KeyError) as caught:
        app.router["usr"]
    assert str(caught.value) == "the router, by name, has no 'usr'. Did you mean 'user'?"
    assert app.router.get("usr") is None
    with pytest.raises(KeyError) as caught:
        ChainMapProxy([app])["databse"]
    assert str(caught.value) == "config_dict has no 'databse'. Did you mean 'database'?"
    info = UrlMappingMatchInfo({"name": "Ada"}, next(iter(app.router["user"])))
    with pytest.raises(KeyError) as caught:
        info["nam"]
    text = "match_info of the path '/users/{name}' has no 'nam'. Did you mean 'name'?"
    assert str(caught.value) == text
    assert (info.get("nam"), "nam" in info, info.pop("nam", 5)) == (None, False, 5)


def test_an_unknown_key_of_a_request(request_to: Callable[..., Request]) -> None:
    request = request_to("GET", "/")
    request["user"] = 1
    with pytest.raises(KeyError) as caught:
        request["usr"]
    assert str(caught.value) == "the request has no 'usr'. Did you mean 'user'?"


async def lonely(request: Request) -> Response:
    return Response()


@pytest.mark.parametrize(
    ("change", "server"),
    [
        (lambda headers: headers.pop("Server"), None),
        (lambda headers: headers.__setitem__("Server", "own"), b"own"),
        (lambda headers: headers["Date"], b"treadle"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/none"])
def test_receivers_see_the_fields_of_the_server(
    run: Run, change: Callable[[Any], object], server: bytes | None, path: str
) -> None:
    async def prepare(request: Request, response: StreamResponse) -> None:
        change(response.headers)

    async def main() -> None:
        app = Application()
        app.on_response_prepare.append(prepare)
        app.router.add_get("/", hello)
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            head = await peer.head()
            assert b"\r\nDate: " in head
            assert (b"\r\nServer: " in head) is (server is not None)
            assert server is None or b"\r\nServer: " + server in head

    run(main())
