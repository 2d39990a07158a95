"""``FileResponse``: a file as a response, planned by ``treadle_responses.plan_file``.

Everything that may block happens in one hop to a worker thread (``_files.prepare``), or without
one if the program says so: the file is opened, its answer planned, and a small file read at once.
The kernel sends a large file from its cache to the socket if the writer can have it do so
(``FileSender``); otherwise the file is read and written in bounded pieces. The file is closed on
every path, at the latest when the response object is freed.
"""

import functools
import os
import socket
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from treadle_responses import (
    FilePlan,
    LooseHeaders,
    RequestInfo,
    ResponseWriter,
    StreamResponse,
    apply_plan,
    content_disposition_header,
    error_page,
    run_blocking,
)
from treadle_server._transport.files import NotAFileError, OpenFile, is_missing, open_file

from .prepare import PreparedFile, file_request, prepare_file

__all__ = ["CHUNK_SIZE", "FileResponse", "FileSender", "PathSender"]

#: Bytes of a file that are read at a time.
CHUNK_SIZE: Final = 256 * 1024

_YEAR: Final = 365 * 24 * 60 * 60


@runtime_checkable
class FileSender(Protocol):
    """A ``ResponseWriter`` that can have the kernel send a file."""

    def file_socket(self) -> socket.socket | None:
        """Return a duplicate of the socket, which the caller closes.

        None if the kernel cannot send to this connection now.
        """

    async def send_file(
        self, sock: socket.socket, preamble: bytes, fd: int, offset: int, count: int
    ) -> None:
        """Send ``preamble``, then ``count`` bytes of the file ``fd`` from ``offset`` on."""


@runtime_checkable
class PathSender(Protocol):
    """A ``ResponseWriter`` whose server may send a whole file by its path."""

    @property
    def sends_paths(self) -> bool:
        """True if the server can."""

    async def send_path(self, path: str, size: int) -> None:
        """Have the server send the file at ``path``, of ``size`` bytes, and end the response."""


