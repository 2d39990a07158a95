"""The faults of both sides: exceptions for the caller's, values for the peer's.

The parser reports a *peer's* mistake as a ``treadle_http_parser.Error`` event. Its sentences are
the constants of this module: fixed text that never repeats what a peer sent. The *caller's* mistake
is an exception, ``LocalProtocolError``.

``RefusedError`` carries a peer's mistake from the place that finds it to the connection, which
makes the event of it; it never leaves the package.
"""

from typing import Final, final

__all__ = [
    "EXCEEDED",
    "ContentEncodingError",
    "LocalProtocolError",
    "ProtocolError",
    "RefusedError",
    "exceeded",
]


class ProtocolError(Exception):
    """The base of all exceptions that this package raises to its caller."""


@final
class LocalProtocolError(ProtocolError):
    """The caller asked for something that HTTP/1.1 or the connection's state does not allow.

    Nothing of the refused call was put on the wire.
    """


@final
class ContentEncodingError(ProtocolError):
    """A body that cannot be decoded: answer ``status`` (400, 413 or 415) with ``reason``.

    This peer's mistake is an exception, because it shows only when the caller reads the body, long
    after the events. ``reason`` is a fixed sentence, safe to send.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status: Final = status
        self.reason: Final = reason


@final
class RefusedError(Exception):
    """A peer's mistake before it becomes an ``Error`` event (internal)."""

    def __init__(
        self, status: int, reason: str, detail: str = "", limit: str | None = None
    ) -> None:
        super().__init__(status, reason, detail, limit)
        self.status: Final = status
        self.reason: Final = reason
        self.detail: Final = detail
        self.limit: Final = limit


# Sentences that several places use, or that a person reads in a terminal.

BAD_REQUEST_LINE: Final = "The request line is malformed."
BAD_FIELD: Final = "A header field is malformed."
BAD_TARGET: Final = "The request target is malformed."
TLS_ON_PLAIN_PORT: Final = "This port speaks plain HTTP, not TLS: use http:// instead of https://."
HTTP2_PREFACE: Final = "The client started HTTP/2; this port speaks HTTP/1.1."
HTTP_09: Final = "HTTP/0.9 is not supported; the request line must end in HTTP/1.1."
HTTP_VERSION: Final = "Only HTTP/1.0 and HTTP/1.1 are supported."
UNKNOWN_METHOD: Final = "The request method is not known to this server."
LINE_TOO_LONG: Final = "The request line is longer than the server allows."
FIELD_TOO_LONG: Final = "A header field is longer than the server allows."
HEAD_TOO_LONG: Final = "The header section is larger than the server allows."
TOO_MANY_FIELDS: Final = "The request has more header fields than the server allows."
OLD_WEBSOCKET: Final = "This draft of the WebSocket protocol is not supported: use version 13."
HOST_MISSING: Final = "An HTTP/1.1 request must have a Host header field."
HOST_REPEATED: Final = "A request must have exactly one Host header field."
HOST_INVALID: Final = "The Host header field is not a host name with an optional port."
LENGTH_INVALID: Final = "Content-Length must be a single decimal number."
LENGTH_AND_CODING: Final = "A request must not have both Content-Length and Transfer-Encoding."
CODING_BEFORE_11: Final = "Transfer-Encoding needs HTTP/1.1."
CODING_NOT_CHUNKED: Final = "The final transfer coding must be chunked."
CODING_UNKNOWN: Final = "The only transfer coding that this server reads is chunked."
CHUNK_SIZE: Final = "A chunk size is not a hexadecimal number."
CHUNK_EXTENSION: Final = "A chunk extension is malformed or larger than the server allows."
CHUNK_END: Final = "Chunk data is not followed by CRLF."
BAD_TRAILER: Final = "A trailer field is malformed."
FORBIDDEN_TRAILER: Final = "A trailer field carries framing, routing or authentication."
INCOMPLETE: Final = "The connection ended before the request was complete."

#: The status and the sentence for each field of ``Limits`` that a request exceeds.
EXCEEDED: Final[dict[str, tuple[int, str]]] = {
    "max_request_line": (414, LINE_TOO_LONG),
    "max_field_line": (431, FIELD_TOO_LONG),
    "max_head": (431, HEAD_TOO_LONG),
    "max_fields": (431, TOO_MANY_FIELDS),
    "max_chunk_extension": (400, CHUNK_EXTENSION),
    "max_chunk_extensions_total": (400, CHUNK_EXTENSION),
}


def exceeded(limit: str) -> RefusedError:
    """Return the refusal of a request that exceeds ``limit``, a field of ``Limits``."""
    status, sentence = EXCEEDED[limit]
    return RefusedError(status, sentence, limit=limit)
