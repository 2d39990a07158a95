"""The transition table: every entry, and a refusal for everything that is not one."""

import pytest

from treadle_http_parser import LocalProtocolError
from treadle_http_parser import _state as st
from treadle_http_parser._state import TRANSITIONS, ConnectionState, Phase, Signal, State

SIGNALS = [value for value in vars(st).values() if isinstance(value, Signal)]
PAIRS = list(TRANSITIONS)
ENTRIES = [(pair, signal) for pair in PAIRS for signal in TRANSITIONS[pair]]
GAPS = [(pair, signal) for pair in PAIRS for signal in SIGNALS if signal not in TRANSITIONS[pair]]
START = (st.IDLE, st.IDLE)


def name(value: object) -> str:
    if isinstance(value, tuple):
        return " / ".join(map(name, value))
    return value.name if isinstance(value, (State, Signal)) else str(value)


def at(pair: tuple[State, State]) -> ConnectionState:
    """A connection that came to ``pair`` by the table."""
    paths: dict[tuple[State, State], list[Signal]] = {START: []}
    waiting = [START]
    while waiting:
        here = waiting.pop(0)
        for signal, there in TRANSITIONS[here].items():
            if there not in paths:
                paths[there] = [*paths[here], signal]
                waiting.append(there)
    state = ConnectionState()
    if pair == (st.DONE, st.MUST_CLOSE):
        # The one pair that only the code below the table leads to.
        state.keep_alive = False
        for signal in (st.BARE_REQUEST, st.RESPONSE):
            state.move(signal)
    else:
        for signal in paths[pair]:
            state.move(signal)
    return state


@pytest.mark.parametrize(("pair", "signal"), ENTRIES, ids=name)
@pytest.mark.parametrize("keep_alive", [True, False])
def test_entries(pair: tuple[State, State], signal: Signal, keep_alive: bool) -> None:
    state = at(pair)
    assert (state.phase.peer, state.phase.ours) == pair
    state.keep_alive = keep_alive
    state.move(signal)
    expected = TRANSITIONS[pair][signal]
    if expected == (st.DONE, st.DONE):
        expected = START if keep_alive else (st.DONE, st.MUST_CLOSE)
    assert (state.phase.peer, state.phase.ours) == expected


@pytest.mark.parametrize(
    ("pair", "signal"), [gap for gap in GAPS if gap[0] != (st.DONE, st.DONE)], ids=name
)
def test_gaps(pair: tuple[State, State], signal: Signal) -> None:
    state = at(pair)
    with pytest.raises(LocalProtocolError) as caught:
        state.move(signal)
    for part in (signal, *pair):
        assert part.name in str(caught.value)
    assert (state.phase.peer, state.phase.ours) == pair


def test_both_done_is_left_at_once() -> None:
    assert TRANSITIONS[st.DONE, st.DONE] == {}
    for pair, signal in ENTRIES:
        state = at(pair)
        state.move(signal)
        assert (state.phase.peer, state.phase.ours) != (st.DONE, st.DONE)


def test_every_state_and_signal_is_used() -> None:
    states = {value for value in vars(st).values() if isinstance(value, State)}
    assert states == {side for pair in PAIRS for side in pair}
    assert set(SIGNALS) == {signal for _, signal in ENTRIES}


def test_nothing_follows_an_error_but_one_answer() -> None:
    for peer, ours in PAIRS:
        for signal, (next_peer, _) in TRANSITIONS[peer, ours].items():
            if peer is st.ERROR:
                assert next_peer in (st.ERROR, st.CLOSED)
                assert signal in (st.HEAD, st.RESPONSE, st.RESPONSE_END, st.PEER_EOF)


def test_names_are_for_people() -> None:
    assert repr(st.IDLE) == "<State waiting for a request>"
    assert repr(st.SWITCH) == "<Signal a switch of protocols>"
    assert isinstance(ConnectionState().phase, Phase)
