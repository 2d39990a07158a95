"""The close handshake, RFC 6455 section 7, as one table.

``_session`` calls ``next_state(state, signal)`` and keeps the result. A session reads in OPEN and
CLOSE_SENT, and may send in OPEN, CLOSE_RECEIVED and FAILED.
"""

from enum import Enum
from typing import Final

__all__ = ["TRANSITIONS", "Signal", "State", "next_state"]


class State(Enum):
    """The state of a session."""

    OPEN = "open"
    CLOSE_SENT = "close sent"  # waiting for the peer's close frame, at most ``close_timeout``
    CLOSE_RECEIVED = "close received"  # a close frame to the peer is due
    FAILED = "failed"  # a close frame with the peer's fault is due
    CLOSED = "closed"  # the transport can be closed once everything is written


class Signal(Enum):
    """An event that changes the state."""

    SEND_CLOSE = "close frame sent"
    RECEIVE_CLOSE = "close frame received"
    FAIL = "protocol broken"
    CONNECTION_LOST = "lost"  # end of the stream, or a deadline has passed


# A missing pair cannot happen: sending after a close frame raises before it gets here, and nothing
# is read after a close frame has arrived.
TRANSITIONS: Final[dict[State, dict[Signal, State]]] = {
    State.OPEN: {
        Signal.SEND_CLOSE: State.CLOSE_SENT,
        Signal.RECEIVE_CLOSE: State.CLOSE_RECEIVED,
        Signal.FAIL: State.FAILED,
        Signal.CONNECTION_LOST: State.CLOSED,
    },
    State.CLOSE_SENT: {
        Signal.RECEIVE_CLOSE: State.CLOSED,
        Signal.FAIL: State.CLOSED,
        Signal.CONNECTION_LOST: State.CLOSED,
    },
    State.CLOSE_RECEIVED: {
        Signal.SEND_CLOSE: State.CLOSED,
        Signal.CONNECTION_LOST: State.CLOSED,
    },
    State.FAILED: {
        Signal.SEND_CLOSE: State.CLOSED,
        Signal.CONNECTION_LOST: State.CLOSED,
    },
    State.CLOSED: {},
}


def next_state(state: State, signal: Signal) -> State:
    """Return the state after ``signal``; a KeyError is a bug of this package."""
    return TRANSITIONS[state][signal]
