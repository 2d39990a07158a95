"""Payloads that are read while they are sent: open files, text streams, iterators of bytes.

Files are read in bounded pieces, through the writer's ``run_blocking`` if it has that method. They
can be written again, from where they began, until they are closed; pipes and iterables are written
once. A response closes its body at its end, on every path.
"""

import abc
import functools
import io
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterator
from typing import Final

from ._head import LooseHeaders
from ._payload import Payload, Sink, text_type
from ._types import run_blocking

__all__ = [
    "AsyncIterablePayload",
    "BufferedReaderPayload",
    "BytesIOPayload",
    "IOBasePayload",
    "IteratorPayload",
    "TextIOPayload",
]

#: Bytes of a file that are read at a time: large enough to make a hop to a thread and back cheap,
#: small enough that a thousand downloads fit into memory.
_PIECE: Final = 256 * 1024

_IS_A_STREAM: Final = "The body is a stream: it has no text before it is sent"


class _Streamed(Payload):
    """A payload that is read in pieces."""

    _autoclose = False

    @abc.abstractmethod
    def _pieces(self, writer: object) -> AsyncGenerator[bytes, None]:
        """Yield the payload; blocking calls go through the ``run_blocking`` of ``writer``."""

    def _can_repeat(self) -> bool:
        """Return True if the payload can be written again."""
        return False

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002
        """Raise ``TypeError``: the stream is not read yet."""
        raise TypeError(_IS_A_STREAM)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:  # noqa: ARG002
        """Return the bytes that are written."""
        return b"".join(await self._collect_pieces())

    async def write(self, writer: Sink) -> None:
        """Write all of the payload.

        Raises ``RuntimeError`` for a stream that was written before or is closed.
        """
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: Sink, content_length: int | None) -> None:
        """Write up to ``content_length`` bytes of the payload, reading no further."""
        if self._consumed:
            raise RuntimeError(
                f"{self!r} was written before, and a stream is read once, or it was closed"
            )
        self._consumed = True
        left = content_length
        pieces = self._pieces(writer)
        try:
            if left == 0:
                return
            async for piece in pieces:
                if left is not None:
                    piece = piece[:left]
                    left -= len(piece)
                if piece:
                    await writer.write(piece)
                if left == 0:
                    break
        finally:
            await pieces.aclose()
            self._consumed = not self._can_repeat()


