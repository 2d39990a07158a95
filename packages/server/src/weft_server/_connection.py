"""One connection: asyncio's callbacks to the sans-IO core, and back.

The callbacks feed the core, hand what it found to the request's body and to the exchange, and set
the deadline for what must come next.  What is valid is the core's to say, what to answer the
exchange's; here is only who acts when.
"""

import asyncio
from typing import Final, cast, final

from weft_http_parser import Data, EndOfMessage, Error, Event, ServerConnection
from weft_http_parser import Request as Head
from weft_responses import HTTPRequestTimeout

from ._body import StreamReader, empty_body
from ._errors import ClientConnectionResetError, RequestPayloadError
from ._exchange import Exchange
from ._flow import FlowControl
from ._request import BaseRequest
from ._shared import Shared
from ._timers import NEVER
from ._types import ConnectionInfo
from ._writer import StreamWriter

__all__ = ["HttpConnection"]

# What the connection waits for, which says what a passed deadline means.
_IDLE: Final = "the next request"
_HEAD: Final = "the rest of a request head"
_BODY: Final = "the rest of a request body"
_HANDLER: Final = "the handler"
_WRITE: Final = "the peer to read"
_LINGER: Final = "the peer to stop sending"


@final
class HttpConnection(asyncio.Protocol):
    """The protocol of one accepted connection."""

    __slots__ = (
        "_body",
        "_core",
        "_empty",
        "_eof",
        "_exchange",
        "_flow",
        "_info",
        "_linger_left",
        "_shared",
        "_transport",
        "_waiting",
        "_writer",
        "deadline",
    )

    _transport: asyncio.Transport
    _flow: FlowControl
    _writer: StreamWriter
    _exchange: Exchange
    _info: ConnectionInfo
    _empty: StreamReader

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared
        self._core: Final = ServerConnection(shared.limits)
        # The body of the request under way, None once it has fully arrived.
        self._body: StreamReader | None = None
        self._linger_left = 0
        # Whether the end of input has come behind requests that wait for their turn.
        self._eof = False
        self._waiting = _IDLE
        #: When, by the sweeper's clock, the wait is over.
        self.deadline = NEVER

    # asyncio's callbacks.

    def connection_made(self, base_transport: asyncio.BaseTransport) -> None:
        """Set up for a new connection."""
        # A cast and no check: uvloop's transports do not derive from asyncio's classes.
        transport = self._transport = cast("asyncio.Transport", base_transport)
        shared = self._shared
        self._flow = FlowControl(transport)
        self._writer = StreamWriter(self._core, self._flow, transport, shared)
        self._exchange = Exchange(shared, self._writer, self._exchange_done)
        self._info = ConnectionInfo(
            transport.get_extra_info("peername"),
            transport.get_extra_info("sockname"),
            transport.get_extra_info("sslcontext"),
        )
        self._empty = empty_body(self._flow)
        shared.add(self)
        self.deadline = shared.sweeper.now + shared.config.head_timeout
        if shared.closing:
            transport.close()

    def data_received(self, data: bytes) -> None:
        """Take bytes from the peer."""
        if self._waiting is _LINGER:
            self._linger(len(data))
            return
        core = self._core
        events = core.receive_data(data)
        if len(events) == 2:
            head, end = events
            if type(head) is Head and type(end) is EndOfMessage:
                # A whole request without a body: what nearly every call brings.
                shared = self._shared
                if shared.closing:
                    core.close_after_response()
                request = shared.request_factory(head, self._empty, self._writer, self._info)
                if not self._exchange.start(request):
                    self._settle()
                elif core.is_idle and not self._flow.write_paused:
                    self._waiting = _IDLE
                    self.deadline = shared.idle_deadline
                else:
                    self._process(core.receive_data(b""))
                return
        self._process(events)

    def eof_received(self) -> bool:
        """Take the end of input; True keeps the connection open for the response under way."""
        if self._waiting is _LINGER:
            return False
        core = self._core
        if self.busy and self._body is None and core.has_pending:
            # Whole requests may wait behind the one under way: they are answered first.
            self._eof = True
            return not self._shared.config.handler_cancellation
        for event in core.receive_eof():
            assert isinstance(event, Error)
            if self._body is not None:
                self._fail_body(ClientConnectionResetError(event.reason))
        # A client may finish sending and still wait for the answer; only the option to cancel takes
        # the end of input for the end of interest.
        return self._exchange.request is not None and not self._shared.config.handler_cancellation

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Tell everybody that the peer is gone."""
        self._shared.remove(self)
        self.deadline = NEVER
        self._flow.connection_lost()
        self._fail_body(ClientConnectionResetError("The client has closed the connection"))
        if self._shared.config.handler_cancellation:
            self._exchange.cancel()

    def pause_writing(self) -> None:
        """Note that the peer is behind with reading."""
        self._flow.pause_writing()
        self._wait_for(_WRITE, self._shared.config.write_timeout)

    def resume_writing(self) -> None:
        """Go on with what waited for the peer."""
        self._flow.resume_writing()
        if self._waiting is _WRITE:
            self._wait_for(_HANDLER, NEVER)
            if self._exchange.request is None:
                self._process(self._core.receive_data(b""))

    # What the server asks for.

    @property
    def busy(self) -> bool:
        """Whether a handler is running or a response is being sent."""
        return self._exchange.request is not None

    def shut_down(self) -> None:
        """Close when idle, else after the response under way."""
        if self.busy:
            self._core.close_after_response()
        elif self._waiting is not _LINGER:
            self._transport.close()

    def cancel(self) -> None:
        """Cancel the handler that is running."""
        self._exchange.cancel()

    def close(self) -> None:
        """Close at once."""
        self._transport.abort()

    # Requests.

    def _process(self, events: list[Event]) -> None:
        """Act on events, then on the bytes that waited for the response to them."""
        core = self._core
        writer = self._writer
        if core.has_pending:
            # More than one answer may follow: let them leave together.
            writer.cork()
        try:
            while events and self._act(events):
                # The next request is looked at when the answer to this one is on its way: that is
                # the back-pressure for clients that pipeline.
                if not core.has_pending or self._flow.write_paused:
                    break
                events = core.receive_data(b"")
        finally:
            writer.uncork()
        self._settle()

    def _act(self, events: list[Event]) -> bool:
        """Act on events; True when the connection is ready for another request."""
        request: BaseRequest | None = None
        for event in events:
            if type(event) is Head:
                request = self._begin(event)
            elif type(event) is EndOfMessage:
                if self._body is not None:
                    self._body.feed_eof()
                    self._body = None
            elif isinstance(event, Data):
                self._take(event)
            elif isinstance(event, Error):
                self._refuse(event)
        if request is not None and self._exchange.start(request):
            self._drop_unread_body()
        return self._exchange.request is None and self._waiting is not _LINGER

    def _begin(self, head: Head) -> BaseRequest:
        """Make the request; the handler starts when all that came with the head is in place."""
        shared = self._shared
        if shared.closing:
            self._core.close_after_response()
        if head.framing.content_length == 0:
            body = self._empty
        else:
            writer = self._writer
            body = self._body = StreamReader(
                self._flow, shared.config.read_bufsize, writer.continue_body
            )
            if head.framing.expect == "100-continue" and head.version == (1, 1):
                writer.expect_continue()
        return shared.request_factory(head, body, self._writer, self._info)

    def _take(self, event: Data) -> None:
        body = self._body
        assert body is not None
        self._writer.body_arrives()
        if self._linger_left:
            # The response is out: the rest of the body is only read so that it can be dropped.
            self._linger_left -= len(event.data)
            if self._linger_left <= 0:
                self._transport.abort()
            return
        body.feed_data(event.data, event.chunk_end)

    def _refuse(self, error: Error) -> None:
        self._shared.config.logger.debug(
            "Refused a request from %s: %d %s %s",
            self._info.remote, error.status, error.reason, error.detail,
        )  # fmt: skip
        if self._body is not None:
            self._fail_body(RequestPayloadError(error.reason))
        else:
            self._writer.write_error(error.status, error.reason)
            self._start_lingering()

    def _fail_body(self, error: BaseException) -> None:
        body, self._body = self._body, None
        if body is not None:
            body.set_exception(error)

    def _exchange_done(self) -> None:
        """Go on behind a response that had to wait (called by the exchange)."""
        self._drop_unread_body()
        if not self._flow.lost:
            self._flow.resume_reading()
            self._process(self._core.receive_data(b""))

    def _drop_unread_body(self) -> None:
        if self._body is not None and self._core.is_reading_body:
            self._body.discard()
            self._linger_left = self._shared.config.lingering_size
            self._wait_for(_BODY, self._shared.config.lingering_time)

    # Deadlines and the end.

    def _wait_for(self, what: str, seconds: float) -> None:
        self._waiting = what
        self.deadline = self._shared.sweeper.now + seconds

    def _settle(self) -> None:
        """Set the deadline for what comes next, or close."""
        core = self._core
        config = self._shared.config
        if self._waiting is _LINGER or self._flow.lost:
            return
        if self._eof and not self.busy:
            self._transport.close()
            return
        if self._exchange.request is None and core.is_idle and not self._flow.write_paused:
            self._waiting = _IDLE
            self._linger_left = 0
            self.deadline = self._shared.idle_deadline
            if self._flow.reading_paused:
                self._flow.resume_reading()
        elif core.must_close:
            if core.peer_failed:
                self._start_lingering()
            else:
                self._transport.close()
        elif self._exchange.request is not None:
            if self._body is not None:
                self._wait_for(_BODY, config.body_timeout)
                return
            if core.has_pending:
                self._flow.pause_reading()
            if self._waiting is not _WRITE:
                self._wait_for(_HANDLER, NEVER)
        elif self._flow.write_paused:
            self._flow.pause_reading()
        elif core.is_reading_body:
            # Lingering: its deadline is set once, or a trickling client would stay for ever.
            return
        elif self._waiting is not _HEAD:
            # Set once, when the head begins: a client may not stretch it byte by byte.
            self._wait_for(_HEAD, config.head_timeout)

    def _start_lingering(self) -> None:
        """Stop sending, and drop what comes until the peer has seen the last response.

        Closing at once would reset the connection under bytes that are still on their way, and
        the reset could overtake the response (RFC 9112 section 9.6).
        """
        self._linger_left = self._shared.config.lingering_size
        self._wait_for(_LINGER, self._shared.config.lingering_time)
        self._writer.uncork()
        if self._transport.can_write_eof() and not self._flow.lost:
            self._transport.write_eof()

    def _linger(self, size: int) -> None:
        self._linger_left -= size
        if self._linger_left <= 0:
            self._transport.abort()

    def on_deadline(self) -> None:
        """Act on a wait that took too long."""
        waiting = self._waiting
        if waiting is _HEAD:
            self._core.give_up()
            self._writer.write_error(408, "The request head did not arrive in time.")
            self._start_lingering()
        elif waiting is _BODY and self.busy:
            if self._body is not None and self._body.waiting:
                self._core.give_up()
                self._fail_body(HTTPRequestTimeout())
                self._wait_for(_HANDLER, NEVER)
            else:
                # Nobody has asked for the bytes that do not come.
                self._wait_for(_BODY, self._shared.config.body_timeout)
        elif waiting is _IDLE:
            self._wait_for(_LINGER, self._shared.config.lingering_time)
            self._transport.close()
        else:
            self._transport.abort()
            self.deadline = NEVER
