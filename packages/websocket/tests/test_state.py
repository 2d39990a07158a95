"""The state table, compared with a second one that is written out here."""

import itertools

import pytest

from treadle_websocket._state import TRANSITIONS, Signal, State, next_state

# State before, signal, state after.
MOVES = """
OPEN            SEND_CLOSE       CLOSE_SENT
OPEN            RECEIVE_CLOSE    CLOSE_RECEIVED
OPEN            FAIL             FAILED
OPEN            CONNECTION_LOST  CLOSED
CLOSE_SENT      RECEIVE_CLOSE    CLOSED
CLOSE_SENT      FAIL             CLOSED
CLOSE_SENT      CONNECTION_LOST  CLOSED
CLOSE_RECEIVED  SEND_CLOSE       CLOSED
CLOSE_RECEIVED  CONNECTION_LOST  CLOSED
FAILED          SEND_CLOSE       CLOSED
FAILED          CONNECTION_LOST  CLOSED
"""
EXPECTED = {
    (State[before], Signal[signal]): State[after]
    for before, signal, after in map(str.split, MOVES.strip().splitlines())
}


@pytest.mark.parametrize(("state", "signal"), EXPECTED)
def test_moves(state: State, signal: Signal) -> None:
    assert next_state(state, signal) is EXPECTED[state, signal]


@pytest.mark.parametrize(
    ("state", "signal"),
    [pair for pair in itertools.product(State, Signal) if pair not in EXPECTED],
)
def test_every_other_move_is_a_bug(state: State, signal: Signal) -> None:
    with pytest.raises(KeyError):
        next_state(state, signal)


def test_every_state_has_a_row() -> None:
    assert set(TRANSITIONS) == set(State)
