"""Payloads that are read while they are sent: open files, text streams, asynchronous iterables.

Files are read in bounded pieces, through the writer's ``run_blocking`` if it has that method. A
stream can be written once. Writing it closes it, on every path.
"""

import abc
import functools
import io
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from typing import Final

from ._head import LooseHeaders
from ._payload import Payload, Sink, text_type
from ._types import run_blocking

__all__ = [
    "AsyncIterablePayload",
    "BufferedReaderPayload",
    "BytesIOPayload",
    "IOBasePayload",
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

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002
        """Raise ``TypeError``: the stream is not read yet."""
        raise TypeError(_IS_A_STREAM)

    async def write(self, writer: Sink) -> None:
        """Write all of the payload and close it.

        Raises ``RuntimeError`` when called a second time.
        """
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: Sink, content_length: int | None) -> None:
        """Write up to ``content_length`` bytes of the payload, reading no further, and close it."""
        if self._consumed:
            raise RuntimeError(f"{self!r} was written before, and a stream is read once")
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
            await self.close()


class IOBasePayload(_Streamed):
    """The unread rest of an open binary file, which is closed at the end.

    Clients save it under the file's name, if it has one, unless ``disposition`` is None.
    """

    _value: io.IOBase

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
        self._size = self._size_left()

    def _size_left(self) -> int | None:
        file = self._value
        try:
            position = file.tell()
            end = file.seek(0, io.SEEK_END)
            file.seek(position)
        except (OSError, ValueError):
            # A pipe or a socket: its size is unknown until its end.
            return None
        return max(0, end - position)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the unread rest as text; the position stays, so that it can still be sent.

        Raises ``TypeError`` for a pipe and for a file that is closed.
        """
        file = self._value
        if file.closed or not file.seekable():
            return super().decode(encoding, errors)
        position = file.tell()
        # As below.
        read: Callable[[], bytes | str] = getattr(file, "read")  # noqa: B009
        content = read()
        file.seek(position)
        return content if isinstance(content, str) else content.decode(encoding, errors)

    async def _pieces(self, writer: object) -> AsyncGenerator[bytes, None]:
        # Every concrete file has it, ``IOBase`` itself does not.
        read: Callable[[int], bytes | None] = getattr(self._value, "read")  # noqa: B009
        while piece := await run_blocking(writer, functools.partial(read, _PIECE)):
            yield piece

    def close_now(self) -> None:
        """Close the file."""
        self._value.close()


class BufferedReaderPayload(IOBasePayload):
    """The unread rest of a file that was opened with ``"rb"``."""


class BytesIOPayload(IOBasePayload):
    """The unread rest of an ``io.BytesIO``, which stays open: it can be written again."""

    _autoclose = True
    _value: io.BytesIO

    def __init__(
        self,
        value: io.BytesIO,
        disposition: str | None = "attachment",
        headers: LooseHeaders | None = None,
        content_type: str | None = None,
        filename: str | None = None,
        encoding: str | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(value, disposition, headers, content_type, filename, encoding, **kwargs)
        self._begin: Final = value.tell()

    async def write_with_length(self, writer: Sink, content_length: int | None) -> None:
        """Write up to ``content_length`` bytes of the payload, from where it began."""
        self._value.seek(self._begin)
        try:
            await super().write_with_length(writer, content_length)
        finally:
            self._consumed = False

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the bytes decoded; the position stays."""
        return self._value.getvalue()[self._begin :].decode(encoding, errors)

    async def _pieces(self, writer: object) -> AsyncGenerator[bytes, None]:  # noqa: ARG002
        while piece := self._value.read(_PIECE):
            yield piece

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

    def _size_left(self) -> int | None:
        # The size in the file's encoding says nothing about the size on the wire.
        return None

    async def _pieces(self, writer: object) -> AsyncGenerator[bytes, None]:
        while piece := await run_blocking(writer, functools.partial(self._value.read, _PIECE)):
            yield piece.encode(self._encoding or "utf-8")


def _file_name(file: object) -> str | None:
    name = getattr(file, "name", None)
    # open(3).name is a number, and a pipe's is "<fdopen>".
    if not isinstance(name, str) or name.startswith("<"):
        return None
    return name.replace("\\", "/").rpartition("/")[2] or None


class AsyncIterablePayload(_Streamed):
    """The pieces of an asynchronous iterable of bytes."""

    _value: AsyncIterable[bytes]

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

    async def _pieces(self, writer: object) -> AsyncGenerator[bytes, None]:  # noqa: ARG002
        iterator = aiter(self._value)
        try:
            async for piece in iterator:
                yield piece
        finally:
            # A generator that is left halfway must clean up now, not when it is collected.
            if isinstance(iterator, AsyncGenerator):
                await iterator.aclose()
