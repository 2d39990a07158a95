"""A handler can see that its client has left, and wait for it; a half-closed one is answered."""

import asyncio
import contextlib
import gc
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from testkit import Link, Peer, Run, each_loop, run_link, serve, turns
from treadle_responses import Response, StreamResponse
from treadle_server import BaseRequest, RawHandler, Request, RequestPayloadError

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"


async def finish(peer: Peer) -> None:
    peer.writer.write_eof()


async def close(peer: Peer) -> None:
    peer.writer.close()


async def reset(peer: Peer) -> None:
    peer.writer.transport.abort()


LEAVING: dict[str, Callable[[Peer], Awaitable[None]]] = {
    "finish": finish,
    "close": close,
    "reset": reset,
}


@each_loop
@pytest.mark.parametrize("leave", LEAVING.values(), ids=LEAVING)
@pytest.mark.parametrize(
    "data",
    [
        GET,
        POST % (3, b"abc"),
        POST % (100_000, b"a" * 100_000),
        POST % (3, b"a"),
        GET * 50,
        GET + GET[:10],
    ],
    ids=["bare", "body", "large body", "half a body", "pipelined", "half a request behind"],
)
def test_a_handler_awaits_the_end_of_its_client(
    run: Run, leave: Callable[[Peer], Awaitable[None]], data: bytes
) -> None:
    """Sixty long polls end when their clients leave, whether they wait or look."""
    started: asyncio.Queue[None] = asyncio.Queue()
    ended: asyncio.Queue[bool] = asyncio.Queue()
    clients = 20

    async def poll(request: Request) -> Response:
        assert request.transport is not None
        assert not request.transport.is_closing()
        started.put_nowait(None)
        await asyncio.wait_for(request.wait_disconnected(), 10)
        # At once, from now on.
        await request.wait_disconnected()
        ended.put_nowait(request.transport is None)
        return Response(text="too late")

    async def main() -> None:
        async with serve(poll) as connect:
            peers = [await connect() for _ in range(clients)]
            for peer in peers:
                await peer.send(data)
            for _ in peers:
                await asyncio.wait_for(started.get(), 10)
            assert ended.empty()
            for peer in peers:
                await leave(peer)
            for _ in peers:
                assert await asyncio.wait_for(ended.get(), 10)

    run(main())


@each_loop
def test_a_client_that_has_only_finished_sending_is_answered(run: Run) -> None:
    async def poll(request: Request) -> StreamResponse:
        await request.wait_disconnected()
        response = StreamResponse()
        await response.prepare(request)
        await response.write(b"still ")
        await response.write_eof(b"there")
        return response

    async def main() -> None:
        async with serve(poll) as connect:
            peer = await connect()
            await peer.send(GET)
            peer.writer.write_eof()
            assert (await peer.rest()).endswith(b"6\r\nstill \r\n5\r\nthere\r\n0\r\n\r\n")

    run(main())


@each_loop
def test_requests_before_the_end_of_input_are_all_answered(run: Run) -> None:
    async def late(request: Request) -> Response:
        await asyncio.sleep(0)
        return Response(text=request.path)

    async def main() -> None:
        async with serve(late) as connect:
            peer = await connect()
            for number in range(40):
                await peer.send(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number)
            peer.writer.write_eof()
            for number in range(40):
                assert await peer.response() == (200, b"/%d" % number)
            assert await peer.rest() == b""

    run(main())


