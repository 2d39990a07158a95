"""The state table, compared with a second one that is written out here."""

import itertools

import pytest

from treadle_http_parser import LocalProtocolError, ServerConnection, status_line
from treadle_http_parser import _state as states
from treadle_http_parser._state import SHORTCUTS, TRANSITIONS, ConnectionState, Phase, Signal, State

# Before: the peer's side and ours. Signal. After: the same, if the connection is kept alive. Where
# it is to be closed, the end of both messages leads to DONE MUST_CLOSE instead of IDLE IDLE.
MOVES = """
IDLE      IDLE        REQUEST        BODY      SEND_HEAD
IDLE      IDLE        BARE_REQUEST   DONE      SEND_HEAD
IDLE      IDLE        PEER_ERROR     ERROR     SEND_HEAD
IDLE      IDLE        PEER_EOF       CLOSED    MUST_CLOSE
BODY      SEND_HEAD   REQUEST_END    DONE      SEND_HEAD
BODY      SEND_HEAD   INFORMATIONAL  BODY      SEND_HEAD
BODY      SEND_HEAD   HEAD           BODY      SEND_BODY
BODY      SEND_HEAD   RESPONSE       BODY      DONE
BODY      SEND_HEAD   PEER_ERROR     ERROR     SEND_HEAD
BODY      SEND_BODY   WITHDRAWAL     BODY      SEND_HEAD
BODY      SEND_BODY   REQUEST_END    DONE      SEND_BODY
BODY      SEND_BODY   RESPONSE_END   BODY      DONE
BODY      SEND_BODY   PEER_ERROR     ERROR     SEND_BODY
BODY      DONE        REQUEST_END    IDLE      IDLE
BODY      DONE        PEER_ERROR     ERROR     MUST_CLOSE
DONE      SEND_HEAD   INFORMATIONAL  DONE      SEND_HEAD
DONE      SEND_HEAD   HEAD           DONE      SEND_BODY
DONE      SEND_HEAD   RESPONSE       IDLE      IDLE
DONE      SEND_HEAD   SWITCH         SWITCHED  SWITCHED
DONE      SEND_HEAD   PEER_EOF       CLOSED    SEND_HEAD
DONE      SEND_BODY   WITHDRAWAL     DONE      SEND_HEAD
DONE      SEND_BODY   RESPONSE_END   IDLE      IDLE
DONE      SEND_BODY   PEER_EOF       CLOSED    SEND_BODY
DONE      MUST_CLOSE  PEER_EOF       CLOSED    MUST_CLOSE
ERROR     SEND_HEAD   HEAD           ERROR     SEND_BODY
ERROR     SEND_HEAD   RESPONSE       ERROR     MUST_CLOSE
ERROR     SEND_HEAD   PEER_EOF       ERROR     SEND_HEAD
ERROR     SEND_BODY   WITHDRAWAL     ERROR     SEND_HEAD
ERROR     SEND_BODY   RESPONSE_END   ERROR     MUST_CLOSE
ERROR     SEND_BODY   PEER_EOF       ERROR     SEND_BODY
ERROR     MUST_CLOSE  PEER_EOF       CLOSED    MUST_CLOSE
CLOSED    SEND_HEAD   HEAD           CLOSED    SEND_BODY
CLOSED    SEND_HEAD   RESPONSE       CLOSED    MUST_CLOSE
CLOSED    SEND_HEAD   INFORMATIONAL  CLOSED    SEND_HEAD
CLOSED    SEND_HEAD   PEER_EOF       CLOSED    SEND_HEAD
CLOSED    SEND_BODY   WITHDRAWAL     CLOSED    SEND_HEAD
CLOSED    SEND_BODY   RESPONSE_END   CLOSED    MUST_CLOSE
CLOSED    SEND_BODY   PEER_EOF       CLOSED    SEND_BODY
CLOSED    MUST_CLOSE  PEER_EOF       CLOSED    MUST_CLOSE
SWITCHED  SWITCHED    PEER_EOF       SWITCHED  SWITCHED
"""

