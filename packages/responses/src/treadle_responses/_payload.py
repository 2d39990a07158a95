"""Payloads, bodies that describe and write themselves: the base class, and those in memory.

A ``Payload`` has a media type, a size if it is known, and writes itself to any object with an
asynchronous ``write``. Files and other streams are in ``_payload_streams``; ``_registry`` finds the
payload class for a value.
"""

import abc
import io
import json
import re
import warnings
from collections.abc import Callable
from typing import Any, ClassVar, Final, Protocol

from multidict import CIMultiDict

from ._disposition import content_disposition_header
from ._head import LooseHeaders
from ._headers import OCTET_STREAM, check_charset, check_content_type
from ._media_types import guess_content_type

__all__ = [
    "TOO_LARGE_BYTES_BODY",
    "BytesPayload",
    "JsonBytesPayload",
    "JsonPayload",
    "Payload",
    "Sink",
    "StringIOPayload",
    "StringPayload",
    "text_type",
]


_LINE_BREAKING: Final = re.compile("[\r\n\0]")
#: Bytes up to which ``BytesPayload`` takes a body without a ``ResourceWarning``, as in aiohttp.
TOO_LARGE_BYTES_BODY: Final = 2**20


class Sink(Protocol):
    """The object that a payload is written to: a response, a writer, or a part of a form.

    Its method ``run_blocking`` (see ``ResponseWriter``) is used if it has one.
    """

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write a piece."""


class _Limited:
    """A sink that writes up to ``left`` bytes and drops the rest."""

    def __init__(self, sink: Sink, left: int) -> None:
        self._sink = sink
        self._left = left

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        piece = bytes(data)[: self._left]
        self._left -= len(piece)
        if piece:
            await self._sink.write(piece)


class _Collected:
    """A sink that collects the pieces."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        self.pieces.append(bytes(data))


class Payload(abc.ABC):
    """A body that writes itself; subclass it with ``write`` and ``decode``.

    The media type is that of ``headers``, else ``content_type``, else that of ``filename``, else
    the default of the class. Raises ``ValueError`` for control characters in ``content_type`` and a
    bad ``encoding``.
    """

    _default_content_type: ClassVar[str] = OCTET_STREAM
    #: True if the payload has nothing to close.
    _autoclose: ClassVar[bool] = True
    _size: int | None = None
    _consumed: bool = False

    def __init__(
        self,
        value: object,
        headers: LooseHeaders | None = None,
        content_type: str | None = None,
        filename: str | None = None,
        encoding: str | None = None,
        **_others: object,
    ) -> None:
        """Set the fields; further keywords, those of subclasses, are ignored as in aiohttp."""
        self._value = value
        self._filename = filename
        self._encoding = None if encoding is None else check_charset(encoding)
        if content_type is not None:
            check_content_type(content_type)
        else:
            content_type = OCTET_STREAM if filename is None else guess_content_type(filename)
            if content_type == OCTET_STREAM:
                content_type = self._default_content_type
        # The order of aiohttp, which parts of a multipart body show.
        self._headers: CIMultiDict[str] = CIMultiDict({"Content-Type": content_type})
        self._headers.update(headers or ())

    @property
    def size(self) -> int | None:
        """The number of bytes that will be written, None if unknown."""
        return self._size

    @property
    def filename(self) -> str | None:
        """The name that a client may save the payload under."""
        return self._filename

    @property
    def headers(self) -> CIMultiDict[str]:
        """The fields that describe the payload."""
        return self._headers

    @property
    def encoding(self) -> str | None:
        """The charset of text."""
        return self._encoding

    @property
    def content_type(self) -> str:
        """The Content-Type field."""
        return self._headers["Content-Type"]

    @property
    def consumed(self) -> bool:
        """True if the payload was written and cannot be written again."""
        return self._consumed

    @property
    def autoclose(self) -> bool:
        """True if the payload has nothing to close."""
        return self._autoclose

    @property
    def _binary_headers(self) -> bytes:
        """The head of a part, for classes of programs that write multipart bodies as aiohttp does.

        Raises ``ValueError`` for a name or value that would begin another line.
        """
        lines = [f"{name}: {value}" for name, value in self._headers.items()]
        if any(_LINE_BREAKING.search(line) for line in lines):
            raise ValueError(
                f"header injection: CR, LF or NUL in the headers {dict(self._headers)!a} of a part"
            )
        return "\r\n".join([*lines, "", ""]).encode()

    def set_content_disposition(
        self,
        disptype: str,
        quote_fields: bool = True,
        _charset: str = "utf-8",
        **params: str,
    ) -> None:
        """Set the Content-Disposition; see ``content_disposition_header``."""
        value = content_disposition_header(disptype, quote_fields, _charset, **params)
        self._headers["Content-Disposition"] = value

    @abc.abstractmethod
    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the payload as text; ``TypeError`` for a stream."""

    @abc.abstractmethod
    async def write(self, writer: Sink) -> None:
        """Write all of the payload."""

    async def write_with_length(self, writer: Sink, content_length: int | None) -> None:
        """Write the payload, but at most ``content_length`` bytes of it."""
        await self.write(writer if content_length is None else _Limited(writer, content_length))

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the text of ``decode``, encoded; without text, the bytes that are written.

        The charset is that of the payload, else ``encoding``.
        """
        charset = self._encoding or encoding
        try:
            return self.decode(charset, errors).encode(charset)
        except (TypeError, UnicodeError):
            return b"".join(await self._collect_pieces())

    async def _collect_pieces(self) -> list[bytes]:
        """Return the pieces that are written."""
        sink = _Collected()
        await self.write(sink)
        return sink.pieces

    async def close(self) -> None:
        """Close the payload's file or stream; may be called again."""
        self.close_now()

    def close_now(self) -> None:  # noqa: B027  # most payloads have nothing to close
        """Close the payload as ``close`` does, from code that cannot await."""


