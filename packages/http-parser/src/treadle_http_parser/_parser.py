"""One request head through httptools, and the checks that llhttp leaves to its user.

``HeadParser`` is given a head in as many pieces as the network made of it, and at the end
once more as a whole.  httptools splits it and refuses most of what is malformed; the rest is
arithmetic on the whole: a head is one request line, one line per field and one empty line, so the
number of line ends must be the number of fields plus two, and the request line must be three parts
with a space between each two. Whatever a lenient reading could hide (a bare line feed, a
folded line, doubled spaces, HTTP/0.9) breaks one of these sums, whichever llhttp is installed.

A head that fails gets its sentence from ``HeadParser._refuse``, which looks at the bytes and
not at how they were cut: the request line first, once it is complete, then the first bad field.
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

_VERSIONS: Final = {b"HTTP/1.1": (1, 1), b"HTTP/1.0": (1, 0)}
_SCHEMES: Final = ("http", "https")
_REQUEST_LINE: Final = re.compile(
    rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64} [\x21-\x7e]+ (HTTP/[0-9]\.[0-9])"
)
_HTTP_09: Final = re.compile(rb"[A-Z]+ (?!HTTP/)[\x21-\x7e]+")
_HIGH_TARGET: Final = re.compile(
    rb"[A-Z]{1,64} [\x21-\x7e]*[\x80-\xff][\x21-\x7e\x80-\xff]* HTTP/1\.[01]"
)
_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f](?<!\r\Z)")
# A carriage return or line feed without its partner; a CR at the very end may still get its own.
_BARE: Final = re.compile(rb"\r[^\n]|(?<!\r)\n")
_Line = tuple[str, str, tuple[int, int]]
# Request lines seen before, split and decoded: the paths of a service repeat. Bounded in number
# and size, and emptied when full: a client that varies its lines costs itself the lookup.
_known_lines: Final[dict[bytes, _Line]] = {}
_MAX_KNOWN_LINES: Final = 1024
_MAX_KNOWN_LINE: Final = 256
#: Heads above this size are not kept for comparison: an idle connection holds its last one.
_MAX_REPEATED: Final = 1024


@final
class HeadParser:
    """Turns the bytes of a head into a ``Request``; one serves a whole connection."""

    __slots__ = (
        "_always_allowed",
        "_block",
        "_fields",
        "_last",
        "_limits",
        "_max_repeated",
        "_parser",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits: Final = limits
        # A head that is no longer than this has no part that is too long.
        self._always_allowed: Final = min(
            limits.max_request_line, limits.max_field_line, limits.max_head
        )
        self._fields: list[tuple[bytes, bytes]] = []
        self._parser = HttpRequestParser(self)
        # The last head's field lines, and what they were read to: see ``finish``.
        self._block = b""
        self._last: Request | None = None
        self._max_repeated: Final = min(_MAX_REPEATED, self._always_allowed)

    # httptools calls this; what its other callbacks would tell follows from the sums.

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one field line; httptools keeps the white space behind a value."""
        self._fields.append((name, value.strip()))

    # The connection calls these.

    def close(self) -> None:
        """Let go of httptools, which knows this object; nothing more may be parsed."""
        self._parser = HttpRequestParser(None)

    def feed(self, piece: bytes, head: bytes) -> None:
        """Parse a piece of a head whose end has not arrived; ``head`` is all that has.

        Raises ``RefusedError`` for a mistake that no rest could mend.
        """
        if len(head) > self._always_allowed:
            self._check_bounds(piece, head)
        self._feed(piece, head)

    def _feed(self, piece: bytes, head: bytes) -> None:
        failure: Exception | None = None
        try:
            self._parser.feed_data(piece)
        except (HttpParserError, HttpParserUpgrade) as error:
            failure = error
        # The byte before the piece may be the first half of a line end.
        seen = max(len(head) - len(piece) - 1, 0)
        line_end = head.find(b"\r\n")
        if line_end < 0:
            # What is wrong with a request line is said when all of it is here, as for a whole head.
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
        """Parse the last piece; ``head`` is the whole head with its empty line.

        Raises ``RefusedError``.

        A client that keeps its connection mostly repeats its field lines, byte for byte: those are
        read once, and of a head that has them again only the request line is.
        """
        line_end = head.find(b"\r\n")
        line = head[:line_end]
        block = self._block
        if (
            len(head) - len(block) == line_end
            and head.endswith(block)
            and rest is head
            and len(head) <= self._max_repeated
        ):
            parts = _known_lines.get(line) or self._read_line(line, head)
            last = self._last
            if last is not None and parts is not None and parts[2] is last.version:
                method, target, version = parts
                # Other targets say more than a path, and CONNECT is not meant for us.
                if target[0] == "/" and method != "CONNECT":
                    return Request(
                        method, target, last.authority, version, last.fields, last.framing
                    )
        large = len(head) > self._always_allowed
        if large:
            self._check_bounds(rest, head)
        reusable = True
        try:
            self._parser.feed_data(rest)
        except HttpParserUpgrade:
            # The parser believes that HTTP ends here; whether it does is the application's answer.
            reusable = False
            if head.startswith(b"CONNECT  "):
                # llhttp lets it go without a target.
                raise self._refuse(head, None) from None
        except HttpParserError as error:
            raise self._refuse(head, error) from error
        fields = tuple(self._fields)
        parts = _known_lines.get(line) or _split_line(line)
        lines = len(fields) + 2
        if parts is None or head.count(b"\n") != lines or head.count(b"\r") != lines:
            raise self._refuse(head, None)
        method, target, version = parts
        if large:
            self._check_field_lengths()
        if lines - 2 > self._limits.max_fields:
            raise RefusedError(431, texts.TOO_MANY_FIELDS)
        authority, framing = read_framing(fields, version)
        if target[0] != "/" or (not reusable and method == "CONNECT"):
            target, authority = _split_target(method, target, authority)
        self._fields.clear()
        if framing.content_length != 0 or not reusable:
            # The body is read by our own rules, so llhttp would wait for it for ever.
            self._parser = HttpRequestParser(self)
        request = Request(method, target, authority, version, fields, framing)
        if reusable and parts[1][0] == "/" and len(head) <= self._max_repeated:
            self._last = request
            self._block = head[line_end:]
        return request

    def _read_line(self, line: bytes, head: bytes) -> _Line | None:
        """Read the request line of a head whose field lines are known; None to read all of it."""
        method, _, target = line.partition(b" ")
        if not target.startswith(b"/") or method == b"CONNECT" or not line.endswith(b" HTTP/1.1"):
            return None
        try:
            self._parser.feed_data(line + b"\r\n\r\n")
        except (HttpParserError, HttpParserUpgrade) as error:
            raise self._refuse(head, error) from error
        parts = _split_line(line)
        if parts is None:
            raise self._refuse(head, None)
        return parts

    def _check_bounds(self, piece: bytes, head: bytes) -> None:
        """Refuse a head that is too large, unless a mistake within the bounds comes first."""
        limits = self._limits
        bound = min(limits.max_request_line + 2, limits.max_head)
        if len(head) > bound and head.find(b"\r\n", 0, bound) < 0:
            refusal = RefusedError(414, texts.LINE_TOO_LONG)
        elif len(head) > limits.max_head:
            bound = limits.max_head
            refusal = RefusedError(431, texts.HEAD_TOO_LONG)
        else:
            return
        allowed = bound - (len(head) - len(piece))
        if allowed > 0:
            self._feed(piece[:allowed], head[:bound])
        raise refusal

    def _check_field_lengths(self) -> None:
        limit = self._limits.max_field_line - len(": ")
        for name, value in self._fields:
            if len(name) + len(value) > limit:
                raise RefusedError(431, texts.FIELD_TOO_LONG)

    def _refuse(self, head: bytes, failure: Exception | None) -> RefusedError:
        """Return the refusal of a malformed head, or of its beginning."""
        line_end = head.find(b"\r\n")
        line = head if line_end < 0 else head[:line_end]
        refusal = _line_refusal(line)
        if refusal is not None:
            return refusal
        bare = _BARE.search(head)
        if bare is not None and bare.end() < len(head):
            # Whatever llhttp made of a bare line end and what is behind it: look before it only.
            before = head[: bare.end()]
            try:
                HeadParser(self._limits).feed(before, before)
            except RefusedError as earlier:
                return earlier
        detail = "" if failure is None else str(failure)
        if isinstance(failure, HttpParserInvalidMethodError) or detail.startswith("Invalid method"):
            return RefusedError(501, texts.UNKNOWN_METHOD, detail)
        if isinstance(failure, HttpParserInvalidURLError):
            return RefusedError(400, texts.BAD_TARGET, detail)
        for sentence, finding in _FINDINGS.items():
            if finding in detail:
                return RefusedError(400, sentence, detail)
        return RefusedError(400, texts.BAD_FIELD, detail)