Pair = tuple[str, str]

EXPECTED: dict[tuple[Pair, str], Pair] = {
    ((peer, ours), signal): (next_peer, next_ours)
    for peer, ours, signal, next_peer, next_ours in map(str.split, MOVES.strip().splitlines())
}
NAMES = {value: name for name, value in vars(states).items() if isinstance(value, (State, Signal))}
SIGNALS = [name for value, name in NAMES.items() if isinstance(value, Signal)]
PAIRS = sorted({pair for pair, _ in EXPECTED})


def pair_of(phase: Phase) -> Pair:
    return NAMES[phase.peer], NAMES[phase.ours]


def move(state: ConnectionState, signal: str) -> None:
    value = getattr(states, signal)
    assert isinstance(value, Signal)
    state.move(value)


def at(pair: Pair) -> ConnectionState:
    """Return a state that came to ``pair`` by moves of the table above."""
    paths: dict[Pair, list[str]] = {("IDLE", "IDLE"): []}
    for _ in PAIRS:
        for (before, signal), after in EXPECTED.items():
            if before in paths:
                paths.setdefault(after, [*paths[before], signal])
    state = ConnectionState()
    if pair == ("DONE", "MUST_CLOSE"):
        state.keep_alive = False
        paths[pair] = ["BARE_REQUEST", "RESPONSE"]
    for signal in paths[pair]:
        move(state, signal)
    assert pair_of(state.phase) == pair
    return state


@pytest.mark.parametrize("keep_alive", [True, False])
@pytest.mark.parametrize(("before", "signal"), EXPECTED)
def test_moves(before: Pair, signal: str, keep_alive: bool) -> None:
    state = at(before)
    state.keep_alive = keep_alive
    move(state, signal)
    after = EXPECTED[before, signal]
    if after == ("IDLE", "IDLE") and not keep_alive:
        after = ("DONE", "MUST_CLOSE")
    assert pair_of(state.phase) == after


@pytest.mark.parametrize(
    ("pair", "signal"),
    [move for move in itertools.product(PAIRS, SIGNALS) if move not in EXPECTED],
)
def test_every_other_move_is_refused(pair: Pair, signal: str) -> None:
    state = at(pair)
    with pytest.raises(LocalProtocolError) as caught:
        move(state, signal)
    for name in (signal, *pair):
        assert getattr(states, name).name in str(caught.value)
    assert pair_of(state.phase) == pair


def test_the_table_has_no_other_pair() -> None:
    # Both sides DONE is a target of the table that ``move`` leaves at once.
    pairs = {(NAMES[peer], NAMES[ours]) for peer, ours in TRANSITIONS}
    assert pairs == {*PAIRS, ("DONE", "DONE")}
    assert TRANSITIONS[states.DONE, states.DONE] == {}


@pytest.mark.parametrize("signal", SHORTCUTS, ids=NAMES.get)
def test_shortcuts_are_moves_of_the_table(signal: Signal) -> None:
    before, after = SHORTCUTS[signal]
    assert pair_of(after) == EXPECTED[pair_of(before), NAMES[signal]]
    state = at(pair_of(before))
    state.move(signal)
    assert state.phase is after


@pytest.mark.parametrize("body", [b"", b"1234"])
def test_a_connection_takes_its_shortcuts(body: bytes) -> None:
    connection = ServerConnection()
    state = ConnectionState()
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)
    for _ in "the first request", "the second one":
        connection.receive_data(head + body)
        state.move(states.BARE_REQUEST)
        assert connection._state.phase is state.phase
        connection.send_response(status_line(200), b"", b"", bodiless=False)
        state.move(states.RESPONSE)
        assert connection._state.phase is state.phase


def test_names_are_for_people() -> None:
    assert repr(states.IDLE) == "<State waiting for a request>"
    assert repr(states.SWITCH) == "<Signal a switch of protocols>"
