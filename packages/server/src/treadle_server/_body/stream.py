"""The body of a request as a stream: fed by the connection, read by the handler.

Bytes wait in a ``ByteQueue``. When more than the high-water mark wait, reading from the peer pauses
until half of them were taken, so that an upload of any size needs a bounded amount of memory. One
task reads at a time; an error is raised after the bytes that came before it were read.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Protocol, final

from treadle_http_parser import ContentDecoder, ContentEncodingError, Fields
from treadle_server._core.errors import PayloadAccessError

from .decoding import CodedBody, coding_error
from .queue import ByteQueue

__all__ = ["EMPTY_BODY", "ReadingSide", "StreamReader"]

#: The limit of a line in a body that arrived whole; the default of ``ServerConfig.read_bufsize``.
_USUAL_SIZE: Final = 256 * 1024

#: A reader that never waits gives other tasks a turn after this many reads or decoded bytes.
_MANY_READS: Final = 1024
_LONG_TURN: Final = 1024 * 1024


class ReadingSide(Protocol):
    """The side of a connection that can stop reading from the peer."""

    def pause_reading(self) -> None:
        """Stop taking bytes from the peer."""

    def resume_reading(self) -> None:
        """Take bytes again."""


@final
class StreamReader:
    """The body of one request; iterate it for its lines, or use ``iter_*`` and ``read*``.

    The methods raise ``RequestPayloadError`` for a malformed body, ``ConnectionResetError`` when
    the client has gone, ``PayloadAccessError`` after the response was sent, and ``RuntimeError``
    when two tasks read at the same time.
    """

    __slots__ = (
        "_before_wait",
        "_coded",
        "_eof",
        "_exception",
        "_flow",
        "_high",
        "_queue",
        "_raw_bytes",
        "_reads",
        "_turn",
        "_waiter",
        "trailers",
    )

    def __init__(
        self,
        flow: ReadingSide | None,
        high: int,
        before_wait: Callable[[], None] | None = None,
        arrived: bytes | None = None,
    ) -> None:
        """Make the reader of a body that will be fed, or that has ``arrived`` whole."""
        # None for a body that has arrived: there is nothing to pause.
        self._flow: Final = flow
        self._high: Final = high
        # The bytes to decode; None for a body without a coding, and once all bytes are decoded.
        self._coded: CodedBody | None = None
        # Bytes decoded, and reads, since other tasks had their turn.
        self._turn = 0
        self._reads = 0
        # Called before each wait for bytes: sends 100 Continue to a client that asked, and starts
        # the time in which the client must send some.
        self._before_wait = before_wait
        self._queue: Final = ByteQueue(arrived or b"")
        self._raw_bytes = self._queue.size
        #: The fields behind a chunked body, once its end has arrived.
        self.trailers: Fields = ()
        self._eof = arrived is not None
        self._exception: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None

    # Fed by the connection.

    @classmethod
    def whole(cls, data: bytes) -> "StreamReader":
        """Return a body that has fully arrived, which asks nothing of the connection."""
        # By position: Python has no fast path for a class that is called with keywords.
        return cls(None, _USUAL_SIZE, None, data)

    def decode(self, coding: str, max_expansion: int) -> None:
        """Read the body through its Content-Encoding; to be called before any byte is fed.

        An unknown coding shows when the body is read, not before: a handler that does not read the
        body needs no decoding.
        """
        try:
            self._coded = CodedBody(ContentDecoder(coding, max_ratio=max_expansion))
        except ContentEncodingError as error:
            self._exception = coding_error(error)

    def feed_data(self, data: bytes, chunk_end: bool = False) -> None:
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
        if waiting > self._high and self._flow is not None:
            self._flow.pause_reading()
        if self._waiter is not None:
            self._wake()

    def feed_eof(self, trailers: Fields = ()) -> None:
        """Take the end of the body."""
        self._eof = True
        self._before_wait = None
        self.trailers = trailers
        self._wake()

    def set_exception(self, exception: BaseException) -> None:
        """Fail the reader once the bytes before the failure are read; the first failure counts."""
        if self._exception is None and not self._eof:
            self._exception = exception
            self._before_wait = None
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
        if self._flow is not None:
            self._flow.resume_reading()

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

    # Reading.

    async def _wait(self) -> None:
        """Wait until bytes, the end or a failure have arrived."""
        if self._waiter is not None:
            raise RuntimeError(
                "Another task already waits for this request's body: read it in one task"
            )
        if self._before_wait is not None:
            self._before_wait()
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        try:
            await waiter
        finally:
            self._waiter = None

    async def _fill(self) -> bool:
        """Wait for bytes to read; False at the end of the body."""
        self._reads += 1
        if self._reads > _MANY_READS or self._turn > _LONG_TURN:
            # A reader that never waits would keep other tasks from their turn.
            self._turn = self._reads = 0
            await asyncio.sleep(0)
        while not self._queue.size:
            if self._coded is not None and self._decode():
                return True
            if self._exception is not None:
                raise self._exception
            if self._eof:
                return False
            self._reads = 0
            await self._wait()
        return True

    def _decode(self) -> bool:
        """Decode a piece if there is one; keep a failure for the next read."""
        coded = self._coded
        assert coded is not None
        try:
            piece = coded.read(ended=self._eof)
        except Exception as error:  # noqa: BLE001  # the reader gets every failure
            self._coded = None
            self._exception = error
            return False
        if not self._eof and coded.size <= self._high // 2:
            self._resume_reading()
        if not piece:
            if self._eof:
                self._coded = None
            return False
        self._queue.append(piece)
        self._turn += len(piece)
        return True

    def _read_on(self) -> None:
        """Take bytes from the peer again if few wait; called when some were taken."""
        # After the end of the body, reading on is the connection's business.
        if not self._eof and self._coded is None and self._queue.size <= self._high // 2:
            self._resume_reading()

    def _take(self, limit: int) -> bytes:
        data = self._queue.take(limit)
        self._read_on()
        return data

    def take_whole(self) -> bytes | None:
        """Return the rest of a body that has fully arrived, None if reading it may have to wait."""
        if not self._eof or self._exception is not None or self._coded is not None:
            return None
        queue = self._queue
        return queue.take(-1) if queue.size else b""

    async def read(self, n: int = -1) -> bytes:
        """Return up to ``n`` bytes as soon as there are any; the whole rest if ``n`` is negative.

        ``b""`` means the end of the body (or that ``n`` is 0).
        """
        if n == 0:
            return b""
        if n > 0:
            return self._take(n) if await self._fill() else b""
        parts = []
        while await self._fill():
            parts.append(self._take(-1))
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def readany(self) -> bytes:
        """Return the bytes that have arrived, or wait for the first ones; ``b""`` at the end."""
        return self._take(-1) if await self._fill() else b""

    async def readexactly(self, n: int) -> bytes:
        """Return exactly ``n`` bytes; raises ``asyncio.IncompleteReadError`` at an early end."""
        parts: list[bytes] = []
        left = n
        while left > 0:
            part = await self.read(left)
            if not part:
                raise asyncio.IncompleteReadError(b"".join(parts), n)
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    async def readuntil(self, separator: bytes = b"\n", *, max_size: int | None = None) -> bytes:
        """Return the bytes up to and including ``separator``, or the rest of the body without it.

        Raises ``ValueError`` for an empty separator and when more than ``max_size`` bytes (twice
        the read buffer by default) hold none.
        """
        if not separator:
            raise ValueError("separator must not be empty")
        limit = 2 * self._high if max_size is None else max_size
        line = bytearray()
        while await self._fill():
            found = self._queue.move_line(separator, line)
            self._read_on()
            if found or len(line) > limit:
                break
        if len(line) > limit:
            raise ValueError(f"No {separator!r} within the first {limit} bytes of the line")
        return bytes(line)

    async def readline(self, *, max_line_length: int | None = None) -> bytes:
        """Return the next line with its line feed; ``b""`` at the end of the body."""
        return await self.readuntil(b"\n", max_size=max_line_length)

    async def readchunk(self) -> tuple[bytes, bool]:
        """Return bytes up to the end of an HTTP chunk at most, and True if they reach it."""
        if not await self._fill():
            return b"", False
        chunk = self._queue.take_chunk()
        self._read_on()
        return chunk

    def read_nowait(self, n: int = -1) -> bytes:
        """Return up to ``n`` bytes that have arrived without waiting; ``b""`` without any."""
        if self._waiter is not None:
            raise RuntimeError("Another task already waits for this request's body")
        if not self._queue.size and (self._coded is None or not self._decode()):
            if self._exception is not None:
                raise self._exception
            return b""
        return self._take(n) if self._queue.size and n else b""

    async def wait_eof(self) -> None:
        """Wait until the end of the body has arrived, without reading it.

        Raises ``RuntimeError`` for a body that is larger than the read buffer: its rest is taken
        from the peer only when a task reads.
        """
        while not self._eof:
            if self._exception is not None:
                raise self._exception
            waiting = self._queue.size if self._coded is None else self._coded.size
            if waiting > self._high:
                raise RuntimeError(
                    f"wait_eof() would wait for ever: {waiting} bytes fill the read buffer of "
                    f"{self._high} and no task reads them; read the body or release the request"
                )
            await self._wait()

    def iter_any(self) -> AsyncIterator[bytes]:
        """Iterate over the pieces as they arrive."""
        return self._iterate(self.readany)

    def iter_chunked(self, n: int) -> AsyncIterator[bytes]:
        """Iterate over pieces of at most ``n`` bytes."""
        if n < 1:
            raise ValueError(f"n must be at least 1, got {n}")
        return self._iterate(lambda: self.read(n))

    async def iter_chunks(self) -> AsyncIterator[tuple[bytes, bool]]:
        """Iterate over ``(bytes, ended)``, with ``ended`` true where an HTTP chunk ends."""
        while await self._fill():
            yield await self.readchunk()

    async def _iterate(self, read: Callable[[], Awaitable[bytes]]) -> AsyncIterator[bytes]:
        while piece := await read():
            yield piece

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._iterate(self.readline)


#: The body of every request without one. It has ended, and nothing can change it.
EMPTY_BODY: Final = StreamReader.whole(b"")
