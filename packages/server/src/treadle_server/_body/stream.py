"""The body of a request as a stream: fed by the connection, read by the handler.

``StreamReader`` is the reading side over ``BodyFeed``, with aiohttp's constructor for programs and
tests that feed a body by hand. The bodies of a connection are of its subclass ``RequestBody``. One
task reads at a time. A request whose body is malformed or broken off still has the bytes that came
before the failure, and raises it behind them.
"""

import asyncio
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, final

from .feed import BodyFeed, ReadingSide

__all__ = ["EMPTY_PAYLOAD", "EmptyStreamReader", "ReadingSide", "RequestBody", "StreamReader"]

#: The limit of a line in a body that arrived whole; the default of ``ServerConfig.read_bufsize``.
_USUAL_SIZE: Final = 256 * 1024

#: A reader that never waits gives other tasks a turn after this many reads or decoded bytes.
_MANY_READS: Final = 1024
_LONG_TURN: Final = 1024 * 1024


class StreamReader(BodyFeed):
    """The body of one request; iterate it for its lines, or use ``iter_*`` and ``read*``.

    The methods raise ``RequestPayloadError`` for a malformed body, ``ConnectionResetError`` when
    the client has gone, ``PayloadAccessError`` after the response was sent, and ``RuntimeError``
    when two tasks read at the same time.

    Made by hand, it is fed with ``feed_data`` and ``feed_eof``, or fails with ``set_exception``.
    ``protocol.pause_reading()`` is called when more than twice ``limit`` bytes wait,
    ``protocol.resume_reading()`` when fewer than ``limit`` do. ``loop`` and ``timer`` are accepted
    and not used: a reader waits on the event loop of its task, and only clients have timers.
    """

    __slots__ = ()

    def __init__(
        self,
        protocol: ReadingSide | None,
        limit: int,
        *,
        timer: object = None,  # noqa: ARG002  # aiohttp's signature
        loop: asyncio.AbstractEventLoop | None = None,  # noqa: ARG002  # aiohttp's signature
    ) -> None:
        super().__init__(protocol, 2 * limit, limit)

    # Fed by hand.

    def feed_data(self, data: bytes, size: int = 0) -> bool:  # noqa: ARG002  # aiohttp's signature
        """Take a piece of the body; return False, as aiohttp does. ``size`` means nothing."""
        if self._eof:
            raise AssertionError("feed_data after feed_eof")
        if data:
            self.feed(data)
        return False

    def feed_eof(self) -> None:
        """Take the end of the body."""
        self.end()
        self._resume_reading()

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """Fail the reader at once: each read raises ``exc``, with ``exc_cause`` as its cause."""
        if exc_cause is not None:
            exc.__cause__ = exc_cause
        self._queue.clear()
        self._coded = self._before_wait = self._eof_callbacks = None
        self._exception = exc
        self._wake()

    def begin_http_chunk_receiving(self) -> None:
        """Begin an HTTP chunk; raises ``RuntimeError`` if bytes were fed before the first one."""
        if not self._queue.has_chunks and self.total_bytes:
            raise RuntimeError("Called begin_http_chunk_receiving when some data was already fed")
        self._queue.begin_chunk()

    def end_http_chunk_receiving(self) -> None:
        """End an HTTP chunk, for ``readchunk``; raises ``RuntimeError`` if none was begun."""
        if not self._queue.has_chunks:
            raise RuntimeError(
                "Called end_chunk_receiving without calling begin_chunk_receiving first"
            )
        if self.total_bytes > self._queue.last_end:
            self._queue.end_chunk()
            self._wake()

    def unread_data(self, data: bytes) -> None:
        """Put bytes that were read back in front of the others; deprecated, as in aiohttp."""
        warnings.warn(
            "unread_data() is deprecated and will be removed in future releases (#3260)",
            DeprecationWarning,
            stacklevel=2,
        )
        if data:
            self._queue.put_back(data)

    def __repr__(self) -> str:
        parts = [type(self).__name__]
        if self._queue.size:
            parts.append(f"{self._queue.size} bytes")
        if self._eof:
            parts.append("eof")
        if self._low != _USUAL_SIZE:
            parts.append(f"low={self._low} high={self._high}")
        if self._waiter is not None:
            parts.append(f"w={self._waiter!r}")
        if self._exception is not None:
            parts.append(f"e={self._exception!r}")
        return f"<{' '.join(parts)}>"

    # Reading.

    async def _wait(self, name: str) -> None:
        """Wait until bytes, the end or a failure have arrived."""
        if self._waiter is not None:
            raise RuntimeError(
                f"{name}() called while another coroutine is already waiting for incoming data: "
                "read the body of a request in one task"
            )
        if self._before_wait is not None:
            self._before_wait()
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        try:
            await waiter
        finally:
            self._waiter = None

    async def _fill(self, chunks: bool = False) -> bool:
        """Wait for bytes to read, or with ``chunks`` for the end of one; False at the end."""
        self._reads += 1
        if self._reads > _MANY_READS or self._turn > _LONG_TURN:
            # A reader that never waits would keep other tasks from their turn.
            self._turn = self._reads = 0
            await asyncio.sleep(0)
        while not self._queue.size:
            if chunks and self._queue.ends_chunk:
                return True
            if self._coded is not None and self._decode():
                return True
            if self._exception is not None:
                raise self._exception
            if self._eof:
                return False
            self._reads = 0
            await self._wait("read")
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
        if not self._eof and coded.size < self._low:
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
        if not self._eof and self._coded is None and self._queue.size < self._low:
            self._resume_reading()

    def _take(self, limit: int) -> bytes:
        data = self._queue.take(limit)
        self._read_on()
        return data

    def _take_any(self) -> bytes:
        data = self._queue.take_any()
        self._read_on()
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
            parts.append(self._take_any())
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def readany(self) -> bytes:
        """Return bytes that have arrived, or wait for the first ones; ``b""`` at the end.

        They are all that have arrived, but for the bytes behind a large piece.
        """
        return self._take_any() if await self._fill() else b""

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

    @property
    def _longest_line(self) -> int:
        return self._high

    async def readuntil(self, separator: bytes = b"\n", *, max_size: int | None = None) -> bytes:
        """Return the bytes up to and including ``separator``, or the rest of the body without it.

        Raises ``ValueError`` for an empty separator, and ``LineTooLong``, which is one too, when
        more than ``max_size`` bytes (twice the read buffer by default) hold none.
        """
        if not separator:
            raise ValueError("Separator should be at least one-byte string")
        limit = max_size or self._longest_line
        line = bytearray()
        while await self._fill():
            found = self._queue.move_line(separator, line)
            self._read_on()
            if found or len(line) > limit:
                break
        if len(line) > limit:
            from treadle_server._core.http_exceptions import LineTooLong

            raise LineTooLong(bytes(line[:100]) + b"...", str(limit))
        return bytes(line)

    async def readline(self, *, max_line_length: int | None = None) -> bytes:
        """Return the next line with its line feed; ``b""`` at the end of the body."""
        return await self.readuntil(b"\n", max_size=max_line_length)

    async def readchunk(self) -> tuple[bytes, bool]:
        """Return bytes up to the end of an HTTP chunk at most, and True if they reach it.

        Without the end of a chunk, it is the next piece as it arrived, and False.
        ``(b"", True)`` means that other reads have taken all of the chunk, ``(b"", False)`` the end
        of the body.
        """
        if not await self._fill(chunks=True):
            return b"", False
        chunk = self._queue.take_chunk()
        self._read_on()
        return chunk

    def read_nowait(self, n: int = -1) -> bytes:
        """Return up to ``n`` bytes that have arrived without waiting; ``b""`` without any."""
        if self._waiter is not None:
            raise RuntimeError(
                "Called while some coroutine is waiting for incoming data of this body"
            )
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
            await self._wait("wait_eof")

    def iter_any(self) -> AsyncIterator[bytes]:
        """Iterate over the pieces as they arrive."""
        return self._iterate(self.readany)

    def iter_chunked(self, n: int) -> AsyncIterator[bytes]:
        """Iterate over pieces of at most ``n`` bytes."""
        return self._iterate(lambda: self.read(n))

    async def iter_chunks(self) -> AsyncIterator[tuple[bytes, bool]]:
        """Iterate over ``(bytes, ended)``, with ``ended`` true where an HTTP chunk ends."""
        while (chunk := await self.readchunk()) != (b"", False):
            yield chunk

    async def _iterate(self, read: Callable[[], Awaitable[bytes]]) -> AsyncIterator[bytes]:
        while piece := await read():
            yield piece

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._iterate(self.readline)


