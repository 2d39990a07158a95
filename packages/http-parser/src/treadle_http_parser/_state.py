"""The state of a connection: two small machines and the one table that moves them.

A connection is two machines that run side by side: one for what the *peer* may send next, one for
what *we* may send next. Each signal moves both: ``TRANSITIONS`` maps ``(peer, ours)`` and a signal
to the next pair, and a signal without an entry is not allowed in that pair. One keep-alive cycle:

    peer   IDLE --request--> BODY --request end--> DONE ..............................> IDLE
    we     IDLE --request--> SEND_HEAD --head--> SEND_BODY --response end--> DONE ----> IDLE

One rule does not fit a table and is code in ``ConnectionState.move``: when both sides are DONE the
cycle starts again, or the connection must close if either side said so (RFC 9112 section 9.3).

Everything that affects these states is in this file, with the two moves that ``ServerConnection``
makes without a call to ``move`` (``SHORTCUTS``).
"""

from typing import Final, final

from ._errors import LocalProtocolError

__all__ = [
    "ANSWERING",
    "SHORTCUTS",
    "START",
    "TRANSITIONS",
    "ConnectionState",
    "Phase",
    "Signal",
    "State",
]


@final
class State:
    """The state of one side of the connection.

    A plain class rather than an ``enum``: members are dictionary keys on the hot path, and the hash
    of an enum member is a Python call.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name: Final = name

    def __repr__(self) -> str:
        return f"<State {self.name}>"


IDLE: Final = State("waiting for a request")
BODY: Final = State("reading the request's body")
SEND_HEAD: Final = State("waiting for the response head")
SEND_BODY: Final = State("sending the response body")
DONE: Final = State("done with this message")
MUST_CLOSE: Final = State("to be closed")
SWITCHED: Final = State("switched to another protocol")
ERROR: Final = State("broken")
CLOSED: Final = State("closed")


@final
class Signal:
    """An event that moves the connection."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name: Final = name

    def __repr__(self) -> str:
        return f"<Signal {self.name}>"


REQUEST: Final = Signal("a request head with a body behind it")
BARE_REQUEST: Final = Signal("a whole request without a body")
REQUEST_END: Final = Signal("the end of the request")
INFORMATIONAL: Final = Signal("an informational response")
HEAD: Final = Signal("a response head")
WITHDRAWAL: Final = Signal("the withdrawal of an unsent response head")
RESPONSE_END: Final = Signal("the end of the response")
RESPONSE: Final = Signal("a whole response")
SWITCH: Final = Signal("a switch of protocols")
PEER_ERROR: Final = Signal("a protocol error of the peer")
PEER_EOF: Final = Signal("the end of input")

