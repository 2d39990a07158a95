"""One connection: asyncio's callbacks to the sans-IO core, and back.

The callbacks feed the core, hand what it found to the request's body and to the exchange, and set
the deadline for what must come next. What is valid is the core's to say, what to answer the
exchange's; here is only who acts when.
"""

import asyncio
from typing import Final, cast, final

from treadle_http_parser import Data, EndOfMessage, Error, Event, ServerConnection
from treadle_http_parser import Request as Head
from treadle_responses import HTTPRequestTimeout
from treadle_server._body.stream import EMPTY_BODY, StreamReader
from treadle_server._core.errors import ClientConnectionResetError, RequestPayloadError
from treadle_server._core.types import ConnectionInfo
from treadle_server._transport.deadlines import NEVER
from treadle_server._transport.flow import FlowControl
from treadle_server._transport.upgrade import Upgraded

from .exchange import Exchange
from .request import BaseRequest
from .state import Shared
from .writer import StreamWriter

__all__ = ["HttpConnection"]

# What the connection waits for, which says what a passed deadline means.
_IDLE: Final = "the next request"
_HEAD: Final = "the rest of a request head"
_BODY: Final = "the rest of a request body"
_HANDLER: Final = "the handler"
_WRITE: Final = "the peer to read"
_LINGER: Final = "the peer to stop sending"


def _body_of(head: Head, events: list[Event]) -> StreamReader | None:
    """Return the body of a request that arrived whole; None if there is more to it than bytes."""
    framing = head.framing
    if framing.content_length == 0:
        return EMPTY_BODY
    if len(events) == 3 and not framing.chunked and not framing.content_coding:
        data = events[1]
        assert type(data) is Data
        return StreamReader.whole(data.data)
    return None


