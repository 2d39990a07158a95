"""The fed side of a body: its bytes, its end or its failure go in here, and wait to be read.

Bytes wait in a ``ByteQueue``. When more than the high-water mark wait, reading from the peer pauses
until most of them were taken, so that an upload of any size needs a bounded amount of memory.
``_body.stream`` reads them.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from treadle_http_parser import ContentEncodingError, Fields
from treadle_server._core.errors import PayloadAccessError, server_logger
from treadle_server._core.logs import log_error

from .queue import ByteQueue

if TYPE_CHECKING:
    from .decoding import CodedBody

__all__ = ["BodyFeed", "ReadingSide"]


class ReadingSide(Protocol):
    """The side of a connection that can stop reading from the peer."""

    def pause_reading(self) -> None:
        """Stop taking bytes from the peer."""

    def resume_reading(self) -> None:
        """Take bytes again."""


class BodyFeed:
    """The bytes of one body that have arrived, and the waiter for more."""

    __slots__ = (
        "_before_wait",
        "_coded",
        "_eof",
        "_eof_callbacks",
        "_exception",
        "_high",
        "_low",
        "_protocol",
        "_queue",
        "_raw_bytes",
        "_reads",
        "_turn",
        "_waiter",
        "trailers",
    )

    # None for a body that has arrived: there is nothing to pause.
    _protocol: ReadingSide | None
    # Reading from the peer pauses while more bytes than the first wait, until fewer than the second
    # do.
    _high: int
    _low: int
    # The bytes to decode; None for a body without a coding, and once all bytes are decoded.
    _coded: "CodedBody | None"
    # Bytes decoded, and reads, since other tasks had their turn.
    _turn: int
    _reads: int
    # Called before each wait for bytes: sends 100 Continue to a client that asked, and starts the
    # time in which the client must send some.
    _before_wait: Callable[[], None] | None
    _queue: ByteQueue
    _raw_bytes: int
    #: The fields behind a chunked body, once its end has arrived.
    trailers: Fields
    _eof: bool
    _eof_callbacks: list[Callable[[], None]] | None
    _exception: BaseException | None
    _waiter: asyncio.Future[None] | None

    def __init__(
        self,
        flow: ReadingSide | None,
        high: int,
        low: int,
        before_wait: Callable[[], None] | None = None,
        arrived: bytes | None = None,
    ) -> None:
        """Make a body that will be fed, or that has ``arrived`` whole."""
        self._protocol = flow
        self._high = high
        self._low = low
        self._coded = None
        self._turn = 0
        self._reads = 0
        self._before_wait = before_wait
        self._queue = ByteQueue(arrived or b"")
        self._raw_bytes = self._queue.size
        self.trailers = ()
        self._eof = arrived is not None
        self._eof_callbacks = None
        self._exception = None
        self._waiter = None

    def decode(self, coding: str, max_expansion: int) -> None:
        """Read the body through its Content-Encoding; to be called before any byte is fed.

        An unknown coding shows when the body is read, not before: a handler that does not read the
        body needs no decoding.
        """
        # Few bodies are coded.
        from treadle_http_parser import ContentDecoder

        from .decoding import CodedBody, coding_error

        try:
            self._coded = CodedBody(ContentDecoder(coding, max_ratio=max_expansion))
        except ContentEncodingError as error:
            self._exception = coding_error(error)

    def feed(self, data: bytes, chunk_end: bool = False) -> None:
        """Take a piece of the body; ``chunk_end`` says that an HTTP chunk ends behind it."""
        if self._exception is not None:
            return
        self._raw_bytes += len(data)
        coded = self._coded
        if coded is None:
            queue = self._queue
            if data:
                queue.append(data)
            if chunk_end:
                queue.end_chunk()
            waiting = queue.size
        else:
            coded.feed(data)
            waiting = coded.size
        if waiting > self._high and self._protocol is not None:
            self._protocol.pause_reading()
        if self._waiter is not None:
            self._wake()

    def end(self, trailers: Fields = ()) -> None:
        """Take the end of the body."""
        self._eof = True
        self._before_wait = None
        self.trailers = trailers
        self._wake()
        if self._eof_callbacks is not None:
            callbacks, self._eof_callbacks = self._eof_callbacks, None
            for callback in callbacks:
                _call(callback)

    def on_eof(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when the end of the body arrives, at once if it has; errors are logged.

        It is not called for a body that fails.
        """
        if self._eof:
            _call(callback)
        elif self._eof_callbacks is None:
            self._eof_callbacks = [callback]
        else:
            self._eof_callbacks.append(callback)

    def fail(self, exception: BaseException) -> None:
        """Fail the reader once the bytes before the failure are read; the first failure counts."""
        if self._exception is None and not self._eof:
            self._exception = exception
            self._before_wait = None
            self._eof_callbacks = None
            self._wake()

    def forget_traceback(self) -> None:
        """Drop the traceback of the failure: the request is over.

        If it was raised, its frames lead to this reader, and through the handler to everything
        else of the request; only the garbage collector would find that circle.
        """
        error = self._exception
        while error is not None:
            error.__traceback__ = None
            error = error.__cause__ or error.__context__

    def discard(self) -> None:
        """Drop the bytes that wait and those that will come: the response is out.

        A later read raises ``PayloadAccessError``.
        """
        self._queue.clear()
        self._coded = None
        if not self._eof or self._exception is not None:
            self._exception = PayloadAccessError(
                "Cannot read the request's body: its response was already sent"
            )
        if not self._eof:
            self._resume_reading()
        self._wake()

    def _resume_reading(self) -> None:
        if self._protocol is not None:
            self._protocol.resume_reading()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    # State that needs no waiting.

    @property
    def total_bytes(self) -> int:
        """Bytes that were read or wait to be read, after decoding."""
        return self._queue.taken + self._queue.size

    @property
    def total_raw_bytes(self) -> int:
        """Bytes of the body that have arrived, before decoding."""
        return self._raw_bytes

    @property
    def total_compressed_bytes(self) -> int | None:
        """``total_raw_bytes`` of a body that is decoded while it is read, None for others."""
        return None if self._coded is None else self._raw_bytes

    @property
    def waiting(self) -> bool:
        """True if a task waits for bytes."""
        return self._waiter is not None

    def is_eof(self) -> bool:
        """True if the end of the body has arrived."""
        return self._eof

    def at_eof(self) -> bool:
        """True if the whole body has been read."""
        return self._eof and not self._queue.size and self._coded is None

    def exception(self) -> BaseException | None:
        """Return the failure that reading will raise, or None."""
        return self._exception

    def get_read_buffer_limits(self) -> tuple[int, int]:
        """Return the bytes below which reading from the peer goes on, and above which it pauses."""
        return self._low, self._high

    def set_read_chunk_size(self, n: int) -> None:
        """Let at least ``n`` bytes wait before reading from the peer pauses; it only grows."""
        if n > self._low:
            self._low = n
            self._high = 2 * n


def _call(callback: Callable[[], None]) -> None:
    try:
        callback()
    except Exception as error:  # noqa: BLE001  # an error of a callback is not one of the body
        log_error(server_logger, "Exception in eof callback", error=error)
