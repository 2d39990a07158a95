"""Forms with files: read a multipart body into fields and ``FileField`` values.

Files larger than the spool's threshold are written to a temporary file in threads, so that an
upload never holds up other connections. While the form is read, its files belong to
``read_multipart_form``, which closes them if it fails or is cancelled. Then they belong to an
``Uploads``, which the request holds; the exchange closes it when the response has ended.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol, TypeVar, final

from multidict import CIMultiDict, CIMultiDictProxy, MultiDict

from treadle_multipart import (
    COMMON_LENIENCIES,
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

__all__ = ["FileField", "FormValue", "Uploads", "read_multipart_form"]

_T = TypeVar("_T")


class BlockingRunner(Protocol):
    """Makes a blocking call in a thread, and waits for its end even if it is cancelled."""

    async def run_blocking(self, call: Callable[[], _T]) -> _T:
        """Return ``call()``."""


@dataclass(frozen=True, slots=True)
class FileField:
    """A file of a form; ``file`` is open, at its start, until the response has been sent.

    ``filename`` is **raw**, as the client sent it, paths included. ``content_type`` is the client's
    claim, ``application/octet-stream`` if it makes none.
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
    """The files of one form, which are closed together."""

    __slots__ = ("_form", "_open")

    def __init__(self, form: Form) -> None:
        self._form: Final = form
        self._open = True

    def close(self) -> None:
        """Close and remove all files; may be called again."""
        if self._open:
            # First, because ``__del__`` may run meanwhile in another thread.
            self._open = False
            self._form.close()

    def close_soon(self) -> None:
        """Close without blocking the event loop: removing a large file frees many blocks."""
        if all(file.in_memory for file in self._form.files()):
            self.close()
            return
        try:
            asyncio.get_running_loop().run_in_executor(None, self.close).add_done_callback(_seen)
        except RuntimeError:
            # The event loop is closing and takes no more calls.
            self.close()

    def __del__(self) -> None:
        # For a request that was not run by an exchange.
        self.close()


def _seen(closing: "asyncio.Future[None]") -> None:
    """Retrieve the exception, so that asyncio does not log it: the file is gone anyway."""
    if not closing.cancelled():
        closing.exception()


async def read_multipart_form(
    content_type: str,
    read: Callable[[], Awaitable[bytes]],
    runner: BlockingRunner,
    limits: MultipartLimits,
    spool: SpoolPolicy,
) -> tuple[MultiDict[FormValue], Uploads | None]:
    """Return the fields of a ``multipart/form-data`` body, and its ``Uploads`` if it has files.

    ``read`` returns the next piece, ``b""`` at the end. Raises an ``HTTPException`` (400, 413, 415
    or 431) if the form is malformed or exceeds a limit, and the exceptions of ``read``.
    """
    try:
        forms: list[Form] = []
        parser = FormParser(content_type, limits=limits, accept=COMMON_LENIENCIES, spool=spool)
        try:
            while data := await read():
                if parser.would_block(len(data)):
                    await runner.run_blocking(functools.partial(parser.receive_data, data))
                else:
                    parser.receive_data(data)
            if parser.would_block(0):
                # Kept here: a task that is cancelled meanwhile does not get the result.
                await runner.run_blocking(lambda: forms.append(parser.receive_eof()))
            else:
                forms.append(parser.receive_eof())
        except BaseException as error:
            # First, because the next step may be cancelled in its turn.
            for form in forms:
                Uploads(form).close_soon()
            if parser.would_block(0):
                await runner.run_blocking(functools.partial(parser.close, error))
            else:
                parser.close(error)
            raise
    except MultipartError as error:
        raise form_answer(error) from error
    (form,) = forms
    uploads = Uploads(form) if form.files() else None
    return MultiDict((name, _value(value)) for name, value in form.items()), uploads


def _value(value: str | bytes | FormFile | StreamedPart) -> FormValue:
    if isinstance(value, str | bytes):
        return value
    assert isinstance(value, FormFile)  # read_multipart_form gives no target_for
    headers = CIMultiDictProxy(CIMultiDict(value.headers))
    return FileField(
        value.name,
        value.filename,
        value.file,
        headers.get("Content-Type") or value.content_type,
        headers,
    )
