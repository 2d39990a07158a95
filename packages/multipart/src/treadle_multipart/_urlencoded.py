"""application/x-www-form-urlencoded bodies (WHATWG URL section 5.1), whole or in chunks.

Bytes go in and (name, value) pairs come out. Only ``&`` separates pairs (``;`` once did, and a
filter that still splits there would see other pairs). A pair without ``=`` has the value ``""``;
empty pairs are skipped; a percent sign that starts no escape stands for itself, as in browsers.
Only an incomplete pair is kept, and each of its bytes is searched once.
"""

import re
from typing import final

from ._bytes import as_bytes
from ._charset import text_codec
from ._errors import (
    Leniency,
    MemoryLimitError,
    MultipartError,
    NameTooLongError,
    PartTooLargeError,
    TooManyFieldsError,
    TotalTooLargeError,
    UndecodableTextError,
    UsageError,
)
from ._limits import MultipartLimits, bound

__all__ = ["Pair", "UrlencodedParser", "parse_urlencoded"]

#: A name and its value.
Pair = tuple[str, str]

_PAIR = re.compile(rb"[^&]++")


@final
class UrlencodedParser:
    """Parse one urlencoded body, fed in chunks of any size.

    ``receive_data`` returns the pairs that a chunk completes, ``receive_eof`` the last one. White
    space at the end of the body is not part of the last value. With ``strict=False``, bytes outside
    ``charset`` become U+FFFD. Raises ``UnsupportedError`` for an unknown charset.
    """

    __slots__ = (
        "_charset",
        "_closed",
        "_count",
        "_held",
        "_max_fields",
        "_max_held",
        "_max_name",
        "_max_total",
        "_max_value",
        "_received",
        "_strict",
        "_tolerated",
    )

    def __init__(
        self,
        limits: MultipartLimits = MultipartLimits(),  # noqa: B008  # frozen, safe to share
        *,
        charset: str = "utf-8",
        strict: bool = True,
    ) -> None:
        self._charset = text_codec(charset)
        self._strict = strict
        self._max_total = bound(limits.max_total)
        self._max_fields = bound(limits.max_fields)
        self._max_name = bound(limits.max_name_length)
        self._max_value = bound(limits.max_part_size)
        self._max_held = bound(limits.max_memory)
        self._held = bytearray()
        self._received = 0
        self._count = 0
        self._closed = False
        self._tolerated: set[Leniency] = set()

    @property
    def tolerated(self) -> frozenset[Leniency]:
        """The deviations accepted so far; empty in strict mode."""
        return frozenset(self._tolerated)

    def receive_data(self, data: bytes) -> list[Pair]:
        """Take the next bytes of the body and return the pairs that they complete.

        Raises a subclass of ``MultipartError``, and ``UsageError`` after an error or
        ``receive_eof``.
        """
        self._check_open()
        if type(data) is not bytes:
            data = as_bytes(data, "receive_data()")
        try:
            return self._take(data)
        except MultipartError:
            self._closed = True
            raise

    def receive_eof(self) -> list[Pair]:
        """Return the last pair, if there is one: the input has ended."""
        self._check_open()
        self._closed = True
        pairs: list[Pair] = []
        self._add(bytes(self._held).rstrip(), pairs)
        self._held.clear()
        return pairs

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError(
                "the parser cannot be used after an error or receive_eof(); "
                "make a new one for each body"
            )

    def _take(self, data: bytes) -> list[Pair]:
        self._received += len(data)
        if self._received > self._max_total:
            raise TotalTooLargeError(self._max_total, offset=self._max_total)
        first = data.find(b"&")
        if first < 0:
            self._hold(data)
            return []
        self._hold(data[:first])
        pairs: list[Pair] = []
        self._add(bytes(self._held), pairs)
        self._held.clear()
        # One pair at a time rather than split("&"): a body of a million pairs stops at the limit.
        # The pattern skips empty pairs, of which any number passes the limit.
        last = data.rfind(b"&") + 1
        for pair in _PAIR.finditer(data, first + 1, last):
            self._add(pair[0], pairs)
        self._hold(data[last:])
        return pairs

    def _hold(self, data: bytes) -> None:
        if len(self._held) + len(data) > self._max_held:
            raise MemoryLimitError(self._max_held)
        self._held += data

    def _add(self, pair: bytes, pairs: list[Pair]) -> None:
        if not pair:
            return
        self._count += 1
        if self._count > self._max_fields:
            raise TooManyFieldsError(self._max_fields)
        raw_name, _, raw_value = pair.partition(b"=")
        name = self._text(raw_name, None)
        if len(name) > self._max_name:
            raise NameTooLongError(self._max_name, field=name)
        value = _unquoted(raw_value)
        if len(value) > self._max_value:
            raise PartTooLargeError(self._max_value, field=name)
        pairs.append((name, self._decoded(value, name)))

    def _text(self, raw: bytes, field: str | None) -> str:
        return self._decoded(_unquoted(raw), field)

    def _decoded(self, data: bytes, field: str | None) -> str:
        try:
            return data.decode(self._charset)
        except UnicodeDecodeError as exc:
            if self._strict:
                where = "a field name" if field is None else f"field {field[:40]!a}"
                raise UndecodableTextError(
                    f"the bytes of {where} are not {self._charset}: {exc.reason}", exc, field=field
                ) from exc
            self._tolerated.add("undecodable-text")
            return data.decode(self._charset, "replace")


_HEX = "0123456789abcdefABCDEF"
_ESCAPED = {f"%{a}{b}".encode(): bytes([int(a + b, 16)]) for a in _HEX for b in _HEX}
# Not ``unquote_to_bytes``, which raises and catches an error for each percent sign that starts no
# escape: 1 MiB of them took 0.4 s, and takes 0.02 s here. Short values take two thirds of the time.
_ESCAPE = re.compile(rb"%[0-9A-Fa-f]{2}")
# The substitution makes an object for each escape, forty times its size: slices bound the total.
_SLICE = 64 * 1024


def _unescaped(match: re.Match[bytes]) -> bytes:
    return _ESCAPED[match[0]]


def _unquoted(raw: bytes) -> bytes:
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    if b"%" not in raw:
        return raw
    if len(raw) <= _SLICE:
        return _ESCAPE.sub(_unescaped, raw)
    done = bytearray()
    start = 0
    while start < len(raw):
        end = start + _SLICE
        # Do not cut between the three characters of an escape.
        percent = raw.rfind(b"%", end - 2, end)
        if percent >= 0 and end < len(raw):
            end = percent
        done += _ESCAPE.sub(_unescaped, raw[start:end])
        start = end
    return bytes(done)


def parse_urlencoded(
    data: bytes,
    *,
    charset: str = "utf-8",
    limits: MultipartLimits = MultipartLimits(),  # noqa: B008  # frozen, safe to share
    strict: bool = True,
) -> list[Pair]:
    """Return all pairs of a whole urlencoded body, in order; blank values are kept.

    >>> parse_urlencoded(b"name=J%C3%BCrgen&empty=&q=a+b")
    [('name', 'Jürgen'), ('empty', ''), ('q', 'a b')]

    Raises a subclass of ``MultipartError``.
    """
    parser = UrlencodedParser(limits, charset=charset, strict=strict)
    return parser.receive_data(data) + parser.receive_eof()
