"""``StreamResponse``: a status, headers, cookies and state, and a body written piece by piece.

The response is a value until ``StreamResponse.prepare`` sends its head through the request's
writer. Then come any number of ``StreamResponse.write`` and one ``StreamResponse.write_eof``. Most
responses never need a header object, so it is made on demand; class attributes hold the defaults.
"""

import functools
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Protocol, TypeVar

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
from ._compressors import Compressor, make_compressor
from ._cookies import set_cookie_lines
from ._head import LooseHeaders, ResponseHead
from ._headers import OCTET_STREAM, check_reason
from ._status import allows_no_length, default_reason, must_be_empty
from ._types import RequestFor, ResponseWriter, run_blocking

__all__ = ["RequestInfo", "StreamResponse"]

_T = TypeVar("_T")


class RequestInfo(RequestFor["StreamResponse"], Protocol):
    """The part of a request that its response uses; the requests of a server provide it."""


class StreamResponse(ResponseHead):
    """A response whose body is written by the handler.

    ``status`` is an ``int`` from 100 to 999, ``reason`` the phrase behind it (None: the registered
    one) and ``headers`` the initial fields, which are copied. The writer checks the names and
    values of fields when the head is sent. The mapping interface holds state for handlers and
    middlewares; use ``ResponseKey`` for typed access.
    """

    _status: int = 200
    _reason: str | None = None
    _keep_alive: bool | None = None
    _req: RequestInfo | None = None
    _payload_writer: ResponseWriter | None = None
    _eof_sent: bool = False
    _body_length: int = 0
    # The arguments of enable_compression(), and the compressor if a coding was chosen.
    _compression_options: CompressionOptions | None = None
    _compressor: Compressor | None = None
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

        Raises ``RuntimeError`` once prepared, ``ValueError`` for a status that is not from 100 to
        999 and for control characters in ``reason``.
        """
        if self._eof_sent or self._payload_writer is not None:
            raise RuntimeError("Cannot change the status: the response's head is already sent")
        status = int(status)
        if not 100 <= status <= 999:
            raise ValueError(f"A status code has three digits (100 to 999), got {status}")
        self._status = status
        self._reason = None if reason is None else check_reason(reason)

    # Framing and connection.

    @property
    def chunked(self) -> bool:
        """True if the body is sent in chunks."""
        return self._chunked

    def enable_chunked_encoding(self) -> None:
        """Send the body in chunks; raises ``RuntimeError`` with a Content-Length set."""
        if self._headers is not None and "Content-Length" in self._headers:
            raise RuntimeError("A response with Content-Length cannot be chunked")
        self._chunked = True

    @property
    def compression(self) -> bool:
        """True if compression was enabled; Content-Encoding shows if it is used."""
        return self._compression_options is not None

    def enable_compression(
        self, force: ContentCoding | None = None, strategy: int | None = None
    ) -> None:
        """Compress the body if the client accepts a coding and the content is worth it.

        The first available coding in the client's order is used; between equals the order is zstd,
        br, gzip, deflate. Small bodies and types with a compressed format are not compressed, nor
        is a response with its own Content-Encoding or Content-Range. ``Vary`` gets
        ``Accept-Encoding``, and a strong ETag becomes weak. The client can decode each piece that
        is written when it arrives.

        ``force`` sets the coding for every client; ``strategy`` is one of zlib's ``Z_*``
        strategies. Raises ``TypeError`` if ``force`` is not a ``ContentCoding``, ``ValueError`` if
        its library is not installed, and ``RuntimeError`` once prepared.
        """
        if self.prepared:
            raise RuntimeError("Cannot enable compression: the response's head is already sent")
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
        return self._eof_sent or self._payload_writer is not None

    @property
    def body_length(self) -> int:
        """Bytes of the body written so far."""
        return self._body_length

    async def prepare(self, request: RequestInfo) -> ResponseWriter | None:
        """Send the head and return the writer; a second call does nothing.

        First the fields that follow from the body and the request are set, then the application's
        ``on_response_prepare`` signals run.
        """
        if self._eof_sent:
            return None
        if self._payload_writer is not None:
            return self._payload_writer
        self._req = request
        if self._compression_options is not None:
            await self._start_compression(request, self._compression_options)
        self.complete_headers(request)
        await self.run_on_prepare(request)
        writer = request.response_writer
        writer.write_head(self._status, self.reason, self.headers, body_follows=self.body_follows)
        self.begin_sending(request, writer)
        return writer

    # For servers, and for subclasses that send their head or body by other means: prepare() and
    # write_eof() are made of these. The module ``_types`` has the whole contract.

    def complete_headers(self, request: RequestInfo) -> None:
        """Set the fields that follow from cookies, body and request."""
        headers = self.headers
        for line in set_cookie_lines(self._cookies):
            headers.add("Set-Cookie", line)
        if self._keep_alive is None:
            self._keep_alive = request.keep_alive
        elif not self._keep_alive:
            headers["Connection"] = "close"
        if self._chunked:
            if request.version < (1, 1):
                raise RuntimeError("Chunked encoding needs an HTTP/1.1 client, this one is older")
            headers["Transfer-Encoding"] = "chunked"
        if allows_no_length(request.method, self._status):
            headers.pop("Content-Length", None)
            headers.pop("Transfer-Encoding", None)
        else:
            headers.setdefault("Content-Type", OCTET_STREAM)

    async def run_on_prepare(self, request: RequestInfo) -> None:
        """Run ``request.on_prepare`` and add the cookies that it has set to the fields.

        Call it once, behind ``complete_headers``; then send the head.
        """
        lines = set_cookie_lines(self._cookies)
        await request.on_prepare(self)
        if self._cookies is not None:
            for line in set_cookie_lines(self._cookies):
                if line not in lines:
                    self.headers.add("Set-Cookie", line)

    def begin_sending(self, request: RequestInfo, writer: ResponseWriter) -> None:
        """Note that the head is sent: the body goes through ``writer`` until ``end_sending``."""
        self._req = request
        self._payload_writer = writer

    @property
    def payload_writer(self) -> ResponseWriter | None:
        """The writer that the body goes through; None before the head is sent and after the end."""
        return self._payload_writer

    @property
    def is_compressing(self) -> bool:
        """True if ``write`` compresses the body, so that its bytes must not go past ``write``."""
        return self._compressor is not None

    def count_body(self, size: int) -> None:
        """Add ``size`` bytes, sent past ``write``, to ``body_length``."""
        self._body_length += size

    def end_sending(self) -> None:
        """Note that the response is complete, and let go of the request and its writer."""
        self._eof_sent = True
        self._req = None
        self._payload_writer = None
        self._compressor = None

    @property
    def eof_sent(self) -> bool:
        """True if the response is complete."""
        return self._eof_sent

    def as_single_write(self) -> tuple[int, str | None, bytes, bytes] | None:
        """Return a response that fits in one write; None if it must be sent with ``prepare``.

        See ``Response.as_single_write``. A response that is written piece by piece never fits.
        """
        return None

    def mark_sent(self, body_length: int) -> None:
        """Note that the server has sent the result of ``as_single_write``."""
        self._body_length = body_length
        self._eof_sent = True

    def release_body(self) -> None:
        """Close the body's files and streams: the server will not send this response."""

    # Compression.

    def _choose_coding(
        self, request: RequestInfo, options: CompressionOptions, size: int | None
    ) -> str | None:
        headers = self.headers
        if "Content-Encoding" in headers or "Content-Range" in headers or self._status == 206:
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
            if not must_be_empty(request.method, self._status):
                self._compressor = make_compressor(coding, options.strategy)

    async def _encode(self, call: Callable[[bytes], bytes], data: bytes) -> bytes:
        if len(data) <= self._executor_size:
            return call(data)
        return await self.run_blocking(functools.partial(call, data), self._executor)

    async def run_blocking(self, call: Callable[[], _T], executor: Executor | None = None) -> _T:
        """Return ``call()``, run where the server runs blocking calls; only while sending."""
        writer = None if self._req is None else self._req.response_writer
        return await run_blocking(writer, call, executor)

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a piece of the body; wait while the peer reads too slowly.

        Raises ``TypeError`` for anything but bytes, ``RuntimeError`` before ``prepare`` and after
        ``write_eof``, ``ConnectionResetError`` if the peer has closed the connection.
        """
        _check_data(data)
        if self._eof_sent:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self._payload_writer is None:
            raise RuntimeError("Cannot call write() before prepare()")
        if self._compressor is not None:
            if not data:
                return
            data = await self._encode(self._compressor.piece, bytes(data))
        self._body_length += data.nbytes if isinstance(data, memoryview) else len(data)
        await self._payload_writer.write(data)

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the last piece and end the response; a second call does nothing.

        Raises the errors of ``write``.
        """
        _check_data(data)
        if self._eof_sent:
            return
        if self._payload_writer is None:
            raise RuntimeError("Cannot call write_eof() before prepare()")
        data = bytes(data)
        if self._compressor is not None:
            data = await self._encode(self._compressor.finish, data)
        self._body_length += len(data)
        await self._payload_writer.write_eof(data)
        self.end_sending()

    def __repr__(self) -> str:
        state = "eof" if self._eof_sent else "prepared" if self.prepared else "not prepared"
        return f"<{type(self).__name__} {self._status} {self.reason} {state}>"


def _check_data(data: bytes | bytearray | memoryview) -> None:
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"data must be bytes, bytearray or memoryview, not {type(data).__name__}")