@each_loop
@pytest.mark.parametrize("times", [1, 1000])
def test_waiting_for_some_time_leaves_nothing(run: Run, times: int) -> None:
    async def poll(request: Request) -> Response:
        for _ in range(times):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(request.wait_disconnected(), 0)
        waiting = [asyncio.ensure_future(request.wait_disconnected()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting.pop().cancel()
        done, _ = await asyncio.wait(waiting)
        return Response(text=str(len(done)))

    async def main() -> None:
        async with serve(poll) as connect:
            peer = await connect()
            await peer.send(GET)
            peer.writer.write_eof()
            assert (await peer.response())[1] == b"2"

    run(main())


# Memory: what an exchange leaves is freed at once, and not by the collector.


async def reads(request: BaseRequest) -> Response:
    return Response(body=await request.read())


async def gives_up(request: BaseRequest) -> Response:
    with contextlib.suppress(ConnectionResetError, RequestPayloadError):
        await request.read()
    return Response(text="gave up")


async def raises_another(request: BaseRequest) -> Response:
    try:
        await request.read()
    except (ConnectionResetError, RequestPayloadError) as error:
        raise LookupError("mine") from error
    return Response()


async def streams(request: BaseRequest) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    async for piece in request.content.iter_any():
        await response.write(piece)
    return response


HEAD_OF_A_BODY = b"POST / HTTP/1.1\r\nHost: x\r\n%b\r\n"
BODIES = {
    "sized": HEAD_OF_A_BODY % b"Content-Length: 10\r\n" + b"abc",
    "malformed": HEAD_OF_A_BODY % b"Transfer-Encoding: chunked\r\n" + b"1\r\nabc",
    "coded": HEAD_OF_A_BODY % b"Content-Encoding: gzip\r\nContent-Length: 10\r\n" + b"no gzip!!!",
    "malformed later": HEAD_OF_A_BODY % b"Transfer-Encoding: chunked\r\n",
}


def failing(data: bytes, how: str) -> Callable[[Link], Awaitable[None]]:
    """Return the story of an upload that fails."""

    async def play(link: Link) -> None:
        link.feed(data)
        await turns()
        if data.endswith(b"\r\n\r\n"):
            link.feed(b"nonsense\r\n")
            await turns()
        if how == "eof":
            link.connection.eof_received()
            await turns()
        # Otherwise the connection is lost behind this function.

    return play


async def no_upload(link: Link) -> None:
    """Nothing comes: the objects that stay belong to the server."""


def garbage(
    stories: list[Callable[[Link], Awaitable[None]]], handler: RawHandler
) -> "Counter[str]":
    """Return the number of objects by type that only the collector frees."""
    gc.collect()
    gc.disable()
    try:
        for story in stories:
            run_link(story, handler)
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        kinds = [type(item) for item in gc.garbage]
        return Counter(kind.__name__ for kind in kinds if kind.__module__.startswith("treadle"))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize("handler", [reads, gives_up, raises_another, streams])
def test_a_failed_upload_leaves_nothing_for_the_collector(
    handler: RawHandler, caplog: pytest.LogCaptureFixture
) -> None:
    # A log line that is kept has a traceback, which leads to everything.
    caplog.set_level("CRITICAL", logger="treadle.server")
    stories = [failing(data, how) for data in BODIES.values() for how in ("eof", "lost")]
    # Imports, and what is made once.
    garbage(stories, handler)
    expected = garbage([no_upload] * len(stories), handler)
    assert garbage(stories, handler) == expected


# Responses without a body.


@each_loop
@pytest.mark.parametrize("piece", [b"", b"x", b"x" * 100_000], ids=["empty", "small", "large"])
@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_an_endless_stream_without_a_body_ends(
    run: Run, piece: bytes, method: str, status: int
) -> None:
    ended = asyncio.Queue[str]()

    async def endless(request: Request) -> StreamResponse:
        response = StreamResponse(status=status)
        await response.prepare(request)
        try:
            while True:
                await response.write(piece)
        except ConnectionResetError as error:
            ended.put_nowait(str(error))
            raise

    async def main() -> None:
        async with serve(endless) as connect:
            peer = await connect()
            request = f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode()
            for _ in range(3):
                # The connection goes on: the next request is read.
                await peer.send(request)
                assert (await peer.head()).startswith(b"HTTP/1.1 %d " % status)
                assert "has no body" in await asyncio.wait_for(ended.get(), 10)

    run(main())


@each_loop
def test_a_stream_that_was_ended_behind_the_error_is_no_bug(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def careful(request: Request) -> StreamResponse:
        response = StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 100_000)
        finally:
            await response.write_eof()

    async def main() -> None:
        async with serve(careful) as connect:
            peer = await connect()
            for _ in range(3):
                await peer.send(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert (await peer.head()).startswith(b"HTTP/1.1 200 ")

    run(main())
    assert caplog.records == []


@each_loop
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_others_have_their_turn_beside_an_endless_stream(run: Run, method: str) -> None:
    """Also if the handler takes the error for nothing, and if the client reads fast."""

    async def endless(request: Request) -> StreamResponse:
        if request.path == "/other":
            return Response(text="other")
        response = StreamResponse()
        await response.prepare(request)
        while not over:
            with contextlib.suppress(ConnectionResetError):
                await response.write(b"x")
        return response

    over: list[bool] = []

    async def main() -> None:
        async with serve(endless) as connect:
            greedy, other = await connect(), await connect()
            await greedy.send(f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            reading = asyncio.ensure_future(greedy.reader.read(10_000_000))
            for _ in range(20):
                await other.send(b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n")
                assert await other.response() == (200, b"other")
            over.append(True)
            greedy.writer.write_eof()
            await reading

    run(main())


@each_loop
def test_a_finite_stream_without_a_body_runs_to_its_end(run: Run) -> None:
    ended = asyncio.Queue[None]()

    async def export(request: Request) -> StreamResponse:
        response = StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x" * 5000)
        ended.put_nowait(None)
        return response

    async def main() -> None:
        async with serve(export) as connect:
            peer = await connect()
            for _ in range(2):
                await peer.send(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert b"200 OK" in await peer.head()
                await asyncio.wait_for(ended.get(), 10)

    run(main())
