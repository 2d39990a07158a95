"""Advisories that touch the server's connections, by name; the parser's are in its own package."""

import asyncio
import gzip
import logging
import socket
import struct
from pathlib import Path

import pytest

from testkit import GET, FakeClock, Run, each_loop, serve
from treadle_responses import Response, StreamResponse
from treadle_server import BaseRequest, Server

CHUNKED = (
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n0\r\nA: b\r\n\r\n"
)
SIZED = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
EXPECT = SIZED.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n", 1)
CODED = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
BODY = gzip.compress(bytes(2_000_000), mtime=0)
LARGE = b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n"
STREAM = b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"

WIRE = [GET + GET, CHUNKED, SIZED + GET, EXPECT, CODED % (len(BODY), BODY), LARGE + LARGE, STREAM]


async def handler(request: BaseRequest) -> StreamResponse:
    if request.path == "/large":
        return Response(body=bytes(3_000_000))
    if request.path == "/stream":
        response = StreamResponse()
        await response.prepare(request)
        for _ in range(30):
            await response.write(bytes(100_000))
        return response
    return Response(body=await request.read())


def open_files() -> int:
    """How many descriptors this process has open, where the system tells."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


@each_loop
@pytest.mark.parametrize("reset", [False, True], ids=["closes", "resets"])
@pytest.mark.parametrize("reads", [False, True], ids=["unread", "reads a little"])
def test_cve_2022_31015_cve_2024_49768_cve_2024_49769_clients_that_leave_at_any_point(
    run: Run, reset: bool, reads: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = Server(handler)
        listener = await loop.create_server(server, "127.0.0.1", 0)
        address = listener.sockets[0].getsockname()
        before = open_files()
        for wire in WIRE:
            for end in range(0, len(wire) + 1, max(1, len(wire) // 12)):
                sock = socket.create_connection(address)
                sock.setblocking(False)
                await loop.sock_sendall(sock, wire[:end])
                if reads and end == len(wire):
                    await loop.sock_recv(sock, 100)
                if reset:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.close()
                # Some leave before the server has seen them, some after.
                if end % 2:
                    await asyncio.sleep(0)
        # asyncio loses connections that it has accepted and not yet made when the listener closes.
        for _ in range(5):
            await asyncio.sleep(0)
        listener.close()
        await asyncio.wait_for(server.shutdown(5), 20)
        assert server.connections == []
        # The listener's socket is closed by now, and nothing else was opened.
        assert open_files() < before or not before

    with caplog.at_level(logging.INFO):
        run(main())
    assert {record.name for record in caplog.records} <= {"treadle.access"}, caplog.text


def test_ghsa_6mq8_limits_count_inflated_bytes(run: Run) -> None:
    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            # 2 MB as 2 KB: above client_max_size, and more than 100 times its size.
            await peer.send(CODED % (len(BODY), BODY))
            status, text = await peer.response()
            assert status == 413
            assert text.startswith(b"413: ")

    run(main())


def test_cve_2020_7694_the_log_holds_no_control_bytes(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(request: BaseRequest) -> Response:
        raise ZeroDivisionError

    async def main() -> None:
        async with serve(failing) as connect:
            for target in (b"/\x1b[31m", b"/a\x00b", b"/\xc3\xa9", b"/a\x7f"):
                peer = await connect()
                assert b" 400 " in await peer.ask(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % target)
            peer = await connect()
            await peer.send(b"GET /%0dforged?%0d%0a%1b HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await peer.response())[0] == 500

    with caplog.at_level(logging.DEBUG, "treadle"):
        run(main())
    lines = [record.getMessage() for record in caplog.records]
    # One line for each bad request, one for the handler's mistake, and those of the access log.
    assert len(lines) == 5 + 5
    assert all(line.isprintable() for line in lines), lines


def test_cve_2007_6750_slow_clients_do_not_keep_others_waiting(clock: FakeClock) -> None:
    async def main() -> None:
        async with serve(handler, head_timeout=10) as connect:
            slow = []
            for _ in range(200):
                slow.append(await connect())
                await slow[-1].send(b"GET / HTTP/1.1\r\nHo")
            normal = await connect()
            for _ in range(50):
                await normal.send(GET)
                assert (await normal.response())[0] == 200
            await clock.advance(12)
            for peer in slow:
                assert b" 408 " in await peer.rest()
            await normal.send(GET)
            assert (await normal.response())[0] == 200

    clock.run(main())
