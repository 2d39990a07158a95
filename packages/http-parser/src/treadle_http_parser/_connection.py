"""One server connection without I/O: bytes in and events out, responses in and bytes out.

``ServerConnection`` joins the head parser, the body readers, the encoder and the state table. It
reads one request at a time: the bytes that a peer sends behind it stay here until the response has
ended. So pipelining costs no parsed messages, garbage behind a valid request does not spoil its
response, and the bytes behind a request to switch protocols are never read as HTTP.
"""

from collections.abc import Collection, Iterator
from typing import Final, final

from . import _errors as messages
from . import _state as states
from ._bytes import as_bytes
from ._chunked import ChunkedReader
from ._encode import bodiless_head, encode_fields, status_line
from ._errors import LocalProtocolError, RefusedError
from ._events import Data, EndOfMessage, Error, Event, Request
from ._limits import DEFAULT_LIMITS, Limits
from ._ordinary import ordinary_size, read_ordinary
from ._outgoing import FieldLines, OutgoingBody, connection_line, read_fields
from ._parser import HeadParser
from ._state import ANSWERING, START, ConnectionState

__all__ = ["ServerConnection"]

_END: Final = EndOfMessage()

#: Empty lines that are skipped before a request line (RFC 9112 section 2.2 asks for one).
_MAX_EMPTY_LINES: Final = 4

#: Larger heads are not kept: an idle connection holds its last one.
_MAX_KEPT: Final = 2048


