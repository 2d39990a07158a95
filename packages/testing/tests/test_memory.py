"""The client in memory: what it sees is what a socket would have shown."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponseError, FormData, ServerDisconnectedError, TooManyRedirects

from treadle_responses import (
    HTTPFound,
    HTTPSeeOther,
    HTTPTemporaryRedirect,
    Response,
    StreamResponse,
)
from treadle_server import (
    Application,
    BaseRequest,
    EventSourceResponse,
    FileField,
    FileResponse,
    Request,
)
from treadle_testing import MemoryClient, TestClient, TestServer


async def show(request: Request) -> Response:
    fields = " ".join(f"{name}={value}" for name, value in request.query.items())
    body = await request.text()
    return Response(
        text=f"{request.method} {request.path} {fields} {body}",
        headers={"X-Type": request.headers.get("Content-Type", "none")},
    )


async def login(request: Request) -> Response:
    answer = HTTPSeeOther("/whoami")
    answer.set_cookie("user", "Ada")
    raise answer


async def whoami(request: Request) -> Response:
    return Response(text=f"{request.method} {request.cookies.get('user', 'nobody')}")


async def count(request: Request) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    for number in range(40):
        await response.write(b"%d" % (number % 10) * 100_000)
    return response


async def compressed(request: Request) -> Response:
    return Response(body=gzip.compress(b"text" * 100), headers={"Content-Encoding": "gzip"})


async def upload(request: Request) -> Response:
    form = await request.post()
    upload = form["file"]
    assert isinstance(upload, FileField)
    return Response(text=f"{upload.filename} {len(upload.file.read())} {form['a']!s}")


SOURCE = Path(__file__).read_bytes()


async def source(request: Request) -> FileResponse:
    return FileResponse(Path(__file__))


async def again(request: Request) -> Response:
    raise HTTPFound("/again")


async def moved(request: Request) -> Response:
    raise HTTPTemporaryRedirect("/show")


async def cut(request: Request) -> StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return Response()


def make_app() -> Application:
    app = Application()
    app.router.add_route("*", "/show", show)
    app.router.add_post("/login", login)
    app.router.add_get("/whoami", whoami)
    app.router.add_get("/count", count)
    app.router.add_get("/gzip", compressed)
    app.router.add_post("/upload", upload)
    app.router.add_get("/file", source)
    app.router.add_get("/again", again)
    app.router.add_post("/moved", moved)
    app.router.add_get("/cut", cut)
    return app


def run(check: Callable[[MemoryClient], Awaitable[None]]) -> None:
    async def main() -> None:
        async with MemoryClient(make_app()) as client:
            await check(client)

    asyncio.run(main())


async def _pieces() -> AsyncIterator[bytes]:
    yield b"one"
    yield b""
    yield b"two"


BODIES: list[tuple[object, object, str, str]] = [
    (None, None, "none", ""),
    (b"bytes", None, "application/octet-stream", "bytes"),
    ("t\u00e9xt", None, "text/plain; charset=utf-8", "t\u00e9xt"),
    ({"a": "1 2", "b": "\u00e9"}, None, "application/x-www-form-urlencoded", "a=1+2&b=%C3%A9"),
    ([("a", "1"), ("a", "2")], None, "application/x-www-form-urlencoded", "a=1&a=2"),
    (None, {"a": [1]}, "application/json", '{"a": [1]}'),
    (FormData({"a": "b"}), None, "application/x-www-form-urlencoded", "a=b"),
]


@pytest.mark.parametrize(("data", "json", "media_type", "text"), BODIES)
def test_bodies(data: object, json: object, media_type: str, text: str) -> None:
    async def check(client: MemoryClient) -> None:
        response = await client.post("/show", data=data, json=json, params={"q": "x y"})
        assert await response.text() == f"POST /show q=x y {text}"
        assert response.headers["X-Type"] == media_type

    run(check)


def test_a_body_in_pieces() -> None:
    async def check(client: MemoryClient) -> None:
        response = await client.post("/show", data=_pieces())
        assert (await response.text()).endswith("onetwo")

    run(check)


def test_a_large_body_waits_for_its_reader() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 65536

    async def slow(request: BaseRequest) -> Response:
        size = 0
        async for piece in request.content.iter_any():
            size += len(piece)
            await asyncio.sleep(0)
        return Response(text=str(size))

    async def main() -> None:
        async with MemoryClient(slow, read_bufsize=1024) as client:
            assert await (await client.post("/", data=pieces())).text() == str(64 * 65536)

    asyncio.run(main())


@pytest.mark.parametrize("wrong", [{"data": 5}, {"data": b"x", "json": {}}])
def test_a_body_that_is_none(wrong: dict[str, Any]) -> None:
    async def check(client: MemoryClient) -> None:
        with pytest.raises((TypeError, ValueError), match="data"):
            await client.post("/show", **wrong)

    run(check)


def test_uploads() -> None:
    async def check(client: MemoryClient) -> None:
        form = FormData({"a": "b"})
        form.add_field("file", b"x" * 200_000, filename="big.bin")
        assert await (await client.post("/upload", data=form)).text() == "big.bin 200000 b"

    run(check)


def test_a_response() -> None:
    async def check(client: MemoryClient) -> None:
        response = await client.get("/show?a=b")
        assert (response.status, response.reason, response.ok) == (200, "OK", True)
        assert (response.content_type, response.charset) == ("text/plain", "utf-8")
        assert response.content_length == len(await response.read())
        assert (response.method, response.url.path_qs) == ("GET", "/show?a=b")
        assert (response.version, response.history) == ((1, 1), ())
        assert "200 OK" in repr(response)
        missing = await client.get("/nowhere")
        with pytest.raises(ClientResponseError, match="Not Found"):
            missing.raise_for_status()
        response.raise_for_status()

    run(check)


def test_cookies_and_redirects() -> None:
    async def check(client: MemoryClient) -> None:
        response = await client.post("/login", data={"user": "Ada"})
        assert await response.text() == "GET Ada"
        assert [one.status for one in response.history] == [303]
        assert response.history[0].cookies["user"].value == "Ada"
        assert await (await client.get("/whoami", cookies={"user": "Bob"})).text() == "GET Bob"
        stays = await client.post("/login", allow_redirects=False)
        assert (stays.status, stays.headers["Location"]) == (303, "/whoami")
        kept = await client.post("/moved", data=b"body")
        assert await kept.text() == "POST /show  body"
        with pytest.raises(TooManyRedirects):
            await client.get("/again")

    run(check)


def test_cookies_from_the_start() -> None:
    async def main() -> None:
        async with MemoryClient(make_app(), cookies={"user": "Eve"}) as client:
            assert await (await client.get("/whoami")).text() == "GET Eve"

    asyncio.run(main())


def test_what_the_application_sees_of_the_client() -> None:
    async def see(request: BaseRequest) -> Response:
        seen = [request.scheme, request.host, request.remote, request.headers["X-Always"]]
        return Response(text=" ".join(map(str, seen)))

    async def main() -> None:
        client = MemoryClient(
            see,
            base_url="https://example.org:8443",
            headers={"X-Always": "1"},
            client=("192.0.2.7", 1234),
        )
        async with client:
            assert await (await client.get("/")).text() == "https example.org:8443 192.0.2.7 1"

    asyncio.run(main())


def test_streams() -> None:

    async def check(client: MemoryClient) -> None:
        response = await client.get("/count")
        assert len(await response.read()) == 4_000_000
        async with client.get("/count") as half:
            assert await half.content.readexactly(3) == b"000"
        assert await (await client.get("/gzip")).read() == b"text" * 100
        assert await (await client.get("/file")).read() == SOURCE

    run(check)


def test_a_stream_that_is_not_read_has_the_server_wait() -> None:
    written = 0

    async def endless(request: BaseRequest) -> StreamResponse:
        nonlocal written
        response = StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)
            written += 65536

    async def main() -> None:
        async with MemoryClient(endless) as client, client.get("/") as response:
            for _ in range(200):
                await asyncio.sleep(0)
            assert 1_000_000 <= written <= 2_000_000
            assert await response.content.readany()

    asyncio.run(main())


def test_head_has_no_body() -> None:
    async def check(client: MemoryClient) -> None:
        response = await client.head("/show")
        assert (response.status, await response.read()) == (200, b"")
        assert await (await client.get("/show")).text() == "GET /show  "

    run(check)


def test_a_connection_is_kept_and_one_more_made_when_it_is_busy() -> None:
    gate = asyncio.Event()
    peers: list[object] = []

    async def wait(request: BaseRequest) -> Response:
        peers.append(request.transport)
        if request.path == "/wait":
            await gate.wait()
        return Response(text="done")

    async def main() -> None:
        async with MemoryClient(wait) as client:
            await client.get("/")
            await client.get("/")
            assert len(set(map(id, peers))) == 1
            waiting = asyncio.create_task(client.get("/wait"))
            await asyncio.sleep(0)
            await client.get("/")
            assert len(set(map(id, peers))) == 2
            gate.set()
            assert await (await waiting).text() == "done"

    asyncio.run(main())


def test_a_lost_connection() -> None:
    async def check(client: MemoryClient) -> None:
        with pytest.raises(ServerDisconnectedError):
            await client.get("/cut")
        assert (await client.get("/show")).status == 200

    run(check)


def test_http_1_0_ends_with_the_connection() -> None:
    async def stream(request: BaseRequest) -> StreamResponse:
        response = StreamResponse()
        response.force_close()
        response.content_length = None
        await response.prepare(request)
        await response.write(b"to the end")
        return response

    async def main() -> None:
        async with MemoryClient(stream) as client:
            response = await client.get("/", headers={"Connection": "close"})
            assert await response.read() == b"to the end"

    asyncio.run(main())


def test_start_and_stop() -> None:
    steps: list[str] = []

    async def starts(app: Application) -> None:
        steps.append("start")

    async def stops(app: Application) -> None:
        steps.append("cleanup")

    async def main() -> None:
        app = Application()
        app.on_startup.append(starts)
        app.on_cleanup.append(stops)
        client = MemoryClient(app)
        with pytest.raises(RuntimeError, match="not started"):
            await client.get("/")
        await client.start()
        await client.start()
        assert client.app is app
        assert client.server.connections == []
        await client.close()
        await client.close()
        assert steps == ["start", "cleanup"]
        async with MemoryClient(whoami) as bare:  # type: ignore[arg-type]  # it needs no application
            with pytest.raises(AttributeError, match="no application"):
                _ = bare.app

    asyncio.run(main())


def test_answers_are_those_of_a_socket() -> None:
    """Compare heads and bodies with those that aiohttp's client gets from a real server."""

    async def main() -> None:
        async with (
            MemoryClient(make_app(), headers={"User-Agent": "same"}) as memory,
            TestClient(TestServer(make_app()), headers={"User-Agent": "same"}) as real,
        ):
            for path in ("/show?a=1", "/whoami", "/nowhere", "/file", "/count", "/gzip"):
                ours, theirs = await memory.get(path), await real.get(path)
                assert (ours.status, ours.reason) == (theirs.status, theirs.reason)
                assert await ours.read() == await theirs.read()
                assert _comparable(ours.headers) == _comparable(theirs.headers)

    asyncio.run(main())


