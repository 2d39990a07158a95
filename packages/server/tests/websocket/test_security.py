"""What servers of this kind got wrong with WebSockets, by advisory, on real sockets."""

import asyncio
import gc
import zlib

import pytest

from testkit import (
    PATIENCE,
    Recorder,
    Run,
    each_loop,
    frame,
    open_websocket,
    read_close,
    read_frame,
    serve,
    upgrade_request,
)
from treadle_responses import Response, StreamResponse
from treadle_server import Request, WebSocketResponse
from treadle_server._websocket.connection import WebSocketConnection
from treadle_websocket import WSMsgType

DEFLATE = "permessage-deflate"


async def sizes(request: Request) -> WebSocketResponse:
    """Answer each message with its size."""
    ws = WebSocketResponse(max_msg_size=1000)
    await ws.prepare(request)
    async for message in ws:
        if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
            await ws.send_str(str(len(message.data)))
    return ws


def deflated(data: bytes) -> bytes:
    context = zlib.compressobj(9, wbits=-15)
    return (context.compress(data) + context.flush(zlib.Z_SYNC_FLUSH))[:-4]


def test_ghsa_xcgm_the_limit_is_judged_on_the_frame_header(run: Run) -> None:
    """aiohttp GHSA-xcgm and PR 13350: not a byte of the payload is waited for, or kept."""

    async def main() -> None:
        async with serve(sizes) as connect:
            peer = await open_websocket(connect)
            await peer.send(b"\x82\xff" + (1 << 40).to_bytes(8, "big") + b"mask")
            assert await read_close(peer) == 1009

    run(main())


def test_ghsa_xcgm_fragments_are_capped(run: Run) -> None:
    async def main() -> None:
        async with serve(sizes) as connect:
            peer = await open_websocket(connect)
            await peer.send(frame(2, b"x", fin=False) + frame(0, fin=False) * 1022 + frame(0, b"y"))
            assert await read_frame(peer) == (0x81, b"2")
            await peer.send(frame(2, b"x", fin=False) + frame(0, fin=False) * 1025)
            assert await read_close(peer) == 1009

    run(main())


