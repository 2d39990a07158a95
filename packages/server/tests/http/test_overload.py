"""Caps on connections, handlers, age and requests; and running out of file descriptors."""

import asyncio
import contextlib
import subprocess
import sys

import pytest

from testkit import GET, LOOPS, FakeClock, Peer, Run, each_loop, hello, serve
from treadle_responses import Response
from treadle_server import BaseRequest


async def is_turned_away(peer: Peer) -> None:
    answer = await peer.ask(GET)
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 503 Service Unavailable"
    assert b"Retry-After: 1" in lines
    assert b"Connection: close" in lines
    assert b"Content-Length: %d" % len(body) in lines
    assert any(line.startswith(b"Date: ") for line in lines)
    assert body == b"503: The server has no room for more connections now."


@each_loop
def test_connections_beyond_the_cap_are_turned_away(run: Run) -> None:
    async def main() -> None:
        async with serve(hello, max_connections=2) as connect:
            first, second = await connect(), await connect()
            for peer in (first, second):
                await peer.send(GET)
                assert await peer.response() == (200, b"hello")
            third = await connect()
            await is_turned_away(third)
            # Refused connections do not count: when one of the others ends, there is room for one.
            silent = await connect()
            first.writer.close()
            await first.writer.wait_closed()
            async with asyncio.timeout(10):
                while True:
                    again = await connect()
                    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                        await again.send(GET)
                        if (await again.response())[0] == 200:
                            break
            await second.send(GET)
            assert await second.response() == (200, b"hello")
            silent.writer.close()

    run(main())


def test_a_refused_connection_that_stays_is_closed_in_time(clock: FakeClock) -> None:
    async def main() -> None:
        options = {"lingering_time": 10, "lingering_timeout": 4}
        async with serve(hello, max_connections=1, **options) as connect:
            first = await connect()
            await first.send(GET)
            assert await first.response() == (200, b"hello")
            silent, endless = await connect(), await connect()
            rest = asyncio.ensure_future(silent.reader.read())
            await endless.send(b"x")
            await endless.head()
            await clock.advance(3)
            assert not rest.done()
            await endless.send(b"x" * 3_000_000)
            await clock.advance(2.5)
            assert await rest == b""
            # A client that sends on, and has not looked at its answer, gets it all the same.
            await endless.send(b"x" * 3_000_000)
            await clock.advance(3)
            await endless.send(b"x")
            await clock.advance(4)
            with pytest.raises(ConnectionError):  # noqa: PT012  # it takes several tries
                for _ in range(100):
                    await endless.send(b"x" * 10_000)

    clock.run(main())


@each_loop
def test_stopping_ends_those_that_are_turned_away(run: Run) -> None:
    async def main() -> None:
        async with serve(hello, max_connections=1) as connect:
            await (await connect()).send(GET)
            silent = await connect()
            rest = asyncio.ensure_future(silent.rest())
        assert await rest == b""

    run(main())


@each_loop
def test_handlers_beyond_the_cap_are_refused_and_the_connection_goes_on(run: Run) -> None:
    async def main() -> None:
        running = asyncio.Semaphore(0)
        go_on = asyncio.Event()

        async def slow(request: BaseRequest) -> Response:
            if request.path == "/fail":
                raise ZeroDivisionError
            running.release()
            await go_on.wait()
            return Response(text="done")

        async with serve(slow, max_concurrent_requests=2) as connect:
            peers = [await connect() for _ in range(3)]
            for peer in peers[:2]:
                await peer.send(GET)
                await running.acquire()
            await peers[2].send(GET)
            head = await peers[2].head()
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nRetry-After: 1\r\n" in head
            assert b"Connection: close" not in head
            await peers[2].exactly(len(b"503: Service Unavailable"))
            go_on.set()
            for peer in peers[:2]:
                assert await peer.response() == (200, b"done")
            # Whatever becomes of a handler, its place is free again.
            for _ in range(3):
                failing = await connect()
                await failing.send(GET.replace(b"/", b"/fail", 1))
                assert (await failing.response())[0] == 500
            await peers[2].send(GET)
            assert await peers[2].response() == (200, b"done")

    run(main())


@each_loop
@pytest.mark.parametrize("pipelined", [False, True])
def test_a_connection_has_so_many_requests(run: Run, pipelined: bool) -> None:
    async def main() -> None:
        async with serve(hello, keepalive_requests=3) as connect:
            peer = await connect()
            if pipelined:
                await peer.send(GET * 5)
            for number in range(1, 4):
                if not pipelined:
                    await peer.send(GET)
                head = await peer.head()
                assert (b"\r\nConnection: close\r\n" in head) == (number == 3)
                assert await peer.exactly(5) == b"hello"
            assert await peer.rest() == b""

    run(main())


def test_an_old_connection_takes_no_more_requests(clock: FakeClock) -> None:
    async def main() -> None:
        # An idle connection may wait longer for its next request than it may live.
        async with serve(hello, keepalive_time=20, keepalive_timeout=100) as connect:
            busy, idle = await connect(), await connect()
            await idle.send(GET)
            assert await idle.response() == (200, b"hello")
            heads = []
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                for _ in range(100):
                    await busy.send(GET)
                    heads.append(await busy.head())
                    await busy.exactly(5)
                    await clock.advance(1)
            assert all(head.startswith(b"HTTP/1.1 200 ") for head in heads)
            assert 20 <= len(heads) <= 22
            assert await idle.rest() == b""

    clock.run(main())


_STARVED = """
import asyncio, logging, resource, socket, sys
from treadle_server import Server
from treadle_responses import Response
logging.disable()

async def hello(request):
    return Response(text="hello")

async def ask(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
    answer = await reader.read()
    writer.close()
    return answer.startswith(b"HTTP/1.1 200 ")

async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: None)
    server = await loop.create_server(Server(hello), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await ask(port)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with socket.socket() as probe:
        lowest = probe.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 8, hard))
    sockets = []
    try:
        while True:
            sock = socket.socket()
            sock.setblocking(False)
            sockets.append(sock)
    except OSError:
        pass
    # One descriptor for our side of a connection, none for the server's.
    sock = sockets.pop()
    sock.close()
    knocking = socket.socket()
    knocking.setblocking(False)
    await loop.sock_connect(knocking, ("127.0.0.1", port))
    for _ in range(200):
        await asyncio.sleep(0)
    knocking.close()
    for sock in sockets:
        sock.close()
    async with asyncio.timeout(20):
        while True:
            try:
                assert await ask(port)
                break
            except ConnectionError:
                pass
    print("alive")
    server.close()

factory = asyncio.new_event_loop
if sys.argv[1] == "uvloop":
    import uvloop
    factory = uvloop.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    runner.run(main())
"""


@pytest.mark.parametrize("loop", LOOPS)
def test_the_server_survives_a_lack_of_file_descriptors(loop: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _STARVED, loop], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout) == (0, "alive\n"), run.stderr
