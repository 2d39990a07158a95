"""The response of a WSGI application that is not known whole: it is sent while a thread makes it.

It is an ordinary response until the server sends it: middlewares may change its status, its fields
and its cookies, compress it, or return another one in its place.
"""

import functools
import os
from collections.abc import Callable
from typing import Final, final

from multidict import CIMultiDict

from treadle_responses import Response, StreamResponse
from treadle_server.interfaces import FileSender

from .files import FileWrapper, RealFile
from .head import WSGIHead
from .pipe import Pipe

__all__ = ["FileBody", "StreamedBody", "whole_response"]

#: Bytes of a file that are read at a time where the kernel cannot send it.
_CHUNK: Final = 256 * 1024


def whole_response(head: WSGIHead, body: bytes) -> Response:
    """Return a response with a whole body; without one it keeps the length that ``head`` has."""
    return Response(
        status=head.status, reason=head.reason or None, headers=_fields(head), body=body or None
    )


def _fields(head: WSGIHead) -> CIMultiDict[str]:
    fields: CIMultiDict[str] = CIMultiDict()
    for name, value in head.fields:
        # The characters of PEP 3333 are bytes, those of the server are UTF-8 with surrogates.
        if not value.isascii():
            value = value.encode("latin-1").decode("utf-8", "surrogateescape")
        fields.add(name, value)
    return fields


class _ThreadResponse(StreamResponse):
    """The base of both kinds."""

    body_follows: bool = True

    def __init__(self, head: WSGIHead) -> None:
        super().__init__(status=head.status, reason=head.reason or None, headers=_fields(head))


@final
class StreamedBody(_ThreadResponse):
    """A response with a body that comes through a pipe, piece by piece."""

    def __init__(self, head: WSGIHead, pipe: Pipe) -> None:
        super().__init__(head)
        self._pipe: Final = pipe

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the pieces that are left, ``data`` behind them, and the end.

        Raises what the application has raised meanwhile; the connection is closed then.
        """
        if not self.eof_sent and self.prepared:
            while (piece := await self._pipe.get()) is not None:
                await self.write(piece)
        await super().write_eof(data)

    def release_body(self) -> None:
        """Have the application stop."""
        self._pipe.abandon()


@final
class FileBody(_ThreadResponse):
    """A response with a file as its body, from its position on; the kernel sends it if it can.

    With ``bodiless`` only its size is sent. ``close`` is called once, when the file was sent or is
    not needed.
    """

    def __init__(
        self,
        head: WSGIHead,
        file: RealFile,
        wrapper: FileWrapper,
        close: Callable[[], None],
        *,
        bodiless: bool,
    ) -> None:
        super().__init__(head)
        self._file: Final = file
        # It holds the file open.
        self._wrapper: FileWrapper | None = wrapper
        self._close: Final = close
        if head.length is None:
            self.content_length = file.size
        count = file.size if head.length is None else min(file.size, head.length)
        self._count: Final = 0 if bodiless else count

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the file, ``data`` behind it, and the end."""
        writer = self.payload_writer
        try:
            if not self.eof_sent and writer is not None:
                by_kernel = isinstance(writer, FileSender) and await self._send_by_kernel(writer)
                if not by_kernel:
                    await self._send_pieces()
            await super().write_eof(data)
        finally:
            self.release_body()

    async def _send_by_kernel(self, writer: FileSender) -> bool:
        sock = None if self.is_compressing or not self._count else writer.file_socket()
        if sock is None:
            return False
        with sock:
            self.count_body(self._count)
            file = self._file
            await writer.send_file(sock, b"", file.fd, file.offset, self._count)
        return True

    async def _send_pieces(self) -> None:
        start = self._file.offset
        end = start + self._count
        for offset in range(start, end, _CHUNK):
            read = functools.partial(_read, self._file.fd, offset, min(_CHUNK, end - offset))
            await self.write(await self.run_blocking(read))

    def release_body(self) -> None:
        """Close the file."""
        wrapper, self._wrapper = self._wrapper, None
        if wrapper is not None:
            self._close()


def _read(fd: int, offset: int, size: int) -> bytes:
    pieces: list[bytes] = []
    while size:
        # The position of the file stays: it is the application's.
        piece = os.pread(fd, size, offset)
        if not piece:
            raise OSError(f"The file has become shorter meanwhile: {size} bytes are missing")
        pieces.append(piece)
        offset += len(piece)
        size -= len(piece)
    return b"".join(pieces)
