import pytest

from treadle_websocket._state import TRANSITIONS, Signal, State, follow


def test_every_state_has_a_row_and_every_step_ends() -> None:
    assert set(TRANSITIONS) == set(State)
    for start in State:
        seen = {start}
        frontier = {start}
        while frontier:
            frontier = {after for state in frontier for after in TRANSITIONS[state].values()} - seen
            seen |= frontier
        assert State.CLOSED in seen
        assert start is State.OPEN or State.OPEN not in seen


@pytest.mark.parametrize("state", [state for state in State if state is not State.CLOSED])
def test_every_session_can_be_lost(state: State) -> None:
    assert follow(state, Signal.LOSE) is State.CLOSED


def test_the_two_ways_of_the_close_handshake() -> None:
    assert follow(State.OPEN, Signal.SEND_CLOSE) is State.CLOSE_SENT
    assert follow(State.CLOSE_SENT, Signal.RECEIVE_CLOSE) is State.CLOSED
    assert follow(State.OPEN, Signal.RECEIVE_CLOSE) is State.CLOSE_RECEIVED
    assert follow(State.CLOSE_RECEIVED, Signal.SEND_CLOSE) is State.CLOSED


def test_a_failed_session_owes_one_close_frame() -> None:
    assert follow(State.OPEN, Signal.FAIL) is State.FAILED
    assert follow(State.FAILED, Signal.SEND_CLOSE) is State.CLOSED
    assert follow(State.CLOSE_SENT, Signal.FAIL) is State.CLOSED


@pytest.mark.parametrize(
    ("state", "signal"),
    [
        (State.CLOSED, Signal.SEND_CLOSE),
        (State.CLOSED, Signal.LOSE),
        (State.CLOSE_SENT, Signal.SEND_CLOSE),
        (State.CLOSE_RECEIVED, Signal.RECEIVE_CLOSE),
        (State.FAILED, Signal.FAIL),
    ],
)
def test_what_cannot_happen(state: State, signal: Signal) -> None:
    with pytest.raises(KeyError):
        follow(state, signal)
