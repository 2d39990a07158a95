"""Messages on real sockets: what handlers send and receive, and what their peers see."""

import asyncio
import inspect
import json
from typing import Any, Literal, assert_type

import pytest

from testkit import (
    Act,
    Recorder,
    Run,
    doing,
    each_loop,
    echo_messages,
    frame,
    open_websocket,
    read_close,
    read_frame,
    serve,
)
from treadle_server import (
    Request,
    WebSocketResponse,
)
from treadle_server._websocket.connection import WebSocketConnection
from treadle_websocket import (
    Message,
    PreparedMessage,
    RawMessage,
    WebSocketError,
    WSMessageTypeError,
    WSMsgType,
)

# Messages.


@each_loop
def test_echo(run: Run) -> None:
    async def main() -> None:
        async with serve(echo_messages) as connect:
            peer = await open_websocket(connect)
            await peer.send(frame(1, "жук".encode()))
            assert await read_frame(peer) == (0x81, "жук".encode())
            await peer.send(frame(2, b"\xff" * 70_000))
            assert await read_frame(peer) == (0x82, b"\xff" * 70_000)
            await peer.send(frame(1, b"a", fin=False) + frame(9, b"p") + frame(0, b"b"))
            assert await read_frame(peer) == (0x8A, b"p")
            assert await read_frame(peer) == (0x81, b"ab")
            await peer.send(frame(8, b"\x0f\xa0bye"))
            assert await read_close(peer) == 4000
            assert await peer.rest() == b""

    run(main())


@each_loop
def test_a_burst_is_answered_in_order_and_in_one_piece(run: Run) -> None:
    async def main() -> None:
        async with serve(echo_messages) as connect:
            peer = await open_websocket(connect)
            burst = b"".join(frame(1, b"%d" % number) for number in range(1000))
            await peer.send(burst)
            for number in range(1000):
                assert await read_frame(peer) == (0x81, b"%d" % number)

    run(main())


SENDS: list[tuple[Act, tuple[int, bytes]]] = [
    (lambda ws: ws.send_str("ж"), (0x81, "ж".encode())),
    (lambda ws: ws.send_str(""), (0x81, b"")),
    (lambda ws: ws.send_bytes(b"x"), (0x82, b"x")),
    (lambda ws: ws.send_bytes(bytearray(b"x")), (0x82, b"x")),
    (lambda ws: ws.send_bytes(memoryview(b"abcd")[::2]), (0x82, b"ac")),
    (lambda ws: ws.send_json({"a": 1}), (0x81, b'{"a": 1}')),
    (lambda ws: ws.send_json([1], dumps=lambda value: f"<{value}>"), (0x81, b"<[1]>")),
    (lambda ws: ws.send_json_bytes(1, dumps=lambda value: b"%d" % value), (0x82, b"1")),
    (lambda ws: ws.send_frame(b"x", WSMsgType.TEXT), (0x81, b"x")),
    (lambda ws: ws.send_frame(b"x", WSMsgType.BINARY), (0x82, b"x")),
    (lambda ws: ws.send_frame(b"x", WSMsgType.PING), (0x89, b"x")),
    (lambda ws: ws.send_prepared(PreparedMessage("x")), (0x81, b"x")),
    (lambda ws: ws.ping(), (0x89, b"")),
    (lambda ws: ws.ping("x"), (0x89, b"x")),
    (lambda ws: ws.pong(b"x"), (0x8A, b"x")),
]


@pytest.mark.parametrize(("send", "expected"), SENDS)
def test_every_way_to_send(run: Run, send: Act, expected: tuple[int, bytes]) -> None:
    async def main() -> None:
        async with serve(doing(send)) as connect:
            peer = await open_websocket(connect)
            assert await read_frame(peer) == expected
            assert await read_close(peer) == 1000

    run(main())


async def _concurrent(ws: WebSocketResponse) -> None:
    waiting = asyncio.ensure_future(ws.receive())
    await asyncio.sleep(0)
    try:
        await ws.receive()
    finally:
        waiting.cancel()


