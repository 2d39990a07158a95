"""Responses that are sent while a thread makes them, and files: with middlewares, to any client."""

import os
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from testkit import Run, each_loop, serve, tls_contexts
from treadle_asgi._wsgi.head import WSGIHead
from treadle_asgi._wsgi.response import whole_response
from treadle_responses import HTTPForbidden, Response, StreamResponse
from treadle_server import Application, Handler, Middleware, Request

Environ = dict[str, Any]
Start = Callable[..., Callable[[bytes], object]]
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def outer(app: Any, *middlewares: Middleware) -> Application:
    made = Application(middlewares=middlewares)
    made.router.mount_wsgi("/", app)
    return made


def stream(environ: Environ, start: Start) -> Iterator[bytes]:
    start("200 OK", [("Content-Type", "text/plain")])
    yield b"one"
    yield b"two"


def test_whole_responses_keep_what_the_application_gave() -> None:
    head = WSGIHead(299, "Fine", [("X-A", "\xc3\xa9"), ("Content-Type", "a/b; c=d")], None)
    response = whole_response(head, b"body")
    assert (response.status, response.reason, response.body) == (299, "Fine", b"body")
    assert response.headers["X-A"] == "é"
    assert response.headers["Content-Type"] == "a/b; c=d"
    assert whole_response(WSGIHead(404, "", [], None), b"").reason == "Not Found"


# Middlewares see a response that is not sent yet.


@pytest.mark.parametrize("kind", ["whole", "stream", "file"])
def test_a_middleware_changes_the_response(kind: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"onetwo")

    def app(environ: Environ, start: Start) -> Any:
        if kind == "stream":
            return stream(environ, start)
        start("200 OK", [("Content-Type", "text/plain")])
        if kind == "file":
            return environ["wsgi.file_wrapper"](path.open("rb"))
        return [b"onetwo"]

    async def change(request: Request, handler: Handler) -> StreamResponse:
        response = await handler(request)
        assert not response.prepared
        response.headers["X-Seen"] = str(response.status)
        response.set_status(202)
        response.set_cookie("c", "1")
        return response

    async def main() -> None:
        async with serve(outer(app, change)) as connect:
            head, _, body = (await (await connect()).ask(GET)).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 202 Accepted")
            assert b"X-Seen: 200" in head
            assert b"Set-Cookie: c=1" in head
            # Of the stream each piece may be a chunk of its own.
            assert bytes(byte for byte in body if byte in b"onetw") == b"onetwo"

    run(main())


@pytest.mark.parametrize("raised", [False, True])
def test_a_middleware_answers_in_its_place(raised: bool, run: Run) -> None:
    closed = threading.Event()

    def app(environ: Environ, start: Start) -> Iterator[bytes]:
        start("200 OK", [])
        try:
            while True:
                yield b"x" * 10_000
        finally:
            closed.set()

    async def replace(request: Request, handler: Handler) -> StreamResponse:
        await handler(request)
        if raised:
            raise HTTPForbidden(text="mine")
        return Response(text="mine")

    async def main() -> None:
        async with serve(outer(app, replace)) as connect:
            answer = await (await connect()).ask(GET)
            assert answer.startswith(b"HTTP/1.1 403" if raised else b"HTTP/1.1 200")
            assert answer.endswith(b"mine")
        # The threads have ended with the server.
        assert closed.is_set()

    run(main())


def test_a_middleware_compresses(run: Run) -> None:
    async def compress(request: Request, handler: Handler) -> StreamResponse:
        response = await handler(request)
        response.enable_compression()
        return response

    def app(environ: Environ, start: Start) -> Iterator[bytes]:
        start("200 OK", [("Content-Type", "text/plain")])
        for _ in range(50):
            yield b"line of text\n" * 100

    async def main() -> None:
        async with serve(outer(app, compress)) as connect:
            peer = await connect()
            answer = await peer.ask(GET[:-2] + b"Accept-Encoding: gzip\r\n\r\n")
            head, _, body = answer.partition(b"\r\n\r\n")
            assert b"Content-Encoding: gzip" in head
            plain, rest = b"", body
            while rest:
                size, _, rest = rest.partition(b"\r\n")
                plain, rest = plain + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
            assert zlib.decompress(plain, 31) == b"line of text\n" * 5000

    run(main())


