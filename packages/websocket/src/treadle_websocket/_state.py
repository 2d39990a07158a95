"""The close handshake, RFC 6455 section 7, as one table.

``_session`` asks ``follow(state, signal)`` and keeps the answer. OPEN and CLOSE_SENT read; OPEN,
CLOSE_RECEIVED and FAILED may still send.
"""

from enum import Enum
from typing import Final

__all__ = ["TRANSITIONS", "Signal", "State", "follow"]


class State(Enum):
    """Where a session stands."""

    OPEN = "open"
    CLOSE_SENT = "close sent"  # waits for the peer's close frame, at most ``close_timeout``
    CLOSE_RECEIVED = "close received"  # owes the peer a close frame
    FAILED = "failed"  # owes the peer a close frame that says what it did wrong
    CLOSED = "closed"  # the transport can be closed once everything is written


class Signal(Enum):
    """What moves it."""

    SEND_CLOSE = "close frame sent"
    RECEIVE_CLOSE = "close frame received"
    FAIL = "protocol broken"
    LOSE = "lost"  # end of the stream, or a deadline passed


# A pair that is missing cannot happen: sending after a close frame raises before it gets here, and
# nothing is read once a close frame arrived.
TRANSITIONS: Final[dict[State, dict[Signal, State]]] = {
    State.OPEN: {
        Signal.SEND_CLOSE: State.CLOSE_SENT,
        Signal.RECEIVE_CLOSE: State.CLOSE_RECEIVED,
        Signal.FAIL: State.FAILED,
        Signal.LOSE: State.CLOSED,
    },
    State.CLOSE_SENT: {
        Signal.RECEIVE_CLOSE: State.CLOSED,
        Signal.FAIL: State.CLOSED,
        Signal.LOSE: State.CLOSED,
    },
    State.CLOSE_RECEIVED: {
        Signal.SEND_CLOSE: State.CLOSED,
        Signal.LOSE: State.CLOSED,
    },
    State.FAILED: {
        Signal.SEND_CLOSE: State.CLOSED,
        Signal.LOSE: State.CLOSED,
    },
    State.CLOSED: {},
}


def follow(state: State, signal: Signal) -> State:
    """Return the state after ``signal``; KeyError is a bug of this package."""
    return TRANSITIONS[state][signal]