@final
class ServerConnection:
    """The protocol state of one connection from a client; works with any kind of I/O.

    The caller's duties:

    - Give every chunk that arrives to ``receive``, ``b""`` at the end of input too, and act on all
      of its events in order (see ``treadle_http_parser._events``). Answer a request before taking
      the next event, and the requests behind it follow by themselves. ``receive_data`` and
      ``receive_eof`` are its two steps, for callers that answer at other times.
    - Answer each request with ``send_head``, ``send_data`` and ``send_end``, or with
      ``send_response``, and write the returned bytes in the order of the calls.
    - After the end of a response: if ``must_close``, write what is left and close; else, unless
      in ``receive``: if ``has_pending``, call ``receive_data(b"")``, because the next request may
      have arrived.
    - While ``has_pending`` is true between events, stop reading from the peer: that is the
      back-pressure for clients that pipeline.
    - Give bytes that arrive while no further request may be read yet (the response has ended, but
      the caller still works on it) to ``hold``, and read them with ``receive_data(b"")``
      afterwards. Read them before ``receive_eof``, which takes pending bytes for an incomplete
      request.
    - With ``max_chunks``, while ``has_more``: call ``receive_data(b"")`` before ``receive_eof``.
    - To replace a response of which only the head was made, and not written, call ``withdraw_head``
      and answer again.
    - After an ``Error`` event send one response of its status (unless a response head is already
      sent), then close.
    """

    __slots__ = (
        "_body_left",
        "_buffer",
        "_chunks",
        "_empty_lines",
        "_fed",
        "_head",
        "_held",
        "_held_size",
        "_last_head",
        "_limits",
        "_max_chunks",
        "_ordinary_size",
        "_outgoing",
        "_position",
        "_state",
        "request",
    )

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, max_chunks: int | None = None) -> None:
        """Begin a connection.

        ``max_chunks`` is the number of chunks of a body that one call of ``receive_data`` reads at
        most, for callers that have other connections to serve; None means any number. Raises
        ``ValueError`` if it is below 1.
        """
        if max_chunks is not None and max_chunks < 1:
            raise ValueError(f"max_chunks must be at least 1, or None; got {max_chunks!r}")
        self._max_chunks: Final = max_chunks or 0
        #: The current request, or between requests the last one; None before the first, and after
        #: an ``Error`` in place of a ``Request``.
        self.request: Request | None = None
        # The head of that request, unless it is large.
        self._last_head = b""
        self._limits: Final = limits
        self._state: Final = ConnectionState()
        self._ordinary_size: Final = ordinary_size(limits)
        self._head: Final = HeadParser(limits)
        # Received bytes that no event has carried yet are self._buffer[self._position:].
        self._buffer = b""
        self._position = 0
        # Chunks given to ``hold`` behind a non-empty buffer: while it is empty, so is this list, so
        # that only ``receive_data`` and ``take_tail`` need to look at it.
        self._held: Final[list[bytes]] = []
        self._held_size = 0
        # The bytes of the current head that httptools has seen, and the empty lines before it.
        self._fed = 0
        self._empty_lines = 0
        # The current request body: bytes left of a sized one, or the reader of a chunked one.
        self._body_left = 0
        self._chunks: ChunkedReader | None = None
        self._outgoing: Final = OutgoingBody()

    # The state, for the caller.

    @property
    def has_pending(self) -> bool:
        """True if received bytes wait for the response to end, or for the rest of their message."""
        return self._position < len(self._buffer)

    @property
    def has_more(self) -> bool:
        """True if ``max_chunks`` has cut a read short: ``receive_data(b"")`` reads on."""
        chunks = self._chunks
        return chunks is not None and chunks.stopped and self._position < len(self._buffer)

    @property
    def pending_size(self) -> int:
        """The number of bytes that wait, for ``has_pending``."""
        return len(self._buffer) - self._position + self._held_size

    @property
    def must_close(self) -> bool:
        """True if the connection has ended: nothing may be sent or received any more."""
        return self._state.phase.ours is states.MUST_CLOSE

    @property
    def is_idle(self) -> bool:
        """True between requests while no byte of the next one has arrived."""
        return self._state.phase is START and self._position == len(self._buffer)

    @property
    def is_between(self) -> bool:
        """True if the last response has ended: received bytes are read as another request."""
        return self._state.phase is START

    @property
    def peer_failed(self) -> bool:
        """True after an ``Error``: more bytes of the refused request may be on their way."""
        return self._state.phase.peer is states.ERROR

    @property
    def is_reading_body(self) -> bool:
        """True while the body of the current request has not fully arrived."""
        return self._state.phase.peer is states.BODY

    @property
    def request_ended(self) -> bool:
        """True from the end of the current request to that of its response."""
        return self._state.phase.peer is states.DONE

    @property
    def has_body(self) -> bool:
        """True if the response whose head was sent has a body (RFC 9112 section 6.3)."""
        return self._outgoing.has_body

    @property
    def head_sent(self) -> bool:
        """True if a final response head was sent for the current request."""
        return self._state.phase.ours not in (states.IDLE, states.SEND_HEAD)

    @property
    def response_ended(self) -> bool:
        """True unless the current request has no response, or one that is not complete."""
        return self._state.phase.ours not in (states.SEND_HEAD, states.SEND_BODY)

    @property
    def can_send_informational(self) -> bool:
        """True if a 1xx response may be sent now; HTTP/1.0 clients do not know them."""
        request = self.request
        return (
            request is not None
            and request.version == (1, 1)
            and states.INFORMATIONAL in self._state.phase.moves
        )

    @property
    def keep_alive(self) -> bool:
        """True if another request may follow the current response."""
        return self._state.keep_alive

    def close_after_response(self) -> None:
        """Make the current response the last one of the connection (``Connection: close``)."""
        self._state.keep_alive = False

    # Receiving.

    def receive(self, data: bytes) -> Iterator[Event]:
        """Return an iterator over the events that ``data`` completes; ``b""`` is the end of input.

        ``data`` is taken at once. If the caller has answered a request before it asks for the next
        event, the events of the requests that wait behind it follow: nothing is left to be read
        when the iterator ends. Take all events: those that are not taken are lost.
        """
        return self._iterate(self.receive_data(data), ended=not data)

    def _iterate(self, events: list[Event], *, ended: bool) -> Iterator[Event]:
        while events:
            yield from events
            waits = self._position < len(self._buffer)
            events = self.receive_data(b"") if waits and (self.is_between or self.has_more) else []
        if ended and not self.peer_failed:
            yield from self.receive_eof()

    def receive_data(self, data: bytes) -> list[Event]:
        """Return the events that ``data``, behind the pending bytes, completes.

        ``b""`` is allowed at any time and reads only the pending bytes. Events never reach beyond
        the current request; the caller's duties say when to read the next one.
        """
        if type(data) is not bytes:
            data = as_bytes(data, "receive_data()")
        if self._position == len(self._buffer):
            self._buffer = data
            self._position = 0
        elif data or self._held:
            self._join(data)
        phase = self._state.phase
        try:
            if phase is START:
                return self._receive_head()
            if phase.peer is states.BODY:
                return self._receive_body([])
        except RefusedError as refused:
            return [self._fail(refused)]
        if not self._state.keep_alive and not self._may_switch():
            # RFC 9112 section 9.6: what follows the last request of a connection is ignored.
            self._buffer = b""
        return []

    def hold(self, data: bytes) -> None:
        """Append ``data`` to the pending bytes without reading it; ``receive_data(b"")`` reads it.

        For bytes that arrive before the caller may read another request. Allowed at any time. Costs
        time in proportion to ``data``, however often it is called; its memory is not limited, so
        stop reading from the peer.
        """
        if type(data) is not bytes:
            data = as_bytes(data, "hold()")
        if self._position < len(self._buffer):
            if data:
                self._held.append(data)
                self._held_size += len(data)
        else:
            self._buffer = data
            self._position = 0

    def _join(self, data: bytes) -> None:
        """Make one buffer of the pending bytes, the held ones and ``data``."""
        self._buffer = b"".join((self._buffer[self._position :], *self._held, data))
        self._position = 0
        self._forget_held()

    def _forget_held(self) -> None:
        self._held.clear()
        self._held_size = 0

    def _may_switch(self) -> bool:
        """Return True if the bytes behind the current request are, or may become, not HTTP."""
        if self._state.phase.peer is states.SWITCHED:
            return True
        request = self.request
        return (
            states.SWITCH in self._state.phase.moves
            and request is not None
            and (request.method == "CONNECT" or request.upgrade != "")
        )

    def receive_eof(self) -> list[Event]:
        """Note the end of input; return an ``Error`` if it ends inside a request."""
        peer = self._state.phase.peer
        started = peer is states.IDLE and self.has_pending
        if started or peer is states.BODY:
            return [self._fail(RefusedError(400, messages.INCOMPLETE))]
        self._state.keep_alive = False
        self._state.move(states.PEER_EOF)
        return []

    def give_up(self) -> None:
        """Stop reading the current request, because the caller's deadline has passed.

        As after an ``Error``, one response may still be sent. Raises ``LocalProtocolError`` if no
        request is being received.
        """
        self._fail(RefusedError(408, messages.INCOMPLETE))

    def take_tail(self) -> bytes:
        """Return and forget the bytes behind the request that switched protocols."""
        self._join(b"")
        tail = self._buffer
        self._buffer = b""
        return tail

    def close(self) -> None:
        """Drop the parser: the connection has ended, and nothing more is received.

        This saves memory only: httptools and the object that uses it refer to each other, and
        without this call the garbage collector has to find them.
        """
        self._head.close()

    def _receive_head(self) -> list[Event]:
        buffer = self._buffer
        position = self._position
        fed = self._fed
        if not fed and buffer.startswith(b"\r\n", position):
            position = self._skip_empty_lines()
        # The end of the head may straddle the bytes that were searched before and the new ones.
        end = buffer.find(b"\r\n\r\n", position + fed - 3 if fed > 3 else position)
        if end < 0:
            self._receive_partial_head()
            return []
        end += 4
        head = buffer if position == 0 and end == len(buffer) else buffer[position:end]
        # A request is never changed and depends on its head alone: an equal head is the same one.
        # ``bench:parser``: without this ``hello`` takes 2.5 times as long.
        request = self.request if not fed and head == self._last_head else None
        if request is None:
            request = self._read_head(head, fed)
        self._position = end
        self._fed = 0
        self._empty_lines = 0
        self.request = request
        framing = request.framing
        state = self._state
        state.keep_alive = framing.keep_alive and request.method != "CONNECT"
        size = framing.content_length
        if size is not None and (not size or size <= len(buffer) - end):
            # The whole request has arrived: ``states.SHORTCUTS[BARE_REQUEST]``.
            state.phase = ANSWERING
            if not size:
                return [request, _END]
            self._position = end + size
            return [request, Data(buffer[end : end + size]), _END]
        state.move(states.REQUEST)
        events: list[Event] = [request]
        if size is None:
            fields_left = self._limits.max_fields - len(request.fields)
            self._chunks = ChunkedReader(self._limits, fields_left)
        else:
            self._body_left = size
        return self._receive_body(events) if end < len(buffer) else events

    def _read_head(self, head: bytes, fed: int) -> Request:
        size = len(head)
        request = read_ordinary(head) if not fed and size <= self._ordinary_size else None
        if request is None:
            request = self._head.finish(head[fed:] if fed else head, head)
        self._last_head = head if size <= _MAX_KEPT else b""
        return request

    def _skip_empty_lines(self) -> int:
        buffer = self._buffer
        position = self._position
        while buffer.startswith(b"\r\n", position):
            position += 2
            self._empty_lines += 1
            if self._empty_lines > _MAX_EMPTY_LINES:
                raise RefusedError(400, messages.BAD_REQUEST_LINE)
        self._position = position
        return position

    def _receive_partial_head(self) -> None:
        """Give an unfinished head to httptools, so that a mistake is refused when it arrives."""
        buffer = self._buffer
        position = self._position
        size = len(buffer) - position
        # A CR may be the first half of an empty line to skip: it belongs to no head yet.
        if size == 0 or (not self._fed and size == 1 and buffer[position] == 0x0D):
            return
        fed = self._fed
        self._fed = size
        self._head.feed(buffer[position + fed :], buffer[position:])

    def _receive_body(self, events: list[Event]) -> list[Event]:
        buffer = self._buffer
        position = self._position
        if self._chunks is not None:
            try:
                self._position = self._chunks.read(buffer, position, events, self._max_chunks)
            except RefusedError as refused:
                # The caller still gets the data before the mistake.
                events.append(self._fail(refused))
                return events
            if events and type(events[-1]) is EndOfMessage:
                self._chunks = None
                self._state.move(states.REQUEST_END)
            return events
        take = min(self._body_left, len(buffer) - position)
        if take:
            whole = position == 0 and take == len(buffer)
            events.append(Data(buffer if whole else buffer[position : position + take]))
            self._position = position + take
            self._body_left -= take
        if not self._body_left:
            events.append(_END)
            self._state.move(states.REQUEST_END)
        return events

    def _fail(self, refused: RefusedError) -> Error:
        self._state.keep_alive = False
        if self._state.phase.peer is states.IDLE:
            self.request = None
        self._state.move(states.PEER_ERROR)
        self._buffer = b""
        self._position = 0
        self._forget_held()
        return Error(refused.status, refused.reason, refused.detail, refused.limit)

    # Sending.

    def send_informational(self, status: int, fields: FieldLines = ()) -> bytes:
        """Return a 1xx response other than 101 (RFC 9110 section 15.2).

        Raises ``LocalProtocolError`` for another status, for framing fields, for an HTTP/1.0
        client, or after the final response has begun.
        """
        if not 100 <= status <= 199 or status == 101:
            raise LocalProtocolError(f"{status} is not an informational status (100, 102 to 199)")
        request = self.request
        if request is None or request.version != (1, 1):
            raise LocalProtocolError("Informational responses go to HTTP/1.1 clients only")
        head = bodiless_head(status, fields)
        self._state.move(states.INFORMATIONAL)
        return head

    def send_switch(self, fields: FieldLines, status: int = 101) -> bytes:
        """Return the response that ends HTTP on this connection: 101, or 2xx to CONNECT.

        The connection's later bytes belong to the application; ``take_tail`` has those that have
        already arrived. Raises ``LocalProtocolError`` for another status, for framing fields, for a
        request that did not ask to switch, and before all of it was read (RFC 9110 section 7.8).
        """
        request = self.request
        tunnel = request is not None and request.method == "CONNECT" and 200 <= status <= 299
        if status != 101 and not tunnel:
            raise LocalProtocolError(
                f"Protocols are switched by 101, or by 2xx to CONNECT; not by {status}"
            )
        if not tunnel and (request is None or not request.upgrade):
            raise LocalProtocolError("The request did not ask to switch protocols (Upgrade)")
        head = bodiless_head(status, fields)
        self._state.move(states.SWITCH)
        return head

    def send_head(self, status: int, fields: FieldLines = (), reason: str | None = None) -> bytes:
        """Return a final response head, framing fields included.

        A ``Content-Length`` among ``fields`` makes the body sized; without one the body is chunked,
        or ends with the connection for HTTP/1.0 clients. This method writes ``Transfer-Encoding``
        and ``Connection`` itself: ``Connection: close`` among the fields ends the connection after
        this response, ``keep-alive`` is sent if it is true, and other options stay (see
        ``_outgoing``). Responses to HEAD, those of status 204, 205 and 304 and 2xx to CONNECT have
        no body, whatever is given to ``send_data`` (RFC 9112 section 6.3).

        Raises ``LocalProtocolError`` for a response that would not be valid.
        """
        if status < 200:
            raise LocalProtocolError(f"{status} is not a final status; use send_informational")
        kept, while_kept, length, options = read_fields(fields)
        head = status_line(status, reason) + encode_fields(kept)
        persistence = encode_fields(while_kept) if while_kept else b""
        self._state.move(states.HEAD)
        framing = self._outgoing.begin(status, length, self.request)
        if self._outgoing.ends_connection or (options and "close" in map(str.lower, options)):
            self._state.keep_alive = False
        if persistence and self._state.keep_alive:
            head += persistence
        return b"".join((head, framing, self.connection_field(options), b"\r\n"))

    def withdraw_head(self) -> None:
        """Take back the response head that ``send_head`` has returned, to answer again.

        Only the caller knows that no byte of the response was written. A connection that was to
        close after it still closes. Raises ``LocalProtocolError`` if no response has begun, and if
        it has ended.
        """
        self._state.move(states.WITHDRAWAL)

    def connection_field(self, options: Collection[str] = ()) -> bytes:
        """Return the ``Connection`` line that the current response needs, or ``b""``.

        ``options`` are those that the application has given.
        """
        keep_alive = self._state.keep_alive
        version = (1, 1) if self.request is None else self.request.version
        if not options:
            # Nearly all responses.
            if keep_alive and version == (1, 1):
                return b""
            return b"Connection: keep-alive\r\n" if keep_alive else b"Connection: close\r\n"
        return connection_line(options, keep_alive=keep_alive, version=version)

    def send_data(self, data: bytes | bytearray | memoryview) -> bytes:
        """Return ``data`` framed as a part of the body; ``b""`` if the response has no body.

        Raises ``LocalProtocolError`` for more bytes than ``Content-Length`` announced.
        """
        if self._state.phase.ours is not states.SEND_BODY:
            raise LocalProtocolError("No response head was sent for this data: send_head first")
        return self._outgoing.frame(data)

    def pass_data(self, size: int) -> None:
        """Note that ``size`` bytes of a sized body reach the wire by another way (``sendfile``).

        Call it before they do. Raises ``LocalProtocolError`` if the body is not sized or has no
        room for them.
        """
        if self._state.phase.ours is not states.SEND_BODY:
            raise LocalProtocolError("No response head was sent for this data: send_head first")
        self._outgoing.pass_by(size)

    def send_end(self, trailers: FieldLines = ()) -> bytes:
        """Return the bytes that end the body; ``trailers`` are sent behind a chunked body only.

        A body shorter than its ``Content-Length`` raises ``LocalProtocolError``: the caller must
        then close the connection without another byte, so that the peer can detect it.
        """
        try:
            end = self._outgoing.end(trailers)
        except LocalProtocolError:
            self._state.keep_alive = False
            raise
        self._state.move(states.RESPONSE_END)
        return end

    def send_response(self, status: bytes, block: bytes, body: bytes, *, bodiless: bool) -> bytes:
        """Return a whole response in one piece: the fast path of the three methods above.

        ``status`` and ``block`` are a status line and field lines that ``status_line`` and
        ``encode_fields`` made, ``block`` with the right ``Content-Length`` for ``body``;
        ``bodiless`` is True if the status allows no body. Nothing is checked again here.
        """
        request = self.request
        if request is None or not self._state.keep_alive or request.version != (1, 1):
            block += self.connection_field()
            # CONNECT is never kept alive, so that only this branch needs to know it.
            if request is not None and request.method == "CONNECT":
                bodiless = bodiless or status.startswith(b"HTTP/1.1 2")
        state = self._state
        if state.keep_alive and state.phase is ANSWERING:
            # ``states.SHORTCUTS[RESPONSE]``.
            state.phase = START
        else:
            state.move(states.RESPONSE)
        if bodiless or (request is not None and request.method == "HEAD"):
            return b"%b%b\r\n" % (status, block)
        return b"".join((status, block, b"\r\n", body))

    def send_large_response(
        self, status: bytes, block: bytes, body: bytes, *, bodiless: bool
    ) -> tuple[bytes, bytes]:
        """Return head and body of a whole response: ``send_response`` without joining them.

        For bodies that are too large to be copied; the body is ``b""`` if there must be none.
        """
        head = self.send_response(status, block, b"", bodiless=bodiless)
        request = self.request
        method = "" if request is None else request.method
        tunnel = method == "CONNECT" and status.startswith(b"HTTP/1.1 2")
        return head, b"" if bodiless or tunnel or method == "HEAD" else body
