"""The waits of a connection as a table: every state that can occur, and what follows from it."""

import dataclasses
import itertools
from dataclasses import dataclass

import pytest

from treadle_server import ServerConfig
from treadle_server._http.waits import WAITS, Expiry, Wait, next_wait


@dataclass(frozen=True)
class Core:
    """The properties of ``ServerConnection`` that decide."""

    is_idle: bool = False
    must_close: bool = False
    peer_failed: bool = False
    keep_alive: bool = True
    is_reading_body: bool = False


IDLE = Core(is_idle=True)
BETWEEN = Core()  # some bytes of another head have come
BODY = Core(is_reading_body=True)
LAST_BODY = Core(is_reading_body=True, keep_alive=False)
CLOSES = Core(must_close=True)
REFUSED = Core(must_close=True, peer_failed=True)

# core, running, awaits_body, write_paused, finished -> wait, from any wait that is not final.
MOVES = [
    (IDLE, False, False, False, False, Wait.REQUEST),
    (IDLE, False, False, True, False, Wait.WRITE),
    (IDLE, False, False, False, True, Wait.CLOSING),
    (IDLE, False, False, True, True, Wait.CLOSING),
    (BETWEEN, False, False, False, False, Wait.HEAD),
    (BETWEEN, False, False, True, False, Wait.WRITE),
    (BETWEEN, False, False, False, True, Wait.CLOSING),
    (BODY, False, True, False, False, Wait.DROP),
    (BODY, False, True, True, False, Wait.WRITE),
    (BODY, False, True, False, True, Wait.CLOSING),
    (LAST_BODY, False, True, False, False, Wait.LINGER),
    (LAST_BODY, False, True, True, False, Wait.WRITE),
    (LAST_BODY, False, True, False, True, Wait.CLOSING),
    (LAST_BODY, True, True, False, False, Wait.BODY),
    (CLOSES, False, False, False, False, Wait.CLOSING),
    (CLOSES, False, False, True, False, Wait.CLOSING),
    (REFUSED, False, False, False, False, Wait.LINGER),
    (REFUSED, False, False, True, False, Wait.LINGER),
    (REFUSED, False, False, False, True, Wait.CLOSING),
    (BETWEEN, True, False, False, False, Wait.HANDLER),
    (BETWEEN, True, False, False, True, Wait.HANDLER),
    (BETWEEN, True, False, True, False, Wait.WRITE),
    (BETWEEN, True, False, True, True, Wait.WRITE),
    (BODY, True, True, False, False, Wait.BODY),
    (BODY, True, True, True, False, Wait.WRITE),
]
FINAL = [Wait.LINGER, Wait.CLOSING, Wait.TURN, Wait.UPGRADED, Wait.CLOSED]


@pytest.mark.parametrize(("core", "running", "awaits", "paused", "over", "expected"), MOVES)
def test_the_next_wait(
    core: Core, running: bool, awaits: bool, paused: bool, over: bool, expected: Wait
) -> None:
    for current in set(Wait) - set(FINAL):
        found = next_wait(
            current, core, running=running, awaits_body=awaits, write_paused=paused, finished=over
        )
        assert found is expected, current


def test_final_waits_are_left_by_no_fact() -> None:
    facts = itertools.product([False, True], repeat=4)
    cores = [Core(*values) for values in itertools.product([False, True], repeat=5)]
    for current, core, (running, awaits, paused, over) in itertools.product(FINAL, cores, facts):
        found = next_wait(
            current, core, running=running, awaits_body=awaits, write_paused=paused, finished=over
        )
        assert found is current


def test_each_wait_that_can_follow_has_a_way_to_end() -> None:
    """A wait without a deadline is one for our own code, or the end."""
    endless = {wait for wait, row in WAITS.items() if row.timeout is None}
    assert endless == {Wait.HANDLER, Wait.TURN, Wait.UPGRADED, Wait.CLOSED}
    assert {wait for wait, row in WAITS.items() if row.expiry is Expiry.NONE} == endless


def test_the_deadlines() -> None:
    names = {field.name for field in dataclasses.fields(ServerConfig)}
    assert set(WAITS) == set(Wait)
    assert {wait: (row.timeout, row.renews, row.expiry.name) for wait, row in WAITS.items()} == {
        Wait.REQUEST: ("keepalive_timeout", True, "CLOSE"),
        Wait.HEAD: ("head_timeout", False, "REFUSE_HEAD"),
        Wait.BODY: ("body_timeout", True, "FAIL_BODY"),
        Wait.DROP: ("lingering_timeout", True, "CLOSE"),
        Wait.HANDLER: (None, False, "NONE"),
        Wait.TURN: (None, False, "NONE"),
        Wait.WRITE: ("write_timeout", False, "ABORT_IF_STALLED"),
        Wait.LINGER: ("lingering_timeout", True, "CLOSE"),
        Wait.CLOSING: ("write_timeout", False, "ABORT_IF_STALLED"),
        Wait.UPGRADED: (None, False, "NONE"),
        Wait.CLOSED: (None, False, "NONE"),
    }
    assert {row.timeout for row in WAITS.values()} - {None} <= names
