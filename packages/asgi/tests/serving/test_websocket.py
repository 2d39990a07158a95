"""WebSockets of ASGI applications: each row on treadle and on a real uvicorn, frame by frame."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, NamedTuple

import pytest

from testkit import Peer, Run, frame, read_frame, serve, upgrade_request
from testkit.uvicorn_peer import Connect, on_uvicorn
from treadle_asgi import ASGIApplication, Receive, Scope, Send, host

Note = Callable[[object], None]
Act = Callable[[Scope, Receive, Send, Note], Awaitable[None]]
#: The client's side of a row, which returns what it has seen.
Client = Callable[[Peer], Awaitable[object]]

TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8


@contextlib.asynccontextmanager
async def on_treadle(app: ASGIApplication) -> AsyncIterator[Connect]:
    hosted = host(app, lifespan="off", ws_max_msg_size=1000)
    async with serve(hosted) as connect:
        yield connect


# The applications of the rows.


async def accept(receive: Receive, send: Send, **more: object) -> None:
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept", **more})


async def echoes(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await accept(receive, send)
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            note((message["code"], message.get("reason")))
            return
        text, data = message.get("text"), message.get("bytes")
        await send({"type": "websocket.send", "text": text, "bytes": data})


async def shows_scope(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    note((scope["type"], scope["scheme"], scope["path"], scope["query_string"]))
    note((scope["subprotocols"], "method" in scope, scope["asgi"]["version"]))
    await accept(receive, send)
    await send({"type": "websocket.close"})


async def chooses(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await accept(receive, send, subprotocol="b", headers=[(b"x-a", b"1")])
    await send({"type": "websocket.close"})


async def chooses_another(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    try:
        await accept(receive, send, subprotocol="z")
    except ValueError as error:
        note(str(error))
        raise
    await send({"type": "websocket.close"})


async def refuses(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await receive()
    await send({"type": "websocket.close"})
    note((await receive())["type"])


async def denies(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await receive()
    note("websocket.http.response" in scope["extensions"])
    start = {"type": "websocket.http.response.start", "status": 401}
    await send({**start, "headers": [(b"content-length", b"4"), (b"x-why", b"no")]})
    await send({"type": "websocket.http.response.body", "body": b"no", "more_body": True})
    await send({"type": "websocket.http.response.body", "body": b"pe"})


async def closes(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await accept(receive, send)
    await send({"type": "websocket.close", "code": 3456, "reason": "enough"})


async def returns_open(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await accept(receive, send)


async def raises_open(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await accept(receive, send)
    raise ValueError("open")


async def raises_at_once(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    raise ValueError("at once")


async def returns_at_once(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    return


async def sends_behind_close(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await accept(receive, send)
    await send({"type": "websocket.close"})
    try:
        await send({"type": "websocket.send", "text": "late"})
    except RuntimeError as error:
        note(type(error).__name__)


async def sends_behind_disconnect(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await accept(receive, send)
    while (await receive())["type"] != "websocket.disconnect":
        pass
    try:
        await send({"type": "websocket.send", "text": "late"})
    except OSError:
        note("OSError")
    note((await receive())["type"])


async def sends_both(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await accept(receive, send)
    try:
        await send({"type": "websocket.send", "text": "a", "bytes": b"b"})
    except ValueError as error:
        note(str(error))
    await send({"type": "websocket.close"})


async def sends_before_accept(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await receive()
    await send({"type": "websocket.send", "text": "early"})


# The clients of the rows.


async def opened(peer: Peer, path: str = "/", **fields: str | None) -> bytes:
    await peer.send(upgrade_request(path, **fields))
    head = await peer.head()
    assert head.startswith(b"HTTP/1.1 101 "), head
    return head


async def next_frame(peer: Peer) -> tuple[int, bytes]:
    head, payload = await read_frame(peer)
    return head & 15, payload


def code(number: int, reason: bytes = b"") -> bytes:
    return number.to_bytes(2, "big") + reason


async def echo_text(peer: Peer) -> object:
    await opened(peer)
    await peer.send(frame(TEXT, "é".encode()))
    first = await next_frame(peer)
    await peer.send(frame(BINARY, b"\0\1"))
    second = await next_frame(peer)
    await peer.send(frame(CLOSE, code(3000, b"bye")))
    return first, second, await next_frame(peer)


async def fragments(peer: Peer) -> object:
    await opened(peer)
    await peer.send(frame(TEXT, b"a", fin=False) + frame(9, b"?") + frame(0, b"b"))
    found = [await next_frame(peer), await next_frame(peer)]
    await peer.send(frame(CLOSE))
    return sorted(found)


async def just_leaves(peer: Peer) -> object:
    await opened(peer)
    peer.writer.close()
    return None


async def too_big(peer: Peer) -> object:
    await opened(peer)
    await peer.send(frame(BINARY, b"x" * 1001))
    opcode, payload = await next_frame(peer)
    return opcode, payload[:2]


async def answer_close(peer: Peer) -> object:
    try:
        opcode, payload = await next_frame(peer)
    except asyncio.IncompleteReadError:
        return "cut"
    await peer.send(frame(CLOSE, payload))
    return opcode, payload


async def to_the_end(peer: Peer) -> object:
    await opened(peer)
    return await answer_close(peer)


async def handshake(peer: Peer) -> object:
    await opened(peer, "/a%20b?c", Sec_WebSocket_Protocol="a, b")
    await answer_close(peer)
    return None


async def shows_protocol(peer: Peer) -> object:
    head = (await opened(peer, Sec_WebSocket_Protocol="a, b")).lower()
    await answer_close(peer)
    return b"sec-websocket-protocol: b\r\n" in head, b"x-a: 1\r\n" in head


async def status(peer: Peer) -> object:
    await peer.send(upgrade_request(Sec_WebSocket_Protocol="a"))
    try:
        return (await peer.head())[9:12]
    except asyncio.IncompleteReadError:
        return b"cut"


async def whole_answer(peer: Peer) -> object:
    await peer.send(upgrade_request())
    head = await peer.head()
    return head[9:12], b"x-why: no" in head.lower(), await peer.exactly(4)


async def without_key(peer: Peer) -> object:
    await peer.send(upgrade_request(Sec_WebSocket_Key=None))
    return (await peer.head())[9:12]


#: uvicorn's ``receive`` waits for ever behind the disconnect.
HANGS: Final[tuple[object, list[object]]] = (None, ["hangs"])


class Row(NamedTuple):
    app: Act
    client: Client
    #: What the client has seen, and the notes of the application.
    expected: tuple[object, list[object]]
    #: What uvicorn does, if it differs.
    uvicorn: tuple[object, list[object]] | None = None


ROWS = {
    "messages": Row(
        echoes,
        echo_text,
        (((1, "é".encode()), (2, b"\0\1"), (8, code(3000))), [(3000, "bye")]),
        # uvicorn sends the client's reason back.
        (((1, "é".encode()), (2, b"\0\1"), (8, code(3000, b"bye"))), [(3000, "bye")]),
    ),
    "fragments and a ping": Row(echoes, fragments, ([(1, b"ab"), (10, b"?")], [(1005, "")])),
    "a client that just leaves": Row(
        echoes, just_leaves, (None, [(1006, "")]), (None, [(1005, None)])
    ),
    "a message that is too big": Row(
        echoes,
        too_big,
        ((8, code(1009)), [(1009, "")]),
        ((8, code(1009)), [(1009, "Message exceeds the maximum size (1000 bytes)")]),
    ),
    "the scope": Row(
        shows_scope,
        handshake,
        (None, [("websocket", "ws", "/a b", b"c"), (["a", "b"], False, "3.0")]),
    ),
    "a subprotocol and headers": Row(chooses, shows_protocol, ((True, True), [])),
    "a subprotocol that was not offered": Row(
        chooses_another,
        status,
        (
            b"500",
            [
                (
                    "The client has not offered the subprotocol 'z': accept with one of "
                    "scope['subprotocols'], or None"
                )
            ],
        ),
        (b"cut", []),
    ),
    "closed before it was accepted": Row(refuses, status, (b"403", ["websocket.disconnect"])),
    "a response instead": Row(denies, whole_answer, ((b"401", True, b"nope"), [True])),
    "closed by the application": Row(closes, to_the_end, ((8, code(3456, b"enough")), [])),
    "returns while it is open": Row(returns_open, to_the_end, ((8, code(1000)), []), ("cut", [])),
    "raises while it is open": Row(raises_open, to_the_end, ((8, code(1011)), []), ("cut", [])),
    "raises at once": Row(raises_at_once, status, (b"500", [])),
    "returns at once": Row(returns_at_once, status, (b"500", [])),
    "sends behind its close": Row(
        sends_behind_close, to_the_end, ((8, code(1000)), ["RuntimeError"])
    ),
    "sends behind the disconnect": Row(
        sends_behind_disconnect, just_leaves, (None, ["OSError", "websocket.disconnect"]), HANGS
    ),
    "sends text and bytes": Row(
        sends_both,
        to_the_end,
        (
            (8, code(1000)),
            ["A websocket.send has either text or bytes, and the other one is None: got both"],
        ),
        ((2, b"b"), []),
    ),
    "sends before it accepts": Row(sends_before_accept, status, (b"500", [])),
    "a handshake without a key": Row(echoes, without_key, (b"400", [])),
}


CASES: Final = [
    *(("treadle", name) for name in ROWS),
    *(("uvicorn", name) for name, row in ROWS.items() if row.uvicorn is not HANGS),
]


@pytest.mark.parametrize(("server", "name"), CASES)
def test_row(run: Run, name: str, server: str, caplog: pytest.LogCaptureFixture) -> None:
    row = ROWS[name]
    caplog.set_level(logging.CRITICAL)
    notes: list[object] = []
    done: list[asyncio.Event] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        ended = asyncio.Event()
        done.append(ended)
        try:
            await row.app(scope, receive, send, notes.append)
        finally:
            ended.set()

    async def main() -> None:
        uvicorn = on_uvicorn(app, "wsproto", ws_max_size=1000)
        on = on_treadle(app) if server == "treadle" else uvicorn
        async with on as connect:
            peer = await connect()
            saw = await row.client(peer)
            for ended in done:
                await ended.wait()
        expected = row.expected if server == "treadle" else row.uvicorn or row.expected
        assert (saw, notes) == expected

    run(main())
