"""The invariant of an exchange: it ends, whatever is raised at whichever point.

Each case raises one error at one point of failure, on a real socket, and looks at all that must
hold afterwards: the answer or the end of the connection, the log, the event loop, and a stop that
is quick and leaves nothing behind.
"""

import asyncio
import contextlib
import gc
import logging
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from testkit import LOOPS, hello, new_loop, open_descriptors, turns
from treadle_responses import (
    ContentCoding,
    HTTPNotFound,
    Payload,
    RequestInfo,
    Response,
    ResponseWriter,
    StreamResponse,
)
from treadle_server import (
    Application,
    AppRunner,
    BaseRequest,
    FileResponse,
    Middleware,
    Request,
    SockSite,
    View,
    WebSocketResponse,
)
from treadle_server.interfaces import bare_application

_T = TypeVar("_T")

GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
EXPECT = (
    b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n"
    b"Expect: 100-continue\r\n\r\nhi"
)


class Odd(BaseException):
    """An exception that ``except Exception`` lets pass."""


#: The errors, and whether each is a bug, which has a line in the log.
ERRORS: dict[str, tuple[Callable[[], BaseException], bool]] = {
    "Exception": (lambda: ValueError("mine"), True),
    "HTTPException": (HTTPNotFound, False),
    "ConnectionResetError": (lambda: ConnectionResetError("mine"), True),
    "CancelledError": (asyncio.CancelledError, True),
    "BaseException": (Odd, True),
    "SystemExit": (lambda: SystemExit(3), False),
    "KeyboardInterrupt": (KeyboardInterrupt, False),
}
STOPS = ("SystemExit", "KeyboardInterrupt")

Fail = Callable[[], None]
Build = Callable[[Fail], Application]


def app_of(
    handler: Callable[[Request], Awaitable[StreamResponse]],
    *middlewares: Middleware,
    expect_handler: Callable[[Request], Awaitable[None]] | None = None,
) -> Application:
    app = Application(middlewares=middlewares)
    if expect_handler is None:
        app.router.add_route("*", "/", handler)
    else:
        app.router.add_route("*", "/", handler, expect_handler=expect_handler)
    return app


def handler_at_once(fail: Fail) -> Application:
    async def handler(request: Request) -> Response:
        fail()
        return Response()

    return app_of(handler)


def handler_late(fail: Fail) -> Application:
    async def handler(request: Request) -> Response:
        await asyncio.sleep(0)
        fail()
        return Response()

    return app_of(handler)


def middleware_before(fail: Fail) -> Application:
    async def middleware(
        request: Request, handler: Callable[[Request], Awaitable[StreamResponse]]
    ) -> StreamResponse:
        fail()
        return await handler(request)

    middleware.__middleware_version__ = 1  # type: ignore[attr-defined]  # what the decorator sets
    return app_of(hello, middleware)


def middleware_behind(fail: Fail) -> Application:
    async def middleware(
        request: Request, handler: Callable[[Request], Awaitable[StreamResponse]]
    ) -> StreamResponse:
        response = await handler(request)
        await asyncio.sleep(0)
        fail()
        return response

    middleware.__middleware_version__ = 1  # type: ignore[attr-defined]  # what the decorator sets
    return app_of(hello, middleware)


def signal_at_once(fail: Fail) -> Application:
    async def signal(request: Request, response: StreamResponse) -> None:
        fail()

    app = app_of(hello)
    app.on_response_prepare.append(signal)
    return app


def signal_late(fail: Fail) -> Application:
    async def signal(request: Request, response: StreamResponse) -> None:
        await asyncio.sleep(0)
        fail()

    app = app_of(hello)
    app.on_response_prepare.append(signal)
    return app


def signal_for_an_error(fail: Fail) -> Application:
    """The signal fails for the answer to the handler's own exception."""

    async def handler(request: Request) -> Response:
        raise HTTPNotFound

    async def signal(request: Request, response: StreamResponse) -> None:
        fail()

    app = app_of(handler)
    app.on_response_prepare.append(signal)
    return app


def expect_handler(fail: Fail) -> Application:
    async def expect(request: Request) -> None:
        fail()

    return app_of(hello, expect_handler=expect)


