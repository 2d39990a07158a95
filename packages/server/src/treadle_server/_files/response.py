"""``FileResponse``: a file as a response, planned by ``treadle_responses.plan_file``.

Everything that may block happens in one hop to a thread: the file is opened, looked at, the answer
planned, and what is small read at once. A large file goes from the kernel's cache to the socket
without passing here (``StreamWriter.send_file``) where that can be, and else in bounded pieces.
The file is closed on every path, at the latest when the response is forgotten.
"""

import functools
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple, final

from multidict import CIMultiDict

from treadle_responses import (
    FilePlan,
    LooseHeaders,
    RequestInfo,
    ResponseWriter,
    StreamResponse,
    acceptable_codings,
    add_vary,
    content_disposition_header,
    error_page,
    guess_content_type,
    is_compressed_type,
    plan_file,
    run_blocking,
)
from treadle_server._http.request import BaseRequest
from treadle_server._http.writer import StreamWriter
from treadle_server._transport.files import NotAFileError, OpenFile, is_missing, open_file

__all__ = [
    "CHUNK_SIZE",
    "FileAnswer",
    "FileQuestion",
    "FileResponse",
    "ask_for_file",
    "question_of",
]

#: How much of a file is read, or handed to the kernel, at a time.
CHUNK_SIZE: Final = 256 * 1024

#: Up to this size a file is read where it is opened and sent in one write with its head: cheaper
#: than a duplicate of the socket and two calls more. At 100 KiB the copies are dearer.
_INLINE: Final = 64 * 1024

# Files that were compressed beforehand, in the order of preference.
_CODINGS: Final = ("zstd", "br", "gzip")
_YEAR: Final = 365 * 24 * 60 * 60

# The request fields that a plan looks at, and the one for siblings.
_FIELDS: Final = {
    name.lower().encode(): name
    for name in (
        "Accept-Encoding", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range",
        "If-Unmodified-Since", "Range",
    )
}  # fmt: skip


@final
class FileQuestion(NamedTuple):
    """What of a request and its response decides on the answer; a value for another thread."""

    method: str
    fields: Mapping[str, str]
    status: int
    given: Mapping[str, str]
    precompressed: bool


@final
class FileAnswer(NamedTuple):
    """A plan with what it needs: the open file, or what was read of it."""

    plan: FilePlan
    file: OpenFile | None
    data: bytes


#: Opens the file of an answer; ``codings`` are those of siblings to try. Blocks.
Opener = Callable[[tuple[str, ...], bool], OpenFile]


def question_of(request: RequestInfo, response: "FileResponse") -> FileQuestion:
    """Return what ``ask_for_file`` needs to know."""
    fields: dict[str, str] = {}
    if isinstance(request, BaseRequest):
        # The raw fields: a header object would cost as much as all of the plan.
        for raw_name, raw_value in request.raw_headers:
            name = _FIELDS.get(raw_name.lower())
            if name is not None:
                value = raw_value.decode("utf-8", "surrogateescape")
                fields[name] = f"{fields[name]}, {value}" if name in fields else value
    else:
        fields = {
            name: request.headers[name] for name in _FIELDS.values() if name in request.headers
        }
    # A copy, for another thread.
    given: CIMultiDict[str] = CIMultiDict(response.headers)
    return FileQuestion(request.method, fields, response.status, given, response.precompressed)


def ask_for_file(question: FileQuestion, name: str, opener: Opener) -> FileAnswer:
    """Open a file, plan the answer and read what is small of it; blocks.

    ``name`` is the file's name, which tells its type. Raises ``OSError`` as the opener does.
    """
    content_type = guess_content_type(name)
    given = question.given
    # A response that has a coding already, and a file that no build step would compress, have no
    # siblings to look for.
    media_type = content_type.partition(";")[0]
    siblings = (
        question.precompressed
        and media_type != "application/octet-stream"
        and "Content-Encoding" not in given
        and not is_compressed_type(media_type)
    )
    codings: tuple[str, ...] = ()
    if siblings:
        codings = acceptable_codings(question.fields.get("Accept-Encoding"), _CODINGS)
    file = opener(codings, siblings)
    try:
        plan = plan_file(
            question.method,
            question.fields,
            file.facts,
            content_type=content_type,
            status=question.status,
            given=given,
            now=time.time(),
        )
        if question.method == "HEAD" or not plan.segments:
            file.close()
            return FileAnswer(plan, None, plan.closing)
        if plan.length > _INLINE:
            return FileAnswer(plan, file, b"")
        pieces = []
        for segment in plan.segments:
            if segment.preamble:
                pieces.append(segment.preamble)
            pieces.append(file.read(segment.offset, segment.length) if segment.length else b"")
        file.close()
        if plan.closing:
            pieces.append(plan.closing)
        return FileAnswer(plan, None, pieces[0] if len(pieces) == 1 else b"".join(pieces))
    except BaseException:
        file.close()
        raise


