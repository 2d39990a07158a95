"""WebSockets on real sockets: what handlers can do, and what their peers see."""

import asyncio
import logging
import socket
import zlib
from typing import Any

import pytest

from testkit import (
    Act,
    FakeClock,
    Peer,
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
    upgrade_request,
)
from treadle_responses import Response, StreamResponse
from treadle_server import (
    Application,
    AppRunner,
    ClientConnectionResetError,
    Request,
    SockSite,
    WebSocketReady,
    WebSocketResponse,
)
from treadle_server._websocket.connection import WebSocketConnection
from treadle_websocket import (
    WebSocketError,
    WSMsgType,
)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"timeout": -1}, "close_timeout"),
        ({"heartbeat": 0}, "heartbeat"),
        ({"max_msg_size": -1}, "max_msg_size"),
        ({"max_fragments": -1}, "max_fragments"),
        ({"writer_limit": -1}, "writer_limit"),
        ({"protocols": "chat"}, "list of names"),
        ({"protocols": ["a b"]}, "token"),
        ({"origins": "https://example.com"}, "list of origins"),
        ({"origins": ["example.com"]}, "scheme"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        WebSocketResponse(**options)


def test_it_is_a_response_to_one_request(run: Run) -> None:
    seen: dict[str, object] = {}

    async def handler(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse(protocols=["chat"])
        assert ws.can_prepare(request) == WebSocketReady(True, "chat")
        assert ws.can_prepare(request)
        assert ws.compress
        writer = await ws.prepare(request)
        assert await ws.prepare(request) is writer
        with pytest.raises(RuntimeError, match="Already started"):
            ws.can_prepare(request)
        seen.update(
            status=ws.status,
            prepared=ws.prepared,
            protocol=ws.ws_protocol,
            compress=ws.compress,
            peer=ws.get_extra_info("peername")[0],
            nothing=ws.get_extra_info("no such thing", 7),
            keep_alive=ws.keep_alive,
        )
        return ws

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await open_websocket(connect, Sec_WebSocket_Protocol="soap, chat")
            assert await read_close(peer) == 1000
        assert seen == {
            "status": 101,
            "prepared": True,
            "protocol": "chat",
            "compress": False,
            "peer": "127.0.0.1",
            "nothing": 7,
            "keep_alive": False,
        }

    run(main())


# The handshake.


def test_signals_run_before_the_101_and_may_add_fields(run: Run) -> None:
    async def sign(request: Request, response: StreamResponse) -> None:
        response.headers["X-Signed"] = "yes"
        response.headers["Content-Type"] = "text/plain"
        response.set_cookie("signal", "2")

    async def handler(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse()
        ws.set_cookie("handler", "1")
        ws.headers["X-Own"] = "also"
        await ws.prepare(request)
        return ws

    async def main() -> None:
        app = Application()
        app.on_response_prepare.append(sign)
        app.router.add_get("/", handler)
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(upgrade_request())
            head = (await peer.head()).decode()
            for line in (
                "HTTP/1.1 101 Switching Protocols",
                "Upgrade: websocket",
                "Connection: Upgrade",
                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
                "X-Signed: yes",
                "X-Own: also",
                "Set-Cookie: handler=1; Path=/",
                "Set-Cookie: signal=2; Path=/",
            ):
                assert head.count(f"{line}\r\n") == 1, (line, head)
            assert "Date: " in head
            assert "Server: " in head
            assert "Content-" not in head
            assert await read_close(peer) == 1000

    run(main())


def test_a_field_that_would_split_the_head_is_refused(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse()
        ws.headers["X-Bad"] = "a\r\nSet-Cookie: b"
        await ws.prepare(request)
        return ws

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            status, _ = await (await _asked(peer, upgrade_request())).response()
            assert status == 500

    run(main())
    assert "control character" in caplog.text


async def _asked(peer: Peer, data: bytes) -> Peer:
    await peer.send(data)
    return peer


@each_loop
def test_frames_that_come_with_the_request_are_read(run: Run) -> None:
    async def main() -> None:
        async with serve(echo_messages) as connect:
            peer = await connect()
            await peer.send(upgrade_request() + frame(1, b"early") + frame(8))
            assert (await peer.head()).startswith(b"HTTP/1.1 101 ")
            assert await read_frame(peer) == (0x81, b"early")
            assert await read_close(peer) == 1005
            assert await peer.rest() == b""

    run(main())


REFUSED: list[tuple[dict[str, str | None], int, str]] = [
    ({"Upgrade": None}, 400, "Upgrade must be 'websocket'"),
    ({"Upgrade": "h2c"}, 400, "Upgrade must be 'websocket'"),
    ({"Connection": "keep-alive"}, 400, "Connection must list 'Upgrade'"),
    ({"Sec_WebSocket_Key": None}, 400, "Sec-WebSocket-Key"),
    ({"Sec_WebSocket_Key": "c2hvcnQ="}, 400, "Sec-WebSocket-Key"),
    ({"Sec_WebSocket_Key": "\xe9" * 24}, 400, "Sec-WebSocket-Key"),
    ({"Sec_WebSocket_Extensions": "\xff;;"}, 400, "Sec-WebSocket-Extensions"),
    ({"Content_Length": "3"}, 400, "body"),
    ({"Origin": "https://evil.example"}, 403, "may not connect"),
    ({"Sec_WebSocket_Version": "12"}, 426, "Sec-WebSocket-Version must be 13"),
    ({"Sec_WebSocket_Version": None}, 426, "Sec-WebSocket-Version must be 13"),
    ({"method": "POST"}, 405, "use GET"),
]


@pytest.mark.parametrize(("changes", "status", "text"), REFUSED)
def test_a_handshake_that_is_refused(
    run: Run, changes: dict[str, str | None], status: int, text: str
) -> None:
    async def handler(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse(origins=["https://example.com"])
        assert ws.can_prepare(request) == WebSocketReady(False, None)
        await ws.prepare(request)
        raise AssertionError("the handshake must not pass")

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(upgrade_request(**changes))
            head = await peer.head()
            assert head.startswith(b"HTTP/1.1 %d " % status), head
            assert b"\r\nSec-WebSocket-Version: 13\r\n" in head
            assert (b"\r\nUpgrade: websocket\r\n" in head) == (status == 426)
            assert (b"\r\nAllow: GET\r\n" in head) == (status == 405)
            assert text in (await peer.exactly(10)).decode() + (await _some(peer)).decode()

    run(main())


async def _some(peer: Peer) -> bytes:
    data: bytes = await asyncio.wait_for(peer.reader.read(4096), 10)
    return data


def test_an_allowed_origin_gets_in(run: Run) -> None:
    async def handler(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse(origins=(origin for origin in ["https://example.com"]))
        await ws.prepare(request)
        return ws

    async def main() -> None:
        async with serve(handler) as connect:
            for _ in range(2):
                peer = await open_websocket(connect, Origin="https://example.com")
                assert await read_close(peer) == 1000

    run(main())


def test_a_declined_upgrade_is_ordinary_http(run: Run) -> None:
    """aiohttp GHSA-mfx4: what follows is the next request, bodies of requests never are."""

    async def handler(request: Request) -> Response:
        body = await request.read()
        return Response(text=f"{request.path} {len(body)}")

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            body = upgrade_request("/smuggled")
            await peer.send(
                upgrade_request("/a")
                + upgrade_request("/b", Content_Length=str(len(body)))
                + body
                + upgrade_request("/c")
            )
            assert await peer.response() == (200, b"/a 0")
            assert await peer.response() == (200, b"/b %d" % len(body))
            assert await peer.response() == (200, b"/c 0")

    run(main())


def test_no_subprotocol_in_common_is_logged(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def handler(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse(protocols=["chat"])
        await ws.prepare(request)
        assert ws.ws_protocol is None
        return ws

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await open_websocket(connect, Sec_WebSocket_Protocol="soap")
            assert await read_close(peer) == 1000

    run(main())
    assert [(r.name, r.levelno) for r in caplog.records] == [("treadle.websocket", logging.WARNING)]
    assert "'soap'" in caplog.text


def test_only_requests_of_the_server_can_be_prepared(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(TypeError, match="needs a request"):
            await WebSocketResponse().prepare(object())  # type: ignore[arg-type]  # the mistake

    run(main())


# The end.


@pytest.mark.parametrize(
    ("payload", "code"), [(b"", 1005), (b"\x03\xe8", 1000), (b"\x0f\xa0why", 4000)]
)
def test_the_peer_closes(run: Run, payload: bytes, code: int) -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serve(recorder) as connect:
            peer = await open_websocket(connect)
            await peer.send(frame(1, b"last words") + frame(8, payload))
            assert await read_close(peer) == code
            assert await peer.rest() == b""
        text, close = recorder.received
        assert text.data == "last words"
        assert close == (WSMsgType.CLOSE, code, payload[2:].decode())
        assert recorder.ws.closed
        assert recorder.ws.close_code == code

    run(main())


def test_without_autoclose_the_handler_answers(run: Run) -> None:
    async def act(ws: WebSocketResponse) -> None:
        message = await ws.receive()
        assert message.type is WSMsgType.CLOSE
        assert not ws.closed
        assert (await ws.receive()).type is WSMsgType.CLOSING
        await ws.send_str("still here")
        assert await ws.close(code=4001, message="so be it")
        assert ws.closed
        assert ws.close_code == 4000

    async def main() -> None:
        async with serve(doing(act, autoclose=False)) as connect:
            peer = await open_websocket(connect)
            await peer.send(frame(8, b"\x0f\xa0"))
            assert await read_frame(peer) == (0x81, b"still here")
            assert await read_frame(peer) == (0x88, b"\x0f\xa1so be it")
            assert await peer.rest() == b""

    run(main())


def test_after_the_end(run: Run) -> None:
    async def act(ws: WebSocketResponse) -> None:
        assert (await ws.receive()).type is WSMsgType.CLOSE
        assert not await ws.close()
        for _ in range(4):
            assert (await ws.receive()).type is WSMsgType.CLOSED
        with pytest.raises(RuntimeError, match="closed"):
            await ws.receive()
        for send in (ws.send_str("x"), ws.ping(), ws.send_frame(b"", WSMsgType.TEXT)):
            with pytest.raises(ClientConnectionResetError, match="Cannot send"):
                await send
        done.set()

    done = asyncio.Event()

    async def main() -> None:
        async with serve(doing(act)) as connect:
            peer = await open_websocket(connect)
            await peer.send(frame(8))
            assert await read_close(peer) == 1005
            await asyncio.wait_for(done.wait(), 10)

    run(main())


def test_another_task_closes(run: Run) -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serve(recorder) as connect:
            peer = await open_websocket(connect)
            await peer.send(frame(9))
            assert await read_frame(peer) == (0x8A, b"")
            closing = asyncio.ensure_future(recorder.ws.close(code=3000, message=b"go"))
            assert await read_frame(peer) == (0x88, b"\x0b\xb8go")
            assert recorder.ws.closed
            # Messages that were on their way are dropped, the answer is found behind them.
            await peer.send(frame(1, b"late" * 100_000) + frame(8, b"\x0b\xb9"))
            assert await closing
            assert not await recorder.ws.close()
            await asyncio.wait_for(recorder.done.wait(), 10)
            await peer.rest()
            assert recorder.ws.close_code == 3001
        assert [message.type for message in recorder.received] == [WSMsgType.CLOSING]

    run(main())


def test_a_close_waits_for_no_peer_while_another_task_receives(run: Run) -> None:
    # An application's on_shutdown closes its WebSockets one by one.
    sockets: list[WebSocketResponse] = []

    async def handler(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse()
        await ws.prepare(request)
        sockets.append(ws)
        assert [message async for message in ws] == []
        return ws

    async def main() -> None:
        async with serve(handler) as connect:
            peers = [await open_websocket(connect) for _ in range(3)]
            for ws in sockets:
                # No peer has answered.
                assert await ws.close(code=1001)
                assert not await ws.close()
                assert ws.closed
            for peer in peers:
                assert await read_close(peer) == 1001

    run(main())


@each_loop
def test_a_peer_that_does_not_answer_the_close_is_cut(run: Run) -> None:
    async def act(ws: WebSocketResponse) -> None:
        assert await ws.close()
        assert ws.close_code == 1006

    async def main() -> None:
        async with serve(doing(act, timeout=0.05)) as connect:
            peer = await open_websocket(connect)
            assert await read_close(peer) == 1000
            assert await _rest(peer) == b""

    run(main())


async def _rest(peer: Peer) -> bytes:
    """Return what comes until the connection ends, gently or not."""
    try:
        data: bytes = await peer.rest()
    except ConnectionResetError:
        return b""
    return data


@each_loop
def test_a_peer_that_leaves(run: Run) -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serve(recorder) as connect:
            peer = await open_websocket(connect)
            await peer.send(frame(1, b"x"))
            peer.writer.close()
            await asyncio.wait_for(recorder.done.wait(), 10)
        assert [message.type for message in recorder.received] == [
            WSMsgType.TEXT,
            WSMsgType.CLOSED,
        ]
        assert recorder.ws.close_code == 1006
        assert recorder.ws.closed
        assert recorder.ws.get_extra_info("peername") is None

    run(main())


def test_an_unread_close_frame_is_answered_in_the_end(run: Run) -> None:
    released = asyncio.Event()

    async def main() -> None:
        async with serve(doing(lambda ws: released.wait(), timeout=0.05)) as connect:
            peer = await open_websocket(connect)
            await peer.send(frame(8, b"\x03\xe8"))
            assert await read_close(peer) == 1000
            assert await peer.rest() == b""
            released.set()

    run(main())


async def _raise(ws: WebSocketResponse) -> None:
    raise ValueError("a bug")


async def _gone(ws: WebSocketResponse) -> None:
    raise ClientConnectionResetError("another object")


@pytest.mark.parametrize(("act", "logged"), [(_raise, True), (_gone, False)])
def test_a_handler_that_raises(
    run: Run, act: Act, logged: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with serve(doing(act)) as connect:
            peer = await open_websocket(connect)
            assert await read_close(peer) == 1011
            await peer.send(frame(8, b"\x03\xf3"))
            assert await peer.rest() == b""

    run(main())
    assert ("a bug" in caplog.text) == logged


@pytest.mark.parametrize("waits", [True, False])
def test_a_handler_that_returns_another_response(
    run: Run, waits: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: Request) -> StreamResponse:
        ws = WebSocketResponse()
        await ws.prepare(request)
        if waits:
            await ws.receive()
        return Response(text="no")

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await open_websocket(connect)
            await peer.send(frame(1, b"x"))
            assert await read_close(peer) == 1011
            await peer.send(frame(8, b"\x03\xf3"))
            assert await peer.rest() == b""

    run(main())
    assert "after it had begun another response" in caplog.text


def test_a_handler_that_forgets_to_return(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def handler(request: Request) -> StreamResponse:
        ws = WebSocketResponse()
        await ws.prepare(request)
        return None  # type: ignore[return-value]  # the mistake

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await open_websocket(connect)
            assert await read_close(peer) == 1011

    run(main())
    assert "return statement" in caplog.text


@each_loop
def test_a_handler_that_is_cancelled(run: Run) -> None:
    tasks: list[asyncio.Task[Any]] = []

    async def handler(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse()
        await ws.prepare(request)
        await ws.send_str("here")
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        await asyncio.Event().wait()
        return ws

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await open_websocket(connect)
            await read_frame(peer)
            tasks[0].cancel()
            assert await read_close(peer) == 1001
            await peer.send(frame(8, b"\x03\xe9"))
            assert await peer.rest() == b""

    run(main())


# The server stops.


@each_loop
def test_a_server_that_stops_closes_all(run: Run) -> None:
    async def main() -> None:
        recorders = [Recorder() for _ in range(3)]
        peers = []
        app = Application()
        for number, recorder in enumerate(recorders):
            app.router.add_get(f"/{number}", recorder)
        said: list[str] = []

        async def farewell(app: Application) -> None:
            # They are open until here.
            for recorder in recorders:
                await recorder.ws.send_str("farewell")
            said.append("farewell")

        app.on_shutdown.append(farewell)
        runner, connect = await _start(app, 10)
        for number in range(3):
            peer = await open_websocket(connect, f"/{number}")
            await peer.send(frame(9))
            await read_frame(peer)
            peers.append(peer)
        answers = asyncio.gather(*(_answer_the_end(peer) for peer in peers))
        await runner.cleanup()
        assert await answers == [1001] * 3
        assert said == ["farewell"]
        for recorder in recorders:
            assert recorder.ws.close_code == 1001
            assert [message.type for message in recorder.received] == [WSMsgType.CLOSING]

    run(main())


async def _start(app: Application, timeout: float) -> tuple[AppRunner, Any]:
    runner = AppRunner(app, shutdown_timeout=timeout)
    await runner.setup()
    sock = socket.create_server(("127.0.0.1", 0))
    await SockSite(runner, sock).start()
    address = sock.getsockname()[:2]

    async def connect() -> Peer:
        return Peer(*await asyncio.open_connection(*address))

    return runner, connect


async def _answer_the_end(peer: Peer) -> int | None:
    assert await read_frame(peer) == (0x81, b"farewell")
    code = await read_close(peer)
    await peer.send(frame(8, b"\x03\xe9"))
    assert await peer.rest() == b""
    peer.writer.close()
    return code


async def _forever(ws: WebSocketResponse) -> None:
    await asyncio.Event().wait()


@each_loop
@pytest.mark.parametrize("act", [lambda ws: ws.receive(), _forever])
def test_peers_that_say_nothing_do_not_hold_up_the_end(run: Run, act: Act) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        app = Application()
        app.router.add_get("/", doing(act))
        runner, connect = await _start(app, 0.1)
        peer = await open_websocket(connect)
        start = loop.time()
        await runner.cleanup()
        assert loop.time() - start < 5
        assert await read_close(peer) == 1001
        assert await _rest(peer) == b""
        peer.writer.close()

    run(main())


# Peers that mean no good: the right code, bounded memory, others unaffected.

_BOMB = zlib.compressobj(9, wbits=-15)
BOMB = _BOMB.compress(bytes(5 << 20)) + _BOMB.flush(zlib.Z_SYNC_FLUSH)[:-4]

HOSTILE: list[tuple[str, list[bytes], int]] = [
    ("an unmasked frame", [frame(1, b"x", masked=False)], 1002),
    ("RSV1 without compression", [frame(1, b"x", rsv=4)], 1002),
    ("RSV2", [frame(1, b"x", rsv=2)], 1002),
    ("RSV3 on a control frame", [frame(9, b"x", rsv=1)], 1002),
    ("an unknown opcode", [frame(3, b"x")], 1002),
    ("an unknown control opcode", [frame(11, b"x")], 1002),
    ("a fragmented ping", [frame(9, b"x", fin=False)], 1002),
    ("a long ping", [frame(9, b"x" * 126)], 1002),
    ("a continuation of nothing", [frame(0, b"x")], 1002),
    ("a message inside a message", [frame(1, b"x", fin=False) + frame(1, b"y")], 1002),
    ("an empty first fragment", [frame(1, fin=False) + frame(1, b"y")], 1002),
    ("bad UTF-8", [frame(1, b"\xff")], 1007),
    ("bad UTF-8 in an unfinished message", [frame(1, b"\xed\xa0", fin=False)], 1007),
    ("half a character", [frame(1, b"\xd0")], 1007),
    ("close code 1005", [frame(8, b"\x03\xed")], 1002),
    ("close code 6000", [frame(8, b"\x17\x70")], 1002),
    ("half a close code", [frame(8, b"\x03")], 1002),
    ("a close reason that is not UTF-8", [frame(8, b"\x03\xe8\xff")], 1007),
    ("too long, by its header", [b"\x82\xff" + (2**40).to_bytes(8, "big") + b"abcd"], 1009),
    ("a length with its top bit set", [b"\x82\xff\x80" + bytes(7) + b"abcd"], 1002),
    ("a length that is not minimal", [b"\x82\xfe\x00\x01abcdx"], 1002),
    ("too long, by its fragments", [frame(2, b"x" * 9_999, fin=False) + frame(0, b"yy")], 1009),
    ("too many fragments", [frame(2, b"", fin=False) + frame(0, b"", fin=False) * 1024], 1009),
]


@pytest.mark.parametrize(
    ("wire", "code"), [row[1:] for row in HOSTILE], ids=[r[0] for r in HOSTILE]
)
def test_hostile_frames(run: Run, wire: list[bytes], code: int) -> None:
    async def main() -> None:
        app = Application()
        recorder = Recorder(max_msg_size=10_000)
        app.router.add_get("/", recorder)
        app.router.add_get("/other", echo_messages)
        async with serve(app) as connect:
            other = await open_websocket(connect, "/other")
            peer = await open_websocket(connect)
            for part in wire:
                await peer.send(part)
            # Later frames are dropped, and do not hold up the close frame.
            await peer.send(frame(1, b"more" * 1000))
            assert await read_close(peer) == code
            assert await _rest(peer) == b""
            await other.send(frame(1, b"fine"))
            assert await read_frame(other) == (0x81, b"fine")
            await asyncio.wait_for(recorder.done.wait(), 10)
        (error,) = recorder.received
        assert error.type is WSMsgType.ERROR
        assert isinstance(error.data, WebSocketError)
        assert error.data.code == code
        assert recorder.ws.exception() is error.data
        assert recorder.ws.close_code == code

    run(main())


def test_messages_before_the_fault_are_answered(run: Run) -> None:
    async def main() -> None:
        async with serve(echo_messages) as connect:
            peer = await open_websocket(connect)
            await peer.send(frame(1, b"good") + frame(1, b"bad", rsv=2))
            assert await read_frame(peer) == (0x81, b"good")
            assert await read_close(peer) == 1002

    run(main())


def test_exactly_the_limit_is_accepted(run: Run) -> None:
    async def handler(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse(max_msg_size=100)
        await ws.prepare(request)
        async for message in ws:
            await ws.send_str(str(len(message.data)))  # type: ignore[arg-type]  # only bytes come
        return ws

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await open_websocket(connect)
            await peer.send(frame(2, b"x" * 100))
            assert await read_frame(peer) == (0x81, b"100")
            await peer.send(frame(2, b"x" * 101))
            assert await read_close(peer) == 1009

    run(main())


def test_a_bomb_is_defused(run: Run) -> None:
    """undici CVE-2026-1526 and its like: what counts is what comes out."""

    async def main() -> None:
        recorder = Recorder()
        async with serve(recorder) as connect:
            peer = await open_websocket(connect, Sec_WebSocket_Extensions="permessage-deflate")
            assert len(BOMB) < 10_000
            await peer.send(frame(2, BOMB, rsv=4))
            assert await read_close(peer) == 1009
            await asyncio.wait_for(recorder.done.wait(), 10)
        assert [message.type for message in recorder.received] == [WSMsgType.ERROR]

    run(main())


def test_a_dead_peer_is_found(clock: FakeClock) -> None:
    async def main() -> None:
        recorder = Recorder(heartbeat=6)
        async with serve(recorder) as connect:
            peer = await open_websocket(connect)
            for number in range(3):
                await clock.advance(6)
                assert await read_frame(peer) == (0x89, b"")
                await peer.send(frame(10) + frame(1, b"behind the pong"))
                while len(recorder.received) == number:  # noqa: ASYNC110  # some turns of the loop
                    await asyncio.sleep(0)
            await clock.advance(6)
            assert await read_frame(peer) == (0x89, b"")
            await clock.advance(3)
            assert await _rest(peer) == b""
            await asyncio.wait_for(recorder.done.wait(), 10)
        *texts, error = recorder.received
        assert [message.type for message in texts] == [WSMsgType.TEXT] * 3
        assert error.type is WSMsgType.ERROR
        assert isinstance(error.data, TimeoutError)
        assert recorder.ws.exception() is error.data
        assert recorder.ws.close_code == 1006

    clock.run(main())


@each_loop
def test_a_dead_peer_is_found_in_real_time(run: Run) -> None:
    async def main() -> None:
        recorder = Recorder(heartbeat=0.01)
        async with serve(recorder) as connect:
            peer = await open_websocket(connect)
            assert await read_frame(peer) == (0x89, b"")
            assert await _rest(peer) == b""
            await asyncio.wait_for(recorder.done.wait(), 10)
        assert recorder.ws.close_code == 1006

    run(main())


@each_loop
def test_a_peer_that_never_reads_is_waited_for_and_then_cut(run: Run) -> None:
    waited = asyncio.Event()

    async def act(ws: WebSocketResponse) -> None:
        sent = 0

        async def send() -> None:
            nonlocal sent
            while sent < 1 << 30:
                await ws.send_bytes(bytes(1 << 20))
                sent += 1 << 20

        with pytest.raises(ClientConnectionResetError):
            await send()
        # The kernel takes a few MiB on both sides; what waits here is bounded.
        assert sent < 64 << 20
        waited.set()

    async def main() -> None:
        async with serve(doing(act), write_timeout=0.1) as connect:
            peer = await open_websocket(connect)
            peer.reader._transport.pause_reading()  # type: ignore[attr-defined]  # the only way
            await asyncio.wait_for(waited.wait(), 20)

    run(main())


@each_loop
def test_a_flood_of_pings_from_a_peer_that_never_reads(run: Run) -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serve(recorder, write_timeout=0.1) as connect:
            peer = await open_websocket(connect)
            peer.reader._transport.pause_reading()  # type: ignore[attr-defined]  # the only way
            flooding = asyncio.ensure_future(_flood(peer, frame(9, b"x" * 125) * 5_000))
            largest = 0
            while not recorder.done.is_set():
                # The pongs fill the kernel's buffers, then ours to its limit, and that is all.
                ws = recorder.ws._ws
                assert ws is None or isinstance(ws, WebSocketConnection)
                largest = max(largest, ws.transport.get_write_buffer_size() if ws else 0)
                await asyncio.sleep(0)
            assert 0 < largest < 1 << 20
            with pytest.raises(ConnectionError):
                await asyncio.wait_for(flooding, 10)
            await asyncio.wait_for(recorder.done.wait(), 10)
        assert recorder.ws.close_code == 1006

    run(main())


async def _flood(peer: Peer, data: bytes) -> None:
    while True:
        await peer.send(data)


@each_loop
def test_reading_pauses_while_the_handler_is_behind(run: Run) -> None:
    go = asyncio.Event()
    taken: list[int] = []

    async def act(ws: WebSocketResponse) -> None:
        await go.wait()
        taken.extend([len(message.data) async for message in ws])  # type: ignore[arg-type]  # binary

    async def main() -> None:
        async with serve(doing(act)) as connect:
            peer = await open_websocket(connect)
            data = frame(2, bytes(100_000)) * 400
            sending = asyncio.ensure_future(peer.send(data + frame(8)))
            done, _ = await asyncio.wait([sending], timeout=0.3)
            assert not done, "40 MB exceed every buffer"
            go.set()
            await sending
            assert await read_close(peer) == 1005
        assert taken == [100_000] * 400

    run(main())


def test_the_status_is_101_whatever_was_set(run: Run) -> None:
    async def handler(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse()
        ws.set_status(200)
        assert ws.status == 200
        await ws.prepare(request)
        assert ws.status == 101
        return ws

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await open_websocket(connect)
            assert await read_close(peer) == 1000

    run(main())