TRANSITIONS: Final[dict[tuple[State, State], dict[Signal, tuple[State, State]]]] = {
    (IDLE, IDLE): {
        REQUEST: (BODY, SEND_HEAD),
        BARE_REQUEST: (DONE, SEND_HEAD),
        PEER_ERROR: (ERROR, SEND_HEAD),
        PEER_EOF: (CLOSED, MUST_CLOSE),
    },
    (BODY, SEND_HEAD): {
        REQUEST_END: (DONE, SEND_HEAD),
        INFORMATIONAL: (BODY, SEND_HEAD),
        HEAD: (BODY, SEND_BODY),
        RESPONSE: (BODY, DONE),
        PEER_ERROR: (ERROR, SEND_HEAD),
        # No SWITCH: the new protocol starts after the request's content (RFC 9110 section 7.8).
    },
    (BODY, SEND_BODY): {
        REQUEST_END: (DONE, SEND_BODY),
        WITHDRAWAL: (BODY, SEND_HEAD),
        RESPONSE_END: (BODY, DONE),
        PEER_ERROR: (ERROR, SEND_BODY),
    },
    # The response has ended and the body still arrives: the caller reads on, or closes.
    (BODY, DONE): {
        REQUEST_END: (DONE, DONE),
        PEER_ERROR: (ERROR, MUST_CLOSE),
    },
    (DONE, SEND_HEAD): {
        INFORMATIONAL: (DONE, SEND_HEAD),
        HEAD: (DONE, SEND_BODY),
        RESPONSE: (DONE, DONE),
        SWITCH: (SWITCHED, SWITCHED),
        # Half-closing after the request is legal: the response still goes out, then we close.
        PEER_EOF: (CLOSED, SEND_HEAD),
    },
    (DONE, SEND_BODY): {
        WITHDRAWAL: (DONE, SEND_HEAD),
        RESPONSE_END: (DONE, DONE),
        PEER_EOF: (CLOSED, SEND_BODY),
    },
    # After a peer's mistake nothing more is read, and at most one response still goes out.
    (ERROR, SEND_HEAD): {
        HEAD: (ERROR, SEND_BODY),
        RESPONSE: (ERROR, MUST_CLOSE),
        PEER_EOF: (ERROR, SEND_HEAD),
    },
    (ERROR, SEND_BODY): {
        WITHDRAWAL: (ERROR, SEND_HEAD),
        RESPONSE_END: (ERROR, MUST_CLOSE),
        PEER_EOF: (ERROR, SEND_BODY),
    },
    (ERROR, MUST_CLOSE): {PEER_EOF: (CLOSED, MUST_CLOSE)},
    (CLOSED, SEND_HEAD): {
        HEAD: (CLOSED, SEND_BODY),
        RESPONSE: (CLOSED, MUST_CLOSE),
        INFORMATIONAL: (CLOSED, SEND_HEAD),
        PEER_EOF: (CLOSED, SEND_HEAD),
    },
    (CLOSED, SEND_BODY): {
        WITHDRAWAL: (CLOSED, SEND_HEAD),
        RESPONSE_END: (CLOSED, MUST_CLOSE),
        PEER_EOF: (CLOSED, SEND_BODY),
    },
    (DONE, MUST_CLOSE): {PEER_EOF: (CLOSED, MUST_CLOSE)},
    (CLOSED, MUST_CLOSE): {PEER_EOF: (CLOSED, MUST_CLOSE)},
    (SWITCHED, SWITCHED): {PEER_EOF: (SWITCHED, SWITCHED)},
    # ``move`` leaves this pair at once.
    (DONE, DONE): {},
}


@final
class Phase:
    """One pair of the table with its moves resolved, so that a move is a single lookup."""

    __slots__ = ("moves", "ours", "peer")

    def __init__(self, peer: State, ours: State) -> None:
        self.peer: Final = peer
        self.ours: Final = ours
        self.moves: Final[dict[Signal, Phase]] = {}


def _compile() -> dict[tuple[State, State], Phase]:
    phases = {pair: Phase(*pair) for pair in TRANSITIONS}
    for pair, moves in TRANSITIONS.items():
        for signal, target in moves.items():
            phases[pair].moves[signal] = phases[target]
    return phases


_PHASES: Final = _compile()
#: Between requests: the only phase in which a request head may come.
START: Final = _PHASES[IDLE, IDLE]
#: After a whole request: the phase from which nearly all responses are sent.
ANSWERING: Final = _PHASES[DONE, SEND_HEAD]
_BOTH_DONE: Final = _PHASES[DONE, DONE]
_LAST: Final = _PHASES[DONE, MUST_CLOSE]

#: The moves of nearly every request on a connection that is kept alive, by signal: the phase before
#: and the phase after. ``ServerConnection`` assigns the phase after instead of calling ``move``,
#: which would make ``hello`` of ``bench:parser`` 11 % slower, ``browser`` 7 % and ``post`` 9 %. A
#: test compares both with the table.
SHORTCUTS: Final[dict[Signal, tuple[Phase, Phase]]] = {
    BARE_REQUEST: (START, ANSWERING),
    RESPONSE: (ANSWERING, START),
}


@final
class ConnectionState:
    """Both sides of one connection.

    ``keep_alive`` is True while both sides agree to go on after the current response.
    ``ServerConnection`` sets it for each request, and to False when either side asks to close.
    """

    __slots__ = ("keep_alive", "phase")

    def __init__(self) -> None:
        self.phase: Phase = START
        self.keep_alive = True

    def move(self, signal: Signal) -> None:
        """Apply ``signal``; raises ``LocalProtocolError`` if the table has no entry for it."""
        phase = self.phase.moves.get(signal)
        if phase is None:
            raise LocalProtocolError(
                f"{signal.name} is not possible now: the peer's side is "
                f"{self.phase.peer.name!r} and ours is {self.phase.ours.name!r}"
            )
        if phase is _BOTH_DONE:
            phase = START if self.keep_alive else _LAST
        self.phase = phase