@each_loop
@pytest.mark.parametrize("size", [64, 1000, 4096])
def test_a_message_may_come_in_many_fragments(run: Run, size: int) -> None:
    """Autobahn 9.3.1 to 9.4.4: 4 MiB with default settings."""
    total = 4 << 20
    first = frame(2, bytes(size), fin=False)
    more = frame(0, bytes(size), fin=False) * (total // size - 1)
    wire = first + more + frame(0, bytes(total % size))

    async def main() -> None:
        received = Recorder()
        async with serve(received) as connect:
            peer = await open_websocket(connect)
            await peer.send(wire + frame(8))
            assert await read_close(peer) == 1005
        assert [len(message.data) for message in received.received[:-1]] == [total]  # type: ignore[arg-type]  # one binary message

    run(main())


def test_ghsa_xcgm_rsv1_needs_the_extension(run: Run) -> None:
    async def main() -> None:
        async with serve(sizes) as connect:
            without = await open_websocket(connect)
            await without.send(frame(2, deflated(b"x" * 100), rsv=4))
            assert await read_close(without) == 1002
            agreed = await open_websocket(connect, Sec_WebSocket_Extensions=DEFLATE)
            await agreed.send(frame(2, deflated(b"x" * 100), rsv=4))
            assert await read_frame(agreed) == (0x81, b"100")

    run(main())


@pytest.mark.parametrize(("size", "fits"), [(1000, True), (1001, False), (4 << 20, False)])
def test_ghsa_6mq8_limits_count_inflated_bytes(run: Run, size: int, fits: bool) -> None:
    """aiohttp GHSA-6mq8, websockets CVE-2018-1000518, undici CVE-2026-1526."""

    async def main() -> None:
        async with serve(sizes) as connect:
            peer = await open_websocket(connect, Sec_WebSocket_Extensions=DEFLATE)
            await peer.send(frame(2, deflated(bytes(size)), rsv=4))
            if fits:
                assert await read_frame(peer) == (0x81, b"%d" % size)
            else:
                assert await read_close(peer) == 1009

    run(main())


@pytest.mark.parametrize(
    "field",
    [
        "Sec_WebSocket_Key",
        "Sec_WebSocket_Version",
        "Sec_WebSocket_Protocol",
        "Sec_WebSocket_Extensions",
        "Connection",
        "Upgrade",
        "Origin",
        "X_Any",
    ],
)
def test_cve_2026_42544_bytes_above_127_are_no_server_error(run: Run, field: str) -> None:
    """granian CVE-2026-42544."""

    async def main() -> None:
        async with serve(sizes) as connect:
            peer = await connect()
            await peer.send(upgrade_request(**{field: "\xff\xfe\x80"}))
            status = int((await peer.head()).split(b" ")[1])
            assert status in (101, 400, 403, 426)

    run(main())


def test_ghsa_mfx4_the_body_of_a_refused_upgrade_is_no_request(run: Run) -> None:
    """aiohttp GHSA-mfx4 (CVE-2026-69243)."""
    seen: list[str] = []

    async def handler(request: Request) -> StreamResponse:
        seen.append(request.path)
        if request.path == "/next":
            return Response(text="next")
        return await sizes(request)

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
            await peer.send(
                upgrade_request("/", Content_Length=str(len(smuggled)))
                + smuggled
                + b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n"
            )
            assert (await peer.response())[0] == 400
            assert await peer.response() == (200, b"next")
        assert seen == ["/", "/next"]

    run(main())


@each_loop
def test_cve_2007_6750_a_client_that_leaves_at_any_point_leaves_nothing(run: Run) -> None:
    """Slowloris CVE-2007-6750, waitress CVE-2022-31015 and its like."""
    stream = (
        upgrade_request(Sec_WebSocket_Extensions=DEFLATE)
        + frame(1, b"hello", fin=False)
        + frame(9, b"ping")
        + frame(0, deflated(b"x" * 100))
        + frame(2, deflated(b"x" * 500), rsv=4)
        + frame(8, b"\x03\xe8")
    )

    async def main() -> None:
        async with serve(sizes) as connect:
            for cut in range(0, len(stream) + 1, 3):
                peer = await connect()
                await peer.send(stream[:cut])
                if cut % 2:
                    await asyncio.sleep(0)
                    peer.writer.transport.abort()
                else:
                    peer.writer.close()
        # The server has closed the last of them, and its callbacks have run.
        await asyncio.sleep(0)
        gc.collect()
        assert _connections() == 0

    run(main())


def _connections() -> int:
    return sum(type(item) is WebSocketConnection for item in gc.get_objects())


@each_loop
def test_an_idle_websocket_is_gone_without_the_collector(run: Run) -> None:
    """No cycle holds what 5,000 WebSockets took when they have left."""

    async def main() -> None:
        async with serve(sizes) as connect:
            gc.collect()
            gc.disable()
            # Another test of this process may have left one that something still holds.
            before = _connections()
            try:
                for wire in (frame(8, b"\x03\xe8"), frame(3), b""):
                    peer = await open_websocket(connect)
                    await peer.send(frame(1, b"x"))
                    await read_frame(peer)
                    if wire:
                        await peer.send(wire)
                        await read_close(peer)
                        peer.writer.close()
                    else:
                        peer.writer.transport.abort()
                # The server sees the last of them leave in one of the next turns.
                loop = asyncio.get_running_loop()
                end = loop.time() + PATIENCE
                while _connections() > before and loop.time() < end:  # noqa: ASYNC110  # none tells
                    await asyncio.sleep(0)
                assert _connections() <= before
            finally:
                gc.enable()

    run(main())
