"""Delimiter lines, which cut a multipart body into parts (RFC 2046 section 5.1.1).

``_parser`` finds the needle (line end, two hyphens, boundary). ``Delimiter`` classifies the line by
its rest, and tells if the end of a chunk may be the start of a needle. Strict lines end with CRLF.
Lenient ones may end with LF: their needle starts there, and a CR before it is looked at afterwards.
"""

import enum
import re
from typing import final

from ._errors import Leniency, MalformedError

__all__ = ["CLOSE", "DATA", "DELIMITER_GOES_ON", "PART", "UNDECIDED", "Delimiter", "LineKind"]


class LineKind(enum.Enum):
    """The kinds of lines that start with the needle."""

    PART = "a part starts behind it"
    CLOSE = "the body ends"
    DATA = "data that only looks like a delimiter"
    UNDECIDED = "the buffer ends before the line does"


# Globals: reading a member of an enum takes longer, before Python 3.12 much longer.
PART, CLOSE, DATA, UNDECIDED = LineKind


# The bytes that may follow the boundary on a delimiter line; after any other byte the line is data.
DELIMITER_GOES_ON = b"-\r\n \t"

# RFC 2046: receivers "MUST be able to handle padding added by message transports". Padding is kept
# until the line ends, so it is bounded; real padding is one or two blanks.
_MAX_PADDING = 128
_REST_OF_LINE = re.compile(rb"(--)?[ \t]{0,%d}+" % _MAX_PADDING)

_CR = 0x0D


@final
class Delimiter:
    """The delimiter of one body. ``tolerated`` collects leniencies."""

    __slots__ = ("_strict", "_tolerated", "boundary", "needle")

    def __init__(self, boundary: bytes, strict: bool, tolerated: set[Leniency]) -> None:
        self.boundary = boundary
        self.needle = (b"\r\n--" if strict else b"\n--") + boundary
        self._strict = strict
        self._tolerated = tolerated

    def classify(self, buf: bytes, pos: int, base: int) -> tuple[LineKind, int]:
        """Return the kind of the line behind the needle at ``pos``, and its line end's position.

        A line that merely starts with the boundary is data: the boundary of an inner multipart
        may start with that of the outer one. ``base`` is the offset of ``buf``, for errors. Raises
        ``MalformedError`` for lines that two readers could understand differently.
        """
        match = _REST_OF_LINE.match(buf, pos)
        assert match is not None  # the pattern matches the empty string too
        end = match.end()
        kind = PART if match[1] is None else CLOSE
        after = buf[end : end + 2]
        if after == b"\r\n":
            return kind, end
        if after in (b"", b"\r") or (after == b"-" and end == pos):
            return UNDECIDED, end
        if after[:1] == b"\n":
            if self._strict:
                raise MalformedError(
                    f"the boundary line at offset {base + pos} ends with LF, not CRLF",
                    offset=base + pos,
                    leniency="lf-line-ends",
                )
            self._tolerated.add("lf-line-ends")
            return kind, end
        if after[:1] in (b" ", b"\t"):
            raise MalformedError(
                f"over {_MAX_PADDING} blanks follow the boundary at offset {base + pos}",
                offset=base + pos,
            )
        return DATA, end

    def line_start(self, buf: bytes, index: int) -> int:
        """Return the start of the line end before the needle at ``index``; for lenient mode."""
        if index > 0 and buf[index - 1] == _CR:
            return index - 1
        self._tolerated.add("lf-line-ends")
        return index

    def edge(self, buf: bytes, search: int) -> int:
        """Return the start of a needle that ``buf`` may end with, else the length of ``buf``.

        The first byte of a needle occurs only once in it, so the last such byte of ``buf`` is the
        only candidate.
        """
        needle = self.needle
        size = len(buf)
        index = buf.rfind(needle[:1], max(search, size - len(needle) + 1))
        if index < 0 or not needle.startswith(buf[index:]):
            index = size
        if not self._strict and index > search and buf[index - 1] == _CR:
            index -= 1
        return index

    def closes(self, tail: bytes) -> bool:
        """Return True if ``tail``, the end of the body, is a close delimiter without a line end."""
        rest = self._after_needle(tail)
        return rest[:2] == b"--" and not rest[2:].strip(b" \t\r")

    def cut_off(self, tail: bytes) -> bool:
        """Return True if ``tail`` is a delimiter without its last hyphens or its line end."""
        return self.needle in tail

    def _after_needle(self, tail: bytes) -> bytes:
        return tail.partition(self.needle)[2]
