"""The exceptions of aiohttp's parser, for code that raises or catches them by these names.

treadle's own parser refuses a request with a value, not an exception. Only ``LineTooLong`` is
raised here: by the lines of a body.
"""

from collections.abc import Mapping
from typing import Any

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
    """A message that cannot be processed: a status, a sentence and fields for the answer."""

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
        text = "\n".join(f"  {line}" for line in self.message.splitlines())
        return f"{self.code}, message:\n{text}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.code}, message={self.message!r}>"


class BadHttpMessage(HttpProcessingError):  # noqa: N818  # aiohttp's name
    """A message that is not valid HTTP."""

    code = 400
    message = "Bad Request"

    def __init__(self, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message=message, headers=headers)
        self.args: tuple[Any, ...] = (message,)


class HttpBadRequest(BadHttpMessage):
    """A bad request."""


class PayloadEncodingError(BadHttpMessage):
    """A body that cannot be decoded."""


class ContentEncodingError(PayloadEncodingError):
    """A body that does not fit its Content-Encoding."""


class TransferEncodingError(PayloadEncodingError):
    """A body that does not fit its Transfer-Encoding."""


class ContentLengthError(PayloadEncodingError):
    """A body that does not fit its Content-Length."""


class DecompressSizeError(PayloadEncodingError):
    """A body that inflates to too much; deprecated, nothing raises it."""


class LineTooLong(BadHttpMessage, ValueError):  # noqa: N818  # aiohttp's name
    """A line of more than ``limit`` bytes; ``line`` is its beginning."""

    def __init__(
        self, line: str | bytes, limit: str | int = "Unknown", actual_size: str = "Unknown"
    ) -> None:
        super().__init__(f"Got more than {limit} bytes when reading: {line!r}.")
        self.args: tuple[Any, ...] = (line, limit, actual_size)


class InvalidHeader(BadHttpMessage):  # aiohttp's name
    """A field line that is not valid."""

    def __init__(self, hdr: bytes | str) -> None:
        text = hdr.decode(errors="backslashreplace") if isinstance(hdr, bytes) else hdr
        super().__init__(f"Invalid HTTP header: {text!r}")
        self.hdr = text
        self.args: tuple[Any, ...] = (text,)


class BadStatusLine(BadHttpMessage):  # aiohttp's name
    """A first line that is not valid."""

    def __init__(self, line: str = "", error: str | None = None) -> None:
        line = line if isinstance(line, str) else repr(line)
        super().__init__(error or f"Bad status line {line!r}")
        self.args: tuple[Any, ...] = (line,)
        self.line = line


class BadHttpMethod(BadStatusLine):
    """A method that is not valid."""

    def __init__(self, line: str = "", error: str | None = None) -> None:
        super().__init__(line, error or f"Bad HTTP method in status line {line!r}")


class InvalidURLError(BadHttpMessage):
    """A request target that is not valid."""
