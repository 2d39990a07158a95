"""The outcome of each thing that a handler can do: return, raise, forget to return."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import Any

import pytest

from testkit import Run, each_loop, serve
from treadle_responses import HTTPException, HTTPFound, HTTPNotFound, Response, StreamResponse
from treadle_server import Application, BaseRequest, RawHandler, Request

GET = b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"


async def raises(request: BaseRequest) -> Response:
    raise KeyError("secret")


async def raises_late(request: BaseRequest) -> Response:
    await asyncio.sleep(0)
    raise KeyError("secret")


async def returns_none(request: BaseRequest) -> Response:
    return None  # type: ignore[return-value]  # the mistake under test


async def returns_str(request: BaseRequest) -> Response:
    return "text"  # type: ignore[return-value]  # the mistake under test


async def bad_header(request: BaseRequest) -> Response:
    return Response(headers={"X-Split": "a\r\nSet-Cookie: b"})


async def breaks_off(request: BaseRequest) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    await response.write(b"half")
    raise KeyError("secret")


async def too_long(request: BaseRequest) -> StreamResponse:
    response = StreamResponse(headers={"Content-Length": "3"})
    await response.prepare(request)
    await response.write(b"four")
    return response


async def too_short(request: BaseRequest) -> StreamResponse:
    response = StreamResponse(headers={"Content-Length": "5"})
    await response.prepare(request)
    await response.write(b"four")
    return response


@pytest.mark.parametrize("handler", [raises, raises_late, returns_none, returns_str, bad_header])
def test_mistakes_are_a_500_that_tells_the_client_nothing(
    run: Run, caplog: pytest.LogCaptureFixture, handler: RawHandler
) -> None:
    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            answer = await peer.ask(GET)
            assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
            assert answer.endswith(
                b"\r\n\r\n500 Internal Server Error\n\nServer got itself in trouble"
            )
            assert b"secret" not in answer
            assert b"Set-Cookie" not in answer

    with caplog.at_level(logging.ERROR):
        run(main())
    (record,) = caplog.records
    assert record.name == "treadle.server"
    assert record.exc_info is not None
    if handler in (raises, raises_late):
        assert record.exc_info[0] is KeyError


def test_debug_shows_the_traceback(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serve(raises, debug=True) as connect:
            peer = await connect()
            answer = await peer.ask(GET)
            assert b"KeyError: 'secret'" in answer
            html = await (await connect()).ask(GET[:-2] + b"Accept: text/html\r\n\r\n")
            assert b"Content-Type: text/html" in html
            assert b"KeyError: &#x27;secret&#x27;" in html

    run(main())


@each_loop
@pytest.mark.parametrize("handler", [breaks_off, too_long, too_short])
def test_a_response_that_breaks_off_ends_the_connection_loudly(
    run: Run, caplog: pytest.LogCaptureFixture, handler: RawHandler
) -> None:
    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(GET + GET)
            try:
                answer = await peer.rest()
            except ConnectionResetError:
                answer = b""
            # Neither an end of the body nor another response.
            assert b"0\r\n\r\n" not in answer
            assert answer.count(b"HTTP/1.1") <= 1

    run(main())
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("error", "status", "header"),
    [(HTTPNotFound, 404, b""), (lambda: HTTPFound("/there"), 302, b"Location: /there\r\n")],
)
def test_http_exceptions_are_answers(
    run: Run, error: Callable[[], HTTPException], status: int, header: bytes
) -> None:
    async def handler(request: BaseRequest) -> Response:
        raise error()

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(GET)
            head = await peer.head()
            assert head.startswith(b"HTTP/1.1 %d " % status)
            assert header in head

    run(main())


def test_a_response_is_sent_once(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    one = Response(text="one")

    async def handler(request: BaseRequest) -> Response:
        return one

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(GET)
            assert await peer.response() == (200, b"one")
            await peer.send(GET)
            assert (await peer.response())[0] == 500

    run(main())
    assert "make a new one per request" in str(caplog.records[0].exc_info)


@each_loop
def test_the_task_of_a_handler_that_never_waits(run: Run) -> None:
    async def handler(request: BaseRequest) -> Response:
        assert request.task is asyncio.current_task()
        return Response(text="same")

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(GET)
            assert await peer.response() == (200, b"same")

    run(main())


@each_loop
def test_the_task_that_sends_the_response_can_be_cancelled(run: Run) -> None:
    requests: list[BaseRequest] = []

    async def pieces() -> AsyncIterator[bytes]:
        yield b"some"
        await asyncio.Event().wait()

    async def handler(request: BaseRequest) -> Response:
        requests.append(request)
        return Response(body=pieces())

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(GET)
            assert b"chunked" in await peer.head()
            assert await peer.exactly(9) == b"4\r\nsome\r\n"
            # Not this one, from which it is asked for.
            assert requests[0].task is not asyncio.current_task()
            requests[0].task.cancel()
            # The rest cannot be sent: the connection is cut.
            assert await peer.rest() == b""
        assert requests[0].task is asyncio.current_task()

    run(main())


@each_loop
def test_the_handler_has_its_own_task(run: Run) -> None:
    seen: list[asyncio.Task[object] | None] = []

    async def handler(request: BaseRequest) -> Response:
        async with asyncio.timeout(5):
            seen.append(asyncio.current_task())
            await asyncio.sleep(0)
            assert request.task is asyncio.current_task()
        seen.append(asyncio.current_task())
        return Response()

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(GET + GET)
            for _ in range(2):
                assert (await peer.response())[0] == 200
        assert seen[0] is seen[1]
        assert seen[2] is seen[3]
        assert seen[0] is not seen[2]

    run(main())


@each_loop
def test_a_handler_that_never_waits_is_answered_at_once(run: Run) -> None:
    """With eager tasks (Python 3.12) the response is on its way before the event loop turns."""
    order: list[str] = []

    async def handler(request: BaseRequest) -> Response:
        asyncio.get_running_loop().call_soon(order.append, "next turn")
        return Response()

    async def finished(request: Request, response: StreamResponse) -> None:
        order.append("prepared")

    async def main() -> None:
        app = Application()
        app.router.add_get("/x", handler)
        app.on_response_prepare.append(finished)
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(GET)
            assert (await peer.response())[0] == 200
        eager = ["prepared", "next turn"]
        assert order == (eager if sys.version_info >= (3, 12) else eager[::-1])

    run(main())


@each_loop
@pytest.mark.parametrize("cancels", [True, False])
def test_a_client_that_leaves(run: Run, cancels: bool) -> None:
    ended: list[str] = []
    started, left, over = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handler(request: BaseRequest) -> Response:
        started.set()
        try:
            await left.wait()
            ended.append("finished")
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        finally:
            over.set()
        return Response()

    async def main() -> None:
        async with serve(handler, handler_cancellation=cancels) as connect:
            peer = await connect()
            await peer.send(GET)
            await started.wait()
            peer.writer.transport.abort()
            if not cancels:
                left.set()
            await over.wait()
        assert ended == ["cancelled" if cancels else "finished"]

    run(main())


@each_loop
def test_a_handler_may_send_all_of_its_response(run: Run) -> None:
    async def handler(request: Request) -> StreamResponse:
        response = Response(text="x") if request.path == "/whole" else StreamResponse()
        await response.prepare(request)
        if not isinstance(response, Response):
            await response.write(b"y")
        await response.write_eof()
        return response

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            for _ in range(2):
                await peer.send(b"GET /whole HTTP/1.1\r\nHost: x\r\n\r\n")
                assert await peer.response() == (200, b"x")
            await peer.send(GET)
            assert (await peer.head()).startswith(b"HTTP/1.1 200 ")
            assert await peer.exactly(11) == b"1\r\ny\r\n0\r\n\r\n"

    run(main())


def test_another_response_behind_a_whole_one(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def handler(request: Request) -> StreamResponse:
        response = StreamResponse(headers={"Content-Length": "1"})
        await response.prepare(request)
        await response.write_eof(b"x")
        return Response(text="y") if request.path == "/x" else StreamResponse()

    async def main() -> None:
        async with serve(handler) as connect:
            for request in (GET, GET.replace(b"/x", b"/stream")):
                answer = await (await connect()).ask(request)
                assert answer.count(b"HTTP/1.1") == 1
                assert answer.endswith(b"\r\n\r\nx")

    with caplog.at_level(logging.ERROR):
        run(main())
    assert len(caplog.records) == 2


VAR = ContextVar("VAR", default="unset")


async def pieces() -> AsyncIterator[bytes]:
    yield VAR.get().encode()


async def sets_and_returns(request: Request) -> StreamResponse:
    VAR.set("handler's")
    return Response(body=pieces())


async def sets_and_raises(request: Request) -> StreamResponse:
    await asyncio.sleep(0)
    VAR.set("handler's")
    raise HTTPNotFound(text="handler's")


async def sets_and_fails(request: Request) -> StreamResponse:
    VAR.set("handler's")
    raise KeyError


@each_loop
@pytest.mark.parametrize("access_log", [None, logging.getLogger("treadle.access")])
@pytest.mark.parametrize("handler", [sets_and_returns, sets_and_raises, sets_and_fails])
def test_hooks_and_bodies_see_the_context_variables_of_the_handler(
    run: Run, handler: Callable[[Request], Any], access_log: logging.Logger | None
) -> None:
    seen: list[str] = []

    async def add(_request: Request, _response: StreamResponse) -> None:
        seen.append(VAR.get())

    app = Application()
    app.router.add_get("/x", handler)
    app.on_response_prepare.append(add)

    async def main() -> None:
        async with serve(app, access_log=access_log) as connect:
            last = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
            answer = await (await connect()).ask(last)
            assert b"handler's" in answer or b" 500 " in answer
        assert seen == ["handler's"]
        assert VAR.get() == "unset"

    run(main())
