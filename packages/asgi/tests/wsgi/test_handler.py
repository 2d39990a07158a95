"""WSGI applications as handlers: threads, limits, context, clients that leave, the stop."""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.validate import validator

import pytest

from testkit import Run, each_loop, serve
from treadle_asgi._wsgi.handler import WSGIHandler
from treadle_multipart import SpoolPolicy
from treadle_responses import StreamResponse
from treadle_server import Application, AppRunner, Handler, Request, TCPSite

Environ = dict[str, Any]
Start = Callable[..., Callable[[bytes], object]]
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def outer(app: Any, **options: Any) -> Application:
    made = Application()
    made.router.mount_wsgi("/", app, **options)
    return made


BAD_OPTIONS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"threads": 0}, ValueError, "threads is 0: give at least 1"),
    ({"threads": "4"}, TypeError, "threads is a number, not '4'"),
    ({"threads": True}, TypeError, "threads is a number"),
    ({"max_waiting": -1}, ValueError, "max_waiting is -1: give at least 0"),
    ({"spool": 1024}, TypeError, "spool is a treadle_multipart.SpoolPolicy, not 1024"),
]


@pytest.mark.parametrize(("options", "error", "text"), BAD_OPTIONS)
def test_bad_options(options: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        WSGIHandler(lambda environ, start: [], **options)


# The validator of the standard library, around an application that keeps to PEP 3333.


@pytest.mark.parametrize(
    "request_line",
    ["GET /?a=b", "HEAD /", "POST /p", "PUT /%C3%A9", "OPTIONS /", "DELETE /", "PATCH /"],
)
def test_the_validator_has_no_complaint(request_line: str, run: Run) -> None:
    def app(environ: Environ, start: Start) -> Iterator[bytes]:
        data = environ["wsgi.input"]
        line, rest, end = data.readline(), data.read(3), list(data)
        environ["wsgi.errors"].write("noted\n")
        environ["wsgi.errors"].flush()
        body = [line, rest, *end]
        write = start("200 OK", [("Content-Type", "text/plain")])
        if environ["REQUEST_METHOD"] == "PUT":
            write(b"put:")
        return iter(body)

    async def main() -> None:
        async with serve(outer(validator(app))) as connect:
            data = b"" if request_line.startswith(("GET", "HEAD")) else b"line\nmore\nend"
            peer = await connect()
            answer = await peer.ask(
                f"{request_line} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(data)}\r\n"
                "Connection: close\r\n\r\n".encode() + data
            )  # fmt: skip
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")

    run(main())


def test_keys_of_the_server(run: Run) -> None:
    seen: list[Environ] = []

    def app(environ: Environ, start: Start) -> list[bytes]:
        seen.append(dict(environ))
        start("200 OK", [])
        return []

    async def main() -> None:
        for threads in (1, 2):
            async with serve(outer(app, threads=threads)) as connect:
                await (await connect()).ask(GET)

    run(main())
    assert [environ["wsgi.multithread"] for environ in seen] == [False, True]
    assert seen[0]["wsgi.version"] == (1, 0)
    assert seen[0]["wsgi.run_once"] is False
    assert seen[0]["wsgi.url_scheme"] == "http"


def test_one_thread_calls_iterates_and_closes(run: Run) -> None:
    names: list[str] = []

    def app(environ: Environ, start: Start) -> Iterator[bytes]:
        names.append(threading.current_thread().name)
        start("200 OK", [])

        def pieces() -> Iterator[bytes]:
            try:
                for _ in range(50):
                    names.append(threading.current_thread().name)
                    yield b"x" * 10_000
            finally:
                names.append(threading.current_thread().name)

        return pieces()

    async def main() -> None:
        async with serve(outer(app)) as connect:
            assert (await (await connect()).ask(GET)).count(b"x") == 500_000

    run(main())
    assert len(names) == 52
    assert set(names) == {"wsgi /-1"}


def test_the_environ_outlives_the_response(run: Run) -> None:
    seen: list[Environ] = []

    def app(environ: Environ, start: Start) -> list[bytes]:
        seen.append(environ)
        start("200 OK", [])
        return []

    async def main() -> None:
        async with serve(outer(app)) as connect:
            await (await connect()).ask(GET)

    run(main())
    # Frameworks give it to background threads (``flask.copy_current_request_context``).
    assert seen[0]["PATH_INFO"] == "/"
    assert seen[0]["wsgi.input"].closed


def test_context_variables_reach_the_thread(run: Run) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")

    def app(environ: Environ, start: Start) -> Iterator[bytes]:
        start("200 OK", [])
        yield variable.get().encode()

    async def set_it(request: Request, handler: Handler) -> StreamResponse:
        variable.set(request.query["v"])
        return await handler(request)

    async def main() -> None:
        made = Application(middlewares=[set_it])
        made.router.mount_wsgi("/", app)
        async with serve(made) as connect:
            for value in (b"one", b"two"):
                answer = await (await connect()).ask(GET.replace(b"/ ", b"/?v=" + value + b" ", 1))
                assert value in answer

    run(main())


def test_too_many_requests_get_503(run: Run) -> None:
    release, running = threading.Event(), threading.Semaphore(0)

    def app(environ: Environ, start: Start) -> list[bytes]:
        running.release()
        release.wait(20)
        start("200 OK", [])
        return [b"done"]

    async def main() -> None:
        async with serve(outer(app, threads=1, max_waiting=1)) as connect:
            first, second = await connect(), await connect()
            await first.send(GET)
            await asyncio.to_thread(running.acquire)
            await second.send(GET)
            third: bytes = b""
            while not third.startswith(b"HTTP/1.1 503"):
                # Until the second one waits, this one may take its place, and wait too.
                peer = await connect()
                await peer.send(GET)
                try:
                    async with asyncio.timeout(0.2):
                        third = await peer.rest()
                except TimeoutError:
                    peer.writer.transport.abort()
            assert b"Retry-After: 1\r\n" in third
            release.set()
            assert (await first.rest()).endswith(b"done")

    run(main())


def test_slow_uploads_keep_no_thread_busy(run: Run) -> None:
    def app(environ: Environ, start: Start) -> list[bytes]:
        start("200 OK", [])
        return [environ["wsgi.input"].read() or b"empty"]

    async def main() -> None:
        async with serve(outer(app, threads=1, max_waiting=5)) as connect:
            slow = [await connect() for _ in range(10)]
            for peer in slow:
                await peer.send(GET.replace(b"GET", b"POST")[:-2] + b"Content-Length: 4\r\n\r\nab")
            assert (await (await connect()).ask(GET)).endswith(b"empty")
            for peer in slow:
                await peer.send(b"cd")
                assert (await peer.rest()).endswith(b"abcd")

    run(main())


def test_a_large_body_is_stored_in_a_file(run: Run, tmp_path: Any) -> None:
    def app(environ: Environ, start: Start) -> list[bytes]:
        start("200 OK", [])
        return [
            f"{environ['wsgi.input'].fileno() > 0} {len(environ['wsgi.input'].read())}".encode()
        ]

    async def main() -> None:
        spool = SpoolPolicy(threshold=1000, directory=tmp_path)
        async with serve(outer(app, spool=spool)) as connect:
            head = (
                b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5000\r\n\r\n"
            )
            assert (await (await connect()).ask(head + b"x" * 5000)).endswith(b"True 5000")

    run(main())


LIMITS = [(None, 1000, b"413"), (4000, 1000, b"200"), (10, 5000, b"413"), (0, 1000, b"200")]


@pytest.mark.parametrize(("own", "of_app", "status"), LIMITS)
def test_client_max_size(own: int | None, of_app: int, status: bytes, run: Run) -> None:
    def app(environ: Environ, start: Start) -> list[bytes]:
        start("200 OK", [])
        return []

    async def main() -> None:
        made = Application(client_max_size=of_app)
        made.router.mount_wsgi("/", app, client_max_size=own)
        async with serve(made) as connect:
            peer = await connect()
            await peer.send(
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n" + b"x" * 3000
            )
            assert (await peer.head()).split()[1] == status

    run(main())


# Flow control, and clients that leave.


@each_loop
def test_the_thread_waits_for_a_client_that_does_not_read_and_ends_with_it(run: Run) -> None:
    made = 0
    closed = threading.Event()

    def app(environ: Environ, start: Start) -> Iterator[bytes]:
        nonlocal made
        start("200 OK", [])
        try:
            while True:
                made += 1
                yield b"x" * 65_536
        finally:
            closed.set()

    async def main() -> None:
        async with serve(outer(app)) as connect:
            peer = await connect()
            await peer.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await peer.head()
            # Until the thread waits: it makes nothing for a while.
            before = -1
            while made != before:
                before = made
                await asyncio.sleep(0.2)
            # What the kernel takes for both sides, and no more.
            assert made < 500
            assert not closed.is_set()
            peer.writer.transport.abort()
            assert await asyncio.to_thread(closed.wait, 10)

    run(main())


def test_write_raises_when_the_client_has_left(run: Run) -> None:
    raised: list[BaseException] = []
    ended = threading.Event()

    def app(environ: Environ, start: Start) -> list[bytes]:
        write = start("200 OK", [])
        try:
            while True:
                write(b"x" * 65_536)
        except OSError as error:
            raised.append(error)
            ended.set()
            raise

    async def main() -> None:
        async with serve(outer(app)) as connect:
            peer = await connect()
            await peer.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await peer.head()
            peer.writer.transport.abort()
            assert await asyncio.to_thread(ended.wait, 10)

    run(main())
    assert "the client has left" in str(raised[0])


# The stop.


def test_a_stop_waits_for_requests_and_ends_threads(run: Run) -> None:
    began, stops = threading.Event(), threading.Event()

    def app(environ: Environ, start: Start) -> list[bytes]:
        began.set()
        assert stops.wait(10)
        start("200 OK", [])
        return [b"in time"]

    async def note_stop(_app: Application) -> None:
        stops.set()

    async def main() -> None:
        application = outer(app)
        application.on_shutdown.append(note_stop)
        runner = AppRunner(application, shutdown_timeout=10)
        await runner.setup()
        await TCPSite(runner, "127.0.0.1", 0).start()
        reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
        writer.write(GET)
        await asyncio.to_thread(began.wait, 10)
        await runner.cleanup()
        assert (await reader.read()).endswith(b"in time")
        writer.close()

    run(main())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("wsgi")]