def prepare(fail: Fail) -> Application:
    class Preparing(Response):
        async def prepare(self, request: RequestInfo) -> ResponseWriter | None:
            fail()
            return await super().prepare(request)

    async def handler(request: Request) -> Response:
        return Preparing(text="never")

    return app_of(handler)


def write_eof(fail: Fail) -> Application:
    class Writing(Response):
        async def write_eof(self, data: bytes = b"") -> None:
            await asyncio.sleep(0)
            fail()
            await super().write_eof(data)

    async def handler(request: Request) -> Response:
        return Writing(text="never")

    return app_of(handler)


def single_write(fail: Fail) -> Application:
    class Single(Response):
        def as_single_write(self) -> tuple[int, str | None, bytes, bytes] | None:
            fail()
            return super().as_single_write()

    async def handler(request: Request) -> Response:
        return Single(text="never")

    return app_of(handler)


def generator_first(fail: Fail) -> Application:
    async def pieces() -> AsyncIterator[bytes]:
        fail()
        yield b"never"

    async def handler(request: Request) -> Response:
        return Response(body=pieces())

    return app_of(handler)


def generator_late(fail: Fail) -> Application:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"first"
        fail()

    async def handler(request: Request) -> Response:
        return Response(body=pieces())

    return app_of(handler)


def payload(fail: Fail) -> Application:
    class Failing(Payload):
        @property
        def size(self) -> int | None:
            return None

        async def write(self, writer: object) -> None:
            fail()

        def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
            return ""

    async def handler(request: Request) -> Response:
        return Response(body=Failing(None))

    return app_of(handler)


def stream_half_way(fail: Fail) -> Application:
    async def handler(request: Request) -> StreamResponse:
        response = StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        fail()
        return response

    return app_of(handler)


def stream_behind_its_end(fail: Fail) -> Application:
    async def handler(request: Request) -> StreamResponse:
        response = StreamResponse()
        await response.prepare(request)
        await response.write_eof(b"all")
        await asyncio.sleep(0)
        fail()
        return response

    return app_of(handler)


def prepared(fail: Fail) -> Application:
    """The handler prepares its response itself; nothing of it has left."""

    async def handler(request: Request) -> Response:
        response = Response(text="never")
        await response.prepare(request)
        await asyncio.sleep(0)
        fail()
        return response

    return app_of(handler)


def prepared_file(fail: Fail) -> Application:
    async def handler(request: Request) -> FileResponse:
        response = FileResponse(Path(__file__).parents[1] / "conftest.py")
        await response.prepare(request)
        fail()
        return response

    return app_of(handler)


def upload(fail: Fail) -> Application:
    """The handler fails between two pieces of a body that it reads."""

    async def handler(request: Request) -> Response:
        async for _ in request.content.iter_chunked(1):
            fail()
            break
        return Response()

    return app_of(handler)


def view(fail: Fail) -> Application:
    class Page(View):
        def __init__(self, request: Request) -> None:
            super().__init__(request)
            fail()

        async def get(self) -> Response:
            return Response()

    app = Application()
    app.router.add_view("/", Page)
    return app


def middleware_of_a_sub_application(fail: Fail) -> Application:
    app = Application()
    app.add_subapp("/sub", middleware_before(fail))
    app.router.add_get("/", hello)
    return app


def compression(fail: Fail) -> Application:
    class Zipped(Response):
        async def run_blocking(self, call: Callable[[], _T], executor: object = None) -> _T:
            fail()
            return call()

    async def handler(request: Request) -> Response:
        response = Zipped(text="a" * 100_000)
        response.enable_compression(ContentCoding.gzip)
        return response

    return app_of(handler)


