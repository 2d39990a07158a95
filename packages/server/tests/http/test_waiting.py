"""Every deadline of a connection, as a table: what starts it, what moves it, how it ends.

No time passes but by ``Link.tick``. The documentation's page of deadlines is compared with the
options.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from testkit import GET, Link, Run, each_loop, run_link, serve, turns
from treadle_responses import HTTPUnauthorized, Response, StreamResponse
from treadle_server import BaseRequest, RawHandler
from treadle_server._http.waits import WAITS

POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
LAST_POST = POST.replace(b"Host: x", b"Host: x\r\nConnection: close")

#: All options are 10 s, but for the one under test, which is 4 s.
SLOW, FAST = 10.0, 4.0
OPTIONS = (
    "head_timeout", "keepalive_timeout", "body_timeout", "write_timeout", "lingering_timeout",
)  # fmt: skip


async def hello(request: BaseRequest) -> Response:
    return Response(text="hello")


async def reads(request: BaseRequest) -> Response:
    return Response(body=await request.read())


async def refuses(request: BaseRequest) -> Response:
    raise HTTPUnauthorized


async def writes(request: BaseRequest) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 1000)


async def connect(link: Link) -> None:
    """Nothing comes."""


async def half_a_head(link: Link) -> None:
    link.feed(GET[:10])


async def more_of_the_head(link: Link) -> None:
    link.feed(b"x")


async def whole_request(link: Link) -> None:
    link.feed(GET)
    await turns()


async def upload(link: Link) -> None:
    link.feed(POST)
    await turns()


async def last_upload(link: Link) -> None:
    link.feed(LAST_POST)
    await turns()


async def piece_of_the_body(link: Link) -> None:
    link.feed(b"x")
    await turns()


async def fall_behind(link: Link) -> None:
    """The peer does not read."""
    link.feed(GET)
    await turns()
    link.transport.unsent = 100_000
    link.connection.pause_writing()
    await turns()


async def fall_behind_at_the_end(link: Link) -> None:
    """The peer has not read the last response, and the connection closes."""
    link.transport.unsent = 100_000
    link.feed(GET.replace(b"Host: x", b"Host: x\r\nConnection: close"))
    await turns()


async def read_a_little(link: Link) -> None:
    link.transport.unsent -= 1


async def garbage(link: Link) -> None:
    link.feed(b"GARBAGE\r\n\r\n")


@dataclass
class Row:
    """One deadline."""

    option: str
    handler: RawHandler
    begins: Callable[[Link], Awaitable[None]]
    moves: Callable[[Link], Awaitable[None]]
    #: True if progress starts it again.
    restarts: bool
    #: The call to the transport that ends the connection, or the status of an answer.
    ends: str


ROWS = {
    "a connection without a byte": Row("head_timeout", hello, connect, connect, False, "close"),
    "a connection without a byte that would not be kept": Row(
        "keepalive_timeout", hello, connect, connect, False, "close"
    ),
    "a head": Row("head_timeout", hello, half_a_head, more_of_the_head, False, "408"),
    "an idle connection": Row(
        "keepalive_timeout", hello, whole_request, whole_request, True, "close"
    ),
    "a body that is read": Row("body_timeout", reads, upload, piece_of_the_body, True, "408"),
    "a dropped body": Row("lingering_timeout", refuses, upload, piece_of_the_body, True, "close"),
    "a dropped body of the last request": Row(
        "lingering_timeout", refuses, last_upload, piece_of_the_body, True, "close"
    ),
    "bytes behind a refused request": Row(
        "lingering_timeout", hello, garbage, piece_of_the_body, True, "close"
    ),
    "a peer that does not read": Row(
        "write_timeout", writes, fall_behind, read_a_little, True, "abort"
    ),
    "a peer that does not read the last response": Row(
        "write_timeout", hello, fall_behind_at_the_end, read_a_little, True, "abort"
    ),
}


def options_of(row: Row) -> dict[str, Any]:
    options: dict[str, Any] = {name: FAST if name == row.option else SLOW for name in OPTIONS}
    return options | {"lingering_time": 100.0}


def has_ended(link: Link, row: Row, before: int) -> bool:
    """Return True if what the row says has happened since the transport had ``before`` calls."""
    if row.ends == "408":
        return b"HTTP/1.1 408 " in link.transport.written
    return row.ends in link.transport.calls[before:]


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_deadline_without_progress(row: Row) -> None:
    async def play(link: Link) -> None:
        await row.begins(link)
        before = len(link.transport.calls)
        assert link.connection.deadline == link.state.sweeper.now + FAST
        link.tick(FAST - 1)
        await turns()
        assert not has_ended(link, row, before)
        link.tick(2)
        await turns()
        assert has_ended(link, row, before)

    run_link(play, row.handler, **options_of(row))


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_deadline_with_progress(row: Row) -> None:
    async def play(link: Link) -> None:
        await row.begins(link)
        before = len(link.transport.calls)
        passed = 0.0
        while passed < 5 * FAST and not has_ended(link, row, before):
            link.tick(FAST / 2)
            await turns()
            if not has_ended(link, row, before):
                await row.moves(link)
            passed += FAST / 2
        if row.restarts:
            assert passed == 5 * FAST
            # Without it, it ends; what was taken from the peer is judged when the time is over.
            link.tick(FAST + 1)
            link.tick(FAST + 1)
            await turns()
            assert has_ended(link, row, before)
        else:
            assert passed == FAST

    run_link(play, row.handler, **options_of(row))


@pytest.mark.parametrize("begins", [upload, last_upload, whole_request])
def test_nothing_is_awaited_of_a_client_while_the_handler_thinks(
    begins: Callable[[Link], Awaitable[None]],
) -> None:
    over = asyncio.Event()

    async def thinks(request: BaseRequest) -> Response:
        await over.wait()
        return Response(text="at last")

    async def play(link: Link) -> None:
        await begins(link)
        for _ in range(100):
            link.tick(2)
        assert link.transport.calls == []
        assert link.connection.busy
        over.set()
        await turns()
        assert link.transport.written.endswith(b"at last")

    options: dict[str, Any] = dict.fromkeys(OPTIONS, FAST)
    run_link(play, thinks, **options)


# The time of a body begins when the handler waits for it.


def test_a_handler_that_waits_late_gets_the_whole_time() -> None:
    late = asyncio.Event()

    async def handler(request: BaseRequest) -> Response:
        await late.wait()
        return Response(body=await request.read())

    async def play(link: Link) -> None:
        link.feed(POST.replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"))
        await turns()
        link.tick(9)
        assert link.transport.written == b""
        late.set()
        await turns()
        assert b"100 Continue" in link.transport.written
        # The client has had its 100 for three seconds only.
        link.tick(3)
        assert b"408" not in link.transport.written
        link.feed(b"x" * 999)
        link.tick(9)
        link.feed(b"x")
        await turns()
        assert link.transport.written.endswith(b"x" * 1000)

    run_link(play, handler, body_timeout=10.0)


def test_each_wait_of_a_handler_has_the_whole_time() -> None:
    """The bytes that came while it did something else are read without a wait."""
    steps: asyncio.Queue[None] = asyncio.Queue()
    read: list[bytes] = []

    async def handler(request: BaseRequest) -> Response:
        while piece := await request.content.readany():
            read.append(piece)
            await steps.get()
        return Response()

    async def play(link: Link) -> None:
        link.feed(POST + b"1" * 10)
        await turns()
        for count in range(2, 5):
            # The handler is busy for longer than the timeout.
            link.tick(25)
            await turns()
            steps.put_nowait(None)
            await turns()
            link.tick(9)
            await turns()
            link.feed(b"2" * 10)
            await turns()
            assert len(read) == count
        steps.put_nowait(None)
        await turns()
        link.tick(11)
        await turns()
        assert b"HTTP/1.1 408 " in link.transport.written

    run_link(play, handler, body_timeout=10.0)


def test_what_several_tasks_write_does_not_hide_the_progress_of_the_peer() -> None:
    steps: asyncio.Queue[None] = asyncio.Queue()
    over = asyncio.Event()

    async def write_one(response: StreamResponse) -> None:
        await steps.get()
        await response.write(b"x" * 1000)

    async def handler(request: BaseRequest) -> StreamResponse:
        response = StreamResponse(headers={"Content-Length": "100000"})
        await response.prepare(request)
        writing = [asyncio.ensure_future(write_one(response)) for _ in range(20)]
        await over.wait()
        for task in writing:
            task.cancel()
        await asyncio.gather(*writing, return_exceptions=True)
        return response

    async def play(link: Link) -> None:
        await fall_behind(link)
        for _ in range(10):
            # The peer reads 500 bytes, and another task writes 1,000.
            link.transport.unsent -= 500
            steps.put_nowait(None)
            await turns()
            link.tick(11)
            await turns()
            assert "abort" not in link.transport.calls
        steps.put_nowait(None)
        await turns()
        link.tick(11)
        assert "abort" in link.transport.calls
        over.set()
        link.connection.resume_writing()
        await turns()

    run_link(play, handler, write_timeout=10.0)


# Stopping.


@pytest.mark.parametrize("data", [POST, LAST_POST])
def test_lingering_ends_at_once_with_the_stop(data: bytes) -> None:
    async def play(link: Link) -> None:
        link.feed(data)
        await turns()
        link.state.drain()
        link.connection.shut_down()
        assert link.transport.calls[-1] == "close"

    run_link(play, refuses)


def test_a_last_answer_lingers_for_a_second() -> None:
    """The server stops while a handler runs; its client still sends."""
    over = asyncio.Event()

    async def handler(request: BaseRequest) -> Response:
        await over.wait()
        raise HTTPUnauthorized

    async def play(link: Link) -> None:
        link.feed(POST)
        await turns()
        link.state.drain()
        link.connection.shut_down()
        over.set()
        await turns()
        assert b"HTTP/1.1 401 " in link.transport.written
        assert link.transport.calls[-1] == "write_eof"
        link.feed(b"x")
        link.tick(0.5)
        assert link.transport.calls[-1] == "write_eof"
        link.feed(b"x")
        link.tick(0.6)
        assert link.transport.calls[-1] == "close"

    run_link(play, handler)


# Several requests in one read.


def test_requests_that_have_come_take_turns() -> None:
    seen = 0

    async def handler(request: BaseRequest) -> Response:
        nonlocal seen
        seen += 1
        return Response(text="hello")

    async def play(link: Link) -> None:
        link.feed(GET * 100)
        counts = [seen]
        while len(counts) < 20:
            await asyncio.sleep(0)
            counts.append(seen)
        # Python 3.11 starts a handler in the next turn of the loop, so that each has its own.
        assert max(after - before for before, after in itertools.pairwise(counts)) <= 16
        assert counts[0] <= 16
        await turns(400)
        assert seen == 100
        assert link.transport.written.count(b"\r\n\r\nhello") == 100

    run_link(play, handler)


async def nothing(link: Link) -> None:
    """Nothing else happens."""


async def ends(link: Link) -> None:
    assert link.connection.eof_received()


async def more(link: Link) -> None:
    link.feed(GET * 20)


async def falls_behind(link: Link) -> None:
    link.transport.unsent = 1
    link.connection.pause_writing()
    await turns()
    link.transport.unsent = 0
    link.connection.resume_writing()


@pytest.mark.parametrize(
    ("event", "answers", "closes"),
    [(nothing, 60, False), (ends, 60, True), (more, 80, False), (falls_behind, 60, False)],
)
def test_events_between_turns(
    event: Callable[[Link], Awaitable[None]], answers: int, closes: bool
) -> None:
    async def play(link: Link) -> None:
        link.feed(GET * 60)
        await event(link)
        await turns(400)
        assert link.transport.written.count(b"\r\n\r\nhello") == answers
        assert ("close" in link.transport.calls) is closes
        if not closes:
            paused = [call for call in link.transport.calls if call.endswith("reading")]
            assert not paused or paused[-1] == "resume_reading"
            link.feed(GET)
            await turns()
            assert link.transport.written.count(b"\r\n\r\nhello") == answers + 1

    run_link(play, hello)


@pytest.mark.parametrize("lost", [False, True])
def test_a_connection_that_ends_between_turns(lost: bool) -> None:
    async def play(link: Link) -> None:
        link.feed(GET * 60)
        if lost:
            link.transport.abort()
            link.connection.connection_lost(None)
        else:
            link.state.drain()
            link.connection.shut_down()
        answers = link.transport.written.count(b"200 OK")
        assert answers <= 16
        await turns(100)
        # On Python 3.11 the first handler has begun and is answered.
        assert link.transport.written.count(b"200 OK") <= max(answers, 1)
        assert link.transport.is_closing()

    run_link(play, hello)


CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
TINY = b"1\r\nx\r\n"


@pytest.mark.parametrize("ends", ["", "between", "eof", "stop", "lost"])
@pytest.mark.parametrize("handler", [reads, refuses])
def test_tiny_chunks_are_read_in_turns(handler: RawHandler, ends: str) -> None:
    count = 50_000
    fed = 0

    async def play(link: Link) -> None:
        nonlocal fed
        data = CHUNKED + TINY * count
        whole = not ends
        if whole:
            data += b"0\r\n\r\n" + GET
        link.feed(data)
        core = link.connection._core
        steps = [core.pending_size]
        await asyncio.sleep(0)
        steps.append(core.pending_size)
        # No step takes more than 16 reads of 1,024 chunks.
        assert len(data) - steps[0] <= 17 * 1024 * len(TINY)
        assert steps[0] - steps[1] <= 17 * 1024 * len(TINY)
        if ends == "eof":
            assert link.connection.eof_received()
        elif ends == "stop":
            link.state.drain()
            link.connection.shut_down()
        elif ends == "lost":
            link.transport.abort()
            link.connection.connection_lost(None)
        elif ends == "between":
            link.feed(b"0\r\n\r\n" + GET)
        await turns(200)
        if ends in ("", "between"):
            assert core.pending_size == 0
            answers = link.transport.written.count(b"HTTP/1.1 ")
            # The second request is answered too.
            assert answers == 2
            if handler is reads:
                assert b"x" * count in link.transport.written
        elif ends == "eof":
            assert link.transport.is_closing() or handler is reads
        elif ends == "stop" and handler is reads:
            assert link.connection.busy
            link.feed(b"0\r\n\r\n")
            await turns()
            assert b"x" * count in link.transport.written
        fed = count

    run_link(play, handler)
    assert fed == count


def test_tiny_chunks_that_are_dropped_have_one_bound_in_all() -> None:
    async def play(link: Link) -> None:
        link.feed(CHUNKED + TINY * 20_000)
        await turns(100)
        seconds = 0
        while seconds < 40 and not link.transport.is_closing():
            link.tick(1)
            seconds += 1
            # A part of a size line waits as well.
            link.feed(TINY * 20_000 + b"1")
            await turns(100)
            link.feed(TINY[1:])
        assert 29 <= seconds <= 31

    run_link(play, refuses)


@each_loop
def test_another_client_is_not_kept_waiting(run: Run) -> None:
    served: list[str] = []

    async def handler(request: BaseRequest) -> Response:
        served.append(request.path)
        return Response(text="hello")

    async def main() -> None:
        async with serve(handler) as connecting:
            greedy, other = await connecting(), await connecting()
            await other.send(b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await other.response())[0] == 200
            served.clear()
            greedy.writer.write(b"GET /greedy HTTP/1.1\r\nHost: x\r\n\r\n" * 6000)
            for _ in range(20):
                before = served.count("/greedy")
                await other.send(b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n")
                assert (await other.response())[0] == 200
                # A few turns of the loop, and in each of them at most 16.
                assert served.count("/greedy") - before <= 16 * 8
            for _ in range(6000):
                assert (await greedy.response())[0] == 200

    run(main())


def test_all_deadlines_of_a_connection_are_in_the_table() -> None:
    bounded = {row.timeout for row in WAITS.values()} - {None}
    assert {row.option for row in ROWS.values()} == set(OPTIONS) == bounded