MISTAKES: list[tuple[Act, type[Exception], str]] = [
    (lambda ws: ws.send_str(b"x"), TypeError, "takes str"),  # type: ignore[arg-type]  # the mistake
    (lambda ws: ws.send_bytes("x"), TypeError, "takes bytes"),  # type: ignore[arg-type]  # the mistake
    (lambda ws: ws.send_frame(b"", WSMsgType.CLOSE), ValueError, "CLOSE"),
    (lambda ws: ws.ping(b"x" * 126), ValueError, "126 bytes"),
    (lambda ws: ws.close(code=1006), ValueError, "1006"),
    (lambda ws: ws.close(message=b"x" * 124), ValueError, "124 bytes"),
    (lambda ws: ws.write(b"x"), RuntimeError, "no body"),
    (_concurrent, RuntimeError, "Concurrent call to receive"),
]


@pytest.mark.parametrize(("mistake", "error", "text"), MISTAKES)
def test_mistakes_raise_and_the_socket_goes_on(
    run: Run, mistake: Act, error: type[Exception], text: str
) -> None:
    async def act(ws: WebSocketResponse) -> None:
        with pytest.raises(error, match=text):
            await mistake(ws)
        await ws.send_str("fine")

    async def main() -> None:
        async with serve(doing(act)) as connect:
            peer = await open_websocket(connect)
            assert await read_frame(peer) == (0x81, b"fine")
            assert await read_close(peer) == 1000

    run(main())


@pytest.mark.parametrize(
    "call",
    [
        lambda ws: ws.send_str("x"),
        lambda ws: ws.send_bytes(b"x"),
        lambda ws: ws.send_json(1),
        lambda ws: ws.ping(),
        lambda ws: ws.pong(),
        lambda ws: ws.receive(),
        lambda ws: ws.receive_str(),
        lambda ws: ws.receive_bytes(),
        lambda ws: ws.receive_json(),
        lambda ws: ws.close(),
        lambda ws: ws.write_eof(),
        anext,
    ],
)
def test_before_prepare_nothing_works(run: Run, call: Act) -> None:
    async def main() -> None:
        ws = WebSocketResponse()
        with pytest.raises(RuntimeError, match="prepare"):
            await call(ws)
        assert not ws.prepared
        assert not ws.closed
        assert ws.close_code is None
        assert ws.ws_protocol is None
        assert ws.exception() is None
        assert ws.get_extra_info("peername", "none") == "none"

    run(main())


# Receiving.


def test_types_of_messages(run: Run) -> None:
    async def act(ws: WebSocketResponse) -> None:
        assert await ws.receive_str() == "text"
        assert await ws.receive_bytes() == b"bytes"
        assert await ws.receive_json() == {"a": 1}
        assert await ws.receive_json(loads=str.upper) == "X"
        # aiohttp's words.
        with pytest.raises(WSMessageTypeError, match=r"message 1:'text' is not WSMsgType.BINARY"):
            await ws.receive_bytes()
        with pytest.raises(WSMessageTypeError, match=r"message 2:.*b.* is not WSMsgType.TEXT"):
            await ws.receive_str()
        with pytest.raises(WSMessageTypeError, match=r"message 2:.*b.* is not WSMsgType.TEXT"):
            await ws.receive_json()
        with pytest.raises(json.JSONDecodeError):
            await ws.receive_json()
        await ws.send_str("seen")

    async def main() -> None:
        async with serve(doing(act)) as connect:
            peer = await open_websocket(connect)
            await peer.send(
                frame(1, b"text") + frame(2, b"bytes") + frame(1, b'{"a": 1}') + frame(1, b"x")
                + frame(1, b"text") + frame(2, b"b") + frame(2, b"b") + frame(1, b"{")
            )  # fmt: skip
            assert await read_frame(peer) == (0x81, b"seen")

    run(main())


def test_text_may_stay_bytes(run: Run) -> None:
    async def handler(request: Request) -> WebSocketResponse[Literal[False]]:
        ws = WebSocketResponse(decode_text=False)
        assert_type(ws, WebSocketResponse[Literal[False]])
        await ws.prepare(request)
        assert_type(await ws.receive_str(), bytes)
        async for message in ws:
            assert_type(message, RawMessage)
            if message.type is WSMsgType.TEXT:
                assert_type(message.data, bytes)
                await ws.send_bytes(message.data)
        return ws

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await open_websocket(connect)
            await peer.send(frame(1, b"x") + frame(1, "ж".encode()))
            assert await read_frame(peer) == (0x82, "ж".encode())

    run(main())


async def narrows(ws: WebSocketResponse) -> None:
    """Never called: what type checkers must know."""
    assert_type(await ws.receive(), Message)
    assert_type(await ws.receive_str(), str)
    async for message in ws:
        assert_type(message, Message)
        if message.type is WSMsgType.TEXT:
            assert_type(message.data, str)
        elif message.type is WSMsgType.BINARY:
            assert_type(message.data, bytes)
        elif message.type is WSMsgType.ERROR:
            assert_type(message.data, WebSocketError | TimeoutError)


