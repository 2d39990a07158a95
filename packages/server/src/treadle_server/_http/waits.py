"""The state machine of a connection: its waits, their deadlines, and the way from one to the next.

A connection is always in exactly one ``Wait``. ``WAITS`` says, for each of them, which timeout of
``ServerConfig`` bounds it, whether progress of the peer starts it again, and what happens when it
expires. ``next_wait`` is the whole of the transitions; it looks at values and changes nothing, so
that it is tested as a table (``tests/http/test_waits.py``). ``HttpConnection`` feeds the core and
the exchange, asks ``next_wait``, and enters the wait that it returns.
"""

import enum
from typing import Final, NamedTuple, Protocol, final

__all__ = [
    "DROPPING",
    "ENDING",
    "NOT_READING",
    "WAITS",
    "ClosingCore",
    "Expiry",
    "Wait",
    "WaitRow",
    "next_wait",
]


@final
class Wait(enum.IntEnum):
    """The event that a connection waits for; an ``int``, which is a fast key of ``WAITS``."""

    #: The first byte of the next request.
    REQUEST = enum.auto()
    #: The rest of a request head.
    HEAD = enum.auto()
    #: More of the body of a request that is being handled.
    BODY = enum.auto()
    #: The rest of a body that no handler will read, because its response is out.
    DROP = enum.auto()
    #: The handler, or the task that sends its response.
    HANDLER = enum.auto()
    #: Other connections, which get their turn before the next of several requests that have come.
    TURN = enum.auto()
    #: The peer, which must read before more is written.
    WRITE = enum.auto()
    #: The peer to stop sending: our side is closed, and its bytes are dropped.
    LINGER = enum.auto()
    #: The transport to write the rest of its buffer and close.
    CLOSING = enum.auto()
    #: The end of the protocol that took the connection over behind a 101.
    UPGRADED = enum.auto()
    #: Nothing: the connection is lost.
    CLOSED = enum.auto()


@final
class Expiry(enum.Enum):
    """The reaction to a wait that took too long."""

    #: Answer 408 to the unfinished head, then linger.
    REFUSE_HEAD = enum.auto()
    #: Raise 408 in the handler if it waits for the body; wait again if it does not.
    FAIL_BODY = enum.auto()
    #: Close when the transport's buffer is written.
    CLOSE = enum.auto()
    #: Close at once if the peer has read nothing since the wait began; wait again if it has.
    ABORT_IF_STALLED = enum.auto()
    #: Cannot happen: the wait has no deadline.
    NONE = enum.auto()


class WaitRow(NamedTuple):
    """The deadline of one wait."""

    #: The field of ``ServerConfig`` that bounds the wait; None for a wait without a deadline.
    timeout: str | None
    #: True if the wait begins again with each progress; otherwise its deadline is set once, so that
    #: a peer cannot stretch it byte by byte.
    renews: bool
    expiry: Expiry


WAITS: Final[dict[Wait, WaitRow]] = {
    Wait.REQUEST: WaitRow("keepalive_timeout", True, Expiry.CLOSE),
    Wait.HEAD: WaitRow("head_timeout", False, Expiry.REFUSE_HEAD),
    Wait.BODY: WaitRow("body_timeout", True, Expiry.FAIL_BODY),
    Wait.DROP: WaitRow("lingering_timeout", True, Expiry.CLOSE),
    Wait.HANDLER: WaitRow(None, False, Expiry.NONE),
    Wait.TURN: WaitRow(None, False, Expiry.NONE),
    Wait.WRITE: WaitRow("write_timeout", False, Expiry.ABORT_IF_STALLED),
    Wait.LINGER: WaitRow("lingering_timeout", True, Expiry.CLOSE),
    Wait.CLOSING: WaitRow("write_timeout", False, Expiry.ABORT_IF_STALLED),
    Wait.UPGRADED: WaitRow(None, False, Expiry.NONE),
    Wait.CLOSED: WaitRow(None, False, Expiry.NONE),
}

#: Our side of the connection is closed, or will be: bytes of the peer are dropped.
ENDING: Final = frozenset({Wait.LINGER, Wait.CLOSING})

#: The waits that ``lingering_time`` bounds as a whole, however much of the peer's they drop.
DROPPING: Final = frozenset({Wait.DROP, Wait.LINGER})

#: No bytes are read as requests: they are dropped, or kept for the connection's next turn.
NOT_READING: Final = ENDING | {Wait.TURN}

#: A connection leaves these only for CLOSED, or through ``HttpConnection.end_upgrade``; and TURN
#: when its turn comes.
_FINAL: Final = ENDING | {Wait.TURN, Wait.UPGRADED, Wait.CLOSED}


class ClosingCore(Protocol):
    """The part of ``ServerConnection`` that decides on the next wait."""

    @property
    def is_idle(self) -> bool:
        """True between requests, with no byte of the next one received."""

    @property
    def must_close(self) -> bool:
        """True if nothing may be sent or received any more."""

    @property
    def peer_failed(self) -> bool:
        """True if a request was refused: more of its bytes may be on their way."""

    @property
    def keep_alive(self) -> bool:
        """True if another request may follow."""

    @property
    def is_reading_body(self) -> bool:
        """True while the body of the last request has not fully arrived."""


def next_wait(
    current: Wait,
    core: ClosingCore,
    *,
    running: bool,
    awaits_body: bool,
    write_paused: bool,
    finished: bool,
) -> Wait:
    """Return the wait of a connection that has done all it can do now.

    ``running`` says that a request is being handled or answered, ``awaits_body`` that its handler
    can still read from the peer, ``write_paused`` that the peer is behind with reading, and
    ``finished`` that no further request is served: the peer has finished sending, or the server
    stops.
    """
    if current in _FINAL:
        return current
    if running:
        if write_paused:
            return Wait.WRITE
        return Wait.BODY if awaits_body else Wait.HANDLER
    if finished:
        return Wait.CLOSING
    if core.must_close:
        return Wait.LINGER if core.peer_failed else Wait.CLOSING
    if write_paused:
        return Wait.WRITE
    if core.is_reading_body:
        # The client may wait for the end of our side before it stops sending.
        return Wait.DROP if core.keep_alive else Wait.LINGER
    return Wait.REQUEST if core.is_idle else Wait.HEAD
