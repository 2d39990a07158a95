"""One request head through httptools, and the checks that llhttp leaves to its user.

:class:`HeadParser` is given a head in as many pieces as the network made of it, and at the end
once more as a whole.  httptools splits it and refuses most of what is malformed; the rest is
arithmetic on the whole: a head is one request line, one line per field and one empty line, so the
number of line ends must be the number of fields plus two, and the request line must be exactly as
long as its three parts and two spaces.  Whatever a lenient reading could hide (a bare line feed, a
folded line, doubled spaces, HTTP/0.9) breaks one of these sums, whichever llhttp is installed.
"""

import re
from typing import Final, final

from httptools import (
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserInvalidURLError,
    HttpParserUpgrade,
    HttpRequestParser,
)

from . import _errors as texts
from ._errors import RefusedError
from ._events import Request
from ._framing import read_framing, valid_authority
from ._limits import Limits

__all__ = ["HeadParser"]

_VERSIONS: Final = {b" HTTP/1.1": (1, 1), b" HTTP/1.0": (1, 0)}
_SCHEMES: Final = (b"http", b"https")
_OTHER_VERSION: Final = re.compile(rb"HTTP/[0-9]\.[0-9]")
# The common methods as text; any other that llhttp knows is decoded.
_METHODS: Final = {
    method.encode(): method
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
}


