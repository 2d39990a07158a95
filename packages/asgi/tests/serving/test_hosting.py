"""``host``: the scope that an application gets from each server and each client."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from testkit import Run, ScopeServer, each_loop, http_scope, serve
from treadle_asgi import HostOptions, Receive, Scope, Send, asgi, host
from treadle_server import AppRunner, SockSite

SEEN: list[Scope] = []


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"
    SEEN.append(scope)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x"})


@pytest.fixture(autouse=True)
def forget() -> None:
    SEEN.clear()


CLOSE = b"Host: a\r\nConnection: close\r\n\r\n"

#: Options of host, options of the server, the request; the part of the scope to look at.
ROWS: list[tuple[HostOptions, dict[str, Any], bytes, dict[str, object]]] = [
    ({}, {}, b"GET /a?b HTTP/1.1\r\n" + CLOSE,
     {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.5"}, "http_version": "1.1",
      "method": "GET", "scheme": "http", "path": "/a", "raw_path": b"/a", "query_string": b"b",
      "root_path": "", "headers": [(b"host", b"a"), (b"connection", b"close")], "state": {},
      "extensions": {"http.response.early_hint": {}, "http.response.pathsend": {},
                     "http.response.trailers": {}}}),
    ({"root_path": "/r é/"}, {}, b"GET /%20 HTTP/1.1\r\n" + CLOSE,
     {"root_path": "/r é", "path": "/r é/ ", "raw_path": b"/r%20%C3%A9/%20"}),
    ({}, {}, b"OPTIONS * HTTP/1.1\r\n" + CLOSE, {"method": "OPTIONS", "path": "*"}),
    ({}, {}, b"PROPFIND / HTTP/1.0\r\n\r\n", {"method": "PROPFIND", "http_version": "1.0"}),
    # Proxies.
    ({}, {"trusted_proxies": 1},
     b"GET / HTTP/1.1\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n" + CLOSE,
     {"client": ("1.2.3.4", 0), "scheme": "https"}),
    ({}, {}, b"GET / HTTP/1.1\r\nX-Forwarded-Proto: https\r\n" + CLOSE, {"scheme": "http"}),
    ({}, {"proxy_protocol": "any-peer"},
     b"PROXY TCP4 1.2.3.4 5.6.7.8 1000 443\r\nGET / HTTP/1.1\r\n" + CLOSE,
     {"client": ("1.2.3.4", 1000)}),
]  # fmt: skip


@pytest.mark.parametrize(("hosting", "options", "request_", "expected"), ROWS)
def test_scope(
    run: Run,
    hosting: HostOptions,
    options: dict[str, Any],
    request_: bytes,
    expected: dict[str, object],
) -> None:
    async def main() -> None:
        async with serve(host(app, **hosting), **options) as connect:
            peer = await connect()
            assert (await peer.ask(request_)).startswith(b"HTTP/1.1 200 OK")
            scope = SEEN[0]
            assert {name: scope[name] for name in expected} == expected
            assert scope["server"] == peer.writer.get_extra_info("peername")
            if "client" not in expected:
                assert scope["client"] == peer.writer.get_extra_info("sockname")

    run(main())


@each_loop
def test_a_unix_socket(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        runner = AppRunner(host(app, lifespan="off"))
        await runner.setup()
        path = str(tmp_path / "s")
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(path)
        await SockSite(runner, sock).start()
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"GET / HTTP/1.1\r\n" + CLOSE)
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
        writer.close()
        await runner.cleanup()
        assert SEEN[0]["server"] == (path, None)
        assert SEEN[0]["client"] is None

    run(main())


def test_requests_do_not_share_what_an_application_may_change(run: Run) -> None:
    """The first request changes all that it gets; equal and other heads follow."""
    request = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
    other = b"GET /b?c HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"

    async def main() -> None:
        async with serve(host(app, lifespan="off")) as connect:
            peer = await connect()
            for each in (request, request, other, request):
                await peer.send(each)
                assert (await peer.response())[1] == b"x"
                scope = SEEN[-1]
                assert scope["headers"][:1] == [(b"host", b"a")]
                assert len(scope["headers"]) == (2 if each is other else 1)
                assert scope["path"] == ("/b" if each is other else "/a")
                assert scope["query_string"] == (b"c" if each is other else b"")
                assert (scope["state"], len(scope["asgi"]), len(scope["extensions"])) == ({}, 2, 3)
                for name in ("asgi", "extensions", "state"):
                    scope[name]["changed"] = True
                scope["headers"].append((b"x-changed", b"1"))
                scope["path"] = scope["more"] = "changed"

    run(main())


def test_behind_another_server(run: Run) -> None:
    """A scope has no connection that could keep anything for the next request."""

    async def main() -> None:
        async with asgi(host(app, root_path="/r", lifespan="off")) as served:
            for path in ("/a", "/b"):
                scope = http_scope("GET", path, client=("1.2.3.4", 5))
                server = await ScopeServer().run(served, scope)
                assert server.sent[-1]["body"] == b"x"
                assert (SEEN[-1]["path"], SEEN[-1]["client"]) == (f"/r{path}", ("1.2.3.4", 5))

    run(main())


def test_lifespan_and_state(run: Run) -> None:
    events: list[str] = []

    async def living(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        scope["state"]["shared"] = events
        for _ in range(2):
            message = await receive()
            events.append(message["type"])
            await send({"type": f"{message['type']}.complete"})

    async def main() -> None:
        async with serve(host(living)) as connect:
            peer = await connect()
            await peer.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert await peer.response() == (200, b"x")
            assert events == ["lifespan.startup"]
            assert SEEN[0]["state"] == {"shared": events}
        assert events == ["lifespan.startup", "lifespan.shutdown"]

    run(main())


def test_unknown_options() -> None:
    with pytest.raises(TypeError, match=r"host\(\) got unknown options: lifespam"):
        host(app, lifespam="on")  # type: ignore[call-arg]  # misspelt


def test_a_hosted_application_takes_no_routes() -> None:
    hosted = host(app)
    with pytest.raises(RuntimeError):
        hosted.router.add_get("/", lambda request: None)  # type: ignore[arg-type,return-value]  # never called
    with pytest.raises(RuntimeError):
        hosted.middlewares.append(lambda request, handler: handler(request))
