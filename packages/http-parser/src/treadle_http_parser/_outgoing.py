"""The body of the response under way: how it is framed, and what each piece of it is on the wire.

``ServerConnection`` says when a head, a piece or the end may come; here is only what they look
like, by RFC 9112 section 6: sized, chunked, up to the end of the connection, or absent.
"""

from collections.abc import Iterable
from typing import Final, final

from ._encode import chunk, last_chunk
from ._errors import LocalProtocolError
from ._events import Request

__all__ = ["FieldLines", "OutgoingBody", "read_fields"]

FieldLines = Iterable[tuple[str, str]]

_NONE: Final = 0
_SIZED: Final = 1
_CHUNKED: Final = 2
_UNTIL_CLOSE: Final = 3


def read_fields(fields: FieldLines) -> tuple[list[tuple[str, str]], int | None, bool]:
    """Return the fields to send as they are, the Content-Length, and whether the caller closes.

    Raises ``LocalProtocolError`` for a Content-Length that is repeated or no number.
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
    """Frames one response's body after the other."""

    __slots__ = ("_kind", "_left")

    def __init__(self) -> None:
        self._kind = _NONE
        # Bytes that a sized body still lacks.
        self._left = 0

    @property
    def ends_connection(self) -> bool:
        """Whether only the end of the connection can end the body."""
        return self._kind == _UNTIL_CLOSE

    def begin(self, status: int, length: int | None, request: Request | None) -> bytes:
        """Decide on the body of a response to ``request`` and return the field lines that say so.

        None stands for a request that could not be read: its client may know no chunks.
        """
        version = (1, 0) if request is None else request.version
        method = "" if request is None else request.method
        # RFC 9110 section 9.3.6: behind the head of such an answer the client sees a tunnel.
        tunnel = method == "CONNECT" and status <= 299
        if status in (204, 304) or method == "HEAD" or tunnel:
            self._kind = _NONE
        elif length is not None:
            self._kind = _SIZED
            self._left = length
        elif version == (1, 1):
            self._kind = _CHUNKED
            return b"Transfer-Encoding: chunked\r\n"
        else:
            self._kind = _UNTIL_CLOSE
        if length is not None and status != 204 and not tunnel:
            return b"Content-Length: %d\r\n" % length
        return b""

    def frame(self, data: bytes | bytearray | memoryview) -> bytes:
        """Return ``data`` as it goes on the wire, ``b""`` where the response has no body.

        Raises ``LocalProtocolError`` for more than was announced.
        """
        if isinstance(data, memoryview):
            data = data.cast("B")
        size = len(data)
        if not size or self._kind == _NONE:
            return b""
        if self._kind == _CHUNKED:
            return chunk(data)
        if self._kind == _SIZED:
            if size > self._left:
                raise LocalProtocolError(
                    f"The body is longer than its Content-Length: {size} bytes given, "
                    f"{self._left} left"
                )
            self._left -= size
        return data if isinstance(data, bytes) else bytes(data)

    def pass_by(self, size: int) -> None:
        """Count ``size`` bytes that reach the wire around ``frame``, as sent files do.

        Raises ``LocalProtocolError`` for a body that is not sized, or more than it lacks.
        """
        if self._kind != _SIZED or size > self._left:
            raise LocalProtocolError(
                f"{size} bytes can go to the wire as they are only in a body with a "
                f"Content-Length that has room for them ({self._left} left)"
            )
        self._left -= size

    def end(self, trailers: FieldLines) -> bytes:
        """Return what ends the body; raises ``LocalProtocolError`` for one that is short."""
        if self._kind == _SIZED and self._left:
            raise LocalProtocolError(
                f"The body is {self._left} bytes shorter than its Content-Length"
            )
        return last_chunk(trailers) if self._kind == _CHUNKED else b""