class BytesPayload(Payload):
    """Bytes; sent as ``application/octet-stream``."""

    _value: bytes | bytearray | memoryview

    def __init__(
        self,
        value: bytes | bytearray | memoryview,
        headers: LooseHeaders | None = None,
        content_type: str | None = None,
        filename: str | None = None,
        encoding: str | None = None,
        **kwargs: object,
    ) -> None:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise TypeError(f"value must be bytes-like, not {type(value).__name__}")
        super().__init__(value, headers, content_type, filename, encoding, **kwargs)
        self._size = value.nbytes if isinstance(value, memoryview) else len(value)
        if self._size > TOO_LARGE_BYTES_BODY:
            warnings.warn(
                f"Sending a body of {self._size} bytes in one piece holds up all other clients: "
                "give an io.BytesIO, an open file or an asynchronous generator",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the bytes decoded."""
        return bytes(self._value).decode(encoding, errors)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:  # noqa: ARG002
        """Return the bytes."""
        return bytes(self._value)

    async def write(self, writer: Sink) -> None:
        """Write the bytes."""
        await writer.write(self._value)


class StringPayload(BytesPayload):
    """Text; encoded with ``encoding``, else the charset of ``content_type``, else UTF-8."""

    def __init__(
        self,
        value: str,
        headers: LooseHeaders | None = None,
        content_type: str | None = None,
        filename: str | None = None,
        encoding: str | None = None,
        **kwargs: object,
    ) -> None:
        encoding, content_type = text_type(encoding, content_type)
        data = value.encode(encoding)
        super().__init__(data, headers, content_type, filename, encoding, **kwargs)
        self._text = value

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002
        """Return the text."""
        return self._text


def text_type(encoding: str | None, content_type: str | None) -> tuple[str, str]:
    """Return the charset and Content-Type of text; either may be None."""
    if content_type is None:
        encoding = encoding or "utf-8"
        return encoding, f"text/plain; charset={check_charset(encoding)}"
    if encoding is None:
        _, _, charset = content_type.lower().partition("charset=")
        encoding = charset.partition(";")[0].strip(' "') or "utf-8"
    return encoding, content_type


class StringIOPayload(StringPayload):
    """The unread rest of an ``io.StringIO``."""

    def __init__(
        self,
        value: io.StringIO,
        headers: LooseHeaders | None = None,
        content_type: str | None = None,
        filename: str | None = None,
        encoding: str | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(value.read(), headers, content_type, filename, encoding, **kwargs)


class JsonPayload(BytesPayload):
    """A value as JSON."""

    _default_content_type = "application/json"

    def __init__(
        self,
        value: object,
        encoding: str = "utf-8",
        content_type: str = "application/json",
        dumps: Callable[[Any], str] = json.dumps,
        headers: LooseHeaders | None = None,
        filename: str | None = None,
        **kwargs: object,
    ) -> None:
        data = dumps(value).encode(encoding)
        super().__init__(data, headers, content_type, filename, encoding, **kwargs)


class JsonBytesPayload(BytesPayload):
    """A value as JSON, from an encoder that returns bytes (orjson, msgspec)."""

    def __init__(
        self,
        value: object,
        dumps: Callable[[Any], bytes],
        content_type: str = "application/json",
        headers: LooseHeaders | None = None,
        filename: str | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(dumps(value), headers, content_type, filename, "utf-8", **kwargs)
