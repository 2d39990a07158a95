"""Responses as bytes: status line, fields, chunks (RFC 9112 sections 4, 5 and 7.1).

Pure functions, the mirror of the parser. They check names, values and reasons at the last moment
before the wire, so that no path around an earlier check can split a response.
"""

import re
from collections.abc import Iterable
from typing import Final

from ._errors import LocalProtocolError
from ._memo import Memo

__all__ = [
    "bodiless_head",
    "check_field_types",
    "chunk",
    "encode_fields",
    "last_chunk",
    "reason_phrase",
    "status_line",
]

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
#: The characters of a value in the message of an error, which may end in a log.
_MOST_SHOWN: Final = 200
# RFC 9110 section 5.5 allows visible characters, space, tab, and obs-text, which is sent as UTF-8.
_BAD_IN_VALUE: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
#: The registered phrases. The table of the standard library would change with the Python version.
_REASONS: Final = {
    100: "Continue", 101: "Switching Protocols", 102: "Processing", 103: "Early Hints", 200: "OK",
    201: "Created", 202: "Accepted", 203: "Non-Authoritative Information", 204: "No Content",
    205: "Reset Content", 206: "Partial Content", 207: "Multi-Status", 208: "Already Reported",
    226: "IM Used", 300: "Multiple Choices", 301: "Moved Permanently", 302: "Found",
    303: "See Other", 304: "Not Modified", 305: "Use Proxy", 307: "Temporary Redirect",
    308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized", 402: "Payment Required",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
    407: "Proxy Authentication Required", 408: "Request Timeout", 409: "Conflict", 410: "Gone",
    411: "Length Required", 412: "Precondition Failed", 413: "Content Too Large",
    414: "URI Too Long", 415: "Unsupported Media Type", 416: "Range Not Satisfiable",
    417: "Expectation Failed", 418: "I'm a Teapot", 421: "Misdirected Request",
    422: "Unprocessable Content", 423: "Locked", 424: "Failed Dependency", 425: "Too Early",
    426: "Upgrade Required", 428: "Precondition Required", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 451: "Unavailable For Legal Reasons",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
    506: "Variant Also Negotiates", 507: "Insufficient Storage", 508: "Loop Detected",
    510: "Not Extended", 511: "Network Authentication Required",
}  # fmt: skip
_STATUS_LINES: Final = {
    code: f"HTTP/1.1 {code} {reason}\r\n".encode("ascii") for code, reason in _REASONS.items()
}


def reason_phrase(status: int) -> str:
    """Return the registered reason phrase of ``status``, ``""`` if it has none."""
    return _REASONS.get(status, "")


def status_line(status: int, reason: str | None = None) -> bytes:
    """Return the status line with its CRLF; without ``reason``, with the registered phrase.

    Raises ``LocalProtocolError`` for a status outside 100 to 999 or control characters.
    """
    if reason is None or _REASONS.get(status) == reason:
        line = _STATUS_LINES.get(status)
        if line is not None:
            return line
        reason = ""
    if not 100 <= status <= 999:
        raise LocalProtocolError(f"A status code has three digits, got {status!r}")
    bad = _BAD_IN_VALUE.search(reason)
    if bad is not None:
        raise LocalProtocolError(
            f"The reason phrase {_shown(reason)} has the control character {bad[0]!r} "
            f"at {bad.start()}"
        )
    return _to_bytes(f"HTTP/1.1 {status} {reason}\r\n")


def encode_fields(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return the field lines, each with its CRLF, in the order and case given.

    Raises ``LocalProtocolError`` for a name that is not a token (RFC 9110 section 5.1) or a value
    with a control character other than tab.
    """
    lines = []
    for name, value in fields:
        start = _NAMES[name]
        try:
            # A cheap test that nearly all values pass; the pattern decides on the others.
            printable = value.isprintable()
        except AttributeError:
            check_field_types(name, value)
            raise
        if not printable:
            _check_value(name, value)
        lines.append(f"{start}{value}\r\n")
    return _to_bytes("".join(lines))


def bodiless_head(status: int, fields: Iterable[tuple[str, str]]) -> bytes:
    """Return the head of a response that cannot have a body, such as 1xx.

    Raises ``LocalProtocolError`` as ``encode_fields`` does, and for fields that would frame a body
    (RFC 9110 section 8.6).
    """
    lines = tuple(fields)
    block = encode_fields(lines)
    for name, _ in lines:
        if name.lower() in ("content-length", "transfer-encoding"):
            raise LocalProtocolError(f"A response of status {status} must not have {name!r}")
    return status_line(status) + block + b"\r\n"


def _to_bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise LocalProtocolError(
            f"{text[error.start]!r} cannot be sent: it is half of a surrogate pair"
        ) from error


def check_field_types(name: object, value: object) -> None:
    """Raise ``LocalProtocolError`` unless both are ``str``."""
    if not isinstance(name, str):
        raise LocalProtocolError(f"A header field name must be a str, got {name!r}")
    if not isinstance(value, str):
        if value is None:
            fix = "Leave the field out."
        elif isinstance(value, (bytes, bytearray)):
            fix = "Decode it."
        else:
            fix = "Give the text that the client is to read, such as str(value)."
        raise LocalProtocolError(f"The value of {name!r} must be a str, got {_shown(value)}. {fix}")


def _begin_line(name: str) -> str:
    """Return the beginning of a field line; raises ``LocalProtocolError`` for a bad name."""
    check_field_types(name, "")
    if _TOKEN.fullmatch(name) is None:
        raise LocalProtocolError(
            f"{_shown(name)} is not a header field name: RFC 9110 section 5.1 allows letters, "
            "digits and !#$%&'*+-.^_`|~"
        )
    return f"{name}: "


# ``bench:parser``: without this memo ``encode`` takes 3 times as long.
_NAMES: Final[Memo[str, str]] = Memo(_begin_line, 512)


def _check_value(name: str, value: str) -> None:
    bad = _BAD_IN_VALUE.search(value)
    if bad is not None:
        raise LocalProtocolError(
            f"The value of {name!r} has the control character {bad[0]!r} at "
            f"position {bad.start()}: {_shown(value)}"
        )


def _shown(value: object) -> str:
    """Return the ``repr`` of a value for an error; a peer may have sent it, so it is bounded."""
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}... ({len(text)} characters)"


def chunk(data: bytes | bytearray | memoryview) -> bytes:
    """Return ``data`` as one chunk; an empty chunk would end the body."""
    return b"".join((b"%x\r\n" % len(data), data, b"\r\n"))


def last_chunk(trailers: Iterable[tuple[str, str]] = ()) -> bytes:
    """Return the end of a chunked body with its trailer fields."""
    return b"0\r\n" + encode_fields(trailers) + b"\r\n"
