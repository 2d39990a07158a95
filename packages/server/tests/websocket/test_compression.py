"""Large messages that are compressed in a thread: order, cancelling, and frames that go past."""

import asyncio
import zlib

from testkit import Peer, Run, connecting, each_loop, open_websocket, read_close, read_frame, serve
from treadle_server import Request, WebSocketResponse, broadcast
from treadle_server._websocket.compression import LARGE
from treadle_server._websocket.connection import WebSocketConnection
from treadle_websocket import WSMsgType

LARGE_TEXT = "".join(f"{number:07}\n" for number in range(LARGE // 4))


async def opened(connect: connecting) -> Peer:
    return await open_websocket(connect, Sec_WebSocket_Extensions="permessage-deflate")


class Inflating:
    """Reads the messages of a peer that agreed to compression."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.zlib = zlib.decompressobj(-15)

    async def text(self) -> str:
        head, payload = await read_frame(self.peer)
        assert head & 0xF in (1, 2)
        if head & 0x40:
            payload = self.zlib.decompress(payload + b"\0\0\xff\xff")
        return payload.decode()


@each_loop
def test_messages_sent_at_once_keep_their_order(run: Run) -> None:
    async def handler(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse()
        await ws.prepare(request)
        assert ws.compress
        await asyncio.gather(
            ws.send_str("small " * 40),
            ws.send_str(LARGE_TEXT),
            ws.send_str("behind it " * 40),
            ws.send_bytes(LARGE_TEXT.encode()),
            ws.send_frame(b"frame " * 40, WSMsgType.TEXT),
            ws.send_str("last " * 40),
        )
        return ws

    async def main() -> None:
        async with serve(handler) as connect:
            peer = Inflating(await opened(connect))
            for text in ("small ", None, "behind it ", None, "frame ", "last "):
                assert await peer.text() == (LARGE_TEXT if text is None else text * 40)
            assert await read_close(peer.peer) == 1000

    run(main())


@each_loop
def test_a_sender_that_is_cancelled_spoils_nothing(run: Run) -> None:
    async def handler(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse()
        await ws.prepare(request)
        await ws.send_str("shared words " * 40)
        for turns in range(4):
            task = asyncio.ensure_future(ws.send_str(LARGE_TEXT * 4))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            await ws.send_str(f"shared words {turns} " * 40)
        return ws

    async def main() -> None:
        async with serve(handler) as connect:
            peer = Inflating(await opened(connect))
            assert await peer.text() == "shared words " * 40
            for turns in range(4):
                text = await peer.text()
                if text == LARGE_TEXT * 4:
                    # It was too late to cancel.
                    text = await peer.text()
                assert text == f"shared words {turns} " * 40

    run(main())


@each_loop
def test_others_do_not_wait(run: Run) -> None:
    async def handler(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse()
        await ws.prepare(request)
        sending = asyncio.ensure_future(ws.send_str(LARGE_TEXT * 8))
        await asyncio.sleep(0)
        assert isinstance(ws._ws, WebSocketConnection)
        assert ws._ws.compressor is not None
        assert ws._ws.compressor.busy
        # Control frames and broadcasts go past it, as they need no window.
        await ws.ping(b"p")
        await broadcast([ws], "to all " * 40)
        await sending
        assert not ws._ws.compressor.busy
        return ws

    async def main() -> None:
        async with serve(handler) as connect:
            peer = Inflating(await opened(connect))
            assert await read_frame(peer.peer) == (0x89, b"p")
            assert await peer.text() == "to all " * 40
            assert await peer.text() == LARGE_TEXT * 8

    run(main())


def test_uncompressed_messages_need_no_thread(run: Run) -> None:
    async def handler(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse()
        await ws.prepare(request)
        await ws.send_str(LARGE_TEXT, compress=False)
        assert isinstance(ws._ws, WebSocketConnection)
        assert ws._ws.compressor is not None
        assert not ws._ws.compressor.busy
        return ws

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await opened(connect)
            assert await read_frame(peer) == (0x81, LARGE_TEXT.encode())

    run(main())
