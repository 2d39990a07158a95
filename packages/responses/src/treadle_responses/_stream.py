"""``StreamResponse``: a status, headers, cookies and state, and a body written piece by piece.

The response is a value until ``StreamResponse.prepare`` sends its head through the request's
writer. Then come any number of ``StreamResponse.write`` and one ``StreamResponse.write_eof``. Most
responses never need a header object, so it is made on demand; class attributes hold the defaults.
"""

import functools
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Protocol, TypeVar

from multidict import CIMultiDict

from ._compression import (
    CompressionOptions,
    ContentCoding,
    add_vary,
    choose_coding,
    compression_options,
    declare_coding,
    depends_on_client,
    weaken_etag,
)
from ._compressors import make_compressor
from ._encoder import BodyEncoder
from ._head import LooseHeaders, ResponseHead
from ._headers import OCTET_STREAM, add_option, check_reason, has_option
from ._legacy import LegacyResponse
from ._misuse import WrongMomentError, WrongTypeError
from ._phase import WRITE_REFUSED, Phase
from ._status import (
    RESET_CONTENT,
    allows_no_length,
    check_status,
    default_reason,
    must_be_empty,
)
from ._types import RequestFor, ResponseWriter, run_blocking

if TYPE_CHECKING:
    from ._asgi import ASGIReceive, ASGIScope, ASGISend, Offload
    from ._wsgi import StartResponse, WSGIEnviron

__all__ = ["RequestInfo", "StreamResponse"]

_T = TypeVar("_T")


# A member looked up in its class would make a small response 2 % slower.
_NEW, _PREPARING, _BODY, _ENDING, _ENDED = Phase


class RequestInfo(RequestFor["StreamResponse"], Protocol):
    """The part of a request that its response uses; the requests of a server provide it."""


