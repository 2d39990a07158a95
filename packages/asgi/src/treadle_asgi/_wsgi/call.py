"""One call of an application, in its thread: what PEP 3333 asks of a server, without asyncio's own.

The event loop gets one ``Answer``, when the head is final: with the whole body, if that is known
then, or with a file. Otherwise the pieces follow through the ``Pipe``. The application's result is
closed in the thread, on every path.
"""

import asyncio
import contextlib
import contextvars
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Final, NamedTuple, final
from wsgiref.types import WSGIApplication, WSGIEnvironment

from treadle_multipart import Spool
from treadle_server import web_logger
from treadle_server.interfaces import log_error, shown

from .errors import ErrorStream
from .files import FileWrapper, RealFile
from .head import WSGIHead, check_head, has_no_body
from .pipe import AbandonedError, Pipe

__all__ = ["Answer", "Call", "WSGIError"]

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class WSGIError(RuntimeError):
    """An application does not keep to PEP 3333."""


@final
class Answer(NamedTuple):
    """The response of an application, as far as it is known when the head is final.

    ``body`` is all of it; None if it comes through the pipe, or is ``file``.
    """

    head: WSGIHead
    body: bytes | None
    file: "tuple[RealFile, FileWrapper] | None"


@final
class Call:
    """A job for the threads: call ``app`` for one request.

    ``spool`` has the body of the request; the call closes it. ``what`` is the request in log lines.
    """

    def __init__(
        self,
        app: WSGIApplication,
        environ: WSGIEnvironment,
        spool: Spool,
        *,
        loop: asyncio.AbstractEventLoop,
        what: str,
    ) -> None:
        self._app: Final = app
        self._environ: Final = environ
        # The application may change the environ.
        self._method: Final = str(environ["REQUEST_METHOD"])
        self._spool: Final = spool
        self._loop: Final = loop
        self._what: Final = what
        self._context: Final = contextvars.copy_context()
        #: The pieces of the body behind an ``Answer`` without one.
        self.pipe: Final = Pipe(loop)
        #: The result: an ``Answer``, or the error of a call without one.
        self.answer: Final[asyncio.Future[Answer]] = loop.create_future()
        self._head: WSGIHead | None = None
        # True once the event loop has the head.
        self._answered = False
        # True if it has the body too.
        self._whole = False
        # True if the response has no body, whatever the application returns.
        self._bodiless = False
        # Bytes of the body so far.
        self._size = 0

    def describe(self) -> str:
        """Return the request for a log line."""
        return self._what

    def drop(self) -> None:
        """Let go of the request: it is not answered."""
        self._spool.abort()
        if not self.answer.done():
            self.answer.cancel()

    def abandon(self) -> None:
        """Have the application stop with its next piece; for the event loop."""
        self.pipe.abandon()

    # In the thread.

    def run(self) -> None:
        """Call the application, and pass on what it does; never raises."""
        try:
            if not self.pipe.abandoned:
                self._context.run(self._run)
        except AbandonedError:
            self.pipe.end()
            self._tell(self.answer.cancel)
        except BaseException as error:  # noqa: BLE001  # for the event loop, where the answer is made
            self._fail(error)
        else:
            self.pipe.end()
        finally:
            # The environ stays as it is: an application may have given it to a thread of its own.
            self._spool.close()

    def _fail(self, error: BaseException) -> None:
        if isinstance(error, (SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration)):
            # Not those of the server, and some cannot be raised in a task.
            wrapped = WSGIError(f"The application has raised {shown(repr(error))}")
            wrapped.__cause__ = error
            error = wrapped
        if self._whole or self.pipe.abandoned:
            # The client has its answer, or waits for none.
            log_error(web_logger, "Error behind the response to %s", self._what, error=error)
        elif self._answered:
            self.pipe.end(error)
        else:
            self._answered = True
            self._tell(lambda: self.answer.set_exception(error))

    def _tell(self, call: Callable[[], object]) -> None:
        def in_loop() -> None:
            if not self.answer.done():
                call()

        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(in_loop)

    def _run(self) -> None:
        result = self._app(self._environ, self._start_response)
        kept = False
        try:
            kept = self._send(result)
        except BaseException:
            self._close(result, failed=True)
            raise
        finally:
            errors = self._environ.get("wsgi.errors")
            if isinstance(errors, ErrorStream):
                errors.flush()
        if not kept:
            self._close(result, failed=False)

    def _close(self, result: object, *, failed: bool) -> None:
        """Call the result's ``close``; log its error if there is an error or an answer already."""
        close = getattr(result, "close", None)
        if close is None:
            return
        try:
            close()
        except BaseException as error:
            if not failed and not self._answered:
                raise
            log_error(web_logger, "Error in close() of a result for %s", self._what, error=error)

    def _start_response(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: _ExcInfo | None = None,
        /,
    ) -> Callable[[bytes], object]:
        if exc_info is not None:
            try:
                # PEP 3333: "if headers have already been output, start_response must raise an
                # error, and should re-raise using the exc_info tuple".
                if self._answered and exc_info[1] is not None:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self._head is not None:
            raise WSGIError(
                "start_response was called twice: a second call, which replaces the head, needs "
                "exc_info"
            )
        self._head = check_head(status, headers)
        return self._write

    def _write(self, data: bytes) -> None:
        """Send ``data``; the function that ``start_response`` returns."""
        data = _check_piece(data, "What write() gets")
        if data:
            self._add(data)

    def _send(self, result: object) -> bool:
        """Send a result; return True if it is a file, which is kept."""
        if isinstance(result, FileWrapper) and not self._answered:
            real = result.real_file()
            if real is not None:
                self._answer(None, (real, result))
                return True
        if isinstance(result, (list, tuple)):
            body = b"".join([_check_piece(piece, "A piece of the body") for piece in result])
            self._finish(body)
            return False
        for piece in _iterable(result):
            data = _check_piece(piece, "A piece of the body")
            if not data:
                # PEP 3333: the head is sent with the first bytes.
                continue
            if not self._answered and self._is_last(result, data):
                self._finish(data)
            elif not self._bodiless:
                self._add(data)
            if self._bodiless or (self._answered and self.pipe.abandoned):
                break
        if not self._answered:
            self._finish(b"")
        else:
            self._check_size()
        return False

    def _is_last(self, result: object, data: bytes) -> bool:
        """Return True if ``data``, the first piece, is known to be the only one."""
        head = self._get_head()
        if head.length == len(data) or self._has_no_body(head):
            return True
        # PEP 3333: "If the iterable has only one block", the server can tell its length.
        try:
            return len(result) == 1  # type: ignore[arg-type]  # most iterables have no length
        except TypeError:
            return False

    def _has_no_body(self, head: WSGIHead) -> bool:
        return has_no_body(self._method, head.status)

    def _get_head(self) -> WSGIHead:
        if self._head is None:
            raise WSGIError(
                f"The application {shown(repr(self._app))} has not called start_response before "
                "its first piece of the body, or its end"
            )
        return self._head

    def _finish(self, body: bytes) -> None:
        """Send the last bytes: with the head, if that was not sent yet."""
        if self._answered:
            if body:
                self._add(body)
            self._check_size()
            return
        head = self._get_head()
        self._bodiless = self._has_no_body(head)
        self._size = len(body)
        if not self._bodiless:
            self._check_size()
        self._answer(b"" if self._bodiless else body)

    def _add(self, data: bytes) -> None:
        """Send a piece that is not known to be the last one."""
        head = self._get_head()
        if not self._answered:
            self._bodiless = self._has_no_body(head)
            self._answer(b"" if self._bodiless else None)
        if self._bodiless:
            if self.pipe.abandoned:
                raise AbandonedError("The client has left")
            return
        self._size += len(data)
        if head.length is not None and self._size > head.length:
            raise _wrong_length(head.length, self._size)
        self.pipe.put(data)

    def _check_size(self) -> None:
        length = self._get_head().length
        if length is not None and not self._bodiless and self._size != length:
            raise _wrong_length(length, self._size)

    def _answer(self, body: bytes | None, file: tuple[RealFile, FileWrapper] | None = None) -> None:
        answer = Answer(self._get_head(), body, file)
        self._answered = True
        self._whole = body is not None
        self._tell(lambda: self.answer.set_result(answer))


def _iterable(result: object) -> Iterable[object]:
    if isinstance(result, (bytes, str)):
        text = f"The result is {shown(repr(result))}, not an iterable of bytes: give [body]"
        raise TypeError(text)
    if not isinstance(result, Iterable):
        fix = ""
        if hasattr(result, "__await__"):
            fix = ": it is awaitable, so if the application is for ASGI, give it to mount()"
            close = getattr(result, "close", None)
            if close is not None:
                close()  # or Python warns of a coroutine that was never awaited
        raise TypeError(f"The result is {shown(repr(result))}, not an iterable of bytes{fix}")
    return result


def _check_piece(piece: object, what: str) -> bytes:
    if isinstance(piece, bytes):
        return piece
    fix = ": encode it" if isinstance(piece, str) else ""
    raise TypeError(f"{what} must be bytes, not {shown(repr(piece))}{fix}")


def _wrong_length(announced: int, size: int) -> WSGIError:
    if size > announced:
        return WSGIError(
            f"The body is longer than its Content-Length of {announced}: it has {size} bytes or "
            "more"
        )
    return WSGIError(f"The body has {size} bytes, and its Content-Length says {announced}")
