"""The steps of an http conversation, one by one, as an application sees them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from testkit import Peer, Run, each_loop, serve
from treadle_asgi import Message, Receive, Scope, Send, converse, host
from treadle_responses import Response, StreamResponse
from treadle_server import AccessLogger, Application, Request

CLOSE = b"Host: a\r\nConnection: close\r\n\r\n"
GET = b"GET / HTTP/1.1\r\n" + CLOSE
START: Message = {"type": "http.response.start", "status": 200, "headers": []}

App = Callable[[Scope, Receive, Send], Awaitable[None]]


def sized(size: int) -> Message:
    return {**START, "headers": [(b"content-length", b"%d" % size)]}


def sends(*messages: Message) -> App:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    return app


def bodies(*parts: bytes) -> list[Message]:
    return [
        {"type": "http.response.body", "body": part, "more_body": number < len(parts)}
        for number, part in enumerate(parts, 1)
    ]


def lines(answer: bytes) -> tuple[list[bytes], bytes]:
    """Return the lines of a head but for the Date, and what follows."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    return [line for line in head.split(b"\r\n") if not line.startswith(b"Date: ")], rest


OK = b"HTTP/1.1 200 OK"
SERVER = b"Server: treadle"
LAST = b"Connection: close"
CHUNKED = b"Transfer-Encoding: chunked"