class FileResponse(StreamResponse):
    """A response with the contents of a file.

    ``path`` names a regular file; the response is 403 if it is anything else and 404 if it is
    missing. Conditional requests and ranges (one or several) are answered according to RFC 9110,
    with an ETag made of size and modification time unless ``headers`` has one. The content type
    follows from the name, the same on every machine, unless ``headers`` has one.

    ``chunk_size`` (bytes) is how much of a file is read at a time. With ``attachment`` clients
    save the file, as ``filename`` (by default its own name); ``filename`` alone proposes a name.
    ``cache_control`` is the value of that field. ``immutable`` promises that the content of this
    URL never changes: for a year, unless ``cache_control`` says otherwise. With ``precompressed``
    a regular file beside this one, with ``.zst``, ``.br`` or ``.gz`` appended to its name, is sent
    to clients that accept its coding; its content is not compared with the original's.

    A file is opened, and read if it is small, in a thread: a disk may take long to answer. With
    ``threads=False`` both happen in the event loop. That takes a third less CPU time, but each wait
    for the disk is one for all connections: it is for files on a local disk that are asked for so
    often that the system has them in memory.

    Raises ``ValueError`` for a ``chunk_size`` below 1.
    """

    body_follows: bool = True
    _prepared_file: PreparedFile | None = None

    def __init__(
        self,
        path: str | os.PathLike[str],
        chunk_size: int = CHUNK_SIZE,
        status: int = 200,
        reason: str | None = None,
        headers: LooseHeaders | None = None,
        *,
        filename: str | None = None,
        attachment: bool = False,
        cache_control: str | None = None,
        immutable: bool = False,
        precompressed: bool = True,
        threads: bool = True,
    ) -> None:
        super().__init__(status=status, reason=reason, headers=headers)
        if chunk_size < 1:
            raise ValueError(f"chunk_size={chunk_size!r} must be a number of bytes, at least 1")
        self._path: Final = Path(path)
        self._chunk_size: Final = chunk_size
        self.precompressed: Final = precompressed
        self.threads: Final = threads
        if attachment or filename is not None:
            self.headers["Content-Disposition"] = content_disposition_header(
                "attachment" if attachment else "inline", filename=filename or self._path.name
            )
        if cache_control is not None or immutable:
            self.headers["Cache-Control"] = cache_field(cache_control, immutable=immutable)

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self._path

    # Opening.

    def _open(self, codings: tuple[str, ...], siblings: bool) -> OpenFile:
        return open_file(str(self._path), codings, siblings=siblings)

    def use_prepared(self, prepared: PreparedFile) -> None:
        """Send ``prepared`` instead of opening the file in ``prepare``."""
        self._prepared_file = prepared

    async def open_body(self, request: RequestInfo) -> None:
        """Open the file and take over its status and fields; ``prepare`` calls this."""
        if self._prepared_file is None:
            call = functools.partial(
                prepare_file,
                file_request(request, self, precompressed=self.precompressed),
                self._path.name,
                self._open,
            )
            try:
                if self.threads:
                    self._prepared_file = await run_blocking(request.response_writer, call)
                else:
                    self._prepared_file = call()
            except (OSError, ValueError) as error:
                forbidden = isinstance(error, (NotAFileError, PermissionError))
                if not forbidden and not is_missing(error):
                    raise
                self._become_error(request, 403 if forbidden else 404)
        if self._prepared_file is not None:
            apply_plan(self._prepared_file.plan, self)

    def _become_error(self, request: RequestInfo, status: int) -> None:
        self.set_status(status)
        page = error_page(self.status, request.headers.get("Accept"))
        body = page.text.encode()
        headers = self.headers
        headers.clear()
        headers["Content-Type"] = f"{page.content_type}; charset=utf-8"
        headers["Content-Length"] = str(len(body))
        headers["Vary"] = "Accept"
        plan = FilePlan(self.status, {}, (), body, len(body))
        self._prepared_file = PreparedFile(plan, None, body)

    # Sending.

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the file and end the response; ``data`` must be empty (``TypeError``).

        Raises ``FileTruncatedError`` if the file has become shorter: the connection closes, so that
        the client can tell.
        """
        if self.eof_sent:
            return
        if data:
            raise TypeError("A FileResponse sends its file: write_eof() takes no data")
        prepared, writer = self._prepared_file, self.payload_writer
        try:
            if prepared is None or writer is None or prepared.file is None:
                await super().write_eof(b"" if prepared is None else prepared.data)
                return
            sock = None
            if isinstance(writer, FileSender) and not self.is_compressing:
                sock = writer.file_socket()
                if sock is not None:
                    await self._send_from_kernel(writer, sock, prepared.plan, prepared.file)
            if sock is None and not await self._send_by_path(writer, prepared.plan, prepared.file):
                await self._send_pieces(prepared.plan, prepared.file)
            await super().write_eof(prepared.plan.closing)
        finally:
            self.release_body()

    async def _send_from_kernel(
        self, writer: FileSender, sock: socket.socket, plan: FilePlan, file: OpenFile
    ) -> None:
        with sock:
            for segment in plan.segments:
                self.count_body(len(segment.preamble) + segment.length)
                await writer.send_file(
                    sock, segment.preamble, file.fd, segment.offset, segment.length
                )

    async def _send_by_path(self, writer: ResponseWriter, plan: FilePlan, file: OpenFile) -> bool:
        """Have the server send the file if it can and the response is all of it; False if not."""
        size = file.facts.size
        if (
            not isinstance(writer, PathSender)
            or not writer.sends_paths
            or self.is_compressing
            or [segment[:3] for segment in plan.segments] != [(b"", 0, size)]
            or plan.closing
        ):
            return False
        path = await self.run_blocking(file.absolute_path)
        if path is None:
            return False
        self.count_body(size)
        await writer.send_path(path, size)
        return True

    async def _send_pieces(self, plan: FilePlan, file: OpenFile) -> None:
        for segment in plan.segments:
            if segment.preamble:
                await self.write(segment.preamble)
            end = segment.offset + segment.length
            for offset in range(segment.offset, end, self._chunk_size):
                size = min(self._chunk_size, end - offset)
                await self.write(
                    await self.run_blocking(functools.partial(file.read, offset, size))
                )

    def release_body(self) -> None:
        """Close the file."""
        if self._prepared_file is not None and self._prepared_file.file is not None:
            self._prepared_file.file.close()


def cache_field(cache_control: str | None, *, immutable: bool) -> str:
    """Return a Cache-Control value (RFC 9111, and RFC 8246 for ``immutable``)."""
    if cache_control is None:
        cache_control = f"public, max-age={_YEAR}"
    return f"{cache_control}, immutable" if immutable else cache_control
