"""``Response``: a response with a whole body.

The common case is a status, a media type and some bytes. No header object is made until
``headers`` is read, and ``Response.as_single_write`` gives a server the finished field lines, so
that head and body leave in one write.
"""

import functools
import io
from collections.abc import AsyncIterable, Iterator
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Final, Self

from multidict import CIMultiDict

from ._compression import CompressionOptions, declare_coding
from ._compressors import make_compressor
from ._encoder import BodyEncoder
from ._head import LooseHeaders
from ._headers import (
    OCTET_STREAM,
    check_charset,
    check_content_type,
    format_content_type,
    parse_length,
    shown,
    split_content_type,
    with_charset,
)
from ._lines import plain_lines
from ._media_types import MEDIA_TYPES
from ._misuse import WrongMomentError, WrongTypeError
from ._payload import Payload
from ._payload_streams import IteratorPayload
from ._phase import Phase
from ._registry import PAYLOAD_REGISTRY, PayloadLookupError
from ._status import RESET_CONTENT, allows_no_length, must_be_empty
from ._stream import RequestInfo, StreamResponse

if TYPE_CHECKING:
    from ._fileplan import FilePlan

__all__ = ["Body", "Response", "simple_response"]

#: The types of a response's body. For type checkers, values of other registered types must be given
#: as a ``Payload`` (``get_payload``); at run time the value itself works too.
Body = (
    bytes | bytearray | memoryview | str | io.IOBase
    | AsyncIterable[bytes] | Iterator[bytes] | Payload
)  # fmt: skip

#: Content-Type lines that are cached: a tenth of the time of making a response and its single
#: write. An application has a handful, but a type may be made up per request.
_CACHED_LINES: Final = 256

_NEW: Final = Phase.NEW
_new: Final = object.__new__
_EMPTY: Final = b"Content-Length: 0\r\n"

#: The lengths of small bodies: to format one takes four times as long as to look it up.
_SMALL: Final = 1024
_LENGTHS: Final = [b"%d\r\n" % size for size in range(_SMALL)]

#: The fields that conditions depend on.
_VALIDATORS: Final = ("ETag", "Last-Modified")

_BODY_AND_TEXT: Final = "body and text are not allowed together"