@final
class RequestBody(StreamReader):
    """The body of a request on a connection, which feeds it with ``feed``, ``end`` and ``fail``."""

    __slots__ = ()

    def __init__(
        self,
        flow: ReadingSide | None,
        high: int,
        before_wait: Callable[[], None] | None = None,
        arrived: bytes | None = None,
    ) -> None:
        BodyFeed.__init__(self, flow, high, high // 2 + 1, before_wait, arrived)

    @classmethod
    def whole(cls, data: bytes) -> "RequestBody":
        """Return a body that has fully arrived, which asks nothing of the connection."""
        # Fast path of echo in tools/bench/compare.py: one call fewer than ``cls(...)``.
        self = cls.__new__(cls)
        BodyFeed.__init__(self, None, _USUAL_SIZE, _USUAL_SIZE, None, data)
        return self

    @property
    def _longest_line(self) -> int:
        return 2 * self._high

    @property
    def decodes(self) -> bool:
        """True if reads undo the coding of a Content-Encoding; ask before the first one."""
        return self._coded is not None

    def take_whole(self) -> bytes | None:
        """Return the rest of a body that has fully arrived, None if reading it may have to wait."""
        if not self._eof or self._exception is not None or self._coded is not None:
            return None
        queue = self._queue
        return queue.take(-1) if queue.size else b""


@final
class EmptyStreamReader(StreamReader):
    """The body of a request that has none: it has ended, and nothing can change it."""

    __slots__ = ()

    def __init__(self) -> None:
        BodyFeed.__init__(self, None, _USUAL_SIZE, _USUAL_SIZE, None, b"")

    def feed_data(self, data: bytes, size: int = 0) -> bool:  # noqa: ARG002  # the base's signature
        """Do nothing."""
        return False

    def feed_eof(self) -> None:
        """Do nothing."""

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """Do nothing: reading it cannot fail."""

    def set_read_chunk_size(self, n: int) -> None:
        """Do nothing: nothing waits."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


#: The body of every request without one.
EMPTY_PAYLOAD: Final[StreamReader] = EmptyStreamReader()
