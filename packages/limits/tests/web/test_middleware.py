"""``rate_limit`` on real connections: each kind of answer, of application and of server."""

import asyncio
from typing import Any

import pytest

from testkit import Peer
from treadle_limits.web import by_route, exempt, limited, rate_limit
from treadle_responses import HTTPNotFound, Response, StreamResponse
from treadle_server import (
    Application,
    AppRunner,
    Request,
    TCPSite,
    View,
    WebSocketResponse,
    get,
    middleware,
    request_id_middleware,
    view,
)
from treadle_testing import MemoryClient


async def hello(_request: Request) -> Response:
    return Response(text="hello")


async def stream(request: Request) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    await response.write(b"piece")
    return response


async def raises_404(_request: Request) -> Response:
    raise HTTPNotFound


async def bug(_request: Request) -> Response:
    raise ZeroDivisionError


async def talk(request: Request) -> WebSocketResponse:
    ws = WebSocketResponse()
    await ws.prepare(request)
    await ws.close()
    return ws


@exempt
async def free(_request: Request) -> Response:
    return Response(text="free")


class Half(View):
    """A view with one method that is exempt."""

    async def get(self) -> Response:
        """Be limited."""
        return Response()

    @exempt
    async def post(self) -> Response:
        """Be exempt."""
        return Response()


class Free(View):
    """A view that is exempt."""

    async def get(self) -> Response:
        """Be exempt."""
        return Response()


exempt(Free)

ROUTES = [
    get("/", hello), get("/stream", stream), get("/404", raises_404), get("/bug", bug),
    get("/ws", talk), get("/free", free), view("/half", Half), view("/free-view", Free),
    get("/id/{number}", hello),
]  # fmt: skip


def application(rate: str = "1/hour", **options: Any) -> Application:
    app = Application(middlewares=[request_id_middleware(), rate_limit(rate, **options)])
    app.add_routes(ROUTES)
    return app


async def heads(app: Application, *requests: str, **options: Any) -> list[str]:
    """Return the head of the answer to each request line with its fields."""
    runner = AppRunner(app, **options)
    await runner.setup()
    try:
        site = TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        found = []
        for request in requests:
            peer = Peer(*await asyncio.open_connection("127.0.0.1", site.port))
            line, _, fields = request.partition("\n")
            if "Connection" not in fields:
                fields += "Connection: close\r\n"
            await peer.send(f"{line} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode())
            head = await asyncio.wait_for(peer.reader.readuntil(b"\r\n\r\n"), 10)
            found.append(head.decode("latin-1"))
            peer.writer.close()
        return found
    finally:
        await runner.cleanup()


UPGRADE = (
    "GET /ws\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET /", 200), ("HEAD /", 200), ("GET /stream", 200), ("GET /404", 404),
        ("GET /bug", 500), ("GET /nowhere", 404), ("POST /", 405), (UPGRADE, 101),
    ],
)  # fmt: skip
def test_each_answer_has_the_fields_and_counts(request_line: str, status: int) -> None:
    first, second = asyncio.run(heads(application(), request_line, request_line))
    assert first.startswith(f"HTTP/1.1 {status} ")
    assert second.startswith("HTTP/1.1 429 Too Many Requests")
    for head in (first, second):
        assert head.count('RateLimit-Policy: "default";q=1;w=3600') == 1
        assert head.count('RateLimit: "default";r=0;t=3600') == 1
        assert head.count("X-Request-ID: ") == 1
    assert "Retry-After: 3600" in second
    assert "Retry-After" not in first


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain"),
        ("text/html", "text/html"),
        ("application/json", "application/problem+json"),
    ],
)
def test_a_refusal_is_in_the_form_that_the_client_prefers(accept: str, kind: str) -> None:
    line = f"GET /\nAccept: {accept}\r\n" if accept else "GET /"
    _, refused = asyncio.run(heads(application(), line, line))
    assert "429" in refused.splitlines()[0]
    assert f"Content-Type: {kind}" in refused


@pytest.mark.parametrize("line", ["GET /free", "GET /free-view", "POST /half"])
def test_exempt_handlers(line: str) -> None:
    answers = asyncio.run(heads(application(), *[line] * 3))
    assert all("200 OK" in answer and "RateLimit" not in answer for answer in answers)


def test_the_other_method_of_a_view_is_limited() -> None:
    answers = asyncio.run(heads(application(), *["GET /half"] * 2))
    assert [answer[9:12] for answer in answers] == ["200", "429"]


def test_what_takes_no_mark() -> None:
    with pytest.raises(TypeError, match="exempt\\(\\) cannot mark"):
        exempt(Half.get.__get__(object()))