class FileResponse(StreamResponse):
    """A response with the contents of a file.

    ``path`` names a regular file; anything else is answered with 403, a missing one with 404.
    Conditional requests and ranges (one or several) are answered as RFC 9110 has them, by an ETag
    made of size and time of change, or by what ``headers`` has. The content type follows from the
    name, the same on every machine, unless ``headers`` has one.

    ``chunk_size`` (bytes) is how much of a file is read at a time. With ``attachment`` clients
    save the file, as ``filename`` (by default its own name); ``filename`` alone proposes a name.
    ``cache_control`` is the value of that field; ``immutable`` says that what is at this URL never
    changes: for a year, where ``cache_control`` says nothing else. With ``precompressed``
    a regular file beside it, with ``.zst``, ``.br`` or ``.gz`` appended, is sent to clients that
    accept its coding; nobody checks that it says the same.

    Raises ``ValueError`` for a ``chunk_size`` below 1.
    """

    _body_follows: bool = True
    _answer: FileAnswer | None = None

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
    ) -> None:
        super().__init__(status=status, reason=reason, headers=headers)
        if chunk_size < 1:
            raise ValueError(f"chunk_size is a number of bytes from 1 on, got {chunk_size!r}")
        self._path: Final = Path(path)
        self._chunk_size: Final = chunk_size
        self.precompressed: Final = precompressed
        if attachment or filename is not None:
            self.headers["Content-Disposition"] = content_disposition_header(
                "attachment" if attachment else "inline", filename=filename or self._path.name
            )
        if cache_control is not None or immutable:
            self.headers["Cache-Control"] = cache_field(cache_control, immutable=immutable)

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    # Opening.

    def _open(self, codings: tuple[str, ...], siblings: bool) -> OpenFile:
        return open_file(str(self._path), codings, siblings=siblings)

    def take(self, answer: FileAnswer) -> None:
        """Send this answer, which somebody has asked for already."""
        self._answer = answer

    async def prepare(self, request: RequestInfo) -> ResponseWriter | None:
        """Open the file and send the head; a second call does nothing."""
        if self.prepared:
            return await super().prepare(request)
        if self._answer is None:
            call = functools.partial(
                ask_for_file, question_of(request, self), self._path.name, self._open
            )
            try:
                self._answer = await run_blocking(request.response_writer, call)
            except (OSError, ValueError) as error:
                refused = isinstance(error, (NotAFileError, PermissionError))
                if not refused and not is_missing(error):
                    raise
                self._fail(request, 403 if refused else 404)
        if self._answer is not None:
            self._take_plan(self._answer.plan)
        try:
            return await super().prepare(request)
        except BaseException:
            self.release_body()
            raise

    def _take_plan(self, plan: FilePlan) -> None:
        if plan.status != self.status:
            self.set_status(plan.status)
        headers = self.headers
        if plan.status in (412, 416):
            # Not about the file's content any more.
            for name in ("Content-Disposition", "Cache-Control", "Content-Type"):
                headers.pop(name, None)
        elif plan.status == 304:
            headers.pop("Content-Type", None)
        for name, value in plan.headers.items():
            if name == "Vary":
                add_vary(headers, value)
            else:
                # Where the response's own field counts, the plan has repeated it.
                headers[name] = value

    def _fail(self, request: RequestInfo, status: int) -> None:
        self.set_status(status)
        page = error_page(self.status, request.headers.get("Accept"))
        body = page.text.encode()
        headers = self.headers
        headers.clear()
        headers["Content-Type"] = f"{page.content_type}; charset=utf-8"
        headers["Content-Length"] = str(len(body))
        headers["Vary"] = "Accept"
        self._answer = FileAnswer(FilePlan(self.status, {}, (), body, len(body)), None, body)

    # Sending.

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the file and end the response; ``data`` is not for a response with a body.

        Raises ``FileTruncatedError`` if the file became shorter meanwhile: the connection
        closes, so that the client can tell.
        """
        if self.eof_sent:
            return
        if data:
            raise TypeError("A FileResponse sends its file: write_eof() takes no data")
        answer, writer = self._answer, self.payload_writer
        try:
            if answer is None or writer is None or answer.file is None:
                await super().write_eof(b"" if answer is None else answer.data)
                return
            if not self.is_compressing and isinstance(writer, StreamWriter):
                await self._send_from_kernel(writer, answer.plan, answer.file)
            else:
                await self._send_pieces(answer.plan, answer.file)
            await super().write_eof(answer.plan.closing)
        finally:
            self.release_body()

    async def _send_from_kernel(self, writer: StreamWriter, plan: FilePlan, file: OpenFile) -> None:
        sock = writer.file_socket()
        if sock is None:
            await self._send_pieces(plan, file)
            return
        with sock:
            for segment in plan.segments:
                self.count_body(len(segment.preamble) + segment.length)
                await writer.send_file(
                    sock, segment.preamble, file.fd, segment.offset, segment.length
                )

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
        if self._answer is not None and self._answer.file is not None:
            self._answer.file.close()


def cache_field(cache_control: str | None, *, immutable: bool) -> str:
    """Return a Cache-Control value (RFC 9111, and RFC 8246 for ``immutable``)."""
    if cache_control is None:
        cache_control = f"public, max-age={_YEAR}"
    return f"{cache_control}, immutable" if immutable else cache_control
