"""Parse any request head with httptools, and check what llhttp leaves to its user.

``HeadParser`` gets a head in the pieces that the network made of it, and at the end once more as a
whole. httptools splits it and refuses most malformed heads. The rest is arithmetic on the whole: a
head is one request line, one line per field and one empty line, so the number of line ends must be
the number of fields plus two, and the request line must be three parts with one space between each
two. Everything that a lenient reader could hide (a bare line feed, a folded line, doubled spaces,
HTTP/0.9) makes one of these sums wrong, with any version of llhttp.

``HeadParser._refuse`` chooses the sentence for a head that fails. It looks at the bytes and not at
how they were cut: first at the request line, once that is complete, then at the first bad field.
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

from . import _errors as messages
from ._errors import RefusedError, exceeded
from ._events import Request
from ._framing import Fields, read_framing, valid_authority
from ._limits import Limits

__all__ = ["HeadParser"]

_VERSIONS: Final = {b"HTTP/1.1": (1, 1), b"HTTP/1.0": (1, 0)}
_SCHEMES: Final = ("http", "https")
_REQUEST_LINE: Final = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}) ([\x21-\x7e]+) (HTTP/[0-9]\.[0-9])"
)
_HTTP_09: Final = re.compile(rb"[A-Z]+ (?!HTTP/)[\x21-\x7e]+")
_NON_ASCII_TARGET: Final = re.compile(
    rb"[A-Z]{1,64} [\x21-\x7e]*[\x80-\xff][\x21-\x7e\x80-\xff]* HTTP/1\.[01]"
)
_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f](?<!\r\Z)")
# A carriage return or line feed without its partner; a CR at the very end may still get its own.
_BARE: Final = re.compile(rb"\r[^\n]|(?<!\r)\n")

#: Method, target and version.
RequestLine = tuple[str, str, tuple[int, int]]


def _read_request_line(line: bytes) -> RequestLine | None:
    """Return the parts of a request line; None if it is malformed or of another version."""
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        return None
    method, target, name = match.groups()
    version = _VERSIONS.get(name)
    # A fragment is never sent (RFC 9112 section 3.2).
    if version is None or b"#" in target:
        return None
    return method.decode("ascii"), target.decode("ascii"), version


@final
class HeadParser:
    """Turns the bytes of heads into ``Request``; one serves a whole connection.

    Each head gets a parser of httptools of its own, which is dropped behind it: an idle connection
    has none, and no head depends on the one before.
    """

    __slots__ = ("_fields", "_limits", "_parser", "allowed_size")

    def __init__(self, limits: Limits) -> None:
        self._limits: Final = limits
        #: Heads up to this size cannot exceed any limit on size, so these limits are not checked.
        self.allowed_size: Final = min(
            limits.max_request_line, limits.max_field_line, limits.max_head
        )
        # The fields of the head that is being parsed.
        self._fields: list[tuple[bytes, bytes]] | None = None
        self._parser: HttpRequestParser | None = None

    # httptools calls this. Its other callbacks are not used: the sums need only the fields.

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one field line; httptools keeps the white space behind a value."""
        if self._fields is None:
            self._fields = []
        self._fields.append((name, value.strip()))

    # The connection calls these.

    def close(self) -> None:
        """Drop httptools, which refers to this object while it has a part of a head."""
        self._parser = None

    def feed(self, piece: bytes, head: bytes) -> None:
        """Parse a piece of a head before its end has arrived; ``head`` is all that has arrived.

        Raises ``RefusedError`` for a mistake that no further bytes could mend.
        """
        if len(head) > self.allowed_size:
            self._check_bounds(piece, head)
        self._feed(piece, head)

    def _feed(self, piece: bytes, head: bytes) -> None:
        failure: Exception | None = None
        if self._parser is None:
            self._parser = HttpRequestParser(self)
        try:
            self._parser.feed_data(piece)
        except (HttpParserError, HttpParserUpgrade) as error:
            failure = error
        # The byte before the piece may be the first half of a line end.
        seen = max(len(head) - len(piece) - 1, 0)
        line_end = head.find(b"\r\n")
        if line_end < 0:
            # Other mistakes in a request line are refused when all of it is here, as for a whole
            # head.
            if _CONTROL.search(head, seen) is not None:
                raise self._refuse(head, failure)
            return
        if failure is not None or _BARE.search(head, seen) is not None:
            raise self._refuse(head, failure) from failure
        if line_end >= seen:
            refusal = _line_refusal(head[:line_end])
            if refusal is not None:
                raise refusal

    def finish(self, rest: bytes, head: bytes) -> Request:
        """Parse the last piece, ``rest``; ``head`` is the whole head with its empty line.

        Raises ``RefusedError``.
        """
        large = len(head) > self.allowed_size
        if large:
            self._check_bounds(rest, head)
        parser = self._parser or HttpRequestParser(self)
        self._parser = None
        try:
            parser.feed_data(rest)
        except HttpParserUpgrade:
            # llhttp assumes that HTTP ends here; the application decides if it does.
            pass
        except HttpParserError as error:
            raise self._refuse(head, error) from error
        fields = tuple(self._fields or ())
        self._fields = None
        line = head[: head.find(b"\r\n")]
        parts = _read_request_line(line)
        if parts is None:
            raise _line_refusal(line) or RefusedError(400, messages.BAD_TARGET)
        line_ends = len(fields) + 2
        if head.count(b"\n") != line_ends or head.count(b"\r") != line_ends:
            raise self._refuse(head, None)
        if large:
            self._check_field_lengths(fields)
        if len(fields) > self._limits.max_fields:
            raise exceeded("max_fields")
        method, target, version = parts
        host, framing = read_framing(fields, version)
        target, host = _read_target(method, target, host)
        return Request(method, target, host, version, fields, framing)

    def _check_bounds(self, piece: bytes, head: bytes) -> None:
        """Refuse a head that is too large, unless a mistake within the bounds comes first."""
        limits = self._limits
        bound = min(limits.max_request_line + 2, limits.max_head)
        if len(head) > bound and head.find(b"\r\n", 0, bound) < 0:
            # The line is too long for its own limit, or for that of the whole head if it is lower.
            own = limits.max_request_line + 2 <= limits.max_head
            limit = "max_request_line" if own else "max_head"
            refusal = RefusedError(414, messages.LINE_TOO_LONG, limit=limit)
        elif len(head) > limits.max_head:
            bound = limits.max_head
            refusal = exceeded("max_head")
        else:
            return
        allowed = bound - (len(head) - len(piece))
        if allowed > 0:
            self._feed(piece[:allowed], head[:bound])
        raise refusal

    def _check_field_lengths(self, fields: Fields) -> None:
        limit = self._limits.max_field_line - len(": ")
        for name, value in fields:
            if len(name) + len(value) > limit:
                raise exceeded("max_field_line")

    def _refuse(self, head: bytes, failure: Exception | None) -> RefusedError:
        """Return the refusal of a malformed head, or of the beginning of one."""
        line_end = head.find(b"\r\n")
        line = head if line_end < 0 else head[:line_end]
        refusal = _line_refusal(line)
        if refusal is not None:
            return refusal
        bare = _BARE.search(head)
        if bare is not None and bare.end() < len(head):
            # llhttp may have read past a bare line end: check only the bytes before it.
            before = head[: bare.end()]
            try:
                HeadParser(self._limits).feed(before, before)
            except RefusedError as earlier:
                return earlier
        detail = "" if failure is None else str(failure)
        if isinstance(failure, HttpParserInvalidMethodError) or detail.startswith("Invalid method"):
            return RefusedError(501, messages.UNKNOWN_METHOD, detail)
        if isinstance(failure, HttpParserInvalidURLError):
            return RefusedError(400, messages.BAD_TARGET, detail)
        for sentence, finding in _FINDINGS.items():
            if finding in detail:
                return RefusedError(400, sentence, detail)
        return RefusedError(400, messages.BAD_FIELD, detail)