@final
class HttpConnection(asyncio.Protocol):
    """The protocol of one accepted connection."""

    __slots__ = (
        "_body",
        "_born",
        "_core",
        "_early",
        "_eof",
        "_exchange",
        "_flow",
        "_info",
        "_linger_left",
        "_requests",
        "_shared",
        "_transport",
        "_upgraded",
        "_waiting",
        "_writer",
        "deadline",
    )

    _transport: asyncio.Transport
    _flow: FlowControl
    _writer: StreamWriter
    _exchange: Exchange
    _info: ConnectionInfo
    # Only where age or number of requests are bounded.
    _born: float
    _requests: int

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared
        # What came behind a response that is out, before its task had ended.
        self._early = b""
        self._core: Final = ServerConnection(shared.limits)
        # The body of the request under way, None once it has fully arrived.
        self._body: StreamReader | None = None
        self._linger_left = 0
        # Whether the end of input has come; whole requests may still wait for their turn.
        self._eof = False
        # What the transport's bytes go to instead, between 101 Switching Protocols and its end.
        self._upgraded: Upgraded | None = None
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
        self._writer = StreamWriter(self._core, self._flow, transport, shared, self._switch)
        self._exchange = Exchange(shared, self._writer, self._exchange_done)
        self._info = ConnectionInfo(
            transport.get_extra_info("peername"),
            transport.get_extra_info("sockname"),
            transport.get_extra_info("sslcontext"),
        )
        shared.add(self)
        now = shared.sweeper.now
        if shared.bounded:
            self._born = now
            self._requests = 0
        self.deadline = now + shared.config.head_timeout
        if shared.closing:
            transport.close()

    def data_received(self, data: bytes) -> None:
        """Take bytes from the peer."""
        if self._waiting is _LINGER:
            self._linger(len(data))
            return
        core = self._core
        if self._exchange.request is not None and core.is_between:
            # The client has read the end of a response whose task has not: it is first.
            self._early += data
            self._flow.pause_reading()
            return
        events = core.receive_data(data)
        shared = self._shared
        if not shared.bounded and len(events) > 1 and type(events[-1]) is EndOfMessage:
            # A whole request, and nothing that needs care: what nearly every call brings.
            head = events[0]
            if type(head) is Head and (body := _body_of(head, events)) is not None:
                request = shared.request_factory(head, body, self._writer, self._info)
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
        self._eof = True
        if self.busy and self._body is None and (core.has_pending or self._early):
            # Whole requests may wait behind the one under way: they are answered first.
            return not self._shared.config.handler_cancellation
        for event in core.receive_eof():
            assert isinstance(event, Error)
            if self._body is not None:
                self._fail_body(ClientConnectionResetError(event.reason))
        # A client may finish sending and still wait for the answer; only the option to cancel takes
        # the end of input for the end of interest.
        return self._exchange.request is not None and not self._shared.config.handler_cancellation

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Tell everybody that the peer is gone; the server still knows of a handler that runs."""
        if self._exchange.request is None:
            self._shared.remove(self)
        self.deadline = NEVER
        self._upgraded = None
        self._flow.connection_lost()
        self._fail_body(ClientConnectionResetError("The client has closed the connection"))
        if self._shared.config.handler_cancellation:
            self._exchange.cancel()
        self._core.close()
        self._writer.release()
        self._exchange.release()

    def pause_writing(self) -> None:
        """Note that the peer is behind with reading."""
        self._flow.pause_writing()
        if self._waiting is not _LINGER:
            self._wait_for(_WRITE, self._shared.config.write_timeout)

    def resume_writing(self) -> None:
        """Go on with what waited for the peer."""
        self._flow.resume_writing()
        if self._waiting is not _WRITE:
            return
        if self._exchange.request is not None:
            self._wait_for_handler()
            return
        if self._core.is_reading_body:
            self._wait_for(_BODY, self._shared.config.lingering_time)
        else:
            self._waiting = _HANDLER
        self._go_on()

    # What the server asks for.

    @property
    def busy(self) -> bool:
        """Whether a handler is running or a response is being sent."""
        return self._exchange.request is not None

    def shut_down(self) -> None:
        """Close when idle, else after the response under way."""
        if self.busy:
            self._core.close_after_response()
        elif self._waiting is not _LINGER and self._upgraded is None:
            self._transport.close()

    def shut_down_upgraded(self) -> None:
        """Have the protocol that HTTP was left for say good-bye, if there is one."""
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

    # Requests.

    def _process(self, events: list[Event]) -> None:
        """Act on events, then on the bytes that waited for the response to them."""
        core = self._core
        writer = self._writer
        if core.has_pending:
            # More than one answer may follow: let them leave together.
            writer.cork()
        shared = self._shared
        try:
            while events:
                head = events[0]
                if type(head) is Head and head.framing.content_length == 0 and not shared.bounded:
                    # As in data_received, for all but the first of a pipeline.
                    request = shared.request_factory(head, EMPTY_BODY, writer, self._info)
                    if not self._exchange.start(request):
                        break
                elif not self._act(events):
                    break
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
                    self._body.feed_eof(event.trailers)
                    self._body = None
                    # It may have paused; from here on the connection says who waits for whom.
                    self._flow.resume_reading()
            elif isinstance(event, Data):
                self._take(event)
            elif isinstance(event, Error):
                self._refuse(event)
        if request is not None and self._exchange.start(request):
            self._drop_unread_body()
        return self._exchange.request is None and self._waiting is not _LINGER

    def _begin(self, head: Head) -> BaseRequest:
        """Make the request; the handler starts when all that came with the head is in place."""
        # The rest of the last request's body, if it was dropped, has come.
        self._linger_left = 0
        shared = self._shared
        if shared.bounded:
            self._count_request()
        if head.framing.content_length == 0:
            body = EMPTY_BODY
        else:
            writer = self._writer
            body = self._body = StreamReader(
                self._flow, shared.config.read_bufsize, writer.continue_body
            )
            coding = head.framing.content_coding
            if coding and coding != "identity" and shared.config.auto_decompress:
                body.decode(coding, shared.config.max_expansion)
            if head.framing.expect == "100-continue" and head.version == (1, 1):
                writer.expect_continue()
        return shared.request_factory(head, body, self._writer, self._info)

    def _count_request(self) -> None:
        """Make this request the last one if the server stops or the connection had its share."""
        shared = self._shared
        config = shared.config
        last = shared.closing
        if config.keepalive_requests:
            self._requests += 1
            last = last or self._requests >= config.keepalive_requests
        if config.keepalive_time:
            last = last or shared.sweeper.now >= self._born + config.keepalive_time
        if last:
            self._core.close_after_response()

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
        if self._flow.write_paused and not self._flow.lost:
            # The peer reads first: no answer is made that would only wait behind this one.
            self._settle()
        elif not self._flow.lost:
            self._go_on()
        elif self._flow.transport is None:
            self._shared.remove(self)
            self._exchange.release()

    def _go_on(self) -> None:
        """Read on, beginning with what came before its turn."""
        self._flow.resume_reading()
        early, self._early = self._early, b""
        self._process(self._core.receive_data(early))

    def _drop_unread_body(self) -> None:
        if self._body is not None and self._core.is_reading_body:
            self._body.discard()
            self._linger_left = self._shared.config.lingering_size
            if not self._flow.write_paused:
                self._wait_for(_BODY, self._shared.config.lingering_time)

    # Another protocol behind 101 Switching Protocols; what ``_upgrade.Host`` asks for.

    def _switch(self, upgraded: Upgraded) -> None:
        self._upgraded = upgraded
        self._transport.set_protocol(upgraded)
        self._flow.resume_reading()
        self.watch_writing(self._flow.write_paused)
        upgraded.take_over(self, self._transport, self._flow)
        if tail := self._core.take_tail():
            upgraded.data_received(tail)
        if self._eof and not upgraded.eof_received():
            self._transport.close()

    def watch_writing(self, paused: bool) -> None:
        """Give the peer the time that it has to read what waits for it, or no deadline."""
        self._wait_for(_WRITE, self._shared.config.write_timeout if paused else NEVER)

    def end_upgrade(self, *, linger: bool) -> None:
        """Take the transport back, to close it when everything is written."""
        if self._upgraded is None:
            return
        self._upgraded = None
        self._transport.set_protocol(self)
        self._flow.resume_reading()
        if linger:
            self._start_lingering()
        else:
            self._wait_for(_LINGER, self._shared.config.lingering_time)
            self._transport.close()

    # Deadlines and the end.

    def _wait_for(self, what: str, seconds: float) -> None:
        self._waiting = what
        self.deadline = self._shared.sweeper.now + seconds

    def _settle(self) -> None:
        """Set the deadline for what comes next, or close."""
        core = self._core
        config = self._shared.config
        if self._waiting is _LINGER or self._flow.lost or self._upgraded is not None:
            return
        if self._eof and not self.busy:
            self._transport.close()
            return
        if self._exchange.request is not None:
            self._wait_for_handler()
        elif core.is_idle and not self._flow.write_paused:
            self._wait_for_request()
        elif core.must_close:
            if core.peer_failed:
                self._start_lingering()
            else:
                self._transport.close()
        elif self._flow.write_paused:
            self._flow.pause_reading()
            if self._waiting is not _WRITE:
                self._wait_for(_WRITE, config.write_timeout)
        elif core.is_reading_body:
            # Lingering: its deadline is set once, or a trickling client would stay for ever.
            return
        elif self._waiting is not _HEAD:
            # Set once, when the head begins: a client may not stretch it byte by byte.
            self._wait_for(_HEAD, config.head_timeout)

    def _wait_for_request(self) -> None:
        self._waiting = _IDLE
        self._linger_left = 0
        self.deadline = self._shared.idle_deadline
        age = self._shared.config.keepalive_time
        if age:
            self.deadline = min(self.deadline, self._born + age)
        if self._flow.reading_paused:
            self._flow.resume_reading()

    def _wait_for_handler(self) -> None:
        """Watch the peer while the handler runs: it owes a body, or must read what is written."""
        if self._core.has_pending and self._body is None:
            self._flow.pause_reading()
        if self._flow.write_paused:
            # Set when the writing paused; what the peer sends meanwhile gives it no more time.
            return
        if self._body is not None:
            self._wait_for(_BODY, self._shared.config.body_timeout)
        else:
            self._wait_for(_HANDLER, NEVER)

    def _start_lingering(self) -> None:
        """Stop sending, and drop what comes until the peer has seen the last response.

        Closing at once would reset the connection under bytes that are still on their way, and
        the reset could overtake the response (RFC 9112 section 9.6).
        """
        self._linger_left = self._shared.config.lingering_size
        self._wait_for(_LINGER, self._shared.config.lingering_time)
        self._writer.uncork()
        if self._eof:
            # It has stopped already.
            self._transport.close()
        else:
            self._flow.stop_sending()

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
