"""Deadlines under a clock that the test moves, and what they do to connections."""

import asyncio
import logging
from collections.abc import Callable
from typing import cast

import pytest

from testkit import GET, FakeClock, Peer, Run, each_loop, hello, serve
from treadle_responses import Response, StreamResponse
from treadle_server import BaseRequest
from treadle_server._transport.deadlines import NEVER, Sweeper

LOGGER = logging.getLogger("test")


class Clock:
    """The two methods of an event loop that the sweeper uses, with a time that stands still."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None]) -> "Handle":
        self.timers.append((self.now + delay, callback))
        return Handle(self, self.timers[-1])

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while self.timers and self.timers[0][0] <= end:
            self.now, callback = self.timers.pop(0)
            callback()
        self.now = end


class Handle:
    def __init__(self, clock: Clock, timer: tuple[float, Callable[[], None]]) -> None:
        self.clock, self.timer = clock, timer

    def cancel(self) -> None:
        self.clock.timers.remove(self.timer)


class Item:
    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.passed = 0

    def on_deadline(self) -> None:
        self.passed += 1
        self.deadline = NEVER

    def abort(self) -> None:
        raise AssertionError("only an item that fails is closed")


class Failing(Item):
    closed = 0

    def on_deadline(self) -> None:
        raise KeyError("mine")

    def abort(self) -> None:
        self.closed += 1


def test_an_item_that_fails_is_closed_and_the_others_are_served(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    items = [Item(100.5), Failing(100.5), Item(100.5)]
    sweeper = Sweeper(clock, items, lambda: None, LOGGER)  # type: ignore[arg-type]  # a clock is all it needs
    sweeper.start()
    clock.advance(3)
    assert [item.passed for item in items] == [1, 0, 1]
    failing = items[1]
    assert isinstance(failing, Failing)
    assert failing.closed == 1
    assert [record.exc_info and record.exc_info[0] for record in caplog.records] == [KeyError]
    sweeper.stop()


def test_the_sweeper_calls_what_is_due_once() -> None:
    clock = Clock()
    items = [Item(101.5), Item(103.0), Item(NEVER)]
    ticks: list[float] = []
    sweeper = Sweeper(clock, items, lambda: ticks.append(clock.now), LOGGER)  # type: ignore[arg-type]  # a clock is all it needs
    sweeper.start()
    sweeper.start()
    clock.advance(1)
    assert [item.passed for item in items] == [0, 0, 0]
    clock.advance(1)
    assert [item.passed for item in items] == [1, 0, 0]
    clock.advance(5)
    assert [item.passed for item in items] == [1, 1, 0]
    assert ticks == [101, 102, 103, 104, 105, 106, 107]
    assert sweeper.now == 107
    sweeper.stop()
    sweeper.stop()
    assert not clock.timers


async def echo(request: BaseRequest) -> Response:
    return Response(body=await request.read())


NOTHING = b""
HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"
HALF_A_BODY = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"

#: What a client sends before it stops, the option that limits its time, and the answer.
STOPS = [
    (NOTHING, "head_timeout", b""),
    (HALF_A_HEAD, "head_timeout", b"HTTP/1.1 408 "),
    (HALF_A_BODY, "body_timeout", b"HTTP/1.1 408 "),
    (GET, "keepalive_timeout", b""),
]


@pytest.mark.parametrize(
    ("sent", "option", "answer"), STOPS, ids=["nothing", "head", "body", "keepalive"]
)
def test_a_client_that_stops_is_told_or_closed(
    clock: FakeClock, sent: bytes, option: str, answer: bytes
) -> None:
    async def main() -> None:
        # The other deadlines are far away.
        options = {"head_timeout": 500, "body_timeout": 500, "keepalive_timeout": 500, option: 5}
        async with serve(echo, **options) as connect:
            peer = await connect()
            await peer.send(sent)
            if sent == GET:
                assert await peer.response() == (200, b"")
            # An answer on another connection shows that the server has read what came before it.
            other = await connect()
            await other.send(GET)
            assert await other.response() == (200, b"")
            waiting = asyncio.ensure_future(peer.reader.read())
            await clock.advance(4)
            assert not waiting.done()
            await clock.advance(2.5)
            received = await waiting
            assert received.startswith(answer)
            assert bool(received) == bool(answer)

    clock.run(main())


@each_loop
@pytest.mark.parametrize(
    ("sent", "answer"),
    [(NOTHING, b""), (HALF_A_HEAD, b"HTTP/1.1 408 ")],
    ids=["nothing", "head"],
)
def test_a_client_that_stops_in_real_time(run: Run, sent: bytes, answer: bytes) -> None:
    async def main() -> None:
        async with serve(echo, head_timeout=0.01, lingering_time=0.01) as connect:
            received = await (await connect()).ask(sent)
            assert received.startswith(answer)
            assert bool(received) == bool(answer)

    run(main())


def test_a_trickled_head_gets_no_more_time(clock: FakeClock) -> None:
    async def main() -> None:
        async with serve(hello, head_timeout=10) as connect:
            peer = await connect()
            answer = asyncio.ensure_future(peer.reader.read())
            sent = 0
            for byte in b"GET / HTTP/1.1\r\nHost: " + b"x" * 1000:
                if answer.done():
                    break
                await peer.send(bytes([byte]))
                sent += 1
                await clock.advance(1)
            assert 9 <= sent <= 13
            assert (await answer).startswith(b"HTTP/1.1 408 ")

    clock.run(main())


LARGE = 50_000_000


async def large(request: BaseRequest) -> Response:
    return Response(body=bytes(LARGE))


async def stream_back(request: BaseRequest) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    async for piece in request.content.iter_any():
        await response.write(piece)
    return response


def stop_reading(peer: Peer) -> asyncio.ReadTransport:
    # A cast: uvloop's transports do not derive from asyncio's classes.
    transport = cast("asyncio.ReadTransport", peer.writer.transport)
    transport.pause_reading()
    return transport


@each_loop
def test_a_peer_that_does_not_read_is_cut_off(run: Run) -> None:
    async def main() -> None:
        # No other deadline can be the one that ends it.
        others = {"keepalive_timeout": 1000, "body_timeout": 1000}
        async with serve(large, write_timeout=0.05, **others) as connect:
            peer = await connect()
            await peer.send(GET)
            stop_reading(peer)
            # A few bytes now and then tell the client that it was cut off; too few to be refused.
            with pytest.raises(ConnectionError):  # noqa: PT012  # it takes several tries
                for _ in range(200):
                    await peer.send(b"G")
                    await asyncio.sleep(0.05)

    run(main())


def test_a_peer_that_sends_and_does_not_read_is_cut_off(clock: FakeClock) -> None:
    async def main() -> None:
        others = {"keepalive_timeout": 1000, "body_timeout": 1000}
        async with serve(stream_back, write_timeout=5, **others) as connect:
            peer = await connect()
            stop_reading(peer)
            length = 1_000_000_000
            head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
            await peer.send(head.encode())
            sending = asyncio.ensure_future(send_all(peer, length))
            for _ in range(1000):
                await clock.advance(1)
                if sending.done():
                    break
            with pytest.raises(ConnectionError):
                await sending

    clock.run(main())


async def send_all(peer: Peer, size: int) -> None:
    for _ in range(size // 100_000):
        await peer.send(bytes(100_000))


def test_a_slow_reader_is_not_taken_for_an_idle_client(clock: FakeClock) -> None:
    async def main() -> None:
        others = {"keepalive_timeout": 1, "body_timeout": 1, "head_timeout": 1}
        async with serve(large, write_timeout=1000, **others) as connect:
            peer = await connect()
            await peer.send(GET)
            head = await peer.head()
            transport = stop_reading(peer)
            await clock.advance(100)
            transport.resume_reading()
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await peer.exactly(LARGE) == bytes(LARGE)
            # With everything read, the client is an idle one.
            rest = asyncio.ensure_future(peer.reader.read())
            await clock.advance(3)
            assert await rest == b""

    clock.run(main())
