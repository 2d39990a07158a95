"""``converse``: the errors of an application, and conversations that are cancelled."""

import asyncio
import gc
import logging
import weakref
from collections.abc import Awaitable, Callable

import pytest

from testkit import Run, each_loop, serve, upgrade_request
from treadle_asgi import Message, Receive, Scope, Send, converse, host
from treadle_responses import HTTPImATeapot, StreamResponse
from treadle_server import ClientConnectionResetError, Request

GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
CHUNKED = (
    b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
)

Act = Callable[[Scope, Receive, Send], Awaitable[None]]


async def start(send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def end(send: Send) -> None:
    await send({"type": "http.response.body", "body": b"x"})


async def raises(scope: Scope, receive: Receive, send: Send) -> None:
    raise ValueError("mine")


async def raises_late(scope: Scope, receive: Receive, send: Send) -> None:
    await start(send)
    await end(send)
    raise ValueError("mine")


async def raises_in_the_middle(scope: Scope, receive: Receive, send: Send) -> None:
    await start(send)
    await send({"type": "http.response.body", "body": b"x", "more_body": True})
    raise ValueError("mine")


async def raises_of_a_client_late(scope: Scope, receive: Receive, send: Send) -> None:
    await start(send)
    await end(send)
    raise ClientConnectionResetError("left")


async def raises_http(scope: Scope, receive: Receive, send: Send) -> None:
    raise HTTPImATeapot


async def reads(scope: Scope, receive: Receive, send: Send) -> None:
    assert (await receive())["type"] == "http.disconnect"
    raise RuntimeError("as Starlette's ClientDisconnect")


async def reads_and_returns(scope: Scope, receive: Receive, send: Send) -> None:
    assert (await receive())["type"] == "http.disconnect"


async def reads_and_answers(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await start(send)
    await end(send)


async def endless(scope: Scope, receive: Receive, send: Send) -> None:
    await start(send)
    try:
        while True:
            await send({"type": "http.response.body", "body": bytes(99_999), "more_body": True})
    except OSError:
        raise RuntimeError("as Starlette's ClientDisconnect") from None


async def cancelled(scope: Scope, receive: Receive, send: Send) -> None:
    raise asyncio.CancelledError


#: The application, the request; the beginning and the end of the answer, and the log.
ROWS = [
    (raises, GET, b"HTTP/1.1 500 ", b"", "Error handling request from"),
    (raises_http, GET, b"HTTP/1.1 418 ", b"418: I'm a Teapot", ""),
    (raises_late, GET, b"HTTP/1.1 200 ", b"\r\n\r\nx",
     "Error in the application behind its response to GET /"),
    (raises_of_a_client_late, GET, b"HTTP/1.1 200 ", b"\r\n\r\nx", ""),
    (raises_in_the_middle, GET, b"HTTP/1.1 200 ", b"\r\n1\r\nx\r\n", "ValueError: mine"),
    (reads, CHUNKED, b"HTTP/1.1 400 ", b"", ""),
    (reads_and_returns, CHUNKED, b"HTTP/1.1 400 ", b"", ""),
    (reads_and_answers, CHUNKED, b"HTTP/1.1 200 ", b"\r\n\r\nx", ""),
    (endless, GET.replace(b"GET", b"HEAD"), b"HTTP/1.1 200 ", b"\r\n\r\n", ""),
    (cancelled, GET, b"HTTP/1.1 500 ", b"", "Error handling request from"),
]  # fmt: skip


@pytest.mark.parametrize(("app", "request_", "begin", "finish", "line"), ROWS)
def test_errors(
    run: Run,
    app: Act,
    request_: bytes,
    begin: bytes,
    finish: bytes,
    line: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "treadle.server")

    async def main() -> None:
        async with serve(host(app, lifespan="off")) as connect:
            answer = await (await connect()).ask(request_)
            assert answer.startswith(begin)
            assert answer.endswith(finish)

    run(main())
    assert line in caplog.text
    assert bool(line) == bool(caplog.text)


@each_loop
@pytest.mark.parametrize("step", range(5))
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_stopped_at_every_step(run: Run, kind: str, step: int) -> None:
    """A server that stops cancels the application at its step; nothing is left."""
    left: list[weakref.ref[object]] = []
    reached = asyncio.Event()

    class Held:
        """An object that lives as long as the coroutine of the application."""

    async def hang() -> None:
        reached.set()
        await asyncio.get_running_loop().create_future()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        held = Held()
        left.append(weakref.ref(held))
        every: dict[str, list[Message]] = {
            "http": [
                {"type": "http.response.start", "status": 200, "headers": []},
                {"type": "http.response.body", "body": b"x", "more_body": True},
                {"type": "http.response.body"},
            ],
            "websocket": [
                {"type": "websocket.accept"},
                {"type": "websocket.send", "text": "x"},
                {"type": "websocket.close"},
            ],
        }
        messages = every[kind]
        if step == 4:
            reached.set()
            while True:
                message = await receive()
                if message["type"] in ("http.disconnect", "websocket.disconnect"):
                    return
        await receive()
        for message in messages[:step]:
            await send(message)
        await hang()

    async def main() -> None:
        request = upgrade_request() if kind == "websocket" else GET
        async with serve(host(app, lifespan="off"), shutdown_timeout=0.05) as connect:
            peer = await connect()
            await peer.send(request)
            await reached.wait()
        await peer.rest()

    run(main())
    gc.collect()
    assert [each() for each in left] == [None]


def test_nothing_is_left_for_the_garbage_collector(run: Run) -> None:
    """A conversation that has ended frees its memory by itself."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await start(send)
        await end(send)
        await receive()

    async def streams(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send)
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await end(send)

    async def handler(request: Request) -> StreamResponse:
        return await converse(app if request.path == "/" else streams, request)

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()

            async def ask() -> None:
                for _ in range(3):
                    await peer.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    assert await peer.response() == (200, b"x")
                    await peer.send(b"GET /s HTTP/1.1\r\nHost: a\r\n\r\n")
                    await peer.head()
                    await peer.exactly(len(b"1\r\nx\r\n1\r\nx\r\n0\r\n\r\n"))

            await ask()
            gc.collect()
            gc.disable()
            try:
                await ask()
                found = gc.collect()
            finally:
                gc.enable()
            # Of the client's streams; a conversation in a circle would be dozens of objects.
            assert found < 6

    run(main())