def test_a_stop_names_a_thread_that_does_not_end(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    began, release = threading.Event(), threading.Event()

    def app(environ: Environ, start: Start) -> list[bytes]:
        began.set()
        release.wait(20)
        return []

    async def main() -> None:
        async with serve(outer(app), shutdown_timeout=0.1) as connect:
            peer = await connect()
            await peer.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            await asyncio.to_thread(began.wait, 10)
        release.set()

    run(main())
    assert "The thread wsgi /-1 still runs GET /slow, and cannot be stopped" in caplog.text


def test_requests_that_wait_at_the_stop_are_dropped(run: Run) -> None:
    began, release = threading.Event(), threading.Event()
    calls: list[str] = []

    def app(environ: Environ, start: Start) -> list[bytes]:
        calls.append(environ["PATH_INFO"])
        began.set()
        release.wait(20)
        start("200 OK", [])
        return []

    async def main() -> None:
        async with serve(outer(app, threads=1), shutdown_timeout=0.1) as connect:
            first, second = await connect(), await connect()
            await first.send(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
            await asyncio.to_thread(began.wait, 10)
            await second.send(b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n")
            # The answer to it proves that the server has read the second one.
            await (await connect()).ask(b"BAD\r\n\r\n")
        release.set()

    run(main())
    assert calls == ["/first"]