def _comparable(headers: Mapping[str, str]) -> dict[str, str]:
    # aiohttp's client spells some names in its own way.
    return {name.lower(): value for name, value in headers.items() if name != "Date"}


@pytest.mark.parametrize("kind", ["memory", "sockets"])
def test_the_end_of_a_test_ends_streams_and_waits_for_tasks(kind: str) -> None:
    told: list[str] = []

    async def ticks() -> AsyncIterator[str]:
        try:
            yield "tick"
            await asyncio.get_running_loop().create_future()
        finally:
            told.append("stream")

    async def events(request: Request) -> StreamResponse:
        return EventSourceResponse(ticks())

    async def work() -> None:
        await asyncio.sleep(0.05)
        told.append("task")

    async def start(request: Request) -> StreamResponse:
        request.after_response(work)
        return Response(status=202)

    async def main() -> None:
        app = Application()
        app.router.add_get("/events", events)
        app.router.add_post("/start", start)
        client = MemoryClient(app) if kind == "memory" else TestClient(TestServer(app))
        async with client:
            assert (await client.post("/start")).status == 202
            response = await client.get("/events")
            assert response.content_type == "text/event-stream"
            assert await response.content.readuntil(b"\n\n") == b"data: tick\n\n"

    asyncio.run(main())
    assert sorted(told) == ["stream", "task"]
