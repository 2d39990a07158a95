"""The state that the connections of a server share, under a clock that the test moves."""

import asyncio
import re
from contextvars import ContextVar, copy_context

import pytest

from testkit import FakeClock, hello
from treadle_responses import Response
from treadle_server import BaseRequest, ServerConfig
from treadle_server._http.state import ServerState, context_of, error_of
from treadle_server._http.waits import Wait
from treadle_server._transport.deadlines import NEVER


class Idle:
    """A connection that notes its deadline."""

    busy = False

    def __init__(self, deadline: float = NEVER) -> None:
        self.deadline = deadline
        self.passed = 0

    def on_deadline(self) -> None:
        self.passed += 1
        self.deadline = NEVER

    def abort(self) -> None:
        raise AssertionError("only a connection whose deadline fails is closed")


def state_of(clock: FakeClock, **options: object) -> ServerState:
    config = ServerConfig.from_kwargs(options)
    return ServerState(clock.loop, hello, BaseRequest.received, config)


def add(state: ServerState, deadline: float = NEVER) -> Idle:
    connection = Idle(deadline)
    state.add(connection)  # type: ignore[arg-type]  # only its deadline is looked at
    return connection


def test_the_clock_ticks_while_there_are_connections(clock: FakeClock) -> None:
    async def main() -> None:
        state = state_of(clock, keepalive_timeout=20)
        start = clock.loop.time()
        assert state.idle_deadline == start + 20
        await clock.advance(5)
        assert state.idle_deadline == start + 20, "nothing to look after"
        first, second = add(state, start + 7), add(state)
        assert state.idle_deadline == start + 25
        await clock.advance(3)
        assert (first.passed, second.passed) == (1, 0)
        assert state.idle_deadline == start + 28
        state.remove(first)  # type: ignore[arg-type]  # as above
        await clock.advance(2)
        assert state.idle_deadline == start + 30
        state.remove(second)  # type: ignore[arg-type]  # as above
        # A connection that leaves twice, as one that is given up does, counts once.
        state.remove(second)  # type: ignore[arg-type]  # as above
        await clock.advance(5)
        assert state.idle_deadline == start + 30

    clock.run(main())


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({"server_header": "mine"}, rb"Server: mine\r\n"),
        ({"server_header": None}, rb""),
        ({}, rb"Server: treadle\r\n"),
    ],
)
def test_the_common_fields_are_prepared(
    clock: FakeClock, options: dict[str, object], fields: bytes
) -> None:
    state = state_of(clock, **options)
    day = rb"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"
    assert re.fullmatch(rb"Date: " + day + rb"\r\n" + fields, state.head_block)
    assert state.date.encode() in state.head_block
    clock.loop.close()


@pytest.mark.parametrize(
    ("options", "checks"),
    [({}, False), ({"keepalive_time": 5}, True), ({"keepalive_requests": 5}, True)],
)
def test_requests_are_checked_if_a_limit_or_the_stop_asks_for_it(
    clock: FakeClock, options: dict[str, object], checks: bool
) -> None:
    state = state_of(clock, **options)
    assert (state.checks_requests, state.draining) == (checks, False)
    state.drain()
    assert (state.checks_requests, state.draining) == (True, True)
    clock.loop.close()


def test_timeouts_are_those_of_the_options(clock: FakeClock) -> None:
    state = state_of(clock, head_timeout=1, body_timeout=2, write_timeout=3, lingering_timeout=4)
    assert set(state.timeouts) == set(Wait)
    assert state.timeouts[Wait.HEAD] == 1
    assert state.timeouts[Wait.BODY] == 2
    assert state.timeouts[Wait.WRITE] == 3
    assert state.timeouts[Wait.LINGER] == 4
    clock.loop.close()


@pytest.mark.parametrize("wait", [Wait.DROP, Wait.LINGER])
@pytest.mark.parametrize(
    ("since", "draining", "expected"),
    [
        (0, False, 5),
        (-24, False, 5),
        (-27, False, 3),
        (-30, False, 0),
        (0, True, 1),
        (-3, True, -2),
    ],
)
def test_dropping_has_two_bounds(
    clock: FakeClock, wait: Wait, since: float, draining: bool, expected: float
) -> None:
    state = state_of(clock)
    if draining:
        state.drain()
    now = state.sweeper.now
    assert state.deadline_of(wait, now, now + since) - now == expected
    clock.loop.close()


def test_a_kept_connection_has_an_age(clock: FakeClock) -> None:
    state = state_of(clock, keepalive_timeout=10, keepalive_time=100)
    now = state.sweeper.now
    assert state.deadline_of(Wait.REQUEST, now, 0) - now == 10
    assert state.deadline_of(Wait.REQUEST, now - 95, 0) - now == 5
    assert state.deadline_of(Wait.HEAD, now - 95, 0) - now == 15
    clock.loop.close()


def test_the_last_connection_wakes_the_stop(clock: FakeClock) -> None:
    async def main() -> None:
        state = state_of(clock)
        first, second = add(state), add(state)
        state.idle_waiter = clock.loop.create_future()
        state.remove(first)  # type: ignore[arg-type]  # as above
        assert not state.idle_waiter.done()
        state.remove(second)  # type: ignore[arg-type]  # as above
        assert state.idle_waiter.done()

    clock.run(main())


def test_a_handler_runs_as_a_task(clock: FakeClock) -> None:
    async def main() -> None:
        async def answer() -> Response:
            return Response(text="done")

        task = state_of(clock).start_task(answer())
        response = await task
        assert isinstance(response, Response)
        assert response.text == "done"

    clock.run(main())


def test_a_task_tells_its_context_and_its_error(clock: FakeClock) -> None:
    variable: ContextVar[str] = ContextVar("variable")

    async def fails() -> None:
        variable.set("of the task")
        raise KeyError("x")

    async def cancelled() -> None:
        raise asyncio.CancelledError

    async def main() -> None:
        state = state_of(clock)
        task = state.start_task(fails())
        other = state.start_task(cancelled())
        await asyncio.wait([task, other])
        assert context_of(task)[variable] == "of the task"
        assert isinstance(error_of(task), KeyError)
        assert isinstance(error_of(other), asyncio.CancelledError)
        context = copy_context()
        again = state.start_task(fails(), context=context)
        await asyncio.wait([again])
        assert context_of(again) is context
        assert context[variable] == "of the task"
        assert isinstance(error_of(again), KeyError)

    clock.run(main())