# llhttp checks some framing itself. Its findings get the same sentences as ours.
_FINDINGS: Final = {
    messages.LENGTH_AND_CODING: "can't be present with",
    messages.LENGTH_INVALID: "Content-Length",
    messages.CODING_NOT_CHUNKED: "Transfer-Encoding",
}


def _line_refusal(line: bytes) -> RefusedError | None:
    """Return the refusal of a request line that is malformed or of another version, else None."""
    if line[:1] == b"\x16":
        # The type of a TLS handshake record.
        return RefusedError(400, messages.TLS_ON_PLAIN_PORT)
    match = _REQUEST_LINE.fullmatch(line)
    if match is not None:
        if match[3] in _VERSIONS:
            return None
        http2 = line == b"PRI * HTTP/2.0"
        return RefusedError(505, messages.HTTP2_PREFACE if http2 else messages.HTTP_VERSION)
    if _HTTP_09.fullmatch(line) is not None:
        return RefusedError(400, messages.HTTP_09)
    if _NON_ASCII_TARGET.fullmatch(line) is not None:
        return RefusedError(400, messages.BAD_TARGET)
    return RefusedError(400, messages.BAD_REQUEST_LINE)


def _read_target(method: str, target: str, host: str) -> tuple[str, str]:
    """Return the path with its query, and the authority, of any target (RFC 9112 section 3.2)."""
    if method == "CONNECT":
        # authority-form: the port is not optional (RFC 9112 section 3.2.3).
        authority = valid_authority(target.encode())
        if authority is None or not authority[-1:].isdigit() or ":" not in authority:
            raise RefusedError(400, messages.BAD_TARGET)
        return target, authority
    if target[0] == "/":
        return target, host
    if target == "*":
        if method != "OPTIONS":
            raise RefusedError(400, messages.BAD_TARGET)
        return target, host
    scheme, separator, rest = target.partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        raise RefusedError(400, messages.BAD_TARGET)
    cut = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    authority = valid_authority(rest[:cut].encode())
    if authority is None:
        raise RefusedError(400, messages.BAD_TARGET)
    path = rest[cut:]
    # "the server MUST ignore the received Host header field (if any) and instead replace it with
    # the host information of the request-target" (RFC 9112 section 3.2.2).
    return (path if path[:1] == "/" else "/" + path), authority
