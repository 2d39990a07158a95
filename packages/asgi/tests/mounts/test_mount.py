"""Mounts on the routers of applications: paths, order, middlewares, limits, lifespans, logs."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

import treadle_asgi
from testkit import Run, frame, open_websocket, read_frame, serve
from treadle_responses import HTTPForbidden, Response, StreamResponse
from treadle_server import Application, Handler, MountDef, Request, RouteTableDef, prometheus, web

Asgi = Callable[[Any, Any, Any], Any]


async def show(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the scope and the body."""
    if scope["type"] == "lifespan":
        raise NotImplementedError
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    shown = {
        "method": scope["method"], "root_path": scope["root_path"], "path": scope["path"],
        "raw_path": scope["raw_path"].decode(), "query": scope["query_string"].decode(),
        "params": scope["path_params"], "state": scope.get("state"), "body": body.decode(),
        "headers": sorted(name.decode() for name, _ in scope["headers"]),
        "kind": message["type"],
    }  # fmt: skip
    if message["type"] == "http.disconnect":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(shown).encode()})


def wsgi(environ: dict[str, Any], start: Callable[..., object]) -> list[bytes]:
    """Answer with the two parts of the path."""
    start("200 OK", [])
    return [f"{environ['SCRIPT_NAME']}|{environ['PATH_INFO']}".encode()]


async def plain(request: Request) -> Response:
    return Response(text="plain")


def ask(method: str, target: str, *fields: str, host: str = "a") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def fetch(run: Run, app: Application, *requests: bytes) -> list[tuple[int, bytes]]:
    """Return status and body of each answer."""
    answers: list[tuple[int, bytes]] = []

    async def main() -> None:
        async with serve(app) as connect:
            for request in requests:
                answer = await (await connect()).ask(request)
                head, _, body = answer.partition(b"\r\n\r\n")
                answers.append((int(head.split()[1]), body))

    run(main())
    return answers


# Prefix, target; root_path, path, params; None for 404.
PATHS: list[tuple[str, str, tuple[str, str, dict[str, str]] | None]] = [
    ("/api", "/api", ("/api", "/api", {})),
    ("/api", "/api/", ("/api", "/api/", {})),
    ("/api/", "/api/x?q=1", ("/api", "/api/x", {})),
    ("/", "/", ("", "/", {})),
    ("/", "/x/y", ("", "/x/y", {})),
    ("/api", "/apix", None),
    ("/api", "/api%2Fx", None),
    ("/api", "//api/x", None),
    ("/api", "/x/../api", None),
    ("/api", "/api//x", ("/api", "/api//x", {})),
    ("/api", "/api/../x", ("/api", "/api/../x", {})),
    ("/api", "/api/%2e%2e%2fx", ("/api", "/api/../x", {})),
    ("/api", "/%61pi/%C3%A9", ("/api", "/api/é", {})),
    ("/é", "/%C3%A9/x", ("/é", "/é/x", {})),
    ("/t/{tenant}/api", "/t/a%2Fb/api/c", ("/t/a/b/api", "/t/a/b/api/c", {"tenant": "a/b"})),
    ("/t/{n!int}", "/t/07/c", ("/t/07", "/t/07/c", {"n": "07"})),
    ("/t/{n!int}", "/t/x/c", None),
]


@pytest.mark.parametrize(("prefix", "target", "wanted"), PATHS)
def test_paths(
    prefix: str, target: str, wanted: tuple[str, str, dict[str, str]] | None, run: Run
) -> None:
    app = Application()
    app.router.mount(prefix, show)
    [(status, body)] = fetch(run, app, ask("GET", target))
    if wanted is None:
        assert status == 404
        return
    shown = json.loads(body)
    assert (shown["root_path"], shown["path"], shown["params"]) == wanted
    assert shown["raw_path"] == target.partition("?")[0]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_any_method(method: str, run: Run) -> None:
    app = Application(auto_options=True)
    app.router.mount("/api", show)
    [(status, body)] = fetch(run, app, ask(method, "/api/x"))
    assert status == 200
    assert json.loads(body)["method"] == method


