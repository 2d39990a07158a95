"""``Response``: a response with a whole body, and the JSON shortcut.

The common case is a status, a media type and some bytes.  It stays just that: no header object is
made until somebody reads ``headers``, and :meth:`Response.whole` hands a server the finished field
lines, so that head and body can leave in one write.
"""

import json
from collections.abc import AsyncIterable, Callable
from concurrent.futures import Executor
from typing import Any, Final, cast

from multidict import CIMultiDict

from ._headers import OCTET_STREAM, format_content_type, split_content_type
from ._stream import LooseHeaders, StreamResponse, must_be_empty
from ._types import RequestInfo

__all__ = ["Body", "Response", "json_response"]

#: What a response's body may be.
Body = bytes | bytearray | memoryview | str | AsyncIterable[bytes]

# Content-Type values seen before, encoded and with the start of the next line, so that a whole
# response is one formatting operation.  Bounded: a type made up per request must not stay.
_blocks: Final[dict[tuple[str, str | None], bytes]] = {}
_MAX_BLOCKS: Final = 256

_UNSET: Final[Any] = object()


class Response(StreamResponse):
    """A response with a body that is known as a whole.

    Give ``text`` (a ``str``, sent as ``text/plain; charset=utf-8`` unless ``content_type`` and
    ``charset`` say otherwise) or ``body`` (bytes, sent as ``application/octet-stream``; a ``str``,
    sent like ``text``; or an asynchronous iterable of bytes, sent in chunks), not both.

    Raises ``ValueError`` for ``body`` with ``text``, for a Content-Type among ``headers`` beside
    ``content_type`` or ``charset``, for a charset inside ``content_type`` and for a ``body`` of
    another type; ``TypeError`` for a ``text`` that is no ``str``.
    """

    _body: bytes | bytearray | AsyncIterable[bytes] | None = None
    _content_type: str | None = None
    _charset: str | None = None
    _body_follows: bool = True

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
        zlib_executor_size: int | None = None,  # noqa: ARG002  # accepted for aiohttp's callers
        zlib_executor: Executor | None = None,  # noqa: ARG002
    ) -> None:
        if status != 200 or reason is not None:
            self.set_status(status, reason)
        if content_type is not None and "charset" in content_type:
            raise ValueError(
                f"content_type {content_type!r} has a charset: give it as the charset argument"
            )
        if headers is not None:
            given = CIMultiDict(headers)
            if "Content-Type" in given:
                if content_type or charset:
                    raise ValueError(
                        "Give the Content-Type once: as a header, or as content_type and charset"
                    )
                content_type, charset = split_content_type(given.pop("Content-Type"))
            self._headers = given
        if text is not None:
            if body is not None:
                raise ValueError("body and text are not allowed together")
            if not isinstance(text, str):
                raise TypeError(f"text must be a str, not {type(text).__name__}: {text!r}")
            self._charset = charset = charset or "utf-8"
            self._content_type = content_type or "text/plain"
            self._body = text.encode(charset)
        else:
            self._content_type = content_type
            self._charset = charset
            if body is not None:
                self.body = body
        if self._headers is not None:
            self._store_content_type()

    def _store_content_type(self) -> None:
        """Move the media type from its attributes into the header object."""
        headers = cast("CIMultiDict[str]", self._headers)
        if self._content_type is not None or self._charset is not None:
            content_type = self._content_type or OCTET_STREAM
            headers["Content-Type"] = format_content_type(content_type, self._charset)

    @property
    def headers(self) -> CIMultiDict[str]:
        """The fields; change them freely until the response is sent."""
        if self._headers is None:
            self._headers = CIMultiDict()
            self._store_content_type()
        return self._headers

    # The body.

    @property
    def body(self) -> bytes | bytearray | AsyncIterable[bytes] | None:
        """The body as it will be sent."""
        return self._body

    @body.setter
    def body(self, value: Body | None) -> None:
        if isinstance(value, str):
            if self._headers is None and self._content_type is None:
                self._content_type = "text/plain"
                self._charset = self._charset or "utf-8"
            self._body = value.encode(self.charset or "utf-8")
        elif value is None or isinstance(value, (bytes, bytearray)):
            self._body = value
        elif isinstance(value, memoryview):
            self._body = bytes(value)
        elif isinstance(value, AsyncIterable):
            self._body = value
            self._body_follows = False
        else:
            raise ValueError(
                f"Unsupported body type {type(value).__name__}: give bytes, str or an asynchronous "
                "iterable of bytes"
            )
        if self._headers is not None:
            self._headers.pop("Content-Length", None)

    @property
    def text(self) -> str | None:
        """The body decoded with the charset (UTF-8 without one), None without a body."""
        body = self._body
        if body is None:
            return None
        if not isinstance(body, (bytes, bytearray)):
            raise TypeError("The body is a stream: it has no text before it is sent")
        return body.decode(self.charset or "utf-8")

    @text.setter
    def text(self, value: str | None) -> None:
        if value is None:
            self.body = None
            return
        if not isinstance(value, str):
            raise TypeError(f"text must be a str, not {type(value).__name__}: {value!r}")
        if self.content_type == OCTET_STREAM:
            self.content_type = "text/plain"
        if self.charset is None:
            self.charset = "utf-8"
        self.body = value.encode(self.charset or "utf-8")

    @property
    def content_length(self) -> int | None:
        """The size of the body in bytes, None for a stream."""
        if self._headers is not None and "Content-Length" in self._headers:
            return int(self._headers["Content-Length"])
        return self._size()

    @content_length.setter
    def content_length(self, value: int | None) -> None:
        raise RuntimeError(f"The length of a Response follows from its body, not from {value!r}")

    def _size(self) -> int | None:
        if self._body is None:
            return 0
        return len(self._body) if isinstance(self._body, (bytes, bytearray)) else None

    # Sending.

    def whole(self) -> tuple[bytes, bytes] | None:
        """Return field lines and body when nothing but a media type and bytes is to be sent.

        This is the fast path of servers: the lines are ``Content-Type`` and ``Content-Length``,
        each with its CRLF.  ``None`` says that the response has more to it (headers, cookies, a
        connection to close, a streamed body): use :meth:`prepare` then.
        """
        body = self._body
        if (
            self._headers is not None
            or self._cookies is not None
            or self._keep_alive is not None
            or self._chunked
            or self._eof_sent
            or self._payload_writer is not None
        ):
            return None
        if body is None:
            body = b""
        elif type(body) is not bytes:
            return None
        if self._status < 200 or self._status == 204 or self._status == 304:
            return b"", b""
        prefix = _blocks.get((self._content_type or OCTET_STREAM, self._charset))
        if prefix is None:
            prefix = _make_block(self._content_type or OCTET_STREAM, self._charset)
        return b"%b%d\r\n" % (prefix, len(body)), body

    def complete_headers(self, request: RequestInfo) -> None:
        """Fill in the fields that follow from cookies, body and request."""
        super().complete_headers(request)
        headers = self.headers
        size = None if self._chunked else self._size()
        if must_be_empty("GET", self._status) or size is None:
            headers.pop("Content-Length", None)
        elif "Content-Length" not in headers:
            # A HEAD answer says the length that GET would (RFC 9110 section 9.3.2).
            headers["Content-Length"] = str(size)

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the body and end the response; ``data`` is not for a response with a body."""
        if self._eof_sent:
            return
        if data:
            raise TypeError("A Response sends its own body: write_eof() takes no data")
        body = self._body
        if body is None:
            await super().write_eof()
        elif isinstance(body, (bytes, bytearray)):
            await super().write_eof(bytes(body))
        else:
            async for piece in body:
                await self.write(piece)
            await super().write_eof()


def _make_block(content_type: str, charset: str | None) -> bytes:
    value = format_content_type(content_type, charset)
    if not value.isprintable():
        raise ValueError(f"Content-Type {value!r} has a character that no header may have")
    block = f"Content-Type: {value}\r\nContent-Length: ".encode()
    if len(_blocks) >= _MAX_BLOCKS:
        _blocks.clear()
    _blocks[content_type, charset] = block
    return block


def json_response(
    data: object = _UNSET,
    *,
    text: str | None = None,
    body: bytes | None = None,
    status: int = 200,
    reason: str | None = None,
    headers: LooseHeaders | None = None,
    content_type: str = "application/json",
    dumps: Callable[[Any], str] = json.dumps,
) -> Response:
    """Return a response with ``data`` as JSON, or with ``text`` or ``body`` that already is JSON.

    Raises ``ValueError`` for more than one of the three, and whatever ``dumps`` raises.
    """
    if data is not _UNSET:
        if text is not None or body is not None:
            raise ValueError("Only one of data, text and body may be given")
        text = dumps(data)
    return Response(
        text=text,
        body=body,
        status=status,
        reason=reason,
        headers=headers,
        content_type=content_type,
    )
