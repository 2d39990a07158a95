"""Send a response as a WSGI application does (PEP 3333): push turned into pull, without a loop.

A response writes its body with coroutines. Here each piece that it writes suspends the coroutine,
and the server that asks for the next piece resumes it: nothing is collected. A body that waits for
anything else needs an event loop, which WSGI does not have; that is an error.
"""

from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Mapping
from typing import BinaryIO, Final, final

from multidict import CIMultiDict

from ._fields import from_bytes, joined_fields, text_fields
from ._status import default_reason, must_be_empty
from ._types import ResponseWriter, Sendable, refuse_second_use

__all__ = ["StartResponse", "WSGIEnviron", "WSGIRequest", "send_wsgi"]

#: The variables of a request, of a WSGI server.
WSGIEnviron = Mapping[str, object]
#: Takes the status line and the fields, as a WSGI server gives it.
StartResponse = Callable[[str, list[tuple[str, str]]], object]

#: Bytes of a file that ``wsgi.file_wrapper`` reads at a time.
_BLOCK: Final = 64 * 1024


@final
class WSGIRequest:
    """The request of an environ: a ``RequestInfo``."""

    __slots__ = ("_environ", "_headers", "_writer", "method")

    def __init__(self, environ: WSGIEnviron, start_response: StartResponse) -> None:
        self._environ: Final = environ
        self._headers: CIMultiDict[str] | None = None
        #: The request method, upper-case.
        self.method: Final = str(environ.get("REQUEST_METHOD", "GET"))
        self._writer: Final = _Writer(self.method, environ, start_response)

    @property
    def version(self) -> tuple[int, int]:
        """1.1: framing is left to the server."""
        return 1, 1

    @property
    def keep_alive(self) -> bool:
        """True: the connection is the server's."""
        return True

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's fields."""
        if self._headers is None:
            self._headers = joined_fields(
                (name[5:].replace("_", "-"), from_bytes(str(value).encode("latin-1", "replace")))
                for name, value in self._environ.items()
                if name.startswith("HTTP_")
            )
        return self._headers

    @property
    def response_writer(self) -> ResponseWriter:
        """The writer for the response to this request."""
        return self._writer

    @property
    def task(self) -> None:
        """None: WSGI has no tasks."""
        return

    async def on_prepare(self, response: object) -> None:
        """Do nothing: an application has no hooks here."""


def send_wsgi(
    response: Sendable[WSGIRequest],
    environ: WSGIEnviron,
    start_response: StartResponse,
    *,
    at_once: bool,
) -> Iterable[bytes]:
    """Call ``start_response`` and return the body; ``at_once`` allows the way without ``prepare``.

    Raises ``RuntimeError`` for a response that was sent before and for a body that waits for an
    event loop. The body is released on every path, at the latest by ``close`` of the result.
    """
    try:
        refuse_second_use(response)
        request = WSGIRequest(environ, start_response)
        writer = request._writer  # noqa: SLF001  # of this module
        whole = response.as_single_write() if at_once and request.method != "CONNECT" else None
        if whole is not None and (whole[3] or request.method != "HEAD"):
            response.mark_sent(len(whole[3]))
            return writer.write_whole(*whole)
        pieces = _Pieces(response, request, writer)
        # Up to the first piece, so that an error before it is raised here, and so that the result
        # may be the server's own file wrapper.
        first = pieces.step()
    except BaseException:
        response.release_body()
        raise
    if first is None:
        return writer.rest
    pieces.first = first
    return pieces


@final
class _Piece:
    """A piece that a writer hands to the server: awaiting it suspends the response."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data: Final = data

    def __await__(self) -> Generator["_Piece", None, None]:
        yield self


@final
class _Writer:
    """The ``ResponseWriter`` of one environ."""

    __slots__ = ("_environ", "_has_body", "_method", "_start_response", "rest")

    def __init__(self, method: str, environ: WSGIEnviron, start_response: StartResponse) -> None:
        self._method: Final = method
        self._environ: Final = environ
        self._start_response: Final = start_response
        self._has_body = True
        #: The end of the body: all that the last call has written, or the server's file wrapper.
        self.rest: Iterable[bytes] = ()

    def write_head(
        self,
        status: int,
        reason: str,
        headers: CIMultiDict[str],
        *,
        body_follows: bool,  # noqa: ARG002  # the server holds the head until the first piece
    ) -> None:
        self._has_body = not must_be_empty(self._method, status)
        self._start_response(f"{status} {reason}", text_fields(headers))

    def write_whole(
        self, status: int, reason: str | None, lines: bytes, body: bytes
    ) -> Iterable[bytes]:
        """Start the response and return its body: the result of ``as_single_write``."""
        # The lines are this package's own, and valid.
        pairs = [line.split(": ", 1) for line in lines.decode("latin-1").split("\r\n")[:-1]]
        phrase = default_reason(status) if reason is None else reason
        self._start_response(f"{status} {phrase}", [(name, value) for name, value in pairs])
        return [] if self._method == "HEAD" else [body]

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._has_body and len(data):
            await _Piece(bytes(data))

    async def write_eof(self, data: bytes = b"") -> None:
        if self._has_body and data:
            self.rest = [data]

    async def send_whole_file(self, file: BinaryIO, length: int) -> bool:
        """Have the server send a file that has a descriptor (``WholeFileSender``)."""
        wrapper = self._environ.get("wsgi.file_wrapper")
        if not callable(wrapper):
            return False
        try:
            file.fileno()
            file.seek(0)
        except (OSError, AttributeError):
            return False
        self.rest = wrapper(_WholeFile(file, length), _BLOCK)
        return True


@final
class _Pieces:
    """The body of a response, pulled by the server piece by piece."""

    __slots__ = ("_coroutine", "_ended", "_response", "_writer", "first")

    def __init__(
        self, response: Sendable[WSGIRequest], request: WSGIRequest, writer: _Writer
    ) -> None:
        self._response: Final = response
        self._writer: Final = writer
        self._coroutine: Final[Coroutine[object, None, None]] = _send(response, request)
        self._ended = False
        #: The piece that was pulled before the server asked for one.
        self.first: bytes | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece, self.first = self.first, None
        if piece is None:
            piece = self.step()
        if piece is None:
            piece = next(iter(self._writer.rest), None)
            self._writer.rest = ()
        if piece is None:
            raise StopIteration
        return piece

    def step(self) -> bytes | None:
        """Return the next piece that the response writes; None if it has ended."""
        if self._ended:
            return None
        self._ended = True
        try:
            yielded = self._coroutine.send(None)
        except StopIteration:
            return None
        if isinstance(yielded, _Piece):
            self._ended = False
            return yielded.data
        error = RuntimeError(
            "The body of the response waits for an event loop, which a WSGI server does not have: "
            "give bytes, an open file or a generator without await"
        )
        try:
            self._coroutine.throw(error)
        finally:
            self._coroutine.close()
        raise error

    def close(self) -> None:
        """End the response wherever it is; the server calls this, also if the client has left."""
        try:
            self._coroutine.close()
        finally:
            self._response.release_body()


async def _send(response: Sendable[WSGIRequest], request: WSGIRequest) -> None:
    await response.prepare(request)
    await response.write_eof()


@final
class _WholeFile:
    """A file of which exactly ``length`` bytes are read, also if it grows meanwhile."""

    __slots__ = ("_file", "_left")

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file: Final = file
        self._left = length

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        piece = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(piece)
        return piece

    def fileno(self) -> int:
        """Return the descriptor, from whose position the kernel may send the file."""
        return self._file.fileno()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