class Response(StreamResponse):
    """A response with a complete body.

    Give either ``text`` or ``body``. ``text`` is a ``str``, sent as ``text/plain; charset=utf-8``
    unless ``content_type`` or ``charset`` is given. ``body`` is one of: bytes, sent as
    ``application/octet-stream``; a ``str``, sent like ``text``; an open file, which is closed when
    the response ends; an asynchronous iterable or an iterator of bytes, sent in chunks; or a value
    that has a ``Payload`` in ``PAYLOAD_REGISTRY``. The fields of a payload are added to the
    response, unless it has fields of the same names.

    ``zlib_executor_size`` is the size in bytes from which ``enable_compression`` compresses the
    body in ``zlib_executor`` (None: where the server runs blocking calls).

    Raises ``ValueError`` for ``body`` with ``text``, for a Content-Type in ``headers`` together
    with ``content_type`` or ``charset``, for a charset or control characters in ``content_type``,
    for a malformed ``charset`` and for a ``body`` of an unknown type; ``TypeError`` for a ``text``
    that is not a ``str``; ``LookupError`` for text in an unknown charset.
    """

    # These have no default either, as in ``StreamResponse``.
    _body: bytes | bytearray | Payload | None
    _content_type: str | None
    _charset: str | None
    # The compressed body, if it was compressed at once.
    _encoded: bytes | None = None
    # True once a payload is being written.
    _payload_begun: bool = False
    body_follows: bool = True

    def __init__(
        self,
        *,
        body: Body | None = None,
        status: int = 200,
        reason: str | None = None,
        text: str | None = None,
        headers: LooseHeaders | None = None,
        content_type: str | None = None,
        charset: str | None = None,
        zlib_executor_size: int | None = None,
        zlib_executor: Executor | None = None,
    ) -> None:
        self._phase = _NEW
        self._body_length = 0
        if zlib_executor_size is not None or zlib_executor is not None:
            self._set_executor(zlib_executor_size, zlib_executor)
        if status != 200 or reason is not None:
            self.set_status(status, reason)
        # The table spares the usual types their check: a tenth of json_response("x").
        if content_type is not None and content_type not in MEDIA_TYPES:
            _check_type_argument(content_type)
        if charset is not None:
            check_charset(charset)
        given = None if headers is None else CIMultiDict(headers)
        if given is not None and "Content-Type" in given:
            if content_type is not None or charset is not None:
                raise ValueError(
                    "passing both Content-Type header and content_type or charset params is "
                    "forbidden: give the type once"
                )
            self._body = self._content_type = self._charset = None
            self._fill_typed(given, text, body)
            return
        if text is not None:
            if body is not None:
                raise ValueError(_BODY_AND_TEXT)
            if not isinstance(text, str):
                raise TypeError(
                    f"text argument must be str, not {type(text).__name__}: {shown(text)}"
                )
            self._charset = charset = charset or "utf-8"
            self._content_type = content_type or "text/plain"
            self._body = text.encode(charset)
        else:
            self._body = None
            self._content_type = content_type
            self._charset = charset
            if body is not None and given is None:
                self.body = body
        if given is not None:
            self._headers = given
            self._store_content_type(given)
            if text is None and body is not None:
                self._set_body(body)

    @classmethod
    def _simple(cls, body: bytes, content_type: str, charset: str | None) -> Self:
        """Return ``cls(body=body, content_type=content_type, charset=charset)``, unchecked."""
        self = _new(cls)
        self._phase = _NEW
        self._body_length = 0
        self._body = body
        self._content_type = content_type
        self._charset = charset
        return self

    def _fill_typed(self, headers: CIMultiDict[str], text: str | None, body: Body | None) -> None:
        """Take fields that include the Content-Type, and the content that it describes."""
        if text is not None and body is not None:
            raise ValueError(_BODY_AND_TEXT)
        self._headers = headers
        if text is not None:
            self.text = text
        elif body is not None:
            self._set_body(body)

    def _set_executor(self, size: int | None, executor: Executor | None) -> None:
        self._executor = executor
        if size is not None:
            self._executor_size = size

    # The media type is kept in two attributes until there is a header object.

    def _read_content_type(self) -> str | None:
        if self._headers is not None:
            return self._headers.get("Content-Type")
        if self._content_type is None and self._charset is None:
            return None
        return format_content_type(self._content_type or OCTET_STREAM, self._charset)

    def _write_content_type(self, value: str) -> None:
        if self._headers is not None:
            self._headers["Content-Type"] = value
        else:
            self._content_type = value
            self._charset = None

    def _store_content_type(self, headers: CIMultiDict[str]) -> None:
        """Move the media type from its attributes into the header object."""
        if self._content_type is not None or self._charset is not None:
            content_type = self._content_type or OCTET_STREAM
            headers["Content-Type"] = format_content_type(content_type, self._charset)

    @property
    def headers(self) -> CIMultiDict[str]:
        """The fields; change them freely until the response is sent."""
        if self._headers is None:
            self._headers = CIMultiDict()
            self._store_content_type(self._headers)
        return self._headers

    # The body.

    @property
    def body(self) -> bytes | bytearray | Payload | None:
        """The body: bytes as given, or the payload of another value."""
        return self._body

    @body.setter
    def body(self, value: Body | None) -> None:
        if self._headers is not None:
            # It is the length of another body.
            self._headers.pop("Content-Length", None)
        self._encoded = None
        self._set_body(value)

    def _set_body(self, value: Body | None) -> None:
        if isinstance(value, str):
            if self._read_content_type() is None:
                self._write_content_type("text/plain; charset=utf-8")
            elif self._headers is None and self._content_type is None:
                self._content_type = "text/plain"
            self._body = value.encode(self.charset or "utf-8")
        elif value is None or isinstance(value, (bytes, bytearray)):
            self._body = value
        elif isinstance(value, memoryview):
            self._body = bytes(value)
        else:
            self._body = self._take_payload(value)

    def _take_payload(self, value: object) -> Payload:
        payload = _payload_of(value)
        self.body_follows = False
        if self._content_type is None and self._charset is not None:
            # The given charset belongs to the payload's type, not to the default one.
            self._content_type = payload.content_type.partition(";")[0]
        headers = self.headers
        for name, field in payload.headers.items():
            headers.setdefault(name, field)
        return payload

    @property
    def text(self) -> str | None:
        """The body decoded with the charset (UTF-8 without one), None without a body.

        Raises ``TypeError`` for a body that is a stream.
        """
        body = self._body
        return None if body is None else body.decode(self.charset or "utf-8")

    @text.setter
    def text(self, value: str | None) -> None:
        if value is None:
            self.body = None
            return
        if not isinstance(value, str):
            raise WrongTypeError(
                f"text argument must be str, not {type(value).__name__}: {shown(value)}"
            )
        field = self._read_content_type() or OCTET_STREAM
        content_type, charset = split_content_type(field)
        if content_type == OCTET_STREAM or charset is None:
            if content_type == OCTET_STREAM:
                field = "text/plain"
            charset = charset or "utf-8"
            self._write_content_type(with_charset(field, charset))
        self.body = value.encode(charset)

    @property
    def content_length(self) -> int | None:
        """The size of the body in bytes; None for a stream of unknown size, and if chunked."""
        if self._chunked:
            return None
        if self._headers is not None and "Content-Length" in self._headers:
            return parse_length(self._headers["Content-Length"])
        return self._size()

    @content_length.setter
    def content_length(self, value: int | None) -> None:
        raise RuntimeError(
            f"Content length is set automatically: it follows from the body, not from {value!r}"
        )

    def _size(self) -> int | None:
        body = self._body if self._encoded is None else self._encoded
        if body is None:
            return 0
        return body.size if isinstance(body, Payload) else len(body)

    # Conditions.

    def enable_conditions(self) -> None:
        """Answer a conditional request, and one for a range, as RFC 9110 has it.

        When the response is sent, a 200 to GET or HEAD becomes 304 if the client's copy is current
        and 412 if the client's condition fails; ``etag`` and ``last_modified`` are compared, so set
        one of them. A body of bytes is sent in part (206, or 416) if the client asks for ranges.
        """
        if self._body is None or isinstance(self._body, (bytes, bytearray)):
            self.headers["Accept-Ranges"] = "bytes"
        self._conditional = True

    def _apply_conditions(self, request: RequestInfo) -> None:
        if self._status != 200 or request.method not in ("GET", "HEAD"):
            return
        # Few responses have conditions, but all programs import this module.
        from ._fileplan import apply_plan, plan_content

        body = self._body
        whole = isinstance(body, (bytes, bytearray)) and "Content-Encoding" not in self.headers
        given = {name: value for name in _VALIDATORS if (value := self.headers.get(name))}
        given["Content-Type"] = self._read_content_type() or OCTET_STREAM
        size = self._size() if whole else None
        plan = plan_content(request.method, request.headers, size, given)
        if plan.status == 200:
            return
        apply_plan(plan, self)
        if plan.status == 304:
            # The body stays: the compression that it would have decides on the tag.
            return
        if isinstance(body, (bytes, bytearray)):
            self._body = _slices(bytes(body), plan)
        else:
            self.release_body()
            self._body = plan.closing

    # Sending.

    def as_single_write(self) -> tuple[int, str | None, bytes, bytes] | None:
        """Return status, reason, field lines and body of a response that fits in one write.

        This is the fast path of servers. The reason is None for the registered one. The lines are
        those of fields and cookies, then ``Content-Type`` and ``Content-Length``, each with its
        CRLF, as in a response to GET; the server leaves out the body for HEAD, and the length too
        for a 2xx to CONNECT and for HEAD where ``body`` is None, which says nothing of the response
        to GET.

        Return None, without any change, if the response has more to it (fields on which a server
        decides, conditions, compression, a connection to close, a streamed body) or was prepared:
        use ``prepare`` then.
        """
        # The attributes themselves, rather than one flag that each setter would have to clear.
        if (
            self._keep_alive is not None
            or self._chunked
            or self._compression_options is not None
            or self._phase is not _NEW
        ):
            return None
        body = self._body
        if body is None:
            body = b""
        elif type(body) is not bytes:
            return None
        if self._headers is not None or self._cookies:
            return self._with_fields(body)
        status = self._status
        if status != 200 and (status < 200 or status in (204, RESET_CONTENT, 304)):
            # 101 is refused in ``prepare``.
            if status < 200 or self._content_type is not None or self._charset is not None:
                return None
            return status, self._reason, _EMPTY if status == RESET_CONTENT else b"", b""
        if not body and self._content_type is None and self._charset is None:
            # Nothing needs a type.
            return status, self._reason, _EMPTY, b""
        size = len(body)
        length = _LENGTHS[size] if size < _SMALL else b"%d\r\n" % size
        prefix = _field_lines(self._content_type or OCTET_STREAM, self._charset)
        return status, self._reason, prefix + length, body

    def _with_fields(self, body: bytes) -> tuple[int, str | None, bytes, bytes] | None:
        """Return the result of ``as_single_write`` for a response with fields or cookies."""
        status = self._status
        if self._conditional or status < 200 or status in (204, RESET_CONTENT, 304):
            return None
        headers = self.headers
        lines = plain_lines(headers, self._cookies.lines() if self._cookies else ())
        if lines is None:
            return None
        if body and "Content-Type" not in headers:
            lines += _field_lines(OCTET_STREAM, None)
        else:
            lines += b"Content-Length: "
        return status, self._reason, b"%b%d\r\n" % (lines, len(body)), body

    def complete_headers(self, request: RequestInfo) -> None:
        """Set the fields that follow from cookies, body and request."""
        super().complete_headers(request)
        headers = self.headers
        if self._status == RESET_CONTENT or allows_no_length(request.method, self._status):
            return
        if self._chunked or self._encoder is not None:
            # The size of a compressed stream is unknown.
            headers.pop("Content-Length", None)
            return
        size = self._size()
        if size is None:
            # A Content-Length of the application stays: the writer compares the body with it.
            return
        # A response to HEAD has the length of that to GET (RFC 9110 section 9.3.2): its handler may
        # know it without a body, or may know nothing of it, and then 0 would be a lie.
        if self._body is None and request.method == "HEAD":
            return
        length = headers.setdefault("Content-Length", str(size))
        if request.method != "HEAD" and parse_length(length) != size:
            raise ValueError(
                f"The header Content-Length: {length} does not fit the body of {size} bytes: "
                "leave it out, it follows from the body"
            )

    async def _start_compression(self, request: RequestInfo, options: CompressionOptions) -> None:
        size = self._size()
        if size == 0 and self._status != 304:
            return
        if self._encoded is not None or self._encoder is not None:
            # ``prepare`` has failed behind this point, and runs again.
            return
        coding = self._choose_coding(request, options, size)
        if coding is None:
            return
        body = self._body
        compressor = make_compressor(coding, options.strategy)
        if isinstance(body, (bytes, bytearray)):
            # For HEAD too: its response has the length of the one to GET.
            call = functools.partial(compressor.finish, bytes(body))
            if len(body) <= self._executor_size:
                encoded = call()
            else:
                encoded = await self.run_blocking(call, self._executor)
            if options.force is None and len(encoded) >= len(body):
                return
            self._encoded = encoded
        else:
            self._encoder = BodyEncoder(compressor)
        declare_coding(self.headers, coding)

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the body and end the response; ``data`` must be empty (``TypeError``).

        Raises ``RuntimeError`` if another call has not returned, or was broken off: a body is sent
        once.
        """
        if self._phase is Phase.ENDED:
            return
        if data:
            raise WrongTypeError(
                "data arg is not supported: a Response sends its own body, so write_eof() takes no "
                f"data like {shown(data)}"
            )
        if self._payload_writer is None:
            raise WrongMomentError(
                "Response has not been started: cannot call write_eof() before prepare()"
            )
        body = self._body if self._encoded is None else self._encoded
        if body is None or (
            self._req is not None and must_be_empty(self._req.method, self._status)
        ):
            self._encoder = None
            await super().write_eof()
            self.release_body()
        elif isinstance(body, Payload):
            await self._send_payload(body)
        else:
            await super().write_eof(bytes(body))

    async def _send_payload(self, body: Payload) -> None:
        if self._payload_begun:
            raise RuntimeError(
                "write_eof() was called before and has not sent all of the body: call it once, and "
                "wait for it"
            )
        self._payload_begun = self._payload_writer is not None
        try:
            # A file may have grown since its size was announced.
            await body.write_with_length(self, body.size)
        finally:
            await body.close()
        await super().write_eof()

    def release_body(self) -> None:
        """Close the body's files and streams: the server will not send this response."""
        if isinstance(self._body, Payload):
            self._body.close_now()


