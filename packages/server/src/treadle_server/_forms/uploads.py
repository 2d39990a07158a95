"""Forms with files: a multipart body to fields and ``FileField`` values, spooled to disk.

What is larger than the spool's threshold is written to a temporary file, in threads: an upload
never holds up other connections. The files belong to an ``Uploads``, which the request holds
and the exchange closes when the response is out, however it ends; while they are being read they
belong to the reading, which closes them whatever stops it.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol, TypeVar, final

from multidict import CIMultiDict, CIMultiDictProxy, MultiDict

from treadle_multipart import (
    Form,
    FormFile,
    FormParser,
    MultipartError,
    MultipartLimits,
    SpoolPolicy,
    StreamedPart,
    safe_filename,
)

from .errors import form_answer

__all__ = ["FileField", "FormValue", "Uploads", "form_limits", "read_multipart_form"]

_T = TypeVar("_T")


class Threads(Protocol):
    """What makes a blocking call in a thread, and waits for its end even if it is cancelled."""

    async def run_blocking(self, call: Callable[[], _T]) -> _T:
        """Return ``call()``."""


@dataclass(frozen=True, slots=True)
class FileField:
    """A file of a form; ``file`` is open, at its start, until the response has been sent.

    ``filename`` is **raw**, as the client sent it, paths and all; ``content_type`` is the client's
    claim, ``application/octet-stream`` without one.
    """

    name: str
    filename: str
    file: BinaryIO
    content_type: str
    headers: CIMultiDictProxy[str]

    @property
    def safe_filename(self) -> str:
        """The last component of ``filename``, made safe to create in a folder."""
        return safe_filename(self.filename)


FormValue = str | bytes | FileField


@final
class Uploads:
    """The files of one form, to be closed together."""

    __slots__ = ("_form", "_open")

    def __init__(self, form: Form) -> None:
        self._form: Final = form
        self._open = True

    def close(self) -> None:
        """Close and remove all; may be called again."""
        if self._open:
            # Looked at again when this object goes, in whichever thread that is.
            self._open = False
            self._form.close()

    def close_soon(self) -> None:
        """Do so without holding up the event loop: a large file has many blocks to free."""
        if all(file.in_memory for file in self._form.files()):
            self.close()
            return
        try:
            asyncio.get_running_loop().run_in_executor(None, self.close).add_done_callback(_seen)
        except RuntimeError:
            # The loop ends, and takes no more calls.
            self.close()

    def __del__(self) -> None:
        # A request that no exchange has run.
        self.close()


def _seen(closing: "asyncio.Future[None]") -> None:
    """Look at the outcome: a disk that was full has nothing to say about a file that is gone."""
    if not closing.cancelled():
        closing.exception()


def form_limits(max_size: int, max_fields: int) -> MultipartLimits:
    """Return what an application's ``client_max_size`` and ``client_max_fields`` mean; 0 is none.

    Text is bounded by the size of the body, files are by the spool's policy besides.
    """
    return MultipartLimits(
        max_total=max_size or None,
        max_part_size=None,
        max_memory=None,
        max_parts=max_fields or None,
        max_fields=None,
        max_files=None,
    )


async def read_multipart_form(
    content_type: str,
    read: Callable[[], Awaitable[bytes]],
    threads: Threads,
    limits: MultipartLimits,
    spool: SpoolPolicy,
) -> tuple[MultiDict[FormValue], Uploads | None]:
    """Return the fields of a ``multipart/form-data`` body, and who closes its files, if any.

    ``read`` returns the next piece, ``b""`` at the end. Raises an ``HTTPException`` (400, 413, 415
    or 431) for a form that is malformed or passes a limit, and what ``read`` raises.
    """
    try:
        parser = FormParser(content_type, limits=limits, spool=spool)
        try:
            while data := await read():
                if parser.would_block(len(data)):
                    await threads.run_blocking(functools.partial(parser.receive_data, data))
                else:
                    parser.receive_data(data)
            if parser.would_block(0):
                form = await threads.run_blocking(parser.receive_eof)
            else:
                form = parser.receive_eof()
        except BaseException:
            if parser.would_block(0):
                await threads.run_blocking(parser.close)
            else:
                parser.close()
            raise
    except MultipartError as error:
        raise form_answer(error) from error
    uploads = Uploads(form) if form.files() else None
    return MultiDict((name, _value(value)) for name, value in form.items()), uploads


def _value(value: str | bytes | FormFile | StreamedPart) -> FormValue:
    if isinstance(value, str | bytes):
        return value
    assert isinstance(value, FormFile)  # there is no target that parts could be streamed to
    headers = CIMultiDictProxy(CIMultiDict(value.headers))
    return FileField(
        value.name,
        value.filename,
        value.file,
        headers.get("Content-Type") or value.content_type,
        headers,
    )
