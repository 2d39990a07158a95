"""One HTTP/1.1 connection: asyncio's callbacks to the sans-IO core, and back.

The callbacks feed the core, hand its events to the body and the exchange, and settle in the next
wait. The core decides what is valid, the exchange what is answered, ``waiting`` what a passed
deadline means; this module only connects them.
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast, final

from treadle_http_parser import Data, EndOfMessage, Error, Event
from treadle_http_parser import Request as Head
from treadle_server._body.incoming import IncomingBody
from treadle_server._body.stream import EMPTY_PAYLOAD, RequestBody, StreamReader
from treadle_server._core.errors import ClientConnectionResetError, RequestPayloadError
from treadle_server._core.logs import log_debug, log_error
from treadle_server._transport.deadlines import NEVER
from treadle_server._transport.flow import FlowControl
from treadle_server._transport.upgrade import Upgraded

from .exchange import Exchange
from .logged import make_exchange
from .protocol import ProtocolConnection
from .state import ServerState
from .waiting import MAX_PENDING
from .waits import ENDING, NOT_READING, Wait
from .writer import StreamWriter

__all__ = ["HttpConnection"]

_REQUEST: Final = Wait.REQUEST

#: Requests that one connection gets answered before others have their turn, if they have come
#: already and their handlers do not wait.
_REQUESTS_PER_TURN: Final = 16


@final
class HttpConnection(ProtocolConnection):
    """The protocol of one accepted connection."""

    __slots__ = ("_on_made", "_requests")

    def __init__(
        self, state: ServerState, on_made: "Callable[[HttpConnection], object] | None" = None
    ) -> None:
        super().__init__(state)
        # Called when the connection is made: behind the TLS handshake, if there is one.
        self._on_made = on_made
        self._requests = 0

    # asyncio's callbacks.

    def connection_made(self, base_transport: asyncio.BaseTransport) -> None:
        """Set up for a new connection."""
        # A cast, not a check: uvloop's transports do not derive from asyncio's classes.
        transport = self._transport = cast("asyncio.Transport", base_transport)
        state = self._state
        self._flow = FlowControl(transport)
        self._writer = StreamWriter(self._core, self._flow, transport, state, self._switch)
        self._exchange = make_exchange(state, self._writer, self._exchange_done)
        self._incoming = IncomingBody(state.config, self._flow, self._writer, self._body_awaited)
        self._connected(transport)
        state.add(self)
        if self._on_made is not None:
            self._on_made(self)
            self._on_made = None
        self._born = state.sweeper.now
        # The first request gets the time of a head, not that of a kept connection, unless that is
        # the shorter one; no time to keep it does not mean no time to use it.
        keepalive = state.config.keepalive_timeout or NEVER
        self.deadline = self._born + min(state.config.head_timeout, keepalive)
        if state.draining:
            self._enter(Wait.CLOSING)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the peer."""
        core = self._core
        if self._wait in NOT_READING or (
            self._exchange.request is not None
            and (core.is_between or core.request_ended or core.has_more)
        ):
            self._keep_for_later(data)
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

    def _keep_for_later(self, data: bytes) -> None:
        """Take bytes that are not for now: those of a next request, or behind other bytes."""
        core = self._core
        if self._wait in ENDING:
            if self._wait is Wait.LINGER:
                self._enter(Wait.LINGER)
        elif core.keep_alive or core.is_between or core.has_more:
            # A few bytes of the next request are taken so that the end of input is seen; the others
            # are left to wait in the kernel, which is the back-pressure.
            core.hold(data)
            if core.pending_size > MAX_PENDING or self._wait is Wait.TURN:
                self._flow.pause_reading()
        else:
            core.receive_data(data)

    def eof_received(self) -> bool:
        """Take the end of input; True keeps the connection open for the response under way."""
        self._flow.eof_received()
        if self._wait in ENDING:
            return False
        self._eof = True
        answering = self.busy or self._wait in (Wait.TURN, Wait.WRITE)
        # Whole requests may wait behind the one under way, or chunks of its body: they come first.
        if not (answering and self._incoming.reader is None and self._core.has_pending):
            self._end_input()
        # Only the option to cancel takes the end of input for the end of interest in the answer.
        # TLS cannot send any more when the peer has closed its side.
        if (
            answering
            and not self._state.config.handler_cancellation
            and self._info.ssl_context is None
        ):
            return True
        self._enter(Wait.CLOSING)
        return False

    def _end_input(self) -> None:
        if self._core.has_more:
            return
        for event in self._core.receive_eof():
            if isinstance(event, Error):
                self._incoming.fail(ClientConnectionResetError(event.reason))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Tell the handler and the body; the server still knows of a handler that runs."""
        self._enter(Wait.CLOSED)
        # After a reset or an abort, asyncio's transport refers to itself until it is closed too.
        self._transport.close()
        self._flow.connection_lost()
        self._incoming.fail(ClientConnectionResetError("The client has closed the connection"))
        if self._state.config.handler_cancellation:
            self._exchange.cancel()
        self._core.close()
        self._writer.release()
        self._incoming.release()
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

    @property
    def exchange(self) -> Exchange:
        """The exchange of the request under way."""
        return self._exchange

    def describe(self) -> str:
        """Return the request under way for a log line, ``""`` without one."""
        request = self._exchange.request
        return "" if request is None else f"{request.method} {request.raw_path}"

    def shut_down(self) -> None:
        """Close if idle, otherwise after the response under way."""
        if self.busy:
            self._core.close_after_response()
        elif self._wait is not Wait.CLOSING and self._upgraded is None:
            self._enter(Wait.CLOSING)

    @property
    def lasting(self) -> bool:
        """True for a WebSocket or an open stream."""
        return self._upgraded is not None or self._writer in self._state.streams

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

    def abort(self) -> None:
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
        left = _REQUESTS_PER_TURN
        try:
            # Reading the next request behind the answer to this one is the back-pressure.
            while events and self._act(events) and core.has_pending:
                if self._flow.write_paused or self._transport.is_closing():
                    break
                left -= 1
                if not left or core.has_more:
                    self._enter(Wait.TURN)
                    break
                if core.is_between:
                    # The next request has deadlines of its own, even if it waits as this one did.
                    self._wait = _REQUEST
                events = core.receive_data(b"")
        finally:
            self._writer.uncork()
        self._settle()
        if core.has_more and self.busy:
            self._flow.pause_reading()
            self._state.loop.call_soon(self._read_more)

    def _read_more(self) -> None:
        """Read on in a body of many small chunks, now that other connections had their turn."""
        if not (self._core.has_more and self.busy) or self._wait in NOT_READING:
            return
        # The handler's reader may pause it again.
        self._flow.resume_reading()
        self._advance(self._core.receive_data(b""))
        if self._eof and not self._core.has_more and self._core.is_reading_body:
            self._end_input()

    def _act(self, events: list[Event]) -> bool:
        """Act on the events of one request; True if the connection is ready for the next one."""
        head = events[0]
        if type(head) is not Head:
            for event in events:
                self._take(event)
            return not self.busy and self._wait not in ENDING
        state = self._state
        self._dropping_since = NEVER
        if state.checks_requests:
            self._requests += 1
            if state.is_last_request(self._requests, self._born):
                self._core.close_after_response()
        framing = head.framing
        if framing.content_length == 0:
            body: StreamReader = EMPTY_PAYLOAD
        elif len(events) == 3 and not framing.chunked and not framing.content_coding:
            data = events[1]
            assert type(data) is Data
            body = RequestBody.whole(data.data)
        else:
            body = self._incoming.open(head)
            # All that came with the head is in place before the handler starts.
            for event in events[1:]:
                self._take(event)
        try:
            request = state.request_factory(head, body, self._writer, self._info)
        except Exception as error:  # noqa: BLE001  # the client gets an answer all the same
            text = "The request factory failed for %s %s"
            log_error(state.config.logger, text, head.method, head.target, error=error)
            self._write_error(500, "Internal Server Error")
            self._enter(Wait.LINGER)
            return False
        if not self._exchange.start(request):
            return False
        if self._incoming.current is not None:
            self._end_body()
        return True

    def _exchange_done(self) -> None:
        """Go on behind a response that had to wait; the exchange calls it."""
        if self._incoming.current is not None:
            self._end_body()
        if self._flow.transport is None:
            self._forget()
            return
        if self._flow.write_paused or self._flow.lost:
            # The peer reads first: another answer would only wait behind this one.
            self._settle()
        else:
            self._go_on()

    def _end_body(self) -> None:
        self._incoming.end_exchange()
        if self._core.is_reading_body:
            self._incoming.discard()

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
        text = "Refused a request from %s: %s %s %s"
        values = self._info.remote, error.status, error.reason, error.detail
        log_debug(self._state.config.logger, text, *values)
        if self._incoming.reader is not None:
            self._incoming.fail(RequestPayloadError(error.reason))
        else:
            self._write_error(error.status, error.reason)
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
        if self._state.streams.ended:
            # The others were shut down before.
            self._state.loop.call_soon(self.shut_down_upgraded)

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

    # The end.

    def _forget(self) -> None:
        """End a connection that is lost and has no handler any more."""
        self._state.remove(self)
        self._exchange.release()