def test_the_order_is_that_of_sub_applications(run: Run) -> None:
    def with_routes(add: Callable[[Application, str], object]) -> Application:
        app = Application()
        add(app, "/a")
        app.router.add_get("/a/plain", plain)
        app.router.add_get("/a", plain)
        add(app, "/a/b")
        app.router.add_get("/{x}/c", plain)
        return app

    def subapp(app: Application, prefix: str) -> None:
        inner = Application()
        inner.router.add_route("*", "/{path:.*}", inside)
        inner.router.add_route("*", "", inside)
        app.add_subapp(prefix, inner)

    async def inside(request: Request) -> Response:
        return Response(text="|")

    targets = ["/a", "/a/", "/a/plain", "/a/x", "/a/b", "/a/b/plain", "/a/c", "/z/c", "/z"]
    requests = [ask("GET", target) for target in targets]
    mounted = fetch(
        run, with_routes(lambda app, prefix: app.router.mount_wsgi(prefix, wsgi)), *requests
    )
    nested = fetch(run, with_routes(subapp), *requests)
    assert [(status, b"|" in body) for status, body in mounted] == [
        (status, b"|" in body) for status, body in nested
    ]
    assert (200, b"plain") in mounted
    assert (200, b"/a/b|/plain") in mounted


def test_in_sub_applications_and_under_domains(run: Run) -> None:
    top, sub, domain = Application(), Application(), Application()
    sub.router.mount_wsgi("/in", wsgi, name="wsgi")
    sub.router.mount("/{x}/asgi", show)
    domain.router.mount_wsgi("/only", wsgi)
    top.add_subapp("/sub/{tenant}", sub)
    top.add_domain("only.example", domain)
    answers = fetch(
        run, top,
        ask("GET", "/sub/t1/in/x"),
        ask("GET", "/sub/t1/v/asgi/y"),
        ask("GET", "/only/x", host="only.example"),
        ask("GET", "/only/x"),
    )  # fmt: skip
    assert answers[0] == (200, b"/sub/t1/in|/x")
    shown = json.loads(answers[1][1])
    assert (shown["root_path"], shown["params"]) == ("/sub/t1/v/asgi", {"tenant": "t1", "x": "v"})
    assert answers[2] == (200, b"/only|/x")
    assert answers[3][0] == 404
    url = sub.router["wsgi"].url_for(tenant="t/2", path="a/b")
    assert str(url) == "/sub/t%2F2/in/a/b"


def test_resources_and_urls() -> None:
    app = Application()
    resource = app.router.mount("/t/{t}/api", show, name="api")
    assert app.router["api"] is resource
    assert resource in app.router.resources()
    assert [route.method for route in resource] == ["*"]
    assert resource.get_info() == {"app": show, "prefix": "/t/{t}/api"}
    assert resource.app is show
    assert str(resource.url_for(t="a b")) == "/t/a%20b/api"
    assert str(resource.url_for(t="x", path="docs/é")) == "/t/x/api/docs/%C3%A9"
    assert str(resource.url_for(t="x", path="")) == "/t/x/api/"
    with pytest.raises(KeyError):
        resource.url_for()


# Middlewares.


def test_middlewares_see_the_request_and_may_answer(run: Run) -> None:
    seen: list[tuple[str, str | None, bool]] = []

    async def note(request: Request, handler: Handler) -> StreamResponse:
        if request.query.get("refuse"):
            raise HTTPForbidden(text="refused")
        response = await handler(request)
        seen.append((request.match_info["path"], request.route_template, response.prepared))
        return response

    async def own(request: Request, handler: Handler) -> StreamResponse:
        seen.append(("own", None, False))
        return await handler(request)

    app = Application(middlewares=[note])
    app.router.mount("/{v}/api", show, middlewares=[own])
    answers = fetch(run, app, ask("GET", "/1/api/x"), ask("GET", "/1/api/x?refuse=1"))
    assert answers[0][0] == 200
    assert answers[1] == (403, b"refused")
    # The response of an ASGI application is sent already.
    assert seen == [("own", None, False), ("x", "/{v}/api", True)]


