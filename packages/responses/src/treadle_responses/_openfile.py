"""``OpenFileResponse``: an open file as a response, with conditions and ranges.

The program opens the file, so that it decides on the errors; the response plans the answer when it
knows the request, has the server send the file if it can, reads it in pieces otherwise, and closes
it on every path.
"""

import functools
import io
import os
from datetime import UTC, datetime
from typing import BinaryIO, Final

from ._disposition import content_disposition_header
from ._fileplan import FileFacts, FilePlan, apply_plan, plan_file
from ._head import LooseHeaders
from ._media_types import guess_content_type
from ._misuse import WrongTypeError
from ._status import must_be_empty
from ._stream import RequestInfo, StreamResponse
from ._types import WholeFileSender

__all__ = ["OpenFileResponse"]

#: Bytes of a file that are read at a time, as in ``_payload_streams``.
_PIECE: Final = 256 * 1024


class OpenFileResponse(StreamResponse):
    """A response with the contents of an open binary file, from its first byte on.

    Conditional requests and ranges, one or several, are answered as RFC 9110 has it. The file may
    be larger than memory. It is closed when the response ends or fails.

    ``facts`` are the size, modification time and coding of the file; by default the operating
    system is asked, so that a file without a descriptor needs them. ``content_type`` follows from
    the file's name, unless it or ``headers`` has one; so do an ETag and Last-Modified from the
    facts. With ``attachment`` clients save the file, as ``filename`` (by default its own name);
    ``filename`` alone proposes a name.

    Raises ``TypeError`` for a file that was opened as text, ``ValueError`` for one without a
    descriptor if no ``facts`` are given.
    """

    body_follows: bool = True

    def __init__(
        self,
        file: BinaryIO,
        *,
        facts: FileFacts | None = None,
        content_type: str | None = None,
        filename: str | None = None,
        attachment: bool = False,
        status: int = 200,
        reason: str | None = None,
        headers: LooseHeaders | None = None,
    ) -> None:
        if isinstance(file, io.TextIOBase) or not hasattr(file, "read"):
            raise WrongTypeError(
                f"file must be open for reading bytes, not {file!r}: open it with open(path, 'rb')"
            )
        super().__init__(status=status, reason=reason, headers=headers)
        self._file: BinaryIO | None = file
        self._facts: Final = _facts_of(file) if facts is None else facts
        self._plan: FilePlan | None = None
        path = getattr(file, "name", None)
        name = path.replace("\\", "/").rpartition("/")[2] if isinstance(path, str) else ""
        if content_type is not None:
            self.content_type = content_type
        self._guessed_type: Final = guess_content_type(name)
        if attachment or filename is not None:
            proposed = filename or name
            kind = "attachment" if attachment else "inline"
            self.headers["Content-Disposition"] = (
                content_disposition_header(kind, filename=proposed) if proposed else kind
            )

    async def open_body(self, request: RequestInfo) -> None:
        """Plan the answer, and take over its status and fields; ``prepare`` calls this."""
        if self._plan is None:
            self._plan = plan_file(
                request.method,
                request.headers,
                self._facts,
                content_type=self._guessed_type,
                status=self.status,
                given=self.headers,
                now=datetime.now(UTC).timestamp(),
            )
        apply_plan(self._plan, self)

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the file and end the response; ``data`` must be empty (``TypeError``).

        Raises ``OSError`` if the file has become shorter; the server then breaks the response off,
        so that the client can tell.
        """
        if self.eof_sent:
            return
        if data:
            raise WrongTypeError("An OpenFileResponse sends its file: write_eof() takes no data")
        plan, writer, request = self._plan, self.payload_writer, self._req
        if plan is None or writer is None or request is None:
            await super().write_eof()  # which says that it was not prepared
            return
        try:
            closing = b""
            if not must_be_empty(request.method, self.status):
                closing = plan.closing
                if not await self._send_by_server(plan):
                    await self._send_pieces(plan)
            await super().write_eof(closing)
        finally:
            self.release_body()

    async def _send_by_server(self, plan: FilePlan) -> bool:
        """Have the server send the file, if it can and if all of the file is wanted."""
        writer, file = self.payload_writer, self._file
        whole = [(segment.offset, segment.length) for segment in plan.segments]
        if (
            not isinstance(writer, WholeFileSender)
            or file is None
            or whole != [(0, self._facts.size)]
            or plan.closing
            or plan.segments[0].preamble
            or self.is_compressing
            or not await writer.send_whole_file(file, self._facts.size)
        ):
            return False
        self._file = None
        self.count_body(self._facts.size)
        return True

    async def _send_pieces(self, plan: FilePlan) -> None:
        for segment in plan.segments:
            if segment.preamble:
                await self.write(segment.preamble)
            end = segment.offset + segment.length
            for offset in range(segment.offset, end, _PIECE):
                read = functools.partial(self._read, offset, min(_PIECE, end - offset))
                await self.write(await self.run_blocking(read))

    def _read(self, offset: int, size: int) -> bytes:
        file = self._file
        if file is None:
            raise ValueError("The file of this response is closed: a response is sent once")
        file.seek(offset)
        pieces = []
        left = size
        # A file without a buffer may return less than asked for.
        while left and (piece := file.read(left)):
            pieces.append(piece)
            left -= len(piece)
        if left:
            raise OSError(
                f"The file {getattr(file, 'name', '')!r} has become shorter while it was sent: "
                f"{left} bytes are missing at {offset + size - left}"
            )
        return b"".join(pieces)

    def release_body(self) -> None:
        """Close the file, unless the server has taken it over."""
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _facts_of(file: BinaryIO) -> FileFacts:
    try:
        found = os.fstat(file.fileno())
    except (OSError, AttributeError) as error:
        raise ValueError(
            f"{file!r} has no descriptor to ask for its size and time: give facts=FileFacts(...)"
        ) from error
    return FileFacts(size=found.st_size, mtime_ns=found.st_mtime_ns)
