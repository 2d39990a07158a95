"""Names of aiohttp's WebSocket that programs use beyond its interface."""

from testkit import Run, doing, each_loop, open_websocket, read_close, read_frame, serve
from treadle_server import ClientConnectionResetError, WebSocketResponse
from treadle_websocket import WSMsgType


def test_there_is_no_writer_before_the_handshake() -> None:
    assert WebSocketResponse()._writer is None


@each_loop
def test_frames_by_hand(run: Run) -> None:
    seen: list[object] = []

    async def act(ws: WebSocketResponse) -> None:
        writer = ws._writer
        assert writer is not None
        assert writer._limit == 256 * 1024
        writer._limit = 1000
        seen.append((ws._writer._limit, writer.transport is not None))  # type: ignore[union-attr]  # open
        await writer.send_frame(b"text", WSMsgType.TEXT)
        await writer.send_frame(b"bytes", opcode=2, compress=False)
        await writer.send_frame(b"p", WSMsgType.PING)
        await writer.send_frame(b"\x0f\xa0bye", WSMsgType.CLOSE)
        try:
            await writer.send_frame(b"late", WSMsgType.TEXT)
        except ClientConnectionResetError:
            seen.append("too late")

    async def main() -> None:
        async with serve(doing(act)) as connect:
            peer = await open_websocket(connect)
            assert await read_frame(peer) == (0x81, b"text")
            assert await read_frame(peer) == (0x82, b"bytes")
            assert await read_frame(peer) == (0x89, b"p")
            assert await read_close(peer) == 4000
        assert seen == [(1000, True), "too late"]

    run(main())


@each_loop
def test_close(run: Run) -> None:
    async def act(ws: WebSocketResponse) -> None:
        assert ws._writer is not None
        await ws._writer.close(4001, "bye")

    async def main() -> None:
        async with serve(doing(act)) as connect:
            peer = await open_websocket(connect)
            assert await read_close(peer) == 4001

    run(main())