def test_a_signal_adds_fields_before_the_head_is_sent(run: Run) -> None:
    async def add(request: Request, response: StreamResponse) -> None:
        response.headers["X-Added"] = request.path

    heads: list[bytes] = []

    async def main() -> None:
        app = Application()
        app.on_response_prepare.append(add)
        app.router.mount("/a", show)
        app.router.mount_wsgi("/w", wsgi)
        async with serve(app) as connect:
            for target in ("/a", "/w"):
                answer = await (await connect()).ask(ask("GET", target))
                heads.append(answer.partition(b"\r\n\r\n")[0])

    run(main())
    assert b"X-Added: /a" in heads[0]
    assert b"X-Added: /w" in heads[1]
    # The body is known whole, with a signal as without one.
    assert all(b"Content-Length: " in head for head in heads)


def test_a_body_that_a_middleware_has_read_is_there_again(run: Run) -> None:
    async def read(request: Request, handler: Handler) -> StreamResponse:
        await request.read()
        return await handler(request)

    app = Application(middlewares=[read])
    app.router.mount("/", show)
    [(_, body)] = fetch(run, app, ask("POST", "/", "Content-Length: 5") + b"hello")
    assert json.loads(body)["body"] == "hello"


def test_a_decoded_body_has_no_coding_and_no_length_of_it(run: Run) -> None:
    app = Application()
    app.router.mount("/", show)
    data = gzip.compress(b"plain")
    request = ask("POST", "/", "Content-Encoding: gzip", f"Content-Length: {len(data)}") + data
    [(_, body)] = fetch(run, app, request)
    shown = json.loads(body)
    assert shown["body"] == "plain"
    assert shown["headers"] == ["connection", "host"]


LIMITS = [(None, 1000, 413), (4000, 1000, 200), (10, 5000, 413), (0, 1000, 200)]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("own", "of_app", "status"), LIMITS)
def test_client_max_size(
    own: int | None, of_app: int, status: int, chunked: bool, run: Run
) -> None:
    app = Application(client_max_size=of_app)
    app.router.mount("/", show, client_max_size=own)
    data = b"x" * 3000
    if chunked:
        sent = ask("POST", "/", "Transfer-Encoding: chunked") + b"bb8\r\n" + data + b"\r\n0\r\n\r\n"
    else:
        sent = ask("POST", "/", "Content-Length: 3000") + data
    [(got, _)] = fetch(run, app, sent)
    assert got == status