def _slices(body: bytes, plan: "FilePlan") -> bytes:
    pieces: list[bytes] = []
    for segment in plan.segments:
        pieces += (segment.preamble, body[segment.offset : segment.offset + segment.length])
    return b"".join([*pieces, plan.closing])


def _payload_of(value: object) -> Payload:
    try:
        return PAYLOAD_REGISTRY.get(value)
    except PayloadLookupError as error:
        # Not in the registry: parts of a form, which look there too, have no iterators in aiohttp.
        if isinstance(value, Iterator):
            return IteratorPayload(value)
        raise ValueError(f"Unsupported body type {type(value).__name__}: {error}") from error


def _check_type_argument(content_type: str) -> None:
    check_content_type(content_type)
    if "charset" in content_type.lower():
        raise ValueError(
            "charset must not be in content_type argument: give it as the charset argument, not in "
            f"{shown(content_type)}"
        )


#: Makes a response of bytes, their type and charset, all valid. A call of a class with keywords
#: costs CPython (3.13) as much as all that the constructor does: without it a JSON response takes
#: 6 % less (``tools/bench/steps.py --native json``).
simple_response: Final = Response._simple  # noqa: SLF001  # for the shortcuts of this package


@functools.lru_cache(_CACHED_LINES)
def _field_lines(content_type: str, charset: str | None) -> bytes:
    """Return the Content-Type line and the start of the Content-Length line."""
    # Nothing is checked here: the parts were checked when they were set.
    value = format_content_type(content_type, charset)
    return f"Content-Type: {value}\r\nContent-Length: ".encode()
