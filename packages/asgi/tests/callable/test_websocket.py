"""WebSockets over ASGI: the handshake, messages, and the end, by the messages of both sides."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from testkit import Run, ScopeServer, each_loop, websocket_scope
from treadle_asgi import ApplicationCallable, asgi
from treadle_responses import HTTPUnauthorized, Response, StreamResponse
from treadle_server import (
    Application,
    ClientConnectionResetError,
    Request,
    WebSocketResponse,
    broadcast,
)
from treadle_websocket import (
    PreparedMessage,
    WebSocketError,
    WSMessageTypeError,
    WSMsgType,
    WSValueError,
)

CONNECT = {"type": "websocket.connect"}
Handler = Callable[[Request], Awaitable[StreamResponse]]


def text(data: str) -> dict[str, object]:
    return {"type": "websocket.receive", "text": data, "bytes": None}


def left(code: int, reason: str = "") -> dict[str, object]:
    return {"type": "websocket.disconnect", "code": code, "reason": reason}


def open_conversations(served: ApplicationCallable) -> int:
    state = served._life.state
    assert state is not None
    return len(state.connections)


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[ApplicationCallable]:
    app = Application()
    app.router.add_get("/", handler)
    async with asgi(app, shutdown_timeout=0.1) as served:
        yield served
        assert open_conversations(served) == 0


async def talk(
    handler: Handler, *messages: Any, scope: Any = None, connect: bool = True
) -> ScopeServer:
    async with serving(handler) as served:
        first = [CONNECT] if connect else []
        server = ScopeServer(*first, *messages)
        return await server.run(served, scope or websocket_scope())


def opened(act: Callable[[WebSocketResponse], Awaitable[object]], **options: Any) -> Handler:
    """Return a handler that opens a WebSocket and does one thing with it."""

    async def handle(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse(**options)
        await ws.prepare(request)
        await act(ws)
        return ws

    return handle


async def nothing(ws: WebSocketResponse) -> None:
    pass


ACCEPT = {"type": "websocket.accept", "headers": []}
CLOSE = {"type": "websocket.close", "code": 1000}


# The handshake.


@each_loop
@pytest.mark.parametrize(
    ("options", "fields", "headers", "accept"),
    [
        ({}, [], {}, {}),
        ({"protocols": ["b", "c"]}, [(b"sec-websocket-protocol", b"a, b")], {},
         {"subprotocol": "b"}),
        ({}, [], {"X-A": "1", "Sec-WebSocket-Protocol": "own", "Date": "now"},
         {"headers": [(b"x-a", b"1"), (b"date", b"now")]}),
        ({"origins": ["https://example.com"]}, [(b"origin", b"https://example.com")], {}, {}),
        ({"compress": True}, [(b"sec-websocket-extensions", b"permessage-deflate")], {}, {}),
    ],
)  # fmt: skip
def test_accepted(
    run: Run,
    options: dict[str, Any],
    fields: list[tuple[bytes, bytes]],
    headers: dict[str, str],
    accept: dict[str, object],
) -> None:
    seen: list[WebSocketResponse] = []

    async def handle(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse(**options)
        ws.headers.update(headers)
        assert ws.can_prepare(request)
        await ws.prepare(request)
        seen.append(ws)
        assert (ws.closed, ws.close_code, ws.compress) == (False, None, False)
        assert ws.get_extra_info("peername") == ("192.0.2.7", 5000)
        return ws

    async def main() -> None:
        server = await talk(handle, scope=websocket_scope("/", fields))
        assert server.sent == [{**ACCEPT, **accept}, CLOSE]
        (ws,) = seen
        assert (ws.ws_protocol, ws.closed) == (accept.get("subprotocol"), True)
        assert (ws.close_code, ws.get_extra_info("peername", "gone")) == (1000, "gone")

    run(main())


async def unauthorized(request: Request) -> Response:
    raise HTTPUnauthorized(headers={"WWW-Authenticate": "Basic"})


async def a_page(request: Request) -> Response:
    return Response(text="a page")


async def a_stream(request: Request) -> StreamResponse:
    response = StreamResponse(status=403)
    await response.prepare(request)
    await response.write(b"no")
    return response


async def broken(request: Request) -> Response:
    raise KeyError("mine")


elsewhere = opened(nothing, origins=["https://example.com"])


@each_loop
@pytest.mark.parametrize("offered", [True, False])
@pytest.mark.parametrize(
    ("handler", "status", "body"),
    [
        (unauthorized, 401, b"401: Unauthorized"),
        (a_page, 200, b"a page"),
        (a_stream, 403, b"no"),
        (broken, 500, None),
        (elsewhere, 403, None),
    ],
)
def test_refused(
    run: Run, handler: Handler, status: int, body: bytes | None, offered: bool
) -> None:
    async def main() -> None:
        extensions: dict[str, object] = {"websocket.http.response": {}} if offered else {}
        fields = [(b"origin", b"https://elsewhere.example")]
        scope = websocket_scope("/", fields, extensions=extensions)
        server = await talk(handler, scope=scope)
        if offered:
            assert server.status == status
            assert body in (None, server.body)
            assert {each["type"] for each in server.sent} == {
                "websocket.http.response.start",
                "websocket.http.response.body",
            }
        else:
            # The server makes a 403 of it.
            assert server.sent == [{"type": "websocket.close"}]

    run(main())


@each_loop
def test_a_client_that_leaves_before_the_handshake(run: Run) -> None:
    async def main() -> None:
        server = await talk(broken, left(1006), connect=False)
        assert server.sent == []

    run(main())


@each_loop
def test_a_host_that_is_none(run: Run) -> None:
    async def main() -> None:
        server = await talk(broken, scope=websocket_scope(headers=[(b"host", b"a b")]))
        assert server.sent == [{"type": "websocket.close"}]

    run(main())


# Messages.


@each_loop
def test_an_echo(run: Run) -> None:
    received: list[tuple[WSMsgType, Any]] = []

    async def echo(ws: WebSocketResponse) -> None:
        async for message in ws:
            received.append((message.type, message.data))
            if message.type is WSMsgType.TEXT:
                await ws.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await ws.send_bytes(memoryview(message.data))
        assert (ws.closed, ws.close_code, ws.exception()) == (True, 4000, None)

    async def main() -> None:
        async with serving(opened(echo)) as served:
            server = ScopeServer(
                CONNECT, text("жук"), {"type": "websocket.receive", "bytes": b"\xff"}
            )
            task = server.task(served, websocket_scope())
            await server.wait_sent(3)
            server.give(left(4000, "bye"))
            await task
        assert received == [(WSMsgType.TEXT, "жук"), (WSMsgType.BINARY, b"\xff")]
        # It has left: nothing is closed any more.
        assert server.sent == [
            ACCEPT,
            {"type": "websocket.send", "text": "жук"},
            {"type": "websocket.send", "bytes": b"\xff"},
        ]

    run(main())


@each_loop
def test_what_came_before_the_end_is_received(run: Run) -> None:
    received: list[object] = []

    async def echo(ws: WebSocketResponse) -> None:
        async for message in ws:
            received.append(message.data)
            # The peer has left, and the server has told: it reaches nothing.
            await ws.send_str("echo")

    async def main() -> None:
        server = await talk(opened(echo), text("a"), text("b"), text("c"), left(1001))
        assert (received, server.sent) == (["a", "b", "c"], [ACCEPT])

    run(main())


async def json_and_frames(ws: WebSocketResponse) -> None:
    await ws.send_json({"a": 1})
    await ws.send_frame(b"text", WSMsgType.TEXT)
    await ws.send_frame(b"bytes", WSMsgType.BINARY)
    await ws.send_prepared(PreparedMessage("prepared"))
    # The server in front has these.
    await ws.ping(b"a")
    await ws.pong("b")
    await ws.send_frame(b"", WSMsgType.PING)


@each_loop
def test_every_way_to_send(run: Run) -> None:
    async def main() -> None:
        server = await talk(opened(json_and_frames))
        assert [each.get("text", each.get("bytes")) for each in server.sent[1:-1]] == [
            '{"a": 1}', "text", b"bytes", "prepared",
        ]  # fmt: skip

    run(main())


@each_loop
@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda ws: ws.send_str(b"a"), WSMessageTypeError),
        (lambda ws: ws.send_bytes("a"), WSMessageTypeError),
        (lambda ws: ws.send_str("\ud800"), UnicodeEncodeError),
        (lambda ws: ws.send_frame(b"", WSMsgType.CLOSE), WSValueError),
        (lambda ws: ws.ping(b"x" * 126), WSValueError),
        (lambda ws: ws.close(code=1005), WSValueError),
        (lambda ws: ws.close(message=b"x" * 124), WSValueError),
        (lambda ws: ws.receive(timeout=0.001), TimeoutError),
        (lambda ws: ws.write(b""), RuntimeError),
    ],
)
def test_mistakes(
    run: Run, act: Callable[[WebSocketResponse], Awaitable[object]], error: type[Exception]
) -> None:
    async def attempt(ws: WebSocketResponse) -> None:
        with pytest.raises(error):
            await act(ws)

    async def main() -> None:
        assert (await talk(opened(attempt))).sent == [ACCEPT, CLOSE]

    run(main())


@each_loop
@pytest.mark.parametrize(
    ("decode", "message", "kind", "data"),
    [
        (True, text("12345"), WSMsgType.TEXT, "12345"),
        (False, text("жу"), WSMsgType.TEXT, "жу".encode()),
        (True, text("жук"), None, None),
        (True, text("123456"), None, None),
        (True, {"type": "websocket.receive", "bytes": b"123456"}, None, None),
        (True, {"type": "websocket.receive", "bytes": b""}, WSMsgType.BINARY, b""),
    ],
)
def test_the_largest_message(
    run: Run, decode: bool, message: dict[str, object], kind: WSMsgType | None, data: object
) -> None:
    received: list[Any] = []

    async def one(ws: WebSocketResponse) -> None:
        received.append(await ws.receive())
        if kind is None:
            error = ws.exception()
            assert isinstance(error, WebSocketError)
            assert (error.code, ws.close_code, ws.closed) == (1009, 1009, True)

    async def main() -> None:
        server = await talk(opened(one, max_msg_size=5, decode_text=decode), message)
        if kind is None:
            assert received[0].type is WSMsgType.ERROR
            assert (server.sent[1]["code"], len(server.sent)) == (1009, 2)
            assert "over the limit of 5" in server.sent[1]["reason"]
        else:
            assert (received[0].type, received[0].data) == (kind, data)

    run(main())


@each_loop
def test_a_fault_is_answered_though_no_task_reads(run: Run) -> None:
    async def main() -> None:
        done = asyncio.Event()

        async def busy(ws: WebSocketResponse) -> None:
            await done.wait()

        async with serving(opened(busy, max_msg_size=1, timeout=0.01)) as served:
            server = ScopeServer(CONNECT, text("ab"))
            task = server.task(served, websocket_scope())
            await server.wait_sent(2)
            assert server.sent[1]["code"] == 1009
            done.set()
            await task

    run(main())


@each_loop
def test_no_more_is_received_than_fits(run: Run) -> None:
    async def main() -> None:
        release = asyncio.Event()
        count = 0

        async def slow(ws: WebSocketResponse) -> None:
            nonlocal count
            await release.wait()
            async for _ in ws:
                count += 1

        async with serving(opened(slow)) as served:
            server = ScopeServer(CONNECT, *[text("x" * 100_000)] * 20, left(1000))
            task = server.task(served, websocket_scope())
            for _ in range(50):
                await asyncio.sleep(0)
            assert server.asked < 8
            release.set()
            await task
            assert count == 20

    run(main())


@each_loop
def test_two_receivers(run: Run) -> None:
    async def both(ws: WebSocketResponse) -> None:
        first = asyncio.ensure_future(ws.receive())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="Concurrent call"):
            await ws.receive()
        first.cancel()
        await asyncio.wait([first])

    async def main() -> None:
        assert (await talk(opened(both))).sent == [ACCEPT, CLOSE]

    run(main())


@each_loop
@pytest.mark.parametrize("slow", ["wait", "drop", "close"])
def test_broadcast(run: Run, slow: Any) -> None:
    async def main() -> None:
        members: list[WebSocketResponse] = []
        gate = asyncio.Event()

        async def join(ws: WebSocketResponse) -> None:
            members.append(ws)
            async for _ in ws:
                pass

        async with serving(opened(join, writer_limit=3)) as served:
            quick, behind = ScopeServer(CONNECT), ScopeServer(CONNECT)

            async def send(message: Any) -> None:
                if message["type"] == "websocket.send":
                    await gate.wait()
                await behind.send(message)

            tasks = [
                quick.task(served, websocket_scope()),
                asyncio.ensure_future(served(websocket_scope(), behind.receive, send)),
            ]
            await quick.wait_sent(1)
            await behind.wait_sent(1)
            assert await broadcast(members, b"first", slow="drop") == 2
            for _ in range(5):
                await asyncio.sleep(0)
            sending = asyncio.ensure_future(broadcast(members, "second", slow=slow))
            for _ in range(5):
                await asyncio.sleep(0)
            assert sending.done() is (slow != "wait")
            gate.set()
            assert await sending == (2 if slow == "wait" else 1)
            assert [each.get("text") for each in quick.sent[1:]] == [None, "second"]
            for server in (quick, behind):
                server.give(left(1000))
            await asyncio.gather(*tasks)
            last = {
                "wait": ("text", "second"),
                "drop": ("bytes", b"first"),
                "close": ("code", 1013),
            }
            key, value = last[slow]
            assert behind.sent[-1][key] == value

    run(main())


# The end.


@each_loop
@pytest.mark.parametrize(
    ("code", "kind", "close_code"),
    [
        (1000, WSMsgType.CLOSE, 1000), (1005, WSMsgType.CLOSE, 1005), (None, WSMsgType.CLOSE, 1005),
        (1012, WSMsgType.CLOSE, 1012), (1006, WSMsgType.CLOSED, 1006),
    ],
)  # fmt: skip
def test_a_peer_that_closes(run: Run, code: int | None, kind: WSMsgType, close_code: int) -> None:
    async def one(ws: WebSocketResponse) -> None:
        message = await ws.receive()
        assert message.type is kind
        assert (ws.close_code, ws.closed) == (close_code, True)
        with pytest.raises(ClientConnectionResetError):
            await ws.send_str("too late")
        with pytest.raises(ClientConnectionResetError):
            await ws.ping()
        assert not await ws.close()
        assert (await ws.receive()).type is WSMsgType.CLOSED

    async def main() -> None:
        message = {"type": "websocket.disconnect", "code": code}
        assert (await talk(opened(one), message)).sent == [ACCEPT]

    run(main())


@each_loop
def test_closing_while_another_task_receives(run: Run) -> None:
    async def main() -> None:
        seen: list[WebSocketResponse] = []

        async def receive(ws: WebSocketResponse) -> None:
            seen.append(ws)
            assert (await ws.receive()).type is WSMsgType.CLOSING

        async with serving(opened(receive)) as served:
            server = ScopeServer(CONNECT)
            task = server.task(served, websocket_scope())
            await server.wait_sent(1)
            await asyncio.sleep(0)
            assert await seen[0].close(code=4001, message=b"out")
            await task
            assert server.sent[1:] == [{"type": "websocket.close", "code": 4001, "reason": "out"}]

    run(main())


@each_loop
@pytest.mark.parametrize(
    ("ends", "code"), [("raises", 1011), ("is cancelled", None), ("application stops", 1001)]
)
def test_the_close_codes_of_the_server(run: Run, ends: str, code: int | None) -> None:
    async def act(ws: WebSocketResponse) -> None:
        if ends == "raises":
            raise KeyError("mine")
        async for _ in ws:
            pass

    async def main() -> None:
        app = Application()
        app.router.add_get("/", opened(act))
        served = asgi(app)
        async with served:
            server = ScopeServer(CONNECT)
            task = server.task(served, websocket_scope())
            await server.wait_sent(1)
            if ends == "is cancelled":
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled()
        await asyncio.wait([task])
        assert [each["code"] for each in server.sent[1:]] == ([] if code is None else [code])

    run(main())


@each_loop
@pytest.mark.parametrize("how", ["send", "receive"])
def test_a_server_that_fails(run: Run, how: str) -> None:
    async def act(ws: WebSocketResponse) -> None:
        if how == "receive":
            assert (await ws.receive()).type is WSMsgType.CLOSED
        with pytest.raises(ClientConnectionResetError):
            await ws.send_str("a")
        assert (ws.closed, ws.close_code) == (True, 1006)

    async def main() -> None:
        async with serving(opened(act)) as served:
            if how == "send":
                server = ScopeServer(CONNECT, refuses=OSError(), refused=1)
            else:
                # A message without a type.
                server = ScopeServer(CONNECT, {})
            await server.run(served, websocket_scope())
            assert server.sent == [ACCEPT]

    run(main())


@each_loop
def test_an_acceptance_that_fails(run: Run) -> None:
    async def handle(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse()
        with pytest.raises(ConnectionResetError):
            await ws.prepare(request)
        assert not ws.prepared
        return ws

    async def main() -> None:
        async with serving(handle) as served:
            server = await ScopeServer(CONNECT, refuses=OSError()).run(served, websocket_scope())
            assert server.sent == []

    run(main())
