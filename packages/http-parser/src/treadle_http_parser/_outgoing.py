"""The body of the current response: its framing, and its bytes on the wire.

``ServerConnection`` decides when a head, data or the end may be sent. This module knows their form
(RFC 9112 section 6): a sized body, a chunked one, one up to the end of the connection, or none.
"""

import enum
from collections.abc import Iterable
from typing import final

from ._encode import chunk, last_chunk
from ._errors import LocalProtocolError
from ._events import Request

__all__ = ["FieldLines", "OutgoingBody", "read_fields"]

FieldLines = Iterable[tuple[str, str]]


class _Framing(enum.Enum):
    """The ways to end a body."""

    NO_BODY = enum.auto()
    SIZED = enum.auto()
    CHUNKED = enum.auto()
    UNTIL_CLOSE = enum.auto()


# A member looked up in its class would make sending a body in ten parts 4 % slower.
_NO_BODY, _SIZED, _CHUNKED, _UNTIL_CLOSE = _Framing


def read_fields(fields: FieldLines) -> tuple[list[tuple[str, str]], int | None, bool]:
    """Return the fields to send as they are, the Content-Length, and True for ``close``.

    The last is True if a Connection field has that option. Raises ``LocalProtocolError`` for a
    Content-Length that is repeated or not a number.
    """
    kept = []
    length: int | None = None
    close = False
    for name, value in fields:
        if not isinstance(name, str) or not isinstance(value, str):
            raise LocalProtocolError(f"A header field is two str, got {name!r} and {value!r}")
        lowered = name.lower()
        if lowered == "content-length":
            if not value.isascii() or not value.isdigit() or length is not None:
                raise LocalProtocolError(
                    f"Content-Length must be given once, in digits; got {value!r}"
                )
            length = int(value)
        elif lowered == "connection":
            close = close or "close" in {option.strip() for option in value.lower().split(",")}
        elif lowered != "transfer-encoding":
            kept.append((name, value))
    return kept, length, close


@final
class OutgoingBody:
    """Frames the bodies of the responses of one connection, one at a time."""

    __slots__ = ("_framing", "_left")

    def __init__(self) -> None:
        self._framing = _NO_BODY
        # The bytes that a sized body still lacks.
        self._left = 0

    @property
    def ends_connection(self) -> bool:
        """True if only the end of the connection can end the body."""
        return self._framing is _UNTIL_CLOSE

    @property
    def has_body(self) -> bool:
        """True unless the bytes that are given to ``frame`` are dropped."""
        return self._framing is not _NO_BODY

    def begin(self, status: int, length: int | None, request: Request | None) -> bytes:
        """Choose the framing of a response to ``request`` and return its field line, or ``b""``.

        None stands for a request that could not be read: its client may not know chunks.
        """
        version = (1, 0) if request is None else request.version
        method = "" if request is None else request.method
        # RFC 9110 section 9.3.6: behind the head of such a response the client sees a tunnel.
        tunnel = method == "CONNECT" and status <= 299
        if status in (204, 304) or method == "HEAD" or tunnel:
            self._framing = _NO_BODY
        elif length is not None:
            self._framing = _SIZED
            self._left = length
        elif version == (1, 1):
            self._framing = _CHUNKED
            return b"Transfer-Encoding: chunked\r\n"
        else:
            self._framing = _UNTIL_CLOSE
        if length is not None and status != 204 and not tunnel:
            return b"Content-Length: %d\r\n" % length
        return b""

    def frame(self, data: bytes | bytearray | memoryview) -> bytes:
        """Return ``data`` in the form for the wire, ``b""`` if the response has no body.

        Raises ``LocalProtocolError`` for more bytes than Content-Length announced.
        """
        if isinstance(data, memoryview):
            data = data.cast("B")
        size = len(data)
        if not size or self._framing is _NO_BODY:
            return b""
        if self._framing is _CHUNKED:
            return chunk(data)
        if self._framing is _SIZED:
            if size > self._left:
                raise LocalProtocolError(
                    f"The body is longer than its Content-Length: {size} bytes given, "
                    f"{self._left} left"
                )
            self._left -= size
        return data if isinstance(data, bytes) else bytes(data)

    def pass_by(self, size: int) -> None:
        """Count ``size`` bytes that reach the wire without ``frame``, as those of ``sendfile`` do.

        Raises ``LocalProtocolError`` if the body is not sized or has no room for them.
        """
        if self._framing is not _SIZED or size > self._left:
            raise LocalProtocolError(
                f"{size} bytes cannot be passed: the body needs a Content-Length and room for them "
                f"({self._left} left)"
            )
        self._left -= size

    def end(self, trailers: FieldLines) -> bytes:
        """Return the bytes that end the body; ``LocalProtocolError`` if it is too short."""
        if self._framing is _SIZED and self._left:
            raise LocalProtocolError(
                f"The body is {self._left} bytes shorter than its Content-Length"
            )
        return last_chunk(trailers) if self._framing is _CHUNKED else b""