class StreamResponse(ResponseHead, LegacyResponse):
    """A response whose body is written by the handler.

    ``status`` is an ``int`` from 200 to 999, ``reason`` the phrase behind it (None: the registered
    one) and ``headers`` the initial fields, which are copied. The writer checks the names and
    values of fields when the head is sent. The mapping interface holds state for handlers and
    middlewares; use ``ResponseKey`` for typed access.
    """

    _status: int = 200
    _reason: str | None = None
    _keep_alive: bool | None = None
    _req: RequestInfo | None = None
    _payload_writer: ResponseWriter | None = None
    # What every response sets has no default here: the interpreter's fast ways to an attribute (its
    # specialized instructions) are not for one that hides an attribute of the class.
    _phase: Phase
    _body_length: int
    # True if ``enable_conditions`` was called.
    _conditional: bool = False
    # The arguments of enable_compression(), and the encoder if a coding was chosen.
    _compression_options: CompressionOptions | None = None
    _encoder: BodyEncoder | None = None
    # Pieces of more bytes than this are compressed in the executor (None: the server's own).
    _executor_size: int = 4096
    _executor: Executor | None = None
    #: True if ``write_eof`` comes right behind ``prepare``, so that the head can wait for the body;
    #: for subclasses to set.
    body_follows: bool = False

    def __init__(
        self,
        *,
        status: int = 200,
        reason: str | None = None,
        headers: LooseHeaders | None = None,
    ) -> None:
        self._phase = _NEW
        self._body_length = 0
        if status != 200 or reason is not None:
            self.set_status(status, reason)
        if headers is not None:
            self._headers = CIMultiDict(headers)

    # Status.

    @property
    def status(self) -> int:
        """The status code."""
        return self._status

    @property
    def reason(self) -> str:
        """The reason phrase."""
        return default_reason(self._status) if self._reason is None else self._reason

    def set_status(self, status: int, reason: str | None = None) -> None:
        """Set status and reason; only before ``prepare``.

        Raises ``WrongMomentError`` once prepared, ``ValueError`` for a status that is not from 200
        to 999 (101 is for classes that switch protocols) and for control characters in ``reason``,
        ``TypeError`` for values of other types.
        """
        if self.prepared:
            raise WrongMomentError(
                "Cannot change the response status code after the headers have been sent"
            )
        status = check_status(status)
        self._reason = None if reason is None else check_reason(reason)
        self._status = status

    # Framing and connection.

    @property
    def chunked(self) -> bool:
        """True if the body is sent in chunks."""
        return self._chunked

    def enable_chunked_encoding(self, chunk_size: int | None = None) -> None:
        """Send the body in chunks; raises ``RuntimeError`` with a Content-Length set.

        ``chunk_size`` is deprecated and has no effect: each piece that is written is one chunk.
        """
        if self._headers is not None and "Content-Length" in self._headers:
            raise RuntimeError(
                "You can't enable chunked encoding when a content length is set: the header "
                f"Content-Length is {self._headers['Content-Length']!r}"
            )
        if chunk_size is not None:
            warnings.warn(
                "Chunk size is deprecated: each piece that is written is one chunk",
                DeprecationWarning,
                stacklevel=2,
            )
        self._chunked = True

    @property
    def compression(self) -> bool:
        """True if compression was enabled; Content-Encoding shows if it is used."""
        return self._compression_options is not None

    def enable_compression(
        self, force: bool | ContentCoding | None = None, strategy: int | None = None
    ) -> None:
        """Compress the body if the client accepts a coding and the content is worth it.

        The first available coding in the client's order is used; between equals the order is zstd,
        br, gzip, deflate. Small bodies and types with a compressed format are not compressed, nor
        is a response with its own Content-Encoding or Content-Range. ``Vary`` gets
        ``Accept-Encoding``, and a strong ETag becomes weak. The client can decode each piece that
        is written when it arrives.

        ``force`` sets the coding for every client; ``strategy`` is one of zlib's ``Z_*``
        strategies. Deprecated values of ``force`` are True (deflate) and False (no coding). A call
        behind ``prepare`` has no effect. Raises ``WrongTypeError`` for another ``force``, and
        ``ValueError`` if its library is not installed.
        """
        if isinstance(force, bool):
            force = ContentCoding.deflate if force else ContentCoding.identity
            warnings.warn(
                f"Using boolean for force is deprecated: use web.{force}, or leave it out to have "
                "the client's coding",
                DeprecationWarning,
                stacklevel=2,
            )
        self._compression_options = compression_options(force, strategy)

    @property
    def keep_alive(self) -> bool | None:
        """True if the connection stays open after this response; None until prepared."""
        return self._keep_alive

    def force_close(self) -> None:
        """Close the connection after this response."""
        self._keep_alive = False

    # Sending.

    @property
    def task(self) -> object | None:
        """The server's task that runs the request's handler; None unless the body is being sent."""
        return None if self._req is None else self._req.task

    @property
    def prepared(self) -> bool:
        """True if the head was sent."""
        return self._phase is not _NEW and self._phase is not _PREPARING

    @property
    def body_length(self) -> int:
        """Bytes that were sent: with the head at the end, before that those of the body so far."""
        return self._body_length

    async def prepare(self, request: RequestInfo) -> ResponseWriter | None:
        """Send the head and return the writer; a second call does nothing.

        First the fields that follow from the body and the request are set, then the application's
        ``on_response_prepare`` signals run. Raises ``RuntimeError`` if another call has not
        returned yet, from another task or from such a signal.
        """
        if self._phase is _PREPARING:
            raise RuntimeError(
                "prepare() of this response runs already, in another task or around this signal: "
                "call it once, and wait for it"
            )
        if self._phase is not _NEW:
            return _known_writer(self._payload_writer)
        if self._status < 0:
            raise RuntimeError(
                f"{type(self).__name__} has no status, so it cannot be sent: raise a subclass that "
                "sets status_code"
            )
        self._phase = _PREPARING
        try:
            self._req = request
            if type(self).open_body is not StreamResponse.open_body:
                await self.open_body(request)
            if self._conditional:
                self._apply_conditions(request)
            if self._compression_options is not None:
                await self._start_compression(request, self._compression_options)
            self.complete_headers(request)
            await self.run_on_prepare(request)
            writer = request.response_writer
            writer.write_head(
                self._status, self.reason, self.headers, body_follows=self.body_follows
            )
        except BaseException:
            self._phase = _NEW
            raise
        self.begin_sending(request, writer)
        return _known_writer(writer)

    # For servers, and for subclasses that send their head or body by other means: prepare() and
    # write_eof() are made of these. The module ``_types`` has the whole contract.

    async def open_body(self, request: RequestInfo) -> None:
        """Find out what the body is, before anything in the head depends on it.

        For subclasses; ``prepare`` calls it once. The counterpart is ``release_body``.
        """

    def _apply_conditions(self, request: RequestInfo) -> None:
        """Change the response to the one to a conditional request, if that is due."""

    def complete_headers(self, request: RequestInfo) -> None:
        """Set the fields that follow from cookies, body and request.

        Raises ``ValueError`` for a Content-Length that is not a number.
        """
        headers = self.headers
        if self._cookies is not None:
            self._put_cookies([])
        if self._keep_alive is None and "Connection" not in headers:
            # Nearly always; the server writes the field itself.
            self._keep_alive = request.keep_alive
        else:
            self._complete_connection(request)
        if self._chunked:
            if request.version < (1, 1):
                major, minor = request.version
                raise RuntimeError(f"Using chunked encoding is forbidden for HTTP/{major}.{minor}")
            headers["Transfer-Encoding"] = "chunked"
        if allows_no_length(request.method, self._status):
            headers.pop("Content-Length", None)
            headers.pop("Transfer-Encoding", None)
        elif self._status == RESET_CONTENT:
            headers["Content-Length"] = "0"
            headers.pop("Transfer-Encoding", None)
        elif "Content-Type" not in headers and self.content_length != 0:
            headers["Content-Type"] = OCTET_STREAM

    def _complete_connection(self, request: RequestInfo) -> None:
        """Settle if the connection is kept, and have the field of the application say the same."""
        headers = self.headers
        asked = headers.getall("Connection", ())
        if has_option(asked, "close"):
            self._keep_alive = False
        elif self._keep_alive is None:
            self._keep_alive = request.keep_alive
        if not self._keep_alive:
            headers["Connection"] = add_option(asked, "close")

    async def run_on_prepare(self, request: RequestInfo) -> None:
        """Run ``request.on_prepare`` and add the cookies that it has set to the fields.

        Call it once, behind ``complete_headers``; then send the head.
        """
        lines = [] if self._cookies is None else self._cookies.lines()
        await request.on_prepare(self)
        if self._cookies is not None:
            self._put_cookies(lines)

    def _put_cookies(self, old: list[str]) -> None:
        """Write the cookies into the fields, in place of their ``old`` lines."""
        new = [] if self._cookies is None else self._cookies.lines()
        if new == old:
            return
        headers = self.headers
        # A ``prepare`` that failed may have left lines.
        replaced = {*old, *new}
        own = [line for line in headers.popall("Set-Cookie", ()) if line not in replaced]
        for line in (*own, *new):
            headers.add("Set-Cookie", line)

    def begin_sending(self, request: RequestInfo, writer: ResponseWriter) -> None:
        """Note that the head is sent: the body goes through ``writer`` until ``end_sending``."""
        self._req = request
        self._payload_writer = writer
        self._phase = _BODY

    @property
    def payload_writer(self) -> ResponseWriter | None:
        """The writer that the body goes through; None before the head is sent and after the end."""
        return self._payload_writer

    @property
    def is_compressing(self) -> bool:
        """True if ``write`` compresses the body, so that its bytes must not go past ``write``."""
        return self._encoder is not None

    def count_body(self, size: int) -> None:
        """Add ``size`` bytes, sent past ``write``, to ``body_length``."""
        self._body_length += size

    def end_sending(self) -> None:
        """Note that the response is complete, and let go of the request and its writer."""
        self._phase = _ENDED
        self._req = None
        self._payload_writer = None
        self._encoder = None

    @property
    def eof_sent(self) -> bool:
        """True if the response is complete."""
        return self._phase is _ENDED

    def as_single_write(self) -> tuple[int, str | None, bytes, bytes] | None:
        """Return a response that fits in one write; None if it must be sent with ``prepare``.

        See ``Response.as_single_write``. A response that is written piece by piece never fits.
        """
        return None

    def mark_sent(self, body_length: int) -> None:
        """Note that the server has sent the result of ``as_single_write``.

        ``body_length`` are the bytes that it sent, those of the head included.
        """
        self._body_length = body_length
        self._phase = _ENDED

    def release_body(self) -> None:
        """Close the body's files and streams: the server will not send this response."""

    # Adapters: a response as an application.

    async def __call__(
        self,
        scope: "ASGIScope",
        receive: "ASGIReceive",  # noqa: ARG002  # of the convention
        send: "ASGISend",
    ) -> None:
        """Send the response as an ASGI application; see ``asgi``."""
        from ._asgi import send_asgi

        await send_asgi(self, scope, send, None, at_once=_sends_at_once(type(self)))

    async def asgi(
        self,
        scope: "ASGIScope",
        receive: "ASGIReceive",  # noqa: ARG002  # of the convention
        send: "ASGISend",
        *,
        offload: "Offload | None" = None,
    ) -> None:
        """Send the response to the request of an ASGI scope, once.

        ``offload`` (``asyncio.to_thread``, ``trio.to_thread.run_sync``) makes the calls that block:
        reading files, compressing large bodies. Without it they are made here, in pieces of at most
        256 KiB, and hold up the event loop meanwhile.

        The server adds the fields of the connection. ``receive`` is not called: if the client
        leaves, ``send`` raises an ``OSError`` in servers of ASGI 2.4, and drops what it is given in
        older ones. Every exception goes to the server, which closes the connection if the response
        has begun; the body is released first. Raises ``RuntimeError`` for a response that was sent
        before, ``ValueError`` for a scope of another type and for fields that cannot be sent.
        """
        from ._asgi import send_asgi

        await send_asgi(self, scope, send, offload, at_once=_sends_at_once(type(self)))

    def wsgi(self, environ: "WSGIEnviron", start_response: "StartResponse") -> Iterable[bytes]:
        """Send the response as a WSGI application, once: ``return response.wsgi(...)``.

        The body is pulled by the server piece by piece. Raises ``RuntimeError`` for a response that
        was sent before and for a body that waits for an event loop, ``ValueError`` for fields that
        cannot be sent; from the result too, if a body fails behind its first piece. Its ``close``
        releases the body.
        """
        from ._wsgi import send_wsgi

        return send_wsgi(self, environ, start_response, at_once=_sends_at_once(type(self)))

    # Compression.

    def _choose_coding(
        self, request: RequestInfo, options: CompressionOptions, size: int | None
    ) -> str | None:
        headers = self.headers
        if (
            "Content-Encoding" in headers
            or "Content-Range" in headers
            or self._status
            in (
                206,
                RESET_CONTENT,
            )
        ):
            return None
        if allows_no_length(request.method, self._status):
            if self._status != 304:
                return None
            # It stands for a 200 of unknown size.
            size = None
        media_type = self.content_type
        if depends_on_client(options, media_type, size):
            add_vary(headers, "Accept-Encoding")
        coding = choose_coding(options, request.headers.get("Accept-Encoding"), media_type, size)
        if coding is not None and self._status == 304:
            # RFC 9110 section 15.4.5: a 304 has the ETag of the 200.
            weaken_etag(headers)
            return None
        return coding

    async def _start_compression(self, request: RequestInfo, options: CompressionOptions) -> None:
        """Choose a coding and declare it in the fields."""
        coding = self._choose_coding(request, options, self.content_length)
        if coding is not None:
            declare_coding(self.headers, coding)
            if must_be_empty(request.method, self._status):
                return
            given = getattr(request.response_writer, "stream_writer", None)
            if given is None:
                self._encoder = BodyEncoder(make_compressor(coding, options.strategy))
            else:
                given.enable_compression(coding, options.strategy)

    async def run_blocking(self, call: Callable[[], _T], executor: Executor | None = None) -> _T:
        """Return ``call()``, run where the server runs blocking calls; only while sending."""
        writer = None if self._req is None else self._req.response_writer
        return await run_blocking(writer, call, executor)

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a piece of the body; wait while the peer reads too slowly.

        The pieces of several tasks are sent in the order of the calls, also when they are
        compressed. Raises ``TypeError`` for anything but bytes, ``RuntimeError`` before
        ``prepare``, after ``write_eof`` and for more bytes than the response's Content-Length,
        ``ConnectionResetError`` if the peer has closed the connection.
        """
        _check_data(data)
        writer = self._payload_writer
        if self._phase is not _BODY or writer is None:
            raise RuntimeError(WRITE_REFUSED[self._phase])
        encoder = self._encoder
        if encoder is not None:
            if not data:
                return
            data = await self._encode(encoder, encoder.add(bytes(data)), len(data))
            if not data:
                # Another call has sent it behind its own piece.
                return
        self._body_length += data.nbytes if isinstance(data, memoryview) else len(data)
        await writer.write(data)

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the last piece and end the response; a second call does nothing.

        Raises the errors of ``write``, and ``RuntimeError`` if the body is shorter than the
        response's Content-Length; the connection closes then.
        """
        _check_data(data)
        if self._phase is _ENDED:
            return
        writer = self._payload_writer
        if writer is None:
            raise WrongMomentError(
                "Response has not been started: cannot call write_eof() before prepare()"
            )
        self._phase = _ENDING
        data = bytes(data)
        encoder = self._encoder
        if encoder is not None:
            data = await self._encode(encoder, encoder.finish(data), len(data))
            if self._encoder is None:
                # Another call, made while this one waited, has ended the response.
                return
        self._body_length += len(data)
        # Before anything waits: the writer takes the data at once.
        self.end_sending()
        try:
            await writer.write_eof(data)
        finally:
            self._body_length = getattr(writer, "output_size", self._body_length)

    async def _encode(self, encoder: BodyEncoder, number: int, size: int) -> bytes:
        """Return what is encoded up to a piece of ``size`` bytes and was not sent yet."""
        call = functools.partial(encoder.encode, number)
        if size <= self._executor_size and encoder.waiting == 1:
            call()
        else:
            await self.run_blocking(call, self._executor)
        return encoder.take()

    def __repr__(self) -> str:
        state = "eof" if self.eof_sent else "prepared" if self.prepared else "not prepared"
        return f"<{type(self).__name__} {self._status} {self.reason} {state}>"


@functools.lru_cache(512)
def _sends_at_once(cls: type[StreamResponse]) -> bool:
    """Return True if the class sends itself as this package does: nothing in it is replaced."""
    replaced = {"prepare", "open_body", "complete_headers", "run_on_prepare", "write", "write_eof"}
    own = [base for base in cls.__mro__ if not base.__module__.startswith(f"{__package__}.")]
    return not any(name in vars(base) for base in own for name in replaced)


def _known_writer(writer: ResponseWriter | None) -> ResponseWriter | None:
    """Return the object that a request made by hand was given as its writer, or ``writer``."""
    return getattr(writer, "stream_writer", writer)


def _check_data(data: bytes | bytearray | memoryview) -> None:
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise WrongTypeError(
            "data argument must be byte-ish, that is bytes, bytearray or memoryview, not "
            f"{type(data).__name__}"
        )
