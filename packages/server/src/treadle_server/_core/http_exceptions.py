"""The exceptions of ``aiohttp.http_exceptions``: a request that is malformed, with its status.

The parser of treadle reports a malformed head as a value and raises none of them; ``LineTooLong``
is the one that a handler meets, from the stream of a body. The others are for programs that catch
or raise them: one that leaves a handler is a bug of it, as any other exception.
"""

from collections.abc import Mapping
from typing import final

__all__ = [
    "BadHttpMessage",
    "BadHttpMethod",
    "BadStatusLine",
    "ContentEncodingError",
    "ContentLengthError",
    "DecompressSizeError",
    "HttpBadRequest",
    "HttpProcessingError",
    "InvalidHeader",
    "InvalidURLError",
    "LineTooLong",
    "PayloadEncodingError",
    "TransferEncodingError",
]


class HttpProcessingError(Exception):
    """The base of all: ``code`` is the status, ``message`` a sentence, ``headers`` of an answer."""

    code: int = 0
    message: str = ""
    headers: Mapping[str, str] | None = None

    def __init__(
        self,
        *,
        code: int | None = None,
        message: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if code is not None:
            self.code = code
        self.headers = headers
        self.message = message

    def __str__(self) -> str:
        lines = "\n".join(f"  {line}" for line in self.message.splitlines())
        return f"{self.code}, message:\n{lines}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.code}, message={self.message!r}>"


class BadHttpMessage(HttpProcessingError):
    """A message that cannot be read."""

    code = 400
    message = "Bad Request"

    def __init__(self, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message=message, headers=headers)
        self.args = (message,)


class HttpBadRequest(BadHttpMessage):
    """A bad request."""


class PayloadEncodingError(BadHttpMessage):
    """A body that cannot be read: the base of the errors of its framing and codings."""


class ContentEncodingError(PayloadEncodingError):
    """A body that its Content-Encoding does not fit."""


class TransferEncodingError(PayloadEncodingError):
    """A body that is not chunked as its Transfer-Encoding says."""


class ContentLengthError(PayloadEncodingError):
    """A body that ends before its Content-Length."""


class DecompressSizeError(PayloadEncodingError):
    """A body that inflates to too much; deprecated, nothing raises it."""


@final
class LineTooLong(BadHttpMessage):
    """A line of more than ``limit`` bytes; ``line`` is its beginning."""

    def __init__(
        self, line: str | bytes, limit: str | int = "Unknown", actual_size: str = "Unknown"
    ) -> None:
        super().__init__(f"Got more than {limit} bytes when reading: {line!r}.")
        self.args = (line, limit, actual_size)


@final
class InvalidHeader(BadHttpMessage):
    """A header field that cannot be read; ``hdr`` is its text."""

    def __init__(self, hdr: bytes | str) -> None:
        super().__init__(f"Invalid HTTP header: {hdr!r}")
        self.hdr = hdr.decode(errors="backslashreplace") if isinstance(hdr, bytes) else hdr
        self.args = (hdr,)


class BadStatusLine(BadHttpMessage):
    """A first line that cannot be read."""

    def __init__(self, line: str = "", error: str | None = None) -> None:
        text = line if isinstance(line, str) else repr(line)
        super().__init__(error or f"Bad status line {text!r}")
        self.args = (text,)
        self.line = text


@final
class BadHttpMethod(BadStatusLine):
    """A first line whose method cannot be read."""

    def __init__(self, line: str = "", error: str | None = None) -> None:
        if error is None and line.startswith("\x16\x03"):
            error = "Received HTTPS traffic on an HTTP port"
        super().__init__(line, error or f"Bad HTTP method in status line {line!r}")


@final
class InvalidURLError(BadHttpMessage):
    """A target that is no URL."""