def web_socket_refused(fail: Fail) -> Application:
    """The handler fails instead of upgrading."""

    async def handler(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse()
        ws.can_prepare(request)
        fail()
        return ws

    return app_of(handler)


def executor(fail: Fail) -> Application:
    async def handler(request: Request) -> Response:
        await asyncio.get_running_loop().run_in_executor(None, fail)
        return Response()

    return app_of(handler)


def bare_at_once(fail: Fail) -> Application:
    async def handler(request: BaseRequest) -> Response:
        fail()
        return Response()

    return bare_application(handler)


def bare_half_way(fail: Fail) -> Application:
    """The response is one that its handler sends, and that needs no task of the exchange."""

    async def handler(request: BaseRequest) -> StreamResponse:
        response = StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        fail()
        await response.write_eof()
        return response

    return bare_application(handler)


def bare_behind_its_end(fail: Fail) -> Application:
    async def handler(request: BaseRequest) -> StreamResponse:
        response = StreamResponse()
        await response.prepare(request)
        await response.write_eof(b"all")
        await asyncio.sleep(0)
        fail()
        return response

    return bare_application(handler)


def sent_before(fail: Fail) -> Application:
    """The handler returns the response to another request, which is sent to its end."""

    async def handler(request: BaseRequest) -> StreamResponse:
        response = StreamResponse()
        response.mark_sent(3)
        fail()
        return response

    return bare_application(handler)


POINTS: list[Build] = [
    handler_at_once, handler_late, middleware_before, middleware_behind, signal_at_once,
    signal_late, signal_for_an_error, expect_handler, prepare, write_eof, single_write,
    generator_first, generator_late, payload, stream_half_way, stream_behind_its_end, prepared,
    prepared_file, upload, view, middleware_of_a_sub_application, compression, web_socket_refused,
    executor, bare_at_once, bare_half_way, bare_behind_its_end,
]  # fmt: skip


#: The points at which bytes of the response have left.
BEGUN = (
    generator_late, stream_half_way, stream_behind_its_end, bare_half_way, bare_behind_its_end,
)  # fmt: skip

REQUESTS: dict[Build, bytes] = {
    expect_handler: EXPECT,
    upload: EXPECT.replace(b"Expect: 100-continue\r\n", b""),
    middleware_of_a_sub_application: GET.replace(b"GET /", b"GET /sub/"),
}


@dataclass
class Outcome:
    """The observable results of one exchange."""

    answer: bytes = b""
    raised: BaseException | None = None
    records: list[logging.LogRecord] = field(default_factory=list)


async def ask(sock: socket.socket, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*sock.getsockname())
    answer = b""
    try:
        writer.write(data)
        with contextlib.suppress(ConnectionResetError):
            while piece := await reader.read(65536):
                answer += piece
    finally:
        writer.close()
    return answer


def run_exchange(
    loop: asyncio.AbstractEventLoop, app: Application, data: bytes, outcome: Outcome
) -> None:
    """Ask the application once and stop it; everything within five seconds."""
    runner = AppRunner(app, shutdown_timeout=1, logger=logging.getLogger("treadle.server"))
    loop.run_until_complete(runner.setup())
    sock = socket.create_server(("127.0.0.1", 0))
    loop.run_until_complete(SockSite(runner, sock).start())
    asking = loop.create_task(ask(sock, data))
    try:
        loop.run_until_complete(asyncio.wait_for(asyncio.shield(asking), 5))
    except (SystemExit, KeyboardInterrupt) as error:
        outcome.raised = error
        loop.run_until_complete(asyncio.wait([asking], timeout=5))
    outcome.answer = asking.result()
    server = runner.server
    assert server is not None
    # The connection is closed on both sides: nothing may be left of the exchange.
    loop.run_until_complete(asyncio.wait_for(runner.cleanup(), 1))
    assert server.connections == []
    assert server.requests_count == 1
    left = {task for task in asyncio.all_tasks(loop) if not task.done()}
    assert not left


# A loop stops by itself for SystemExit and KeyboardInterrupt; the others never reach it.
@pytest.mark.parametrize(
    ("name", "loop_name"),
    [(name, loop) for name in ERRORS for loop in LOOPS if loop == "asyncio" or name in STOPS],
)
@pytest.mark.parametrize("build", POINTS, ids=lambda build: build.__name__)
def test_an_exchange_ends(
    build: Build, name: str, loop_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    error, is_bug = ERRORS[name]
    calls = 0

    def fail() -> None:
        nonlocal calls
        calls += 1
        raise error()

    outcome = Outcome()
    with contextlib.closing(new_loop(loop_name)) as loop:
        if build is executor and name in (*STOPS, "BaseException"):
            # A thread hands these to its future, which raises them in the handler like others.
            loop.set_exception_handler(lambda _loop, _context: None)
        with caplog.at_level(logging.WARNING):
            run_exchange(loop, build(fail), REQUESTS.get(build, GET), outcome)
        loop.run_until_complete(loop.shutdown_default_executor())
    assert calls == 1
    check_answer(build, name, outcome.answer)
    assert (type(outcome.raised).__name__ if outcome.raised else None) == (
        name if name in STOPS else None
    )
    # One line for a bug, none for an answer or a stop. A cancellation is no bug once something was
    # sent: then it only ends the exchange.
    logged = [record for record in caplog.records if record.name == "treadle.server"]
    if name == "CancelledError" and build in BEGUN:
        is_bug = False
    assert len(logged) == is_bug, [record.getMessage() for record in logged]


def check_answer(build: Build, name: str, answer: bytes) -> None:
    """One whole answer, or a connection that was cut off."""
    assert answer.count(b"HTTP/1.1 ") - answer.count(b"HTTP/1.1 100 ") <= 1
    if build in (generator_late, stream_half_way, bare_half_way):
        # The head and a piece are out, and there is no end.
        assert answer.endswith(b"5\r\nfirst\r\n")
    elif build in (stream_behind_its_end, bare_behind_its_end):
        assert answer == b"" or answer.endswith(b"3\r\nall\r\n0\r\n\r\n")
    elif name in STOPS:
        assert answer == b""
    else:
        status = b"404" if name == "HTTPException" else b"500"
        assert answer.startswith(b"HTTP/1.1 " + status)
        assert answer.endswith(
            b"Not Found" if status == b"404" else b"\n\nServer got itself in trouble"
        )


# A client that leaves at the same moment.


def reset(sock: socket.socket) -> None:
    """Close the connection with a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def finish(sock: socket.socket) -> None:
    """Close one side only; the client reads on."""
    sock.shutdown(socket.SHUT_WR)


LEAVING = {"reset": reset, "close": socket.socket.close, "finish": finish}
NO_ERROR = "no error"


async def send_and_read(client: socket.socket, data: bytes) -> bytes:
    """Return the answer to a client whose socket may be closed meanwhile."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(client, data)
    answer = b""
    with contextlib.suppress(OSError):
        while client.fileno() != -1:
            try:
                piece = client.recv(65536)
            except BlockingIOError:
                await asyncio.sleep(0)
                continue
            if not piece:
                break
            answer += piece
    return answer


def leave_during(
    loop: asyncio.AbstractEventLoop,
    build: Build,
    leave: Callable[[socket.socket], None],
    name: str,
) -> tuple[bytes, int]:
    """Let a client leave at one point of failure, and stop; return its answer and the calls."""
    client = socket.socket()
    calls = 0

    def fail() -> None:
        nonlocal calls
        calls += 1
        leave(client)
        if name != NO_ERROR:
            error, _ = ERRORS[name]
            raise error()

    async def main() -> bytes:
        runner = AppRunner(
            build(fail), shutdown_timeout=1, logger=logging.getLogger("treadle.server")
        )
        await runner.setup()
        sock = socket.create_server(("127.0.0.1", 0))
        await SockSite(runner, sock).start()
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, sock.getsockname())
        data = REQUESTS.get(build, GET)
        answer = await asyncio.wait_for(send_and_read(client, data), 5)
        client.close()
        server = runner.server
        assert server is not None
        await asyncio.wait_for(runner.cleanup(), 2.5)
        assert server.connections == []
        assert server.requests_count == 1
        # asyncio closes the generator that a handler has left in a task of its own.
        await turns()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return answer

    return loop.run_until_complete(main()), calls


@pytest.mark.parametrize("name", [NO_ERROR, "Exception", "HTTPException", "CancelledError"])
@pytest.mark.parametrize("leave", LEAVING.values(), ids=LEAVING)
@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize("build", POINTS, ids=lambda build: build.__name__)
def test_an_exchange_ends_when_its_client_leaves(
    build: Build,
    leave: Callable[[socket.socket], None],
    name: str,
    loop_name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = open_descriptors()
    with contextlib.closing(new_loop(loop_name)) as loop, caplog.at_level(logging.WARNING):
        answer, calls = leave_during(loop, build, leave, name)
        loop.run_until_complete(loop.shutdown_default_executor())
    assert calls == 1
    logged = [record.getMessage() for record in caplog.records if record.name != "asyncio"]
    # A stray cancellation is a bug unless the client is known to have left.
    bugs = {NO_ERROR: (0,), "HTTPException": (0,), "Exception": (1,), "CancelledError": (0, 1)}
    assert len(logged) in bugs[name], logged
    if leave is finish and name != NO_ERROR and build not in BEGUN:
        status = b"404" if name == "HTTPException" else b"500"
        assert answer.startswith(b"HTTP/1.1 " + status)
    elif leave is finish and build not in BEGUN:
        # The last answer of a client that has only finished sending is whole.
        assert answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4")), answer
    assert answer.count(b"HTTP/1.1 ") <= 1
    if open_descriptors() != before:
        # asyncio's transport refers to itself after a reset; a collection takes long.
        gc.collect()
    assert open_descriptors() == before


def test_the_clean_up_of_a_request_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    ran: list[str] = []

    def fail() -> None:
        raise ValueError("mine")

    async def handler(request: BaseRequest) -> Response:
        request.add_cleanup(lambda: ran.append("first"))
        request.add_cleanup(fail)
        request.add_cleanup(lambda: ran.append("last"))
        return Response(text="done")

    outcome = Outcome()
    with contextlib.closing(new_loop("asyncio")) as loop:
        run_exchange(loop, app_of(handler), GET, outcome)
    assert outcome.answer.endswith(b"\r\n\r\ndone")
    assert ran == ["first", "last"]
    assert [record.getMessage() for record in caplog.records] == ["Error cleaning up after GET /"]


class BrokenLogger(logging.Logger):
    """A logger that raises, as one with a broken filter does."""

    def handle(self, record: logging.LogRecord) -> None:
        raise OSError("no space left on device")


def test_the_logger_may_fail(capsys: pytest.CaptureFixture[str]) -> None:
    """If the logger raises, the answer is still sent, and the error is printed."""

    async def handler(request: BaseRequest) -> Response:
        raise ValueError("mine")

    async def main() -> None:
        app = app_of(handler)
        runner = AppRunner(app, shutdown_timeout=1, logger=BrokenLogger("broken"))
        await runner.setup()
        sock = socket.create_server(("127.0.0.1", 0))
        await SockSite(runner, sock).start()
        assert (await ask(sock, GET)).startswith(b"HTTP/1.1 500 ")
        # A line at DEBUG, for each refused request.
        assert (await ask(sock, b"GARBAGE\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
        server = runner.server
        assert server is not None
        await runner.cleanup()
        assert server.connections == []

    asyncio.run(asyncio.wait_for(main(), 5))
    assert "no space left on device" in capsys.readouterr().err


def test_a_handler_that_ignores_its_cancellation_is_given_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        started, over = asyncio.Event(), asyncio.Event()

        async def stubborn(request: BaseRequest) -> Response:
            started.set()
            while not over.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await over.wait()
            return Response()

        runner = AppRunner(app_of(stubborn), shutdown_timeout=0.05)
        await runner.setup()
        sock = socket.create_server(("127.0.0.1", 0))
        await SockSite(runner, sock).start()
        asking = asyncio.ensure_future(ask(sock, GET))
        await started.wait()
        await asyncio.wait_for(runner.cleanup(), 5)
        assert await asking == b""
        over.set()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))

    asyncio.run(main())
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "The handler of GET / did not end although it was cancelled" in record.getMessage()


def test_a_response_of_another_request(caplog: pytest.LogCaptureFixture) -> None:
    """It is complete, but not for this request: the exchange does not take it for the answer."""
    outcome = Outcome()
    with contextlib.closing(new_loop("asyncio")) as loop:
        run_exchange(loop, sent_before(lambda: None), GET, outcome)
    assert outcome.answer.startswith(b"HTTP/1.1 500 ")
    assert "which was sent before: make a new one per request" in caplog.text
