"""The fields of responses: pairs of bytes from an application in, checked field lines out.

``encode_fields`` is the one door: what passes it cannot split a response. A memo keeps the lines of
pairs that were checked before, since most responses of an application have the same ones.
"""

import re
from collections.abc import Iterable
from typing import Final, final

from treadle_server.interfaces import shown

__all__ = ["EncodedFields", "decode_fields", "encode_fields"]

_TOKEN: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# RFC 9110 section 5.5 allows visible characters, space, tab, and obs-text.
_BAD_IN_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

#: Fields on which the server decides: a response with one of them takes the long way.
_OF_SERVER: Final = frozenset(
    (b"connection", b"date", b"keep-alive", b"server", b"transfer-encoding", b"upgrade")
)

Pair = tuple[bytes, bytes]


@final
class _Length(bytes):
    """The line of a Content-Length."""

    size: int


@final
class _OwnLine(bytes):
    """The line of a field on which the server decides."""


@final
class _Lines(dict[Pair, bytes]):
    """The checked line of each pair; bounded, since applications send values of clients too.

    ``hello`` of Starlette in tools/bench/compare.py: without it a response takes 2.4 us more.
    """

    __slots__ = ()

    def __missing__(self, pair: Pair) -> bytes:
        line = _encode(pair)
        if len(line) <= 256:
            if len(self) >= 1024:
                self.clear()
            self[pair] = line
        return line


_LINES: Final = _Lines()
#: A subscription of a subclass of dict takes twice as long as this.
_known_line: Final = _LINES.get


def _encode(pair: object) -> bytes:
    """Return the line of a field; raises ``TypeError`` and ``ValueError`` with the fix."""
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise _no_pair(pair)
    name, value = pair
    for part, what in ((name, "name"), (value, "value")):
        if not isinstance(part, bytes):
            fix = "encode it" if isinstance(part, str) else "give bytes"
            raise TypeError(
                f"The {what} of a field is bytes, not {shown(repr(part))} (in the field "
                f"{shown(repr(pair))}): {fix}"
            )
    if _TOKEN.fullmatch(name) is None:
        raise ValueError(
            f"{shown(repr(name))} is not the name of a field: RFC 9110 section 5.1 allows letters, "
            "digits and !#$%&'*+-.^_`|~"
        )
    bad = _BAD_IN_VALUE.search(value)
    if bad is not None:
        raise ValueError(
            f"The value of {name!r} has the control character {bad[0]!r} at position "
            f"{bad.start()}: {shown(repr(value))}; remove it"
        )
    line = b"%b: %b\r\n" % (name, value)
    lowered = name.lower()
    if lowered == b"content-length":
        if not value.isdigit():
            raise ValueError(f"Content-Length is a number in digits, not {shown(repr(value))}")
        length = _Length(line)
        length.size = int(value)
        return length
    return _OwnLine(line) if lowered in _OF_SERVER else line


def _pair(field: object) -> Pair:
    """Return a field that is a list, or has parts of other types, as a pair of bytes."""
    if isinstance(field, (list, tuple)) and len(field) == 2:
        name, value = (
            bytes(part) if isinstance(part, (bytearray, memoryview)) else part for part in field
        )
        return name, value
    raise _no_pair(field)


def _no_pair(field: object) -> TypeError:
    return TypeError(
        f"A field is a pair of a name and a value in bytes, not {shown(repr(field))}: give "
        '(b"name", b"value")'
    )


#: The fields of a response: their lines; the value of Content-Length, None without one; True if the
#: server decides on one of them, so that the lines cannot be sent as they are. Not a
#: ``NamedTuple``, which takes 0.2 us to make.
EncodedFields = tuple[bytes, int | None, bool]


def encode_fields(fields: Iterable[Iterable[object]]) -> EncodedFields:
    """Return the lines of ``fields``.

    Raises ``TypeError`` for anything but pairs of bytes, and ``ValueError`` for names, values and
    lengths that cannot be sent.
    """
    lines: list[bytes] = []
    length: int | None = None
    for_server = False
    for field in fields:
        try:
            line = _known_line(field) or _LINES[field]  # type: ignore[index,call-overload]  # looked up before it is checked
        except TypeError:
            line = _LINES[_pair(field)]
        if type(line) is not bytes:
            if type(line) is _Length:
                if length is not None:
                    raise ValueError("Content-Length is given twice: give it once")
                length = line.size
            else:
                for_server = True
        lines.append(line)
    return b"".join(lines), length, for_server


def decode_fields(block: bytes) -> list[tuple[str, str]]:
    """Return the fields of a block of ``encode_fields`` as text, with other bytes as surrogates."""
    text = block.decode("utf-8", "surrogateescape")
    # Not ``splitlines``, which knows more ends of lines than CRLF.
    lines = [line.partition(": ") for line in text.split("\r\n")[:-1]]
    return [(name, value) for name, _, value in lines]
