"""One HTTP/1.1 connection: asyncio's callbacks to the sans-IO core, and back.

The callbacks feed the core, hand its events to the body and the exchange, and ask ``next_wait`` for
the next wait. The core decides what is valid, the exchange what is answered, the table ``WAITS``
what a passed deadline means; this module only connects them.
"""

import asyncio
from typing import Final, cast, final

from treadle_http_parser import Data, EndOfMessage, Error, Event, ServerConnection
from treadle_http_parser import Request as Head
from treadle_responses import HTTPRequestTimeout
from treadle_server._body.incoming import IncomingBody
from treadle_server._body.stream import EMPTY_BODY, StreamReader
from treadle_server._core.errors import ClientConnectionResetError, RequestPayloadError
from treadle_server._core.types import ConnectionInfo
from treadle_server._transport.deadlines import NEVER
from treadle_server._transport.flow import FlowControl
from treadle_server._transport.upgrade import Upgraded

from .exchange import Exchange
from .state import ServerState
from .waits import ENDING, WAITS, Expiry, Wait, next_wait
from .writer import StreamWriter

__all__ = ["HttpConnection"]

_REQUEST: Final = Wait.REQUEST


@final
class HttpConnection(asyncio.Protocol):
    """The protocol of one accepted connection."""

    __slots__ = (
        "_born", "_core", "_eof", "_exchange", "_flow", "_incoming", "_info", "_requests", "_state",
        "_transport", "_wait", "_writer", "deadline",
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
        self._core: Final = ServerConnection(state.limits)
        # True once the end of input has come; whole requests may still wait for their turn.
        self._eof = False
        self._requests = 0
        self._wait = _REQUEST
        #: When, by the sweeper's clock, the wait is over.
        self.deadline = NEVER

    # asyncio's callbacks.

    def connection_made(self, base_transport: asyncio.BaseTransport) -> None:
        """Set up for a new connection."""
        # A cast, not a check: uvloop's transports do not derive from asyncio's classes.
        transport = self._transport = cast("asyncio.Transport", base_transport)
        state = self._state
        self._flow = FlowControl(transport)
        self._writer = StreamWriter(self._core, self._flow, transport, state, self._switch)
        self._exchange = Exchange(state, self._writer, self._exchange_done)
        self._incoming = IncomingBody(state.config, self._flow, self._writer)
        self._info = ConnectionInfo.of(transport)
        state.add(self)
        self._born = state.sweeper.now
        # The first request gets the time of a head, not that of a kept connection.
        self.deadline = self._born + state.config.head_timeout
        if state.draining:
            self._enter(Wait.CLOSING)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the peer."""
        core = self._core
        if self._wait in ENDING:
            self._incoming.drop(len(data))
            return
        if self._exchange.request is not None and core.is_between:
            # The client has read the end of a response whose task has not ended: it ends first.
            core.hold(data)
            self._flow.pause_reading()
            return
        events = core.receive_data(data)
        if core.has_pending:
            self._advance(events)
            return
        if events:
            self._act(events)
        if (
            self._wait is _REQUEST
            and self._exchange.request is None
            and core.is_idle
            and not (self._flow.write_paused or self._eof or self._state.checks_requests)
        ):
            # Fast path of hello in tools/bench/compare.py: REQUEST again, as ``_settle`` would say.
            self.deadline = self._state.idle_deadline
        else:
            self._settle()

    def eof_received(self) -> bool:
        """Take the end of input; True keeps the connection open for the response under way."""
        if self._wait in ENDING:
            return False
        self._eof = True
        # Whole requests may wait behind the one under way: they are answered first.
        if not (self.busy and self._incoming.reader is None and self._core.has_pending):
            for event in self._core.receive_eof():
                if isinstance(event, Error):
                    self._incoming.fail(ClientConnectionResetError(event.reason))
        # Only the option to cancel takes the end of input for the end of interest in the answer.
        if self.busy and not self._state.config.handler_cancellation:
            return True
        self._enter(Wait.CLOSING)
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Tell the handler and the body; the server still knows of a handler that runs."""
        self._enter(Wait.CLOSED)
        self._flow.connection_lost()
        self._incoming.fail(ClientConnectionResetError("The client has closed the connection"))
        if self._state.config.handler_cancellation:
            self._exchange.cancel()
        self._core.close()
        self._writer.release()
        if not self.busy:
            self._forget()

    def pause_writing(self) -> None:
        """Note that the peer is behind with reading."""
        self._flow.pause_writing()
        if self._wait not in ENDING:
            self._enter(Wait.WRITE)

    def resume_writing(self) -> None:
        """Go on with the work that waited for the peer."""
        self._flow.resume_writing()
        if self._wait is not Wait.WRITE:
            return
        if self.busy:
            self._settle()
        else:
            self._go_on()

    # The methods of ``interfaces.Connection``.

    @property
    def busy(self) -> bool:
        """True while a handler runs or a response is sent."""
        return self._exchange.request is not None

    def describe(self) -> str:
        """Return the request under way for a log line, ``""`` without one."""
        request = self._exchange.request
        return "" if request is None else f"{request.method} {request.raw_path}"

    def shut_down(self) -> None:
        """Close if idle, otherwise after the response under way."""
        if self.busy:
            self._core.close_after_response()
        elif self._wait not in ENDING and self._upgraded is None:
            self._enter(Wait.CLOSING)

    def shut_down_upgraded(self) -> None:
        """Have the protocol behind a 101 say good-bye, if there is one."""
        if self._upgraded is not None:
            self._upgraded.shut_down()

    def cancel(self) -> None:
        """Cancel the handler that is running."""
        if self._upgraded is not None and not self.busy:
            # It only waits for the peer's good-bye.
            self._transport.abort()
        self._exchange.cancel()

    def close(self) -> None:
        """Close at once."""
        self._transport.abort()

    def abandon(self) -> None:
        """Forget a handler that does not end although it was cancelled; close at once."""
        self._transport.abort()
        self._exchange.forget()
        self._state.remove(self)

    # Requests.

    def _advance(self, events: list[Event]) -> None:
        """Act on events, and on those of the requests that are pending behind them."""
        core = self._core
        # More than one answer may follow: let them leave together.
        self._writer.cork()
        try:
            # Reading the next request behind the answer to this one is the back-pressure.
            while events and self._act(events) and core.has_pending:
                if self._flow.write_paused or self._transport.is_closing():
                    break
                # The next request has deadlines of its own, even if it waits as this one did.
                self._wait = _REQUEST
                events = core.receive_data(b"")
        finally:
            self._writer.uncork()
        self._settle()

    def _act(self, events: list[Event]) -> bool:
        """Act on the events of one request; True if the connection is ready for the next one."""
        head = events[0]
        if type(head) is not Head:
            for event in events:
                self._take(event)
            return not self.busy and self._wait not in ENDING
        state = self._state
        if state.checks_requests:
            self._requests += 1
            if state.is_last_request(self._requests, self._born):
                self._core.close_after_response()
        framing = head.framing
        if framing.content_length == 0:
            body = EMPTY_BODY
        elif len(events) == 3 and not framing.chunked and not framing.content_coding:
            data = events[1]
            assert type(data) is Data
            body = StreamReader.whole(data.data)
        else:
            body = self._incoming.open(head)
            # All that came with the head is in place before the handler starts.
            for event in events[1:]:
                self._take(event)
        try:
            request = state.request_factory(head, body, self._writer, self._info)
        except Exception:
            state.config.logger.exception(
                "The request factory failed for %s %s", head.method, head.target
            )
            self._writer.write_error(500, "Internal Server Error")
            self._enter(Wait.LINGER)
            return False
        if not self._exchange.start(request):
            return False
        if self._incoming.reader is not None and self._core.is_reading_body:
            self._incoming.discard()
        return True

    def _exchange_done(self) -> None:
        """Go on behind a response that had to wait; the exchange calls it."""
        if self._flow.transport is None:
            self._forget()
            return
        if self._core.is_reading_body:
            self._incoming.discard()
        if self._flow.write_paused or self._flow.lost:
            # The peer reads first: another answer would only wait behind this one.
            self._settle()
        else:
            self._go_on()

    def _go_on(self) -> None:
        """Read on, beginning with the bytes that came before their turn."""
        self._flow.resume_reading()
        self._advance(self._core.receive_data(b""))

    # Bodies.

    def _take(self, event: Event) -> None:
        """Act on an event behind the head of a request, or on a refusal."""
        if isinstance(event, Data):
            self._incoming.feed(event)
        elif isinstance(event, EndOfMessage):
            self._incoming.end(event)
        elif isinstance(event, Error):
            self._refuse(event)

    def _refuse(self, error: Error) -> None:
        self._state.config.logger.debug(
            "Refused a request from %s: %d %s %s",
            self._info.remote, error.status, error.reason, error.detail,
        )  # fmt: skip
        if self._incoming.reader is not None:
            self._incoming.fail(RequestPayloadError(error.reason))
        else:
            self._writer.write_error(error.status, error.reason)
            self._enter(Wait.LINGER)

    # Another protocol behind 101 Switching Protocols: the methods of ``UpgradeOwner``.

    def _switch(self, upgraded: Upgraded) -> None:
        self._transport.set_protocol(upgraded)
        self._flow.resume_reading()
        self.watch_writing(self._flow.write_paused)
        upgraded.take_over(self, self._transport, self._flow)
        if tail := self._core.take_tail():
            upgraded.data_received(tail)
        if self._eof and not upgraded.eof_received():
            self._transport.close()

    @property
    def _upgraded(self) -> Upgraded | None:
        """The protocol behind a 101, while the transport belongs to it."""
        return None if self._wait in ENDING else self._writer.upgraded

    def watch_writing(self, paused: bool) -> None:
        """Start the write timeout while writing is paused; clear it otherwise."""
        self._enter(Wait.WRITE if paused else Wait.UPGRADED)

    def end_upgrade(self, *, linger: bool) -> None:
        """Take the transport back, to close it when everything is written."""
        if self._upgraded is None:
            return
        self._transport.set_protocol(self)
        self._flow.resume_reading()
        self._enter(Wait.LINGER if linger else Wait.CLOSING)

    # Waits, deadlines and the end.

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
            finished=self._eof or (self._state.draining and core.is_between),
        )
        if (core.has_pending and running and self._incoming.reader is None) or (
            wait is Wait.WRITE and not running
        ):
            # Back-pressure: the next request waits for this one, or for the peer to read.
            flow.pause_reading()
        if wait is not self._wait or WAITS[wait].renews:
            self._enter(wait)

    def _enter(self, wait: Wait) -> None:
        """Enter a wait: set its deadline, and do what belongs to its beginning."""
        state = self._state
        self._wait = wait
        self.deadline = state.sweeper.now + state.timeouts[wait]
        if wait is _REQUEST:
            self.deadline = state.idle_deadline
            if state.config.keepalive_time:
                self.deadline = min(self.deadline, self._born + state.config.keepalive_time)
            self._flow.resume_reading()
            return
        if wait in ENDING:
            self._incoming.start_dropping()
            self._writer.uncork()
        self._flow.watch_peer()
        if wait is Wait.CLOSING:
            self._transport.close()
        elif wait is Wait.LINGER:
            # Closing at once would reset the connection under bytes that are still on their way,
            # and the reset could overtake the response (RFC 9112 section 9.6).
            if self._eof:
                self._enter(Wait.CLOSING)
            else:
                self._flow.stop_sending()

    def _forget(self) -> None:
        """End a connection that is lost and has no handler any more."""
        self._state.remove(self)
        self._exchange.release()

    def on_deadline(self) -> None:
        """Act on a wait that took too long, as its row of ``WAITS`` says."""
        expiry = WAITS[self._wait].expiry
        if expiry is Expiry.REFUSE_HEAD:
            self._core.give_up()
            self._writer.write_error(408, "The request head did not arrive in time.")
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