# llhttp judges some framing by itself; its findings get the sentences that ours have.
_FINDINGS: Final = {
    texts.LENGTH_AND_CODING: "can't be present with",
    texts.LENGTH_INVALID: "Content-Length",
    texts.CODING_NOT_CHUNKED: "Transfer-Encoding",
}


def _line_refusal(line: bytes) -> RefusedError | None:
    """Return the refusal of a request line that is malformed or of another version, else None."""
    if line[:1] == b"\x16":
        # The type of a TLS handshake record.
        return RefusedError(400, texts.TLS_ON_PLAIN_PORT)
    match = _REQUEST_LINE.fullmatch(line)
    if match is not None:
        if match[1] in _VERSIONS:
            return None
        http2 = line == b"PRI * HTTP/2.0"
        return RefusedError(505, texts.HTTP2_PREFACE if http2 else texts.HTTP_VERSION)
    if _HTTP_09.fullmatch(line) is not None:
        return RefusedError(400, texts.HTTP_09)
    if _HIGH_TARGET.fullmatch(line) is not None:
        return RefusedError(400, texts.BAD_TARGET)
    return RefusedError(400, texts.BAD_REQUEST_LINE)


def _split_line(line: bytes) -> _Line | None:
    """Return method, target and version of a request line whose characters llhttp has checked.

    None if it has other than three parts, a bare line end or another version. Raises
    ``RefusedError`` for a target with a fragment, which is never sent (RFC 9112 section 3.2).
    """
    parts = line.split(b" ")
    version = _VERSIONS.get(parts[-1])
    if version is None or len(parts) != 3 or not parts[1] or b"\n" in line or b"\r" in line:
        return None
    if b"#" in parts[1]:
        raise RefusedError(400, texts.BAD_TARGET)
    known = (parts[0].decode("ascii"), parts[1].decode("ascii"), version)
    if len(line) <= _MAX_KNOWN_LINE:
        if len(_known_lines) >= _MAX_KNOWN_LINES:
            _known_lines.clear()
        _known_lines[line] = known
    return known


def _split_target(method: str, target: str, host: str) -> tuple[str, str]:
    """Return the origin-form and the authority of another form (RFC 9112 section 3.2)."""
    if method == "CONNECT":
        # authority-form: the port is not optional (RFC 9112 section 3.2.3).
        authority = valid_authority(target.encode())
        if authority is None or not authority[-1:].isdigit() or ":" not in authority:
            raise RefusedError(400, texts.BAD_TARGET)
        return target, authority
    if target == "*":
        if method != "OPTIONS":
            raise RefusedError(400, texts.BAD_TARGET)
        return target, host
    scheme, separator, rest = target.partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        raise RefusedError(400, texts.BAD_TARGET)
    cut = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    authority = valid_authority(rest[:cut].encode())
    if authority is None:
        raise RefusedError(400, texts.BAD_TARGET)
    path = rest[cut:]
    # "the server MUST ignore the received Host header field (if any) and instead replace it with
    # the host information of the request-target" (RFC 9112 section 3.2.2).
    return (path if path[:1] == "/" else "/" + path), authority
