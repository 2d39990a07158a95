"""The waits of a connection in action: entering one, and what happens when its deadline passes.

``WaitingConnection`` is the part of ``HttpConnection`` that does what the tables of ``waits`` say.
It knows nothing of events and requests, only that some work is under way; the two classes have one
set of fields, since a connection is one state.
"""

import abc
import asyncio
from typing import Final

from treadle_http_parser import ServerConnection
from treadle_responses import HTTPRequestTimeout
from treadle_server._body.incoming import IncomingBody
from treadle_server._core.types import ConnectionInfo
from treadle_server._transport.deadlines import NEVER
from treadle_server._transport.flow import FlowControl

from .exchange import Exchange
from .handler import RequestHandler
from .logged import log_refusal
from .state import ServerState
from .waits import DROPPING, WAITS, Expiry, Wait, next_wait
from .writer import StreamWriter

__all__ = ["MAX_PENDING", "WaitingConnection"]

#: The bytes of further requests that are taken from the kernel while one is being handled.
MAX_PENDING: Final = 64 * 1024

#: Chunks of a body that are read in one step: a read can have 40,000 of one byte.
_CHUNKS_PER_READ: Final = 1024


class WaitingConnection(RequestHandler):
    """A connection that is always in one ``Wait``."""

    __slots__ = (
        "_born", "_core", "_dropping_since", "_eof", "_exchange", "_flow", "_incoming", "_info",
        "_state", "_transport", "_wait", "_writer", "deadline",
    )  # fmt: skip

    _transport: asyncio.Transport
    _flow: FlowControl
    _writer: StreamWriter
    _exchange: Exchange
    _incoming: IncomingBody
    _info: ConnectionInfo
    _born: float

    def __init__(self, state: ServerState) -> None:
        self._state: Final = state
        self._core: Final = ServerConnection(state.limits, max_chunks=_CHUNKS_PER_READ)
        # True once the end of input has come; whole requests may still wait for their turn.
        self._eof = False
        # The sweeper's time at the first of the waits in ``DROPPING`` since the last request began.
        self._dropping_since = NEVER
        self._wait = Wait.REQUEST
        #: When, by the sweeper's clock, the wait is over.
        self.deadline = NEVER

    @abc.abstractmethod
    def _go_on(self) -> None:
        """Read on, beginning with the bytes that came before their turn."""

    def _settle(self) -> None:
        """Enter the wait that follows from the state of the connection."""
        core = self._core
        flow = self._flow
        running = self._exchange.request is not None
        if flow.lost or self._writer.upgraded is not None:
            return
        wait = next_wait(
            self._wait,
            core,
            running=running,
            awaits_body=self._incoming.reader is not None,
            write_paused=flow.write_paused,
            # While the peer is behind, the requests that came before its end are not yet tried.
            finished=(self._eof and not (flow.write_paused and core.has_pending))
            or (self._state.draining and core.is_between),
        )
        if running:
            if core.pending_size > MAX_PENDING and core.request_ended:
                flow.pause_reading()
        elif wait is Wait.WRITE:
            # Back-pressure: the next request waits for the peer to read.
            flow.pause_reading()
        if wait is not self._wait or WAITS[wait].renews:
            self._enter(wait)

    def _enter(self, wait: Wait) -> None:
        """Enter a wait: set its deadline, and do what belongs to its beginning."""
        state = self._state
        before, self._wait = self._wait, wait
        if wait in DROPPING:
            self._dropping_since = min(self._dropping_since, state.sweeper.now)
        self.deadline = state.deadline_of(wait, self._born, self._dropping_since)
        if wait is Wait.REQUEST:
            self._flow.resume_reading()
            return
        self._flow.watch_peer()
        if wait is Wait.TURN:
            self._flow.pause_reading()
            state.loop.call_soon(self._take_turn)
        elif wait is Wait.CLOSING:
            self._writer.uncork()
            self._transport.close()
        elif wait is Wait.LINGER and before is not wait:
            self._writer.uncork()
            # Closing at once would reset the connection under bytes that are still on their way,
            # and the reset could overtake the response (RFC 9112 section 9.6).
            if self._eof:
                self._enter(Wait.CLOSING)
            else:
                self._flow.resume_reading()
                self._flow.stop_sending()

    def _take_turn(self) -> None:
        """Go on with the requests that have come, now that other connections had their turn."""
        if self._wait is Wait.TURN:
            self._wait = Wait.REQUEST
            self._go_on()

    def _body_awaited(self) -> None:
        """Give the client ``body_timeout`` from here on: the handler waits for bytes."""
        if self._wait is Wait.BODY:
            self._enter(Wait.BODY)

    def _write_error(self, status: int, reason: str) -> None:
        """Answer a request that no handler has seen; the answer is the connection's last."""
        size = self._writer.write_error(status, reason)
        log_refusal(self._state, self._writer, self._info, status, reason, size)

    def on_deadline(self) -> None:
        """Act on a wait that took too long, as its row of ``WAITS`` says."""
        expiry = WAITS[self._wait].expiry
        if expiry is Expiry.REFUSE_HEAD:
            self._core.give_up()
            self._write_error(408, "The request head did not arrive in time.")
            self._enter(Wait.LINGER)
        elif expiry is Expiry.FAIL_BODY:
            if self._incoming.is_awaited:
                self._core.give_up()
                self._incoming.fail(HTTPRequestTimeout())
                self._enter(Wait.HANDLER)
            else:
                # The handler has not asked for the bytes that do not come.
                self._enter(self._wait)
        elif expiry is Expiry.CLOSE:
            self._enter(Wait.CLOSING)
        elif expiry is Expiry.ABORT_IF_STALLED and self._flow.has_progress:
            # The peer has read since the wait began.
            self._enter(self._wait)
        else:
            self.deadline = NEVER
            self._transport.abort()
