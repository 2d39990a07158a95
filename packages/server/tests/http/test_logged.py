"""Exchanges that log: each answer has one line, whatever becomes of it."""

import asyncio
import logging
import re
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import pytest

from testkit import Link, Run, each_loop, run_link, serve, turns, upgrade_request
from treadle_responses import HTTPFound, Response, StreamResponse
from treadle_server import (
    AbstractAccessLogger,
    AbstractAsyncAccessLogger,
    AccessLogger,
    BaseRequest,
    Request,
    WebSocketResponse,
    access_logger,
)
from treadle_server._http.exchange import Exchange
from treadle_server._http.logged import LoggedExchange

FORMAT = '"%r" %s %b'
GET = b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
LINE = '"GET /x HTTP/1.1"'

VAR = ContextVar("VAR", default="unset")


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator["Lines"]:
    with caplog.at_level(logging.INFO, access_logger.name):
        yield Lines(caplog)


class Lines:
    """The lines of the access log."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    def __call__(self) -> list[str]:
        records = self._caplog.records
        return [record.getMessage() for record in records if record.name == access_logger.name]


async def hello(request: BaseRequest) -> StreamResponse:
    return Response(text="hello")


async def hello_late(request: BaseRequest) -> StreamResponse:
    await asyncio.sleep(0)
    return Response(text="hello")


async def with_field(request: BaseRequest) -> StreamResponse:
    return Response(text="hello", headers={"X": "y"})


async def raises(request: BaseRequest) -> StreamResponse:
    raise HTTPFound("/")


async def fails(request: BaseRequest) -> StreamResponse:
    raise KeyError


async def streams(request: BaseRequest) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    await response.write(b"a" * 100)
    await asyncio.sleep(0)
    await response.write(b"b" * 100)
    return response


async def breaks_off(request: BaseRequest) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    await response.write(b"half")
    await asyncio.sleep(0)
    raise KeyError


async def no_response(request: BaseRequest) -> Any:
    return None


@each_loop
@pytest.mark.parametrize(
    ("handler", "request_bytes", "line"),
    [
        (hello, LAST, f"{LINE} 200"),
        (hello_late, LAST, f"{LINE} 200"),
        (with_field, LAST, f"{LINE} 200"),
        (hello, LAST.replace(b"GET", b"HEAD"), '"HEAD /x HTTP/1.1" 200'),
        (raises, LAST, f"{LINE} 302"),
        (fails, LAST, f"{LINE} 500"),
        (no_response, LAST, f"{LINE} 500"),
        (streams, LAST, f"{LINE} 200"),
        (breaks_off, LAST, f"{LINE} 200"),
        (hello, b"GARBAGE\r\n\r\n", '"UNKNOWN / HTTP/1.0" 400'),
    ],
)
def test_each_answer_has_a_line(
    run: Run, lines: Lines, handler: Any, request_bytes: bytes, line: str
) -> None:
    async def main() -> None:
        async with serve(handler, access_log_format=FORMAT) as connect:
            answer = await (await connect()).ask(request_bytes)
        # As in aiohttp, the size is that of all that was sent.
        assert lines() == [f"{line} {len(answer)}"]

    run(main())


def test_requests_of_one_connection_have_a_line_each(run: Run, lines: Lines) -> None:
    async def main() -> None:
        async with serve(hello, access_log_format=FORMAT) as connect:
            answer = await (await connect()).ask(GET * 3 + LAST)
        *kept, last = re.findall(rb"HTTP/1.1 200 .*?hello", answer, re.DOTALL)
        assert lines() == [f"{LINE} 200 {len(one)}" for one in (*kept, last)]
        assert len(kept) == 3

    run(main())


def test_the_503_of_a_full_server_has_a_line(run: Run, lines: Lines) -> None:
    async def main() -> None:
        async with serve(hello, access_log_format=FORMAT, max_connections=1) as connect:
            first = await connect()
            await first.send(GET)
            await first.response()
            answer = await (await connect()).ask(GET)
        assert lines()[1:] == [f'"UNKNOWN / HTTP/1.0" 503 {len(answer)}']

    run(main())


def test_a_slow_head_has_a_line(lines: Lines) -> None:
    async def play(link: Link) -> None:
        link.feed(b"GET /")
        link.tick(16)
        assert lines()[0].startswith('"UNKNOWN / HTTP/1.0" 408 ')

    run_link(play, hello, access_log_format=FORMAT)


def test_a_websocket_has_a_line_at_its_end(run: Run, lines: Lines) -> None:
    async def handler(request: Request) -> StreamResponse:
        ws = WebSocketResponse()
        await ws.prepare(request)
        assert lines() == []
        await ws.close()
        return ws

    async def main() -> None:
        async with serve(handler, access_log_format=FORMAT) as connect:
            peer = await connect()
            await peer.send(upgrade_request().replace(b"GET / ", b"GET /x "))
            await peer.head()
            peer.writer.write_eof()
            await peer.rest()
        assert lines() == [f"{LINE} 101 0"]

    run(main())


def test_a_client_that_leaves_has_a_line(lines: Lines) -> None:
    async def play(link: Link) -> None:
        link.feed(GET)
        link.transport.abort()
        await turns()
        (line,) = lines()
        assert line.startswith(f"{LINE} 200 ")

    run_link(play, streams, access_log_format=FORMAT)


def test_a_handler_that_was_cancelled_has_none(lines: Lines) -> None:
    async def waits(request: BaseRequest) -> StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async def play(link: Link) -> None:
        link.feed(GET)
        link.transport.abort()
        await turns()
        assert lines() == []

    run_link(play, waits, access_log_format=FORMAT, handler_cancellation=True)


class Own(AbstractAccessLogger):
    seen: list[Any] = []  # noqa: RUF012  # the server makes the object

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        self.seen.append((VAR.get(), response.headers.get("Content-Length"), time))


class Waiting(AbstractAsyncAccessLogger):
    seen: list[Any] = []  # noqa: RUF012  # as above

    async def log(
        self, request: BaseRequest, response: StreamResponse, request_start: float
    ) -> None:
        await asyncio.sleep(0)
        now = asyncio.get_running_loop().time()
        length = response.headers.get("Content-Length")
        self.seen.append((VAR.get(), length, now - request_start))


async def sets_variable(request: BaseRequest) -> StreamResponse:
    VAR.set("set")
    return Response(text="hello")


async def sets_variable_late(request: BaseRequest) -> StreamResponse:
    await asyncio.sleep(0)
    VAR.set("set")
    return Response(text="hello")


@each_loop
@pytest.mark.parametrize("handler", [sets_variable, sets_variable_late])
@pytest.mark.parametrize("cls", [Own, Waiting])
def test_a_logger_sees_the_context_and_the_whole_head(run: Run, handler: Any, cls: Any) -> None:
    cls.seen.clear()

    async def main() -> None:
        async with serve(handler, access_log_class=cls) as connect:
            await (await connect()).ask(GET + LAST)
        assert [seen[:2] for seen in cls.seen] == [("set", "5")] * 2
        assert all(-0.1 <= seconds < 5 for *_, seconds in cls.seen)

    run(main())


class Raises(AbstractAccessLogger):
    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        raise KeyError("of the logger")


class RaisesLate(AbstractAsyncAccessLogger):
    async def log(
        self, request: BaseRequest, response: StreamResponse, request_start: float
    ) -> None:
        await asyncio.sleep(0)
        raise KeyError("of the logger")


class NotEnabled(Own):
    @property
    def enabled(self) -> bool:
        raise KeyError("of the logger")


@each_loop
@pytest.mark.parametrize("cls", [Raises, RaisesLate, NotEnabled])
@pytest.mark.parametrize("request_bytes", [GET + LAST, b"GARBAGE\r\n\r\n"])
def test_a_logger_that_raises_changes_no_answer(
    run: Run, cls: Any, request_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with serve(hello, access_log_class=cls) as connect:
            answer = await (await connect()).ask(request_bytes)
            await turns()
        assert answer.count(b"HTTP/1.1 ") == request_bytes.count(b"HTTP/1.1") or b"400" in answer
        errors = [r for r in caplog.records if r.getMessage() == "Error in the access logger"]
        assert errors
        assert all(record.exc_info for record in errors)

    run(main())


class Broken(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise KeyError("of the handler")


def test_a_handler_of_logging_that_raises_changes_no_answer(
    run: Run, lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = Broken()
    access_logger.addHandler(broken)

    async def main() -> None:
        async with serve(hello) as connect:
            answer = await (await connect()).ask(GET + LAST)
        assert answer.count(b"HTTP/1.1 200 OK") == 2

    try:
        run(main())
    finally:
        access_logger.removeHandler(broken)
    assert "KeyError: 'of the handler'" in capsys.readouterr().err


def test_a_stop_waits_for_a_logger_and_then_cancels_it(run: Run) -> None:
    seen: list[str] = []

    class Never(AbstractAsyncAccessLogger):
        async def log(
            self, request: BaseRequest, response: StreamResponse, request_start: float
        ) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise

    async def main() -> None:
        async with serve(hello, access_log_class=Never, shutdown_timeout=0.05) as connect:
            peer = await connect()
            await peer.send(GET)
            assert await peer.response() == (200, b"hello")
            await (await connect()).ask(b"GARBAGE\r\n\r\n")
            assert seen == []
        await turns()
        assert seen == ["cancelled"] * 2

    run(main())


@pytest.mark.parametrize(
    ("level", "options", "cls"),
    [
        (logging.INFO, {}, LoggedExchange),
        (logging.WARNING, {}, Exchange),
        (logging.INFO, {"access_log": None}, Exchange),
        (logging.WARNING, {"access_log_class": Own}, LoggedExchange),
    ],
)
def test_a_log_that_is_off_has_the_plain_exchange(
    caplog: pytest.LogCaptureFixture, level: int, options: dict[str, Any], cls: type
) -> None:
    async def play(link: Link) -> None:
        assert type(link.connection._exchange) is cls

    with caplog.at_level(level, access_logger.name):
        run_link(play, hello, **options)


def test_it_is_enabled_when_the_connection_is_made(run: Run) -> None:
    enabled = False
    seen: list[str] = []

    class Switched(AccessLogger):
        @property
        def enabled(self) -> bool:
            return enabled

        def log(self, request: Any, response: Any, time: float) -> None:
            seen.append(request.path)

    async def main() -> None:
        nonlocal enabled
        async with serve(hello, access_log_class=Switched) as connect:
            first = await connect()
            await first.send(GET)
            await first.response()
            enabled = True
            await first.ask(LAST)
            assert seen == []
            await (await connect()).ask(LAST)
            assert seen == ["/x"]

    run(main())
