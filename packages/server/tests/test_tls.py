"""The server behind TLS: the same answers, on transports that buffer and read otherwise."""

import asyncio
import contextlib
import gc
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from testkit import Peer, Run, each_loop, tls_contexts
from treadle_responses import Response, StreamResponse
from treadle_server import Application, AppRunner, FileResponse, Request, SockSite

GET = b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n"
SIZE = 3_000_000


@pytest.fixture(scope="module")
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's context that know each other."""
    return tls_contexts()


def make_app(folder: Path) -> Application:
    async def hello(request: Request) -> Response:
        return Response(text=f"{request.scheme} {request.secure} {request.url}")

    async def echo(request: Request) -> Response:
        return Response(body=await request.read())

    async def stream(request: Request) -> StreamResponse:
        response = StreamResponse(headers={"Content-Length": str(SIZE)})
        await response.prepare(request)
        for _ in range(30):
            await response.write(bytes(SIZE // 30))
        return response

    async def file(request: Request) -> FileResponse:
        return FileResponse(folder / "file")

    app = Application(client_max_size=0)

    async def poll(request: Request) -> Response:
        await request.wait_disconnected()
        return Response(text="late")

    app.router.add_get("/", hello)
    app.router.add_get("/poll", poll)
    app.router.add_post("/echo", echo)
    app.router.add_get("/stream", stream)
    app.router.add_get("/file", file)
    return app


Connect = Callable[..., Awaitable[Peer]]


@contextlib.asynccontextmanager
async def serving(
    folder: Path, contexts: tuple[ssl.SSLContext, ssl.SSLContext], **options: Any
) -> AsyncIterator[Connect]:
    runner = AppRunner(make_app(folder), shutdown_timeout=2, **options)
    await runner.setup()
    sock = socket.create_server(("127.0.0.1", 0))
    await SockSite(runner, sock, ssl_context=contexts[0]).start()
    port = sock.getsockname()[1]
    peers: list[Peer] = []

    async def connect(tls: bool = True) -> Peer:
        context, name = (contexts[1], "localhost") if tls else (None, None)
        streams = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname=name
        )
        peer = Peer(*streams)
        peers.append(peer)
        return peer

    try:
        yield connect
    finally:
        for peer in peers:
            peer.writer.transport.abort()
        await runner.cleanup()


@each_loop
def test_answers_of_every_kind(
    run: Run, tmp_path: Path, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    (tmp_path / "file").write_bytes(b"f" * SIZE)

    async def main() -> None:
        async with serving(tmp_path, contexts) as connect:
            peer = await connect()
            for _ in range(3):
                await peer.send(GET % b"/")
                assert await peer.response() == (200, b"https True https://localhost/")
                await peer.send(GET % b"/stream")
                assert await peer.response() == (200, bytes(SIZE))
                await peer.send(GET % b"/file")
                assert await peer.response() == (200, b"f" * SIZE)
            await peer.send((GET % b"/") * 50 + GET % b"/file" + GET % b"/")
            for _ in range(50):
                assert (await peer.response())[0] == 200
            assert await peer.response() == (200, b"f" * SIZE)
            assert (await peer.response())[0] == 200

    run(main())


@each_loop
def test_uploads(run: Run, tmp_path: Path, contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async def main() -> None:
        async with serving(tmp_path, contexts) as connect:
            peer = await connect()
            for size in (1, 70_000, SIZE):
                head = f"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n"
                answer = asyncio.ensure_future(peer.response())
                await peer.send(head.encode() + bytes(size))
                assert await answer == (200, bytes(size))

    run(main())


@each_loop
def test_a_refusal_reaches_the_client(
    run: Run, tmp_path: Path, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    async def main() -> None:
        async with serving(tmp_path, contexts) as connect:
            peer = await connect()
            answer = asyncio.ensure_future(peer.response())
            await peer.send(b"GARBAGE\r\n\r\n" + bytes(100_000))
            assert (await answer)[0] == 400

    run(main())


# Handshakes that do not end.


@each_loop
def test_an_unfinished_handshake_is_bounded_by_the_time_of_a_head(
    run: Run, tmp_path: Path, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    async def main() -> None:
        async with serving(tmp_path, contexts, head_timeout=0.1) as connect:
            silent = await connect(tls=False)
            assert await asyncio.wait_for(silent.reader.read(), 5) == b""

    run(main())


@each_loop
@pytest.mark.parametrize("ends", ["leave", "garbage", "finish"])
def test_unfinished_handshakes_are_connections(
    run: Run, tmp_path: Path, contexts: tuple[ssl.SSLContext, ssl.SSLContext], ends: str
) -> None:
    """They count for ``max_connections``, and no longer once they have ended, however they do."""

    async def status(connect: Connect) -> int:
        peer = await connect()
        await peer.send(GET % b"/")
        answer = await peer.response()
        peer.writer.transport.abort()
        return answer[0]

    async def main() -> None:
        # Garbage may be the beginning of a head: the time for one ends it.
        async with serving(tmp_path, contexts, max_connections=3, head_timeout=1.0) as connect:
            assert await status(connect) == 200
            silent = [await connect(tls=False) for _ in range(3)]
            # Accepted before the next connection, since it came before.
            assert await status(connect) == 503
            for peer in silent:
                if ends == "leave":
                    peer.writer.transport.abort()
                elif ends == "garbage":
                    await peer.send(b"GARBAGE" * 10)
                    with contextlib.suppress(ConnectionError):
                        await peer.rest()
                else:
                    peer.writer.write_eof()
                    await peer.rest()
            for _ in range(100):
                # asyncio of Python 3.11 leaves a failed handshake to the collector.
                gc.collect()
                if await status(connect) == 200:
                    break
            assert await status(connect) == 200

    run(main())


@each_loop
def test_a_client_that_ends_tls_is_seen_and_makes_no_noise(
    run: Run,
    tmp_path: Path,
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with serving(tmp_path, contexts) as connect:
            for path in (b"/", b"/poll", b"/stream"):
                peer = await connect()
                await peer.send(GET % path)
                if path == b"/":
                    await peer.response()
                peer.writer.close()
                with contextlib.suppress(ConnectionError, ssl.SSLError):
                    await peer.writer.wait_closed()
            other = await connect()
            await other.send(GET % b"/")
            assert (await other.response())[0] == 200

    run(main())
    assert [record.getMessage() for record in caplog.records] == []


@each_loop
def test_the_end_of_a_connection_is_silent(
    run: Run,
    tmp_path: Path,
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
    caplog: pytest.LogCaptureFixture,
) -> None:
    upload = b"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"

    async def main() -> None:
        async with serving(tmp_path, contexts) as connect:
            # The client leaves while idle, while its handler runs, and inside a head.
            for sent in (GET % b"/", upload, GET % b"/stream", b"GET / HT"):
                peer = await connect()
                await peer.send(sent)
                if sent.endswith(b"\r\n"):
                    # The handler of the upload waits: it is told to go on when it reads.
                    await peer.head()
                peer.writer.close()
                with contextlib.suppress(OSError):
                    await peer.writer.wait_closed()

    with caplog.at_level("INFO"):
        run(main())
    assert {record.name for record in caplog.records} <= {"treadle.access"}, caplog.text
