"""Requests over ASGI, from the scope to the end of the response, by the messages of both sides."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator

from testkit import Run, ScopeServer, each_loop, http_scope, open_descriptors, websocket_scope
from treadle_asgi import ApplicationCallable, BrokenResponseError, asgi
from treadle_responses import HTTPForbidden, HTTPFound, Response, StreamResponse
from treadle_server import Application, FileResponse, Request, WebSocketResponse, sse_response

DISCONNECT = {"type": "http.disconnect"}


def piece(body: bytes, more: bool = False) -> dict[str, object]:
    return {"type": "http.request", "body": body, "more_body": more}


def application(*handlers: Callable[..., Any], **options: Any) -> Application:
    """Return an application with each handler at the path of its name."""
    app = Application(**options)
    for handler in handlers:
        app.router.add_route("*", f"/{handler.__name__}", handler)
    return app


def open_conversations(served: ApplicationCallable) -> int:
    state = served._life.state
    assert state is not None
    return len(state.connections)


@contextlib.asynccontextmanager
async def serving(
    *handlers: Callable[..., Any], **options: Any
) -> AsyncIterator[ApplicationCallable]:
    """Run an application and check that nothing is left of its requests."""
    async with asgi(application(*handlers), **options) as served:
        yield served
        assert open_conversations(served) == 0


async def hello(request: Request) -> Response:
    return Response(text=f"{request.method} {request.remote} {request.url}")


async def late(request: Request) -> Response:
    await asyncio.sleep(0)
    return Response(text="late")


async def empty(request: Request) -> Response:
    return Response(status=204)


async def found(request: Request) -> Response:
    raise HTTPFound("/there")


async def broken(request: Request) -> Response:
    raise KeyError("mine")


async def echo(request: Request) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    async for data in request.content.iter_any():
        await response.write(data)
    return response


async def read(request: Request) -> Response:
    exists, can_read = request.body_exists, request.can_read_body
    return Response(text=f"{exists} {can_read} {await request.text()}")


async def sized(request: Request) -> StreamResponse:
    response = StreamResponse(headers={"Content-Length": "4"})
    await response.prepare(request)
    await response.write(b"ab")
    await response.write_eof(b"cd")
    return response


async def closing(request: Request) -> Response:
    response = Response(text="bye")
    response.force_close()
    return response


async def cookies(request: Request) -> Response:
    response = Response(text="set")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


WHOLE = ["start", "body"]
TEXT = {"content-type": "text/plain; charset=utf-8"}

# Scope, messages, status, types, fields, body.
RESPONSES: list[Any] = [
    (http_scope("GET", "/hello?a=1"), [], 200, WHOLE, {**TEXT, "content-length": "42"},
     b"GET 192.0.2.7 http://example.org/hello?a=1"),
    (http_scope("GET", "/late"), [], 200, WHOLE, TEXT, b"late"),
    (http_scope("HEAD", "/late"), [], 200, WHOLE, {**TEXT, "content-length": "4"}, b""),
    (http_scope("HEAD", "/echo"), [], 200, WHOLE, {}, b""),
    (http_scope("GET", "/empty"), [], 204, WHOLE, {}, b""),
    (http_scope("GET", "/found"), [], 302, WHOLE, {"location": "/there"}, b"302: Found"),
    (http_scope("GET", "/nowhere"), [], 404, WHOLE, TEXT, b"404: Not Found"),
    (http_scope("GET", "/broken"), [], 500, WHOLE, TEXT,
     b"500 Internal Server Error\n\nServer got itself in trouble"),
    (http_scope("GET", "/sized"), [], 200, ["start", "body", "body"], {"content-length": "4"},
     b"abcd"),
    (http_scope("POST", "/echo", [(b"content-length", b"4")]), [piece(b"ab", True), piece(b"cd")],
     200, None, {}, b"abcd"),
    (http_scope("POST", "/read", [(b"content-length", b"2")]), [piece(b"ab")], 200, WHOLE, TEXT,
     b"True True ab"),
    (http_scope("POST", "/read", [(b"transfer-encoding", b"chunked")]), [piece(b"ab")], 200, WHOLE,
     TEXT, b"True True ab"),
    # Without a field: over HTTP/1.1 no body is to be expected, but a gateway may have one.
    (http_scope("GET", "/read"), [], 200, WHOLE, TEXT, b"False False "),
    (http_scope("POST", "/read"), [piece(b"")], 200, WHOLE, TEXT, b"False False "),
    (http_scope("POST", "/read"), [piece(b"ab")], 200, WHOLE, TEXT, b"True True ab"),
    (http_scope("POST", "/read"), [piece(b"a", True), piece(b"b")], 200, WHOLE, TEXT,
     b"True True ab"),
    (http_scope("POST", "/read", http_version="2"), [piece(b"ab")], 200, WHOLE, TEXT,
     b"True True ab"),
    # A body that no handler reads is no one's business.
    (http_scope("POST", "/hello", [(b"content-length", b"2")]), [piece(b"ab")], 200, WHOLE, TEXT,
     None),
    (http_scope("GET", "/closing"), [], 200, WHOLE, {"connection": "close"}, b"bye"),
    (http_scope("GET", "/hello", headers=[(b"host", b"a b")]), [], 400, WHOLE, {},
     b"400: Host is not valid"),
    (http_scope("GET", "/api/hello", root_path="/api"), [], 200, WHOLE, TEXT,
     b"GET 192.0.2.7 http://example.org/api/hello"),
    (http_scope("GET", "/hello", scheme="https", client=None), [], 200, WHOLE, TEXT,
     b"GET None https://example.org/hello"),
    (http_scope("PUT", "/read", [(b"content-length", b"2"), (b"expect", b"other")]), [], 417,
     WHOLE, TEXT, None),
]  # fmt: skip


@each_loop
@pytest.mark.parametrize("number", range(len(RESPONSES)))
def test_responses(run: Run, number: int) -> None:
    scope, messages, status, types, fields, body = RESPONSES[number]
    handlers = (
        hello, late, empty, found, broken, echo, read, sized, closing,
    )  # fmt: skip

    async def main() -> None:
        async with serving(*handlers) as served:
            server = await ScopeServer(*messages).run(served, scope)
            assert server.status == status
            if types is not None:
                assert server.types == types
            if body is not None:
                assert server.body == body
            assert {name: server.fields.get(name) for name in fields} == fields
            # They are the server's.
            assert not {"date", "server", "transfer-encoding"} & server.fields.keys()

    run(main())


@each_loop
def test_two_cookies_are_two_fields(run: Run) -> None:
    async def main() -> None:
        async with serving(cookies) as served:
            server = await ScopeServer().run(served, http_scope("GET", "/cookies"))
            names = [name for name, _ in server.sent[0]["headers"]]
            assert names.count(b"set-cookie") == 2

    run(main())


@each_loop
def test_the_connection_is_no_business_of_http_2(run: Run) -> None:
    async def main() -> None:
        async with serving(closing) as served:
            scope = http_scope("GET", "/closing", http_version="2")
            server = await ScopeServer().run(served, scope)
            assert "connection" not in server.fields

    run(main())


@each_loop
def test_early_hints_and_files_by_path(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(b"x" * 100_000)

    async def file(request: Request) -> FileResponse:
        await request.send_informational(102)
        await request.send_informational(103, {"Link": "</a.css>; rel=preload", "X-A": "1"})
        return FileResponse(path)

    async def main() -> None:
        async with serving(file) as served:
            offered: dict[str, object] = {
                "http.response.early_hint": {},
                "http.response.pathsend": {},
            }
            server = await ScopeServer().run(served, http_scope("GET", "/file", extensions=offered))
            hint, start, sent = server.sent
            assert hint == {
                "type": "http.response.early_hint",
                "links": [b"</a.css>; rel=preload"],
            }
            assert dict(start["headers"])[b"content-length"] == b"100000"
            assert sent == {"type": "http.response.pathsend", "path": str(path)}
            server = await ScopeServer().run(served, http_scope("GET", "/file"))
            assert server.body == path.read_bytes()
            assert server.types[0] == "start"

    run(main())


@each_loop
@pytest.mark.parametrize("offered", [True, False])
def test_trailers(run: Run, offered: bool) -> None:
    async def handle(request: Request) -> StreamResponse:
        response = StreamResponse(headers={"Trailer": "X-Sum"})
        await response.prepare(request)
        await response.write(b"abc")
        request.response_writer.finish(b"", [("X-Sum", "6")])  # type: ignore[attr-defined]  # of the channels that can
        return response

    async def main() -> None:
        async with serving(handle) as served:
            extensions: dict[str, object] = {"http.response.trailers": {}} if offered else {}
            server = await ScopeServer().run(
                served, http_scope("GET", "/handle", extensions=extensions)
            )
            assert server.body == b"abc"
            assert server.sent[0].get("trailers", False) is offered
            assert server.types[-1] == ("trailers" if offered else "body")
            if offered:
                assert server.sent[-1]["headers"] == [(b"x-sum", b"6")]

    run(main())


# Clients that leave.


@each_loop
@pytest.mark.parametrize("how", ["disconnect", "refused", "unknown error"])
def test_a_stream_ends_when_its_client_leaves(
    run: Run, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    ended: list[str] = []

    async def endless(request: Request) -> StreamResponse:
        response = StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x")
        except ConnectionResetError:
            ended.append("reset")
            raise

    async def main() -> None:
        async with serving(endless) as served:
            errors = {"disconnect": None, "refused": OSError("gone"), "unknown error": KeyError(1)}
            server = ScopeServer(refuses=errors[how], refused=2)
            talk = server.task(served, http_scope("GET", "/endless"))
            await server.wait_sent(2)
            if how == "disconnect":
                server.give(DISCONNECT)
            await talk
            assert ended == ["reset"]
            # An OSError is a client that has left (ASGI 2.4); another error is worth a line.
            assert ("has refused the message" in caplog.text) is (how == "unknown error")

    run(main())


@each_loop
def test_waiting_for_the_client_to_leave(run: Run) -> None:
    async def poll(request: Request) -> Response:
        assert request.transport is not None
        assert request.get_extra_info("peername") == ("192.0.2.7", 5000)
        await request.wait_disconnected()
        assert request.transport is None
        return Response(text="no one reads this")

    async def main() -> None:
        async with serving(poll) as served:
            server = ScopeServer()
            talk = server.task(served, http_scope("GET", "/poll"))
            await asyncio.sleep(0)
            server.give(DISCONNECT)
            await talk
            assert server.sent == []

    run(main())


@each_loop
@pytest.mark.parametrize("cancels", [True, False])
def test_handler_cancellation(run: Run, cancels: bool) -> None:
    async def main() -> None:
        ends: list[str] = []
        release = asyncio.Event()

        async def slow(request: Request) -> Response:
            try:
                await release.wait()
            except asyncio.CancelledError:
                ends.append("cancelled")
                raise
            ends.append("done")
            return Response()

        async with serving(slow, handler_cancellation=cancels) as served:
            server = ScopeServer()
            talk = server.task(served, http_scope("GET", "/slow"))
            await asyncio.sleep(0)
            server.give(DISCONNECT)
            for _ in range(5):
                await asyncio.sleep(0)
            release.set()
            await talk
            assert ends == (["cancelled"] if cancels else ["done"])

    run(main())


@each_loop
def test_a_body_that_breaks_off(run: Run) -> None:
    async def main() -> None:
        async with serving(read) as served:
            scope = http_scope("POST", "/read", [(b"content-length", b"9")])
            server = await ScopeServer(piece(b"ab", True), DISCONNECT).run(served, scope)
            assert server.sent == []

    run(main())


# Responses that cannot be completed.


async def half(request: Request) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    await response.write(b"x")
    raise KeyError("mine")


async def short(request: Request) -> StreamResponse:
    response = StreamResponse(headers={"Content-Length": "4"})
    await response.prepare(request)
    await response.write(b"x")
    return response


async def long(request: Request) -> StreamResponse:
    response = StreamResponse(headers={"Content-Length": "1"})
    await response.prepare(request)
    await response.write(b"xx")
    return response


async def bad_field(request: Request) -> Response:
    return Response(headers={"X-A": "a\r\nb: c"})


async def twice(request: Request) -> Response:
    await Response(text="first").prepare(request)
    return Response(text="second")


@each_loop
@pytest.mark.parametrize(
    ("handler", "status", "body"),
    [
        (half, 200, b"x"),
        (short, 200, b"x"),
        (long, 500, None),
        (bad_field, 500, None),
        (twice, 200, b"second"),
    ],
)
def test_responses_that_break_off(
    run: Run, handler: Callable[..., Any], status: int, body: bytes | None
) -> None:
    async def main() -> None:
        async with serving(handler) as served:
            server = ScopeServer()
            broken_off = handler in (half, short)
            with pytest.raises(BrokenResponseError) if broken_off else contextlib.nullcontext():
                await server.run(served, http_scope("GET", f"/{handler.__name__}"))
            assert server.status == status
            if body is not None:
                assert server.body == body
            assert (server.sent[-1].get("more_body", False) or not broken_off) is True

    run(main())


@each_loop
def test_a_bodiless_response_may_be_written_but_not_for_ever(run: Run) -> None:
    async def endless(request: Request) -> StreamResponse:
        response = StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 100_000)

    async def main() -> None:
        async with serving(endless) as served:
            server = await ScopeServer().run(served, http_scope("HEAD", "/endless"))
            assert (server.types, server.body) == (["start", "body"], b"")

    run(main())


# The order of messages, and what waits for what.


@each_loop
def test_a_handler_waits_for_the_server(run: Run) -> None:
    written: list[int] = []

    async def stream(request: Request) -> StreamResponse:
        response = StreamResponse()
        await response.prepare(request)
        for number in range(3):
            await response.write(b"x")
            written.append(number)
        return response

    async def main() -> None:
        async with serving(stream) as served:
            server, gate = ScopeServer(), asyncio.Semaphore(0)

            async def send(message: Any) -> None:
                await server.send(message)
                await gate.acquire()

            talk = asyncio.ensure_future(served(http_scope("GET", "/stream"), server.receive, send))
            await server.wait_sent(1)
            assert written == []
            gate.release()
            await server.wait_sent(2)
            assert written == []
            gate.release()
            await server.wait_sent(3)
            assert written == [0]
            for _ in range(9):
                gate.release()
            await talk
            assert (server.body, written) == (b"xxx", [0, 1, 2])

    run(main())


@each_loop
def test_a_head_does_not_wait_for_a_handler_that_does(run: Run) -> None:
    async def main() -> None:
        release = asyncio.Event()

        async def headed(request: Request) -> StreamResponse:
            response = StreamResponse()
            await response.prepare(request)
            await release.wait()
            return response

        async with serving(headed) as served:
            server = ScopeServer()
            talk = server.task(served, http_scope("GET", "/headed"))
            await server.wait_sent(1)
            assert server.types == ["start"]
            release.set()
            await talk
            assert server.types == ["start", "body"]

    run(main())


@each_loop
def test_an_event_stream_ends_with_the_application(run: Run) -> None:
    async def events(request: Request) -> StreamResponse:
        async with sse_response(request) as stream:
            await stream.send("one")
            await stream.wait()
        return stream

    async def main() -> None:
        async with asgi(application(events)) as served:
            server = ScopeServer()
            talk = server.task(served, http_scope("GET", "/events"))
            await server.wait_sent(2)
        await talk
        assert server.body.startswith(b"data: one")

    run(main())


@each_loop
def test_a_stop_waits_for_handlers_then_cancels_them(run: Run) -> None:
    async def main() -> None:
        begun = asyncio.Event()

        async def stuck(request: Request) -> Response:
            begun.set()
            await asyncio.Event().wait()
            return Response()

        async with asgi(application(stuck), shutdown_timeout=0.01) as served:
            talk = ScopeServer().task(served, http_scope("GET", "/stuck"))
            await begun.wait()
        with pytest.raises(BrokenResponseError):
            await talk

    run(main())


# Cancelled at every step, a conversation leaves nothing.


async def upload(request: Request) -> Response:
    form = await request.post()
    return Response(text=f"{len(form)}")


async def chat(request: Request) -> WebSocketResponse:
    ws = WebSocketResponse()
    await ws.prepare(request)
    async for message in ws:
        await ws.send_str(str(message.data))
    return ws


async def refusing(request: Request) -> Response:
    await asyncio.sleep(0)
    raise HTTPForbidden


BOUNDARY = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
FORM = BOUNDARY + b"x" * 1_100_000 + b"\r\n--b--\r\n"
LENGTH = (b"content-length", b"%d" % len(FORM))
TYPE = (b"content-type", b"multipart/form-data; boundary=b")

CONVERSATIONS: dict[str, Any] = {
    "hello": (http_scope("GET", "/hello"), []),
    "late": (http_scope("GET", "/late"), []),
    "echo": (
        http_scope("POST", "/echo", [(b"transfer-encoding", b"chunked")]),
        [piece(b"a" * 100, True)] * 3 + [piece(b"")],
    ),
    "upload": (
        http_scope("POST", "/upload", [LENGTH, TYPE]),
        [piece(FORM[i : i + 400_000], True) for i in range(0, len(FORM), 400_000)] + [piece(b"")],
    ),
    "gateway": (http_scope("POST", "/read"), [piece(b"a", True), piece(b"b")]),
    "chat": (
        websocket_scope("/chat"),
        [
            {"type": "websocket.connect"},
            *[{"type": "websocket.receive", "text": "a"}] * 3,
            {"type": "websocket.disconnect", "code": 1000},
        ],
    ),
    "refusing": (websocket_scope("/refusing"), [{"type": "websocket.connect"}]),
}


@each_loop
@pytest.mark.parametrize("name", CONVERSATIONS)
def test_cancelled_at_every_step(
    run: Run, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope, messages = CONVERSATIONS[name]
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def main() -> None:
        app = application(hello, late, echo, read, upload, chat, refusing, client_max_size=0)
        completed = steps = 0
        loop = asyncio.get_running_loop()
        # Large files are closed in a thread: behind a call in the only one they are.
        loop.set_default_executor(ThreadPoolExecutor(1))
        async with asgi(app) as served:
            before = asyncio.all_tasks()
            await ScopeServer(*messages).run(served, scope)
            await loop.run_in_executor(None, int)
            descriptors = open_descriptors()
            while not completed:
                communicator = ApplicationCommunicator(served, scope)  # type: ignore[no-untyped-call]  # it has no types
                for message in messages:
                    communicator.input_queue.put_nowait(message)
                talk = communicator.future
                for _ in range(steps):
                    await asyncio.sleep(0)
                completed = talk.done()
                talk.cancel()
                await asyncio.wait([talk])
                assert completed or talk.cancelled()
                assert asyncio.all_tasks() == before, steps
                assert open_conversations(served) == 0
                await loop.run_in_executor(None, int)
                assert open_descriptors() == descriptors
                assert os.listdir(tmp_path) == []  # noqa: PTH208  # in the event loop
                steps += 1
        # One step is the begin of the callable.
        assert steps > 1

    run(main())


@each_loop
def test_a_handler_that_does_not_end_is_given_up_when_cancelled_twice(run: Run) -> None:
    release = asyncio.Event()

    async def stubborn(request: Request) -> Response:
        while not release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await release.wait()
        return Response()

    async def main() -> None:
        async with serving(stubborn) as served:
            talk = ScopeServer().task(served, http_scope("GET", "/stubborn"))
            await asyncio.sleep(0)
            talk.cancel()
            for _ in range(5):
                await asyncio.sleep(0)
            assert not talk.done()
            talk.cancel()
            await asyncio.wait([talk], timeout=5)
            assert talk.cancelled()
            release.set()
            for _ in range(5):
                await asyncio.sleep(0)

    run(main())