def test_websockets(run: Run) -> None:
    async def echo(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "websocket"
        assert (scope["root_path"], scope["path_params"]) == ("/ws/7", {"n": "7"})
        await receive()
        await send({"type": "websocket.accept"})
        message = await receive()
        await send({"type": "websocket.send", "text": message["text"] + scope["path"]})

    async def main() -> None:
        app = Application()
        app.router.mount("/ws/{n!int}", echo, lifespan="off")
        async with serve(app) as connect:
            peer = await open_websocket(connect, "/ws/7/room")
            await peer.send(frame(1, b"hi"))
            assert await read_frame(peer) == (0x81, b"hi/ws/7/room")

    run(main())


# Start and end.


def lively(seen: list[str]) -> Asgi:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            seen.append("start")
            scope["state"]["greeting"] = "hello"
            await send({"type": "lifespan.startup.complete"})
            await receive()
            seen.append("end")
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await show(scope, receive, send)

    return app


def test_the_lifespan_runs_with_the_application_around(run: Run) -> None:
    seen: list[str] = []

    async def context(app: Application) -> Any:
        seen.append("enter")
        yield
        seen.append("leave")

    top, sub = Application(), Application()
    top.cleanup_ctx.append(context)
    app = lively(seen)
    top.router.mount("/one", app)
    sub.router.mount("/two", app)
    top.add_subapp("/sub", sub)
    answers = fetch(run, top, ask("GET", "/one"), ask("GET", "/sub/two"))
    assert [json.loads(body)["state"] for _, body in answers] == [{"greeting": "hello"}] * 2
    # Once for both, and the second mount is the last to end, before what was entered first.
    # Contexts of the outer application end before those of the inner ones.
    assert seen == ["enter", "start", "leave", "end"]


def test_without_a_lifespan(run: Run) -> None:
    seen: list[str] = []
    app = Application()
    app.router.mount("/", lively(seen), lifespan="off")
    [(_, body)] = fetch(run, app, ask("GET", "/"))
    assert json.loads(body)["state"] is None
    assert seen == []


# Mistakes.

MISTAKES: list[tuple[str, tuple[Any, ...], dict[str, Any], type[Exception], str]] = [
    ("mount", ("api", show), {}, ValueError, "A prefix starts with `/`: '/api'"),
    ("mount", (7, show), {}, TypeError, "A prefix is a str"),
    ("mount", ("/{", show), {}, ValueError, "never closed"),
    ("mount", ("/a/{path}", show), {}, ValueError, "'path' is both a variable"),
    ("mount", ("/a", wsgi), {}, TypeError, "mount_wsgi"),
    ("mount_wsgi", ("/a", show), {}, TypeError, r"mount\(\)"),
    ("mount", ("/a", Application()), {}, TypeError, "add_subapp"),
    ("mount", ("/a", show), {"lifespan": "yes"}, ValueError, "lifespan is 'auto', 'on' or 'off'"),
    ("mount", ("/a", show), {"threads": 4}, TypeError, "unexpected keyword argument 'threads'"),
    ("mount_wsgi", ("/a", wsgi), {"thread": 4}, TypeError, "Did you mean 'threads'"),
    ("mount_wsgi", ("/a", wsgi), {"threads": 0}, ValueError, "give at least 1"),
    ("mount", ("/a", show), {"name": "taken"}, ValueError, "taken"),
]


@pytest.mark.parametrize(("method", "args", "options", "error", "text"), MISTAKES)
def test_mistakes_leave_nothing(
    method: str,
    args: tuple[Any, ...],
    options: dict[str, Any],
    error: type[Exception],
    text: str,
) -> None:
    app = Application()
    app.router.add_get("/taken", plain, name="taken")
    with pytest.raises(error, match=text):
        getattr(app.router, method)(*args, **options)
    assert len(app.router.resources()) == 1
    assert list(app.cleanup_ctx) == []


def test_too_late(run: Run) -> None:
    async def late(app: Application) -> None:
        with pytest.raises(RuntimeError, match="frozen"):
            app.router.mount("/late", show)
        app.router.mount("/off", show, lifespan="off")

    app = Application()
    app.on_startup.append(late)
    [(status, _)] = fetch(run, app, ask("GET", "/off"))
    assert status == 200


# Other ways to mount.


def test_functions_definitions_and_tables(run: Run) -> None:
    routes = RouteTableDef()
    routes.mount("/table", show)
    routes.mount_wsgi("/table-wsgi", wsgi, threads=2)
    app = Application()
    app.add_routes(
        [web.mount("/def", show, ws_heartbeat=None), web.mount_wsgi("/def-wsgi", wsgi), *routes]
    )
    treadle_asgi.mount(app.router, "/function", show)
    treadle_asgi.mount_wsgi(app.router, "/function-wsgi", wsgi)
    targets = ["/def", "/def-wsgi", "/table", "/table-wsgi", "/function", "/function-wsgi"]
    answers = fetch(run, app, *(ask("GET", target) for target in targets))
    assert [status for status, _ in answers] == [200] * 6
    assert [body for _, body in answers[1::2]] == [
        b"/def-wsgi|", b"/table-wsgi|", b"/function-wsgi|",
    ]  # fmt: skip
    definition = web.mount("/def", show, ws_heartbeat=None)
    assert definition == MountDef("mount", "/def", show, {"ws_heartbeat": None})


def test_metrics_have_the_template_of_the_mount(run: Run) -> None:
    registry = CollectorRegistry()
    app = Application()
    prometheus.Metrics(registry=registry).setup(app)
    app.router.mount_wsgi("/t/{t}", wsgi)
    app.router.mount("/a/{t}", show)
    answers = fetch(run, app, ask("GET", "/t/1/x"), ask("GET", "/a/2/y"), ask("GET", "/metrics"))
    text = answers[2][1].decode()
    assert 'http_route="/t/{t}"' in text
    assert 'http_route="/a/{t}"' in text