@each_loop
def test_timeouts(run: Run) -> None:
    async def act(ws: WebSocketResponse) -> None:
        with pytest.raises(TimeoutError):
            await ws.receive()
        with pytest.raises(TimeoutError):
            await ws.receive(0.01)
        with pytest.raises(TimeoutError):
            await ws.receive_str(timeout=0)
        await ws.send_str("now")
        assert await ws.receive_str(timeout=10) == "late"

    async def main() -> None:
        async with serve(doing(act, receive_timeout=0.01)) as connect:
            peer = await open_websocket(connect)
            assert await read_frame(peer) == (0x81, b"now")
            await peer.send(frame(1, b"late"))
            assert await read_close(peer) == 1000

    run(main())


class Counts(WebSocketResponse):
    """Has a ``receive`` of its own, as wrappers and instrumentations do."""

    received = 0

    async def receive(self, timeout: float | None = None) -> Any:
        self.received += 1
        return await super().receive(timeout)


def test_a_receive_of_a_subclass_is_used_everywhere(run: Run) -> None:
    async def handler(request: Request) -> WebSocketResponse:
        ws = Counts()
        await ws.prepare(request)
        assert await ws.receive_str() == "a"
        assert await ws.receive_bytes() == b"b"
        assert await ws.receive_json() == 3
        assert [message.data async for message in ws] == ["d"]
        assert ws.received == 5
        return ws

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await open_websocket(connect)
            await peer.send(frame(1, b"a"))
            await peer.send(frame(2, b"b"))
            await peer.send(frame(1, b"3"))
            await peer.send(frame(1, b"d"))
            await peer.send(frame(8, b"\x03\xe8"))
            assert await read_close(peer) == 1000

    run(main())


@each_loop
def test_a_cancelled_receive_loses_no_message(run: Run) -> None:
    async def act(ws: WebSocketResponse) -> None:
        for number in range(200):
            task = asyncio.ensure_future(ws.receive_str())
            await ws.send_str("next")
            # Cancelled before, in, or after the turn in which the message arrives.
            for _ in range(number % 5):
                await asyncio.sleep(0)
            task.cancel()
            try:
                received = await task
            except asyncio.CancelledError:
                received = await ws.receive_str()
            assert received == str(number)

    async def main() -> None:
        async with serve(doing(act)) as connect:
            peer = await open_websocket(connect)
            for number in range(200):
                assert await read_frame(peer) == (0x81, b"next")
                await peer.send(frame(1, b"%d" % number))
            assert await read_close(peer) == 1000

    run(main())


@each_loop
@pytest.mark.parametrize("count", [1, 3])
def test_a_receive_that_is_cancelled_with_its_message_loses_none(run: Run, count: int) -> None:
    async def act(ws: WebSocketResponse) -> None:
        task = asyncio.ensure_future(ws.receive_str())
        await asyncio.sleep(0)
        assert isinstance(ws._ws, WebSocketConnection)
        # The message is given to the reader, which is cancelled before its turn.
        ws._ws.data_received(b"".join(frame(1, b"%d" % number) for number in range(count)))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [await ws.receive_str() for _ in range(count)] == ["0", "1", "2"][:count]

    async def main() -> None:
        async with serve(doing(act)) as connect:
            assert await read_close(await open_websocket(connect)) == 1000

    run(main())


def test_pings_may_be_the_handlers(run: Run) -> None:
    async def main() -> None:
        recorder = Recorder(autoping=False)
        async with serve(recorder) as connect:
            peer = await open_websocket(connect)
            await peer.send(frame(9, b"a") + frame(10, b"b") + frame(8))
            assert await read_close(peer) == 1005
        assert [(m.type, m.data) for m in recorder.received] == [
            (WSMsgType.PING, b"a"),
            (WSMsgType.PONG, b"b"),
            (WSMsgType.CLOSE, 1005),
        ]

    run(main())


@pytest.mark.parametrize("name", ["send_str", "send_bytes", "receive", "__anext__", "send_json"])
def test_tools_take_methods_for_coroutine_functions(name: str) -> None:
    assert inspect.iscoroutinefunction(getattr(WebSocketResponse, name))
    assert inspect.iscoroutinefunction(getattr(WebSocketResponse(), name))