@pytest.mark.parametrize(("preflights", "last"), [(False, "405"), (True, "429")])
def test_preflights(preflights: bool, last: str) -> None:
    line = "OPTIONS /\nOrigin: https://a\r\nAccess-Control-Request-Method: GET\r\n"
    answers = asyncio.run(heads(application(preflights=preflights), *[line] * 2))
    assert answers[-1][9:12] == last
    # Without the field it is a request like any other.
    answers = asyncio.run(heads(application(preflights=preflights), *["OPTIONS /"] * 2))
    assert answers[-1][9:12] == "429"


def test_a_limit_of_an_application_inside_is_beside_that_of_the_outer_one() -> None:
    outer = Application(middlewares=[rate_limit("5/hour", name="outer")])
    outer.add_subapp("/inner", application(rate="1/hour", name="inner"))
    outer.router.add_get("/", hello)
    answers = asyncio.run(heads(outer, "GET /inner/", "GET /inner/", "GET /"))
    assert [answer[9:12] for answer in answers] == ["200", "429", "200"]
    assert 'RateLimit: "outer";r=4;t=720, "inner";r=0;t=3600' in answers[0]
    assert 'RateLimit-Policy: "outer";q=5;w=3600, "inner";q=1;w=3600' in answers[1]
    assert 'RateLimit: "outer";r=2;t=2160\r\n' in answers[2]


def test_a_limit_of_one_route() -> None:
    app = Application()
    app.router.add_get("/", hello, middlewares=[rate_limit("1/hour")])
    app.router.add_get("/other", hello)
    answers = asyncio.run(heads(app, "GET /", "GET /other", "GET /", "GET /other"))
    assert [answer[9:12] for answer in answers] == ["200", "200", "429", "200"]


def test_routes_are_keys_by_their_templates() -> None:
    app = application(key=by_route)
    lines = ["GET /id/1", "GET /id/2", "GET /", "GET /a", "GET /b"]
    answers = asyncio.run(heads(app, *lines))
    assert [answer[9:12] for answer in answers] == ["200", "429", "200", "404", "429"]


def test_a_trusted_proxy_names_the_client_and_others_do_not() -> None:
    def lines(*clients: str) -> list[str]:
        return [f"GET /\nX-Forwarded-For: {client}\r\n" for client in clients]

    clients = "192.0.2.1", "192.0.2.2", "192.0.2.1", "2001:db8::1", "2001:db8::2"
    trusting = asyncio.run(heads(application(), *lines(*clients), trusted_proxies=["127.0.0.1"]))
    assert [answer[9:12] for answer in trusting] == ["200", "200", "429", "200", "429"]
    alone = asyncio.run(heads(application(), *lines(*clients)))
    assert [answer[9:12] for answer in alone] == ["200"] + ["429"] * 4


def test_a_prepared_response_and_one_of_a_middleware_inside() -> None:
    @middleware
    async def replace(request: Request, handler: Any) -> StreamResponse:
        await handler(request)
        return Response(status=204)

    app = Application(middlewares=[rate_limit("9/hour"), replace])
    app.router.add_get("/", hello)
    (answer,) = asyncio.run(heads(app, "GET /"))
    assert answer.startswith("HTTP/1.1 204")
    assert 'RateLimit: "default";r=8;t=400' in answer


def test_under_another_server() -> None:
    asgi = pytest.importorskip("treadle_asgi")
    httpx = pytest.importorskip("httpx")

    async def main() -> None:
        app = application("3/hour", key=lambda _request: "all")
        transport = httpx.ASGITransport(asgi.asgi(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            answers = [await client.get(path) for path in ("/", "/stream", "/404", "/")]
        assert [answer.status_code for answer in answers] == [200, 200, 404, 429]
        states = [answer.headers["RateLimit"] for answer in answers]
        assert [state.partition(";t=")[0] for state in states] == [
            f'"default";r={left}' for left in (2, 1, 0, 0)
        ]

    asyncio.run(main())


def test_a_limit_of_the_application_and_one_of_the_handler() -> None:
    @limited("1/hour")
    async def dear(_request: Request) -> Response:
        return Response()

    async def main() -> None:
        app = Application(middlewares=[rate_limit("9/hour", key=lambda _request: "all")])
        app.router.add_get("/", dear)
        async with MemoryClient(app) as client:
            answers = [await client.get("/") for _ in range(2)]
        assert [answer.status for answer in answers] == [200, 429]
        assert answers[1].headers["RateLimit"] == '"default";r=7;t=800, "route";r=0;t=3600'

    asyncio.run(main())
