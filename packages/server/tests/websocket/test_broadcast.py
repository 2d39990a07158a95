"""One message to many peers: encoded once, and a slow peer never delays the others."""

import asyncio
from typing import Literal

import pytest

from testkit import (
    Peer,
    Run,
    connecting,
    each_loop,
    frame,
    open_websocket,
    read_close,
    read_frame,
    serve,
)
from treadle_server import Request, WebSocketResponse, broadcast
from treadle_server._websocket.connection import WebSocketConnection
from treadle_websocket import PreparedMessage


class Room:
    """A handler whose WebSockets stay open."""

    def __init__(self, writer_limit: int = 64 * 1024) -> None:
        self.writer_limit = writer_limit
        self.members: list[WebSocketResponse] = []

    async def __call__(self, request: Request) -> WebSocketResponse:
        ws = WebSocketResponse(writer_limit=self.writer_limit, timeout=0.1)
        await ws.prepare(request)
        self.members.append(ws)
        async for _ in ws:
            pass
        return ws


async def enter(connect: connecting, count: int, **fields: str) -> list[Peer]:
    return [await open_websocket(connect, "/", **fields) for _ in range(count)]


@each_loop
@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("жук", (0x81, "жук".encode())),
        (b"bytes", (0x82, b"bytes")),
        (PreparedMessage("ready"), (0x81, b"ready")),
    ],
    ids=["text", "bytes", "prepared"],
)
def test_all_get_it(
    run: Run, message: str | bytes | PreparedMessage, expected: tuple[int, bytes]
) -> None:
    async def main() -> None:
        room = Room()
        async with serve(room) as connect:
            peers = await enter(connect, 300)
            assert await broadcast(room.members, message) == 300
            for peer in peers:
                assert await read_frame(peer) == expected

    run(main())


def test_it_is_encoded_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    init = PreparedMessage.compressed

    def counted(self: PreparedMessage, agreed: object) -> bytes:
        made.append(init(self, agreed))  # type: ignore[arg-type]  # an agreement
        return made[-1]  # type: ignore[return-value]  # bytes

    monkeypatch.setattr(PreparedMessage, "compressed", counted)

    async def main() -> None:
        room = Room()
        async with serve(room) as connect:
            peers = await enter(connect, 5, Sec_WebSocket_Extensions="permessage-deflate")
            assert await broadcast(room.members, "word " * 100) == 5
            frames = [await read_frame(peer) for peer in peers]
            assert len(made) == 5
            assert len({id(each) for each in made}) == 1
            assert len(set(frames)) == 1
            assert frames[0][0] == 0xC1

    run(main())


def test_a_peer_that_has_left_gets_nothing(run: Run) -> None:
    async def main() -> None:
        room = Room()
        async with serve(room) as connect:
            stays, leaves = await enter(connect, 2)
            await leaves.send(frame(8))
            assert await read_close(leaves) == 1005
            assert await broadcast(room.members, "x") == 1
            assert await read_frame(stays) == (0x81, b"x")

    run(main())


POLICIES: list[tuple[Literal["drop", "close"], int]] = [("drop", 1), ("close", 1)]


@each_loop
@pytest.mark.parametrize(("slow", "count"), POLICIES)
def test_a_slow_peer(run: Run, slow: Literal["drop", "close"], count: int) -> None:
    async def main() -> None:
        room = Room()
        async with serve(room) as connect:
            sleeper, reader = await enter(connect, 2)
            sleeper.reader._transport.pause_reading()  # type: ignore[attr-defined]  # the only way
            behind = room.members[0]
            assert isinstance(behind._ws, WebSocketConnection)
            filling = asyncio.ensure_future(_fill(behind))
            while not behind._ws.flow.write_paused:  # noqa: ASYNC110  # there is no event for it
                await asyncio.sleep(0)
            before = behind._ws.transport.get_write_buffer_size()
            for number in range(10):
                assert await broadcast(room.members, f"{number}", slow=slow) == count
                assert await read_frame(reader) == (0x81, b"%d" % number)
            # All that it costs is what was there before, and one close frame.
            assert behind._ws.transport.get_write_buffer_size() <= before + 64
            assert behind.closed == (slow == "close")
            filling.cancel()
            await asyncio.wait([filling])

    run(main())


async def _fill(ws: WebSocketResponse) -> None:
    while True:
        await ws.send_bytes(bytes(1 << 20))


@each_loop
def test_waiting_for_a_slow_peer_does_not_delay_the_others(run: Run) -> None:
    async def main() -> None:
        room = Room()
        async with serve(room) as connect:
            sleeper, reader = await enter(connect, 2)
            transport = sleeper.reader._transport  # type: ignore[attr-defined]  # the only way
            transport.pause_reading()
            large = bytes(16 << 20)
            sending = asyncio.ensure_future(broadcast(room.members, large))
            assert await read_frame(reader) == (0x82, large)
            assert not sending.done()
            transport.resume_reading()
            assert await read_frame(sleeper) == (0x82, large)
            assert await asyncio.wait_for(sending, 10) == 2
            # A peer that never reads again does not hold it up for ever.
            transport.pause_reading()
            sending = asyncio.ensure_future(broadcast(room.members, large))
            assert await read_frame(reader) == (0x82, large)
            transport.abort()
            assert await asyncio.wait_for(sending, 10) == 2

    run(main())


def test_mistakes(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="'wait', 'drop' or 'close'"):
            await broadcast([], "x", slow="ignore")  # type: ignore[arg-type]  # the mistake
        with pytest.raises(TypeError, match="str or bytes"):
            await broadcast([], 1)  # type: ignore[arg-type]  # the mistake
        with pytest.raises(RuntimeError, match="prepare"):
            await broadcast([WebSocketResponse()], "x")

    run(main())