# Files.

FILES = [
    # Fields of the application, position; status line and body.
    ([], 0, b"Content-Length: 300000", 300_000),
    ([("Content-Length", "300000")], 0, b"Content-Length: 300000", 300_000),
    ([("Content-Length", "7")], 0, b"Content-Length: 7", 7),
    ([], 299_000, b"Content-Length: 1000", 1000),
    ([], 300_000, b"Content-Length: 0", 0),
]


@each_loop
@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(("fields", "position", "line", "size"), FILES)
def test_files(
    fields: list[tuple[str, str]],
    position: int,
    line: bytes,
    size: int,
    tls: bool,
    run: Run,
    tmp_path: Path,
) -> None:
    data = os.urandom(300_000)
    path = tmp_path / "file"
    path.write_bytes(data)
    files: list[Any] = []

    def app(environ: Environ, start: Start) -> Any:
        file = path.open("rb")
        file.seek(position)
        files.append(file)
        start("200 OK", [("Content-Type", "a/b"), *fields])
        return environ["wsgi.file_wrapper"](file)

    async def main() -> None:
        async with serve_with(outer(app), tls) as ask:
            head, _, body = (await ask(GET)).partition(b"\r\n\r\n")
            assert line in head
            assert body == data[position : position + size]
            head, _, body = (await ask(GET.replace(b"GET", b"HEAD"))).partition(b"\r\n\r\n")
            assert line in head
            assert body == b""

    run(main())
    assert [file.closed for file in files] == [True, True]


class serve_with:
    """Serve with or without TLS, and give a function that sends a request."""

    def __init__(self, app: Application, tls: bool) -> None:
        self.app, self.tls = app, tls

    async def __aenter__(self) -> Callable[[bytes], Any]:
        import asyncio

        from treadle_server import AppRunner, TCPSite

        server, client = tls_contexts() if self.tls else (None, None)
        self.runner = AppRunner(self.app, shutdown_timeout=5)
        await self.runner.setup()
        await TCPSite(self.runner, "127.0.0.1", 0, ssl_context=server).start()
        port = self.runner.addresses[0][1]

        async def ask(data: bytes) -> bytes:
            name = "localhost" if client else None
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=client, server_hostname=name
            )
            writer.write(data)
            try:
                return await asyncio.wait_for(reader.read(), 25)
            finally:
                writer.close()
                with suppress(ssl.SSLError, ConnectionError):
                    await writer.wait_closed()

        return ask

    async def __aexit__(self, *_: object) -> None:
        await self.runner.cleanup()


def test_a_file_that_gets_shorter_cuts_the_connection(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)

    def app(environ: Environ, start: Start) -> Any:
        start("200 OK", [("Content-Length", "200")])
        return environ["wsgi.file_wrapper"](path.open("rb"))

    async def main() -> None:
        async with serve(outer(app)) as connect:
            peer = await connect()
            await peer.send(GET)
            try:
                answer = await peer.rest()
            except ConnectionResetError:
                answer = b""
            assert len(answer.partition(b"\r\n\r\n")[2]) <= 100

    run(main())


def test_a_file_that_is_not_sent_is_closed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    files: list[Any] = []

    def app(environ: Environ, start: Start) -> Any:
        files.append(path.open("rb"))
        start("200 OK", [])
        return environ["wsgi.file_wrapper"](files[-1])

    async def replace(request: Request, handler: Handler) -> StreamResponse:
        await handler(request)
        return Response(text="mine")

    async def main() -> None:
        async with serve(outer(app, replace)) as connect:
            assert (await (await connect()).ask(GET)).endswith(b"mine")

    run(main())
    assert files[0].closed