@final
class HeadParser:
    """Turns the bytes of a head into a :class:`Request`; one serves a whole connection."""

    __slots__ = ("_always_allowed", "_fields", "_limits", "_parser", "_target")

    def __init__(self, limits: Limits) -> None:
        self._limits: Final = limits
        # A head that is no longer than this has no part that is too long.
        self._always_allowed: Final = min(
            limits.max_request_line, limits.max_field_line, limits.max_head
        )
        self._fields: list[tuple[bytes, bytes]] = []
        self._target = b""
        self._parser = HttpRequestParser(self)

    # httptools calls these two; what other callbacks would tell follows from the sums.

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one field line; httptools keeps the white space behind a value."""
        self._fields.append((name, value.strip()))

    # The connection calls these.

    def feed(self, piece: bytes, head: bytes) -> None:
        """Parse a piece of a head whose end has not arrived; ``head`` is all that has.

        Raises ``RefusedError`` for a mistake that no rest could mend.
        """
        try:
            self._parser.feed_data(piece)
        except HttpParserError as error:
            raise self._refusal(error, head) from error
        line_end = head.find(b"\r\n")
        if line_end >= 0 and head[line_end - 9 : line_end] not in _VERSIONS:
            raise self._wrong_sum(head[:line_end])

    def finish(self, rest: bytes, head: bytes) -> Request:
        """Parse the last piece; ``head`` is the whole head with its empty line.

        Raises ``RefusedError``.
        """
        reusable = True
        try:
            self._parser.feed_data(rest)
        except HttpParserUpgrade:
            # The parser believes that HTTP ends here; whether it does is the application's answer.
            reusable = False
        except HttpParserError as error:
            raise self._refusal(error, head) from error
        fields = tuple(self._fields)
        target = self._target
        method = self._parser.get_method()
        line_end = head.find(b"\r\n")
        version = _VERSIONS.get(head[line_end - 9 : line_end])
        lines = len(fields) + 2
        if (
            version is None
            or line_end != len(method) + len(target) + 10
            or head.count(b"\n") != lines
            or head.count(b"\r") != lines
        ):
            raise self._wrong_sum(head[:line_end])
        if len(head) > self._always_allowed:
            self._check_sizes(head, line_end)
        if lines - 2 > self._limits.max_fields:
            raise RefusedError(431, texts.TOO_MANY_FIELDS)
        authority, framing = read_framing(fields, version)
        if target[:1] != b"/":
            target, authority = _split_target(method, target, authority)
        elif b"#" in target:
            raise RefusedError(400, texts.BAD_TARGET)
        self._fields.clear()
        self._target = b""
        if framing.content_length != 0 or not reusable:
            # The body is read by our own rules, so llhttp would wait for it for ever.
            self._parser = HttpRequestParser(self)
        return Request(
            _METHODS.get(method) or method.decode("ascii"),
            target.decode("ascii"),
            authority,
            version,
            fields,
            framing,
        )

    def _wrong_sum(self, line: bytes) -> RefusedError:
        """Return the refusal of a head that is not made of the lines it seems to have."""
        version = line[-9:]
        if version in _VERSIONS and line.count(b" ") == 2:
            return RefusedError(400, texts.BAD_FIELD)
        return _version_refusal(line) or RefusedError(400, texts.BAD_REQUEST_LINE)

    def _check_sizes(self, head: bytes, line_end: int) -> None:
        limits = self._limits
        if line_end > limits.max_request_line:
            raise RefusedError(414, texts.LINE_TOO_LONG)
        if len(head) > limits.max_head:
            raise RefusedError(431, texts.HEAD_TOO_LONG)
        self._check_field_lengths()

    def _check_field_lengths(self) -> None:
        limit = self._limits.max_field_line - len(": ")
        for name, value in self._fields:
            if len(name) + len(value) > limit:
                raise RefusedError(431, texts.FIELD_TOO_LONG)

    def _refusal(self, error: Exception, data: bytes) -> RefusedError:
        detail = str(error)
        if isinstance(error, HttpParserInvalidMethodError):
            if data[:1] == b"\x16":
                return RefusedError(400, texts.TLS_ON_PLAIN_PORT, detail)
            method = data.partition(b" ")[0]
            if method.isalpha() and len(method) <= 32:
                return RefusedError(501, texts.UNKNOWN_METHOD, detail)
            return RefusedError(400, texts.BAD_REQUEST_LINE, detail)
        if data.startswith(b"PRI * HTTP/2"):
            return RefusedError(505, texts.HTTP2_PREFACE, detail)
        if isinstance(error, HttpParserInvalidURLError):
            return RefusedError(400, texts.BAD_TARGET, detail)
        line_end = data.find(b"\r\n")
        if line_end >= 0 and not self._fields:
            refusal = _version_refusal(data[:line_end])
            if refusal is not None:
                return refusal
        if not self._fields and (line_end < 0 or "header" not in detail.lower()):
            return RefusedError(400, texts.BAD_REQUEST_LINE, detail)
        for sentence in (texts.LENGTH_AND_CODING, texts.LENGTH_INVALID, texts.CODING_NOT_CHUNKED):
            if _FINDINGS[sentence] in detail:
                return RefusedError(400, sentence, detail)
        return RefusedError(400, texts.BAD_FIELD, detail)


# llhttp judges some framing by itself; its findings get the sentences that ours have.
_FINDINGS: Final = {
    texts.LENGTH_AND_CODING: "can't be present with",
    texts.LENGTH_INVALID: "Content-Length",
    texts.CODING_NOT_CHUNKED: "Transfer-Encoding",
}


def _version_refusal(line: bytes) -> RefusedError | None:
    """Return the refusal of a request line that asks for another version of HTTP, else None."""
    if line.startswith(b"PRI * HTTP/2"):
        return RefusedError(505, texts.HTTP2_PREFACE)
    version = line.rpartition(b" ")[2]
    if _OTHER_VERSION.fullmatch(version) is not None and b" " + version not in _VERSIONS:
        return RefusedError(505, texts.HTTP_VERSION)
    if line.count(b" ") == 1 and not version.startswith(b"HTTP/"):
        return RefusedError(400, texts.HTTP_09)
    return None


def _split_target(method: bytes, target: bytes, host: str) -> tuple[bytes, str]:
    """Return the origin-form and the authority of another form (RFC 9112 section 3.2)."""
    if method == b"CONNECT":
        # authority-form: the port is not optional (RFC 9112 section 3.2.3).
        authority = valid_authority(target)
        if authority is None or not authority[-1:].isdigit() or ":" not in authority:
            raise RefusedError(400, texts.BAD_TARGET)
        return target, authority
    if target == b"*":
        if method != b"OPTIONS":
            raise RefusedError(400, texts.BAD_TARGET)
        return target, host
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() not in _SCHEMES or b"#" in rest:
        raise RefusedError(400, texts.BAD_TARGET)
    cut = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
    authority = valid_authority(rest[:cut])
    if authority is None:
        raise RefusedError(400, texts.BAD_TARGET)
    path = rest[cut:]
    # "the server MUST ignore the received Host header field (if any) and instead replace it with
    # the host information of the request-target" (RFC 9112 section 3.2.2).
    return (path if path[:1] == b"/" else b"/" + path), authority