class IOBasePayload(_Streamed):
    """The unread rest of an open binary file, which ``close`` closes.

    Clients save it under the file's name, if it has one, unless ``disposition`` is None.
    """

    _value: io.IOBase
    #: The position from which the file is written; None for a pipe and for a file that was closed.
    _begin: int | None

    def __init__(
        self,
        value: io.IOBase,
        disposition: str | None = "attachment",
        headers: LooseHeaders | None = None,
        content_type: str | None = None,
        filename: str | None = None,
        encoding: str | None = None,
        **kwargs: object,
    ) -> None:
        if filename is None:
            filename = _file_name(value)
        super().__init__(value, headers, content_type, filename, encoding, **kwargs)
        given = "Content-Disposition" in self._headers
        if filename is not None and disposition is not None and not given:
            self.set_content_disposition(disposition, filename=filename)
        try:
            self._begin, self._size = self._measure()
        except (OSError, ValueError, AttributeError):
            # A pipe or a socket: its size is unknown until its end.
            self._begin = None

    def _measure(self) -> tuple[int, int | None]:
        """Return the position and the number of bytes behind it, None if that is unknown."""
        file = self._value
        position = file.tell()
        file.seek(0, io.SEEK_END)
        # Not every object that is like a file returns it from ``seek``.
        end = file.tell()
        file.seek(position)
        return position, max(0, end - position)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the unread rest as text; it can still be sent.

        Raises ``TypeError`` for a pipe and for a file that is closed.
        """
        file = self._value
        if self._begin is None or file.closed:
            return super().decode(encoding, errors)
        position = file.tell()
        file.seek(self._begin)
        # As below.
        read: Callable[[], bytes | str] = getattr(file, "read")  # noqa: B009
        content = read()
        file.seek(position)
        return content if isinstance(content, str) else content.decode(encoding, errors)

    def _can_repeat(self) -> bool:
        return self._begin is not None

    def _read_piece(self, first: bool) -> bytes | None:
        """Return the next piece, the first one from where the payload began."""
        if first and self._begin is not None:
            self._value.seek(self._begin)
        # Every concrete file has it, ``IOBase`` itself does not.
        read: Callable[[int], bytes | None] = getattr(self._value, "read")  # noqa: B009
        return read(_PIECE)

    async def _pieces(self, writer: object) -> AsyncGenerator[bytes, None]:
        # One call for both: it may be one in another thread.
        piece = await run_blocking(writer, functools.partial(self._read_piece, True))
        while piece:
            yield piece
            piece = await run_blocking(writer, functools.partial(self._read_piece, False))

    def close_now(self) -> None:
        """Close the file, if it can be closed."""
        self._consumed = True
        self._begin = None
        close: Callable[[], object] | None = getattr(self._value, "close", None)
        if close is not None:
            close()


class BufferedReaderPayload(IOBasePayload):
    """The unread rest of a file that was opened with ``"rb"``."""


class BytesIOPayload(IOBasePayload):
    """The unread rest of an ``io.BytesIO``, which stays open."""

    _autoclose = True
    _value: io.BytesIO

    async def _pieces(self, writer: object) -> AsyncGenerator[bytes, None]:  # noqa: ARG002
        piece = self._read_piece(True)
        while piece:
            yield piece
            piece = self._read_piece(False)

    def close_now(self) -> None:
        """Keep it open: it holds nothing but memory."""


class TextIOPayload(IOBasePayload):
    """The unread rest of a file that was opened as text; sent in ``encoding`` or UTF-8."""

    _value: io.TextIOBase

    def __init__(
        self,
        value: io.TextIOBase,
        disposition: str | None = "attachment",
        headers: LooseHeaders | None = None,
        content_type: str | None = None,
        filename: str | None = None,
        encoding: str | None = None,
        **kwargs: object,
    ) -> None:
        encoding, content_type = text_type(encoding, content_type)
        super().__init__(value, disposition, headers, content_type, filename, encoding, **kwargs)

    def _measure(self) -> tuple[int, int | None]:
        # The size in the file's encoding says nothing about the size on the wire.
        return self._value.tell(), None

    def _read_piece(self, first: bool) -> bytes:
        if first and self._begin is not None:
            self._value.seek(self._begin)
        return self._value.read(_PIECE).encode(self._encoding or "utf-8")


def _file_name(file: object) -> str | None:
    name = getattr(file, "name", None)
    # open(3).name is a number, and a pipe's is "<fdopen>".
    if not isinstance(name, str) or name.startswith("<"):
        return None
    return name.replace("\\", "/").rpartition("/")[2] or None


class AsyncIterablePayload(_Streamed):
    """The pieces of an asynchronous iterable of bytes, which ``as_bytes`` keeps."""

    _value: AsyncIterable[bytes]
    _cached_chunks: list[bytes] | None = None

    def __init__(
        self,
        value: AsyncIterable[bytes],
        headers: LooseHeaders | None = None,
        content_type: str | None = None,
        filename: str | None = None,
        encoding: str | None = None,
        **kwargs: object,
    ) -> None:
        if not isinstance(value, AsyncIterable):
            raise TypeError(f"value must be an AsyncIterable, not {type(value).__name__}")
        super().__init__(value, headers, content_type, filename, encoding, **kwargs)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the kept pieces as text; ``TypeError`` if ``as_bytes`` was not called."""
        if self._cached_chunks is None:
            raise TypeError(f"Unable to decode - content not cached. {_IS_A_STREAM}")
        return b"".join(self._cached_chunks).decode(encoding, errors)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:  # noqa: ARG002
        """Return all pieces, and keep them: the payload can be written again."""
        if self._cached_chunks is None:
            self._cached_chunks = await self._collect_pieces()
            self._consumed = False
        return b"".join(self._cached_chunks)

    def _can_repeat(self) -> bool:
        return self._cached_chunks is not None

    async def _pieces(self, writer: object) -> AsyncGenerator[bytes, None]:  # noqa: ARG002
        if self._cached_chunks is not None:
            for chunk in self._cached_chunks:
                yield chunk
            return
        iterator = aiter(self._value)
        try:
            async for piece in iterator:
                yield piece
        finally:
            # A generator that is left halfway must clean up now, not when it is collected.
            if isinstance(iterator, AsyncGenerator):
                await iterator.aclose()


class IteratorPayload(_Streamed):
    """The pieces of an iterator of bytes, such as a generator, which ``close`` closes.

    Each piece is made where the server runs blocking calls, so that a generator may block.
    """

    _value: Iterator[bytes]

    def __init__(
        self,
        value: Iterator[bytes],
        headers: LooseHeaders | None = None,
        content_type: str | None = None,
        filename: str | None = None,
        encoding: str | None = None,
        **kwargs: object,
    ) -> None:
        if not isinstance(value, Iterator):
            raise TypeError(
                f"value must be an iterator of bytes, not {type(value).__name__}: pass a list "
                "through iter()"
            )
        super().__init__(value, headers, content_type, filename, encoding, **kwargs)

    async def _pieces(self, writer: object) -> AsyncGenerator[bytes, None]:
        # A default, because no future can hold a StopIteration.
        step = functools.partial(next, self._value, None)
        while (piece := await run_blocking(writer, step)) is not None:
            yield piece

    def close_now(self) -> None:
        """Close a generator."""
        self._consumed = True
        close: Callable[[], object] | None = getattr(self._value, "close", None)
        if close is not None:
            close()