#: The messages, the request, and the bytes of the answer.
WIRE = {
    "a whole body gets its length": (
        [START, *bodies(b"abc")], GET, [OK, b"Content-Length: 3", SERVER, LAST], b"abc",
    ),
    "no body": (
        [START, {"type": "http.response.body"}], GET,
        [OK, b"Content-Length: 0", SERVER, LAST], b"",
    ),
    "pieces are chunks": (
        [START, *bodies(b"a", b"", b"bc")], GET,
        [OK, SERVER, CHUNKED, LAST], b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
    ),
    "pieces with a length": (
        [sized(3), *bodies(b"a", b"bc")], GET,
        [OK, SERVER, b"Content-Length: 3", LAST], b"abc",
    ),
    "the application's own Date and Server": (
        [{**START, "headers": [(b"server", b"mine"), (b"date", b"today")]}, *bodies(b"a", b"b")],
        GET, [OK, b"server: mine", b"date: today", CHUNKED, LAST],
        b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n",
    ),
    "a whole body with a Server": (
        [{**START, "headers": [(b"server", b"mine")]}, *bodies(b"a")],
        GET, [OK, b"server: mine", b"Content-Length: 1", LAST], b"a",
    ),
    "the application ends the connection": (
        [{**sized(1), "headers": [(b"connection", b"close"), (b"content-length", b"1")]},
         *bodies(b"a")],
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", [OK, SERVER, b"Content-Length: 1", LAST], b"a",
    ),
    "HEAD with a length": (
        [sized(3), *bodies(b"")], b"HEAD / HTTP/1.1\r\n" + CLOSE,
        [OK, SERVER, b"Content-Length: 3", LAST], b"",
    ),
    "HEAD without": (
        [START, *bodies(b"abc")], b"HEAD / HTTP/1.1\r\n" + CLOSE, [OK, SERVER, LAST], b"",
    ),
    "205": (
        [{**START, "status": 205}, *bodies(b"")], GET,
        [b"HTTP/1.1 205 Reset Content", SERVER, b"Content-Length: 0", LAST], b"",
    ),
    "a status without a phrase": (
        [{**START, "status": 299}, *bodies(b"")], GET,
        [b"HTTP/1.1 299 ", b"Content-Length: 0", SERVER, LAST], b"",
    ),
    "trailers": (
        [{**START, "trailers": True}, *bodies(b"a"),
         {"type": "http.response.trailers", "headers": [(b"x-a", b"1")], "more_trailers": True},
         {"type": "http.response.trailers", "headers": [(b"x-b", b"2")]}],
        b"GET / HTTP/1.1\r\nTE: trailers\r\n" + CLOSE, [OK, SERVER, CHUNKED, LAST],
        b"1\r\na\r\n0\r\nx-a: 1\r\nx-b: 2\r\n\r\n",
    ),
    "trailers for a client that does not ask": (
        [{**START, "trailers": True}, *bodies(b"a"),
         {"type": "http.response.trailers", "headers": [(b"x-a", b"1")]}],
        GET, [OK, SERVER, CHUNKED, LAST], b"1\r\na\r\n0\r\n\r\n",
    ),
    "early hints": (
        [{"type": "http.response.early_hint", "links": [b"</a>; rel=preload", b"</b>"]}, sized(0),
         *bodies(b"")],
        GET, [b"HTTP/1.1 103 Early Hints", b"Link: </a>; rel=preload", b"Link: </b>"],
        b"HTTP/1.1 200 OK\r\n",
    ),
    "early hints to HTTP/1.0": (
        [{"type": "http.response.early_hint", "links": [b"</a>"]}, sized(0), *bodies(b"")],
        b"GET / HTTP/1.0\r\n\r\n", [OK, b"content-length: 0", SERVER, LAST], b"",
    ),
    "early hints behind the start": (
        [sized(0), {"type": "http.response.early_hint", "links": [b"</a>"]}, *bodies(b"")],
        GET, [b"HTTP/1.1 103 Early Hints", b"Link: </a>"], b"HTTP/1.1 200 OK\r\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WIRE)
def test_wire(run: Run, name: str) -> None:
    messages, request, head, rest = WIRE[name]

    async def main() -> None:
        async with serve(host(sends(*messages), lifespan="off")) as connect:
            found = lines(await (await connect()).ask(request))
            assert found[0] == [
                line.replace(b"Content-", b"content-")
                if line.replace(b"Content-", b"content-") in found[0]
                else line
                for line in head
            ]
            assert found[1].startswith(rest) if b"HTTP/" in rest else found[1] == rest

    run(main())


@each_loop
@pytest.mark.parametrize("size", [0, 10, 100_000, 3_000_000])
@pytest.mark.parametrize("announced", [True, False])
def test_pathsend(run: Run, tmp_path: Path, size: int, announced: bool) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    start = sized(size) if announced else START

    async def main() -> None:
        app = sends(start, {"type": "http.response.pathsend", "path": str(path)})
        async with serve(host(app, lifespan="off")) as connect:
            head, content = lines(await (await connect()).ask(GET))
            assert head[0] == OK
            assert b"content-length: %d" % size in [line.lower() for line in head]
            assert content == b"x" * size
            head, content = lines(await (await connect()).ask(b"HEAD / HTTP/1.1\r\n" + CLOSE))
            assert b"content-length: %d" % size in [line.lower() for line in head]
            assert content == b""

    run(main())


REFUSED_PATHS = [("relative", ValueError), (3, ValueError), ("/no/such/file", FileNotFoundError)]


@pytest.mark.parametrize(("path", "error"), REFUSED_PATHS)
def test_pathsend_refused(
    run: Run, path: object, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        app = sends(START, {"type": "http.response.pathsend", "path": path})
        async with serve(host(app, lifespan="off")) as connect:
            assert (await (await connect()).ask(GET)).startswith(b"HTTP/1.1 500 ")

    run(main())
    assert error.__name__ in caplog.text


@each_loop
def test_body_arrives_in_pieces(run: Run) -> None:
    """``receive`` returns what is there; it does not wait for the rest, and the peer is held up."""
    seen: list[Message] = []
    peers: list[Peer] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(await receive())
        await peers[0].send(b"cd")
        seen.append(await receive())
        await sends(sized(0), *bodies(b""))(scope, receive, send)

    async def main() -> None:
        async with serve(host(app, lifespan="off")) as connect:
            peer = await connect()
            peers.append(peer)
            await peer.ask(b"POST / HTTP/1.1\r\nContent-Length: 4\r\n" + CLOSE + b"ab")
        assert seen == [
            {"type": "http.request", "body": b"ab", "more_body": True},
            {"type": "http.request", "body": b"cd", "more_body": False},
        ]

    run(main())


@each_loop
def test_a_large_body_needs_bounded_memory(run: Run) -> None:
    """An application that does not read holds up the client."""
    sent = []
    go_on = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()
        size = 0
        while True:
            message = await receive()
            assert len(message["body"]) <= 2 * 1024 * 1024
            size += len(message["body"])
            if not message["more_body"]:
                break
        await sends(START, *bodies(b"%d" % size))(scope, receive, send)

    async def main() -> None:
        async with serve(host(app, lifespan="off")) as connect:
            peer = await connect()
            total = 64 * 1024 * 1024

            async def upload() -> None:
                await peer.send(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n" % total + CLOSE)
                for _ in range(64):
                    await peer.send(bytes(1024 * 1024))
                    sent.append(True)

            task = asyncio.create_task(upload())
            await asyncio.wait([task], timeout=0.5)
            assert len(sent) < 40
            go_on.set()
            await task
            assert (await peer.rest()).endswith(b"\r\n\r\n%d" % total)

    run(main())


LIMITS = [
    (b"Content-Length: 5\r\n" + CLOSE + b"abcde", b"HTTP/1.1 413 "),
    (b"Transfer-Encoding: chunked\r\n" + CLOSE + b"5\r\nabcde\r\n0\r\n\r\n", b"HTTP/1.1 413 "),
    (b"Content-Length: 4\r\n" + CLOSE + b"abcd", b"HTTP/1.1 200 "),
]


@pytest.mark.parametrize(("rest", "expected"), LIMITS)
def test_max_body_size(run: Run, rest: bytes, expected: bytes) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("as frameworks do")
        await sends(START, *bodies(b""))(scope, receive, send)

    async def main() -> None:
        async with serve(host(app, lifespan="off", max_body_size=4)) as connect:
            answer = await (await connect()).ask(b"POST / HTTP/1.1\r\n" + rest)
            assert answer.startswith(expected)

    run(main())


@each_loop
def test_a_client_that_leaves(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """``receive`` tells of it, ``send`` raises an ``OSError``, and the log has no error."""
    notes: list[object] = []
    ended = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "http.request"
        notes.append((await receive())["type"])
        notes.append((await receive())["type"])
        await send(START)
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x" * 9999, "more_body": True})
                await asyncio.sleep(0)
        except OSError as error:
            notes.append(type(error).__name__)
            ended.set()
            raise RuntimeError("another class, as Starlette's ClientDisconnect") from None

    async def main() -> None:
        async with serve(host(app, lifespan="off")) as connect:
            peer = await connect()
            await peer.send(GET)
            await asyncio.sleep(0)
            peer.writer.close()
            await ended.wait()

    caplog.set_level(logging.INFO, "treadle.server")
    run(main())
    assert notes == ["http.disconnect", "http.disconnect", "ClientConnectionResetError"]
    assert not caplog.records


@each_loop
def test_send_waits_for_a_slow_client(run: Run) -> None:
    sent = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        for _ in range(200):
            await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
            sent.append(True)
        await send({"type": "http.response.body"})

    async def main() -> None:
        async with serve(host(app, lifespan="off")) as connect:
            peer = await connect()
            peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # it reads too
            await peer.send(GET)
            for _ in range(200):
                await asyncio.sleep(0.001)
            assert 0 < len(sent) < 200
            peer.writer.transport.resume_reading()  # type: ignore[attr-defined]  # as above
            assert (await peer.rest()).endswith(b"\r\n0\r\n\r\n")
            assert len(sent) == 200

    run(main())


def test_receive_in_one_task_ends_with_the_response_of_another(run: Run) -> None:
    """As Django's ASGIHandler listens for the disconnect beside its view."""
    notes: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        listeners = [asyncio.create_task(_listen(receive)) for _ in range(2)]
        await asyncio.sleep(0)
        await sends(START, *bodies(b"x"))(scope, receive, send)
        notes.extend(await asyncio.gather(*listeners))

    async def _listen(receive: Receive) -> object:
        return (await receive())["type"]

    async def main() -> None:
        async with serve(host(app, lifespan="off")) as connect:
            assert (await (await connect()).ask(GET)).startswith(OK)

    run(main())
    assert notes == ["http.disconnect", "http.disconnect"]


def test_the_access_log(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    logger = logging.getLogger("test.access")

    async def main() -> None:
        for messages in (
            [{**START, "headers": [(b"x-a", b"1")]}, *bodies(b"abc")],
            [{**START, "status": 404, "headers": [(b"x-a", b"2")]}, *bodies(b"ab", b"c")],
        ):
            async with serve(
                host(sends(*messages), lifespan="off"),
                access_log=logger,
                access_log_class=AccessLogger,
                access_log_format="%s %b %{x-a}o",
            ) as connect:
                await (await connect()).ask(GET)

    run(main())
    sizes = [record.getMessage().split() for record in caplog.records if record.name == logger.name]
    assert [(status, field) for status, _, field in sizes] == [("200", "1"), ("404", "2")]
    assert all(int(size) > 3 for _, size, _ in sizes)


def test_signals_and_middlewares_see_the_response(run: Run) -> None:
    """A conversation inside an application: what is around it works as for other handlers."""
    seen: list[object] = []

    async def handler(request: Request) -> StreamResponse:
        app = sends({**START, "status": 201, "headers": [(b"x-a", b"1")]}, *bodies(b"abc"))
        return await converse(app, request, root_path="/sub", path="/sub/a", state={"b": 1})

    async def middleware(
        request: Request, handler: Callable[[Request], Awaitable[StreamResponse]]
    ) -> StreamResponse:
        response = await handler(request)
        seen.append((response.status, response.headers["X-A"], response.eof_sent))
        return response

    middleware.__middleware_version__ = 1  # type: ignore[attr-defined]  # what the decorator sets

    async def on_prepare(request: Request, response: StreamResponse) -> None:
        response.headers["X-Signal"] = response.headers["X-A"]

    async def main() -> None:
        app = Application(middlewares=[middleware])
        app.router.add_get("/", handler)
        app.on_response_prepare.append(on_prepare)
        async with serve(app) as connect:
            head, content = lines(await (await connect()).ask(GET))
            assert b"X-Signal: 1" in head
            assert content.replace(b"3\r\nabc\r\n0\r\n\r\n", b"abc") == b"abc"
        assert seen == [(201, "1", True)]

    run(main())


def test_an_application_in_front_of_which_a_response_was_sent(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: Request) -> StreamResponse:
        first = Response(text="first")
        await first.prepare(request)
        await first.write_eof()
        return await converse(sends(START, *bodies(b"second")), request)

    async def main() -> None:
        async with serve(handler) as connect:
            assert (await (await connect()).ask(GET)).endswith(b"\r\n\r\nfirst")

    run(main())
    assert "The request has another response already" in caplog.text
