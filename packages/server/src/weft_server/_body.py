"""The body of a request as a stream: fed by the connection, read by the handler.

Bytes wait in the order of arrival; when more than the high-water mark wait, reading from the peer
pauses until half of it was taken, so that an upload of any size needs a bounded amount of memory.
One reader at a time; errors are raised after the bytes that came before them were read.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, final

from ._errors import PayloadAccessError
from ._flow import FlowControl

__all__ = ["StreamReader", "empty_body"]


@final
class StreamReader:
    """The body of one request; iterate it for its lines, or use ``iter_*`` and ``read*``.

    The methods raise ``RequestPayloadError`` for a malformed body, ``ConnectionResetError`` when
    the client has gone, ``PayloadAccessError`` after the response was sent, and ``RuntimeError``
    when two tasks read at the same time.
    """

    __slots__ = (
        "_before_wait",
        "_chunk_ends",
        "_chunks",
        "_eof",
        "_exception",
        "_flow",
        "_high",
        "_read",
        "_size",
        "_total",
        "_waiter",
    )

    def __init__(
        self,
        flow: FlowControl,
        high: int,
        before_wait: Callable[[], None] | None = None,
    ) -> None:
        self._flow: Final = flow
        self._high: Final = high
        # Called once before the first wait for bytes: sends 100 Continue to a client that asked.
        self._before_wait = before_wait
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._total = 0
        self._read = 0
        # Positions (in bytes of the body) at which an HTTP chunk ends, for iter_chunks().
        self._chunk_ends: deque[int] = deque()
        self._eof = False
        self._exception: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None

    # Fed by the connection.

    def feed_data(self, data: bytes, chunk_end: bool = False) -> None:
        """Take a piece of the body."""
        if self._exception is not None:
            return
        self._chunks.append(data)
        self._size += len(data)
        self._total += len(data)
        if chunk_end:
            self._chunk_ends.append(self._total)
        if self._size > self._high:
            self._flow.pause_reading()
        self._wake()

    def feed_eof(self) -> None:
        """Take the end of the body."""
        self._eof = True
        self._wake()

    def set_exception(self, exception: BaseException) -> None:
        """Fail the reader once the bytes before the failure are read; the first failure counts."""
        if self._exception is None and not self._eof:
            self._exception = exception
            self._wake()

    def discard(self) -> None:
        """Drop what waits and what comes: the response is out and nobody may read any more."""
        self._chunks.clear()
        self._size = 0
        if not self._eof or self._exception is not None:
            self._exception = PayloadAccessError(
                "Cannot read the request's body: its response was already sent"
            )
        self._flow.resume_reading()
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    # What is known without waiting.

    @property
    def total_bytes(self) -> int:
        """Bytes of the body that have arrived."""
        return self._total

    @property
    def waiting(self) -> bool:
        """Whether somebody waits for bytes."""
        return self._waiter is not None

    def is_eof(self) -> bool:
        """Whether the end of the body has arrived."""
        return self._eof

    def at_eof(self) -> bool:
        """Whether the whole body has been read."""
        return self._eof and not self._size

    def exception(self) -> BaseException | None:
        """The failure that reading will raise, or None."""
        return self._exception

    # Reading.

    async def _wait(self) -> None:
        """Wait until bytes, the end or a failure have arrived."""
        if self._waiter is not None:
            raise RuntimeError(
                "Another task already waits for this request's body: read it in one task"
            )
        if self._before_wait is not None:
            callback, self._before_wait = self._before_wait, None
            callback()
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        try:
            await waiter
        finally:
            self._waiter = None

    async def _fill(self) -> bool:
        """Wait for something to read; False at the end of the body."""
        while not self._size:
            if self._exception is not None:
                raise self._exception
            if self._eof:
                return False
            await self._wait()
        return True

    def _take(self, limit: int) -> bytes:
        """Return up to ``limit`` of the waiting bytes (all of them if negative), which exist."""
        chunks = self._chunks
        if limit < 0 or limit >= self._size:
            data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
            chunks.clear()
        else:
            parts = []
            left = limit
            while left:
                chunk = chunks.popleft()
                if len(chunk) > left:
                    chunks.appendleft(chunk[left:])
                    chunk = chunk[:left]
                parts.append(chunk)
                left -= len(chunk)
            data = parts[0] if len(parts) == 1 else b"".join(parts)
        self._size -= len(data)
        self._read += len(data)
        if self._size <= self._high // 2:
            self._flow.resume_reading()
        return data

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
        """Return what has arrived, waiting for the first byte; ``b""`` at the end."""
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
            start = max(0, len(line) - len(separator) + 1)
            piece = self._take(-1)
            line += piece
            found = line.find(separator, start)
            if found >= 0:
                end = found + len(separator)
                self._put_back(bytes(line[end:]))
                del line[end:]
                break
            if len(line) > limit:
                break
        if len(line) > limit:
            raise ValueError(f"No {separator!r} within the first {limit} bytes of the line")
        return bytes(line)

    def _put_back(self, data: bytes) -> None:
        if data:
            self._chunks.appendleft(data)
            self._size += len(data)
            self._read -= len(data)

    async def readline(self, *, max_line_length: int | None = None) -> bytes:
        """Return the next line with its line feed; ``b""`` at the end of the body."""
        return await self.readuntil(b"\n", max_size=max_line_length)

    async def readchunk(self) -> tuple[bytes, bool]:
        """Return what has arrived up to the end of an HTTP chunk, and whether it ended there."""
        if not await self._fill():
            return b"", False
        ends = self._chunk_ends
        while ends and ends[0] <= self._read:
            ends.popleft()
        data = self._take(ends[0] - self._read if ends else -1)
        ended = bool(ends) and ends[0] == self._read
        return data, ended

    def read_nowait(self, n: int = -1) -> bytes:
        """Return up to ``n`` bytes that have arrived without waiting; ``b""`` if there are none."""
        if self._exception is not None and not self._size:
            raise self._exception
        if self._waiter is not None:
            raise RuntimeError("Another task already waits for this request's body")
        return self._take(n) if self._size and n else b""

    async def wait_eof(self) -> None:
        """Wait until the end of the body has arrived, without reading it."""
        while not self._eof:
            if self._exception is not None:
                raise self._exception
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


def empty_body(flow: FlowControl) -> StreamReader:
    """Return the body of a request without one; a connection needs only one of them."""
    body = StreamReader(flow, 1)
    body.feed_eof()
    return body
