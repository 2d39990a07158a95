"""Delimiter lines: what cuts a multipart body (RFC 2046 section 5.1.1).

``_parser`` finds the needle (line end, two hyphens, boundary) and asks here what the rest of the
line makes of it, and whether the end of a chunk may be the start of a needle. Strict lines end
with CRLF; lenient ones may end with LF, so their needle starts there and the CR before it, if
any, is looked at afterwards.
"""

import re
from typing import final

from ._errors import Leniency, MalformedError

__all__ = ["CLOSE", "DATA", "DELIMITER_GOES_ON", "PART", "UNDECIDED", "Delimiter"]

# What a line is that starts with the needle: starts a part, ends the body, is data after all, or
# does not end in this buffer.
PART, CLOSE, DATA, UNDECIDED = range(4)

# The bytes that may follow the boundary on a delimiter line; after any other the line is data.
DELIMITER_GOES_ON = b"-\r\n \t"

# RFC 2046: receivers "MUST be able to handle padding added by message transports". It has to be
# kept until the line ends, so it is bounded; real padding is a blank or two.
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

    def classify(self, buf: bytes, pos: int, base: int) -> tuple[int, int]:
        """What the line is whose needle ends at ``pos``, and the position of its line end.

        A line that merely starts with the boundary is data: the boundary of an inner multipart
        may start with that of the outer one. ``base`` is the offset of ``buf``, for errors. Raises
        ``MalformedError`` for lines that readers could disagree about.
        """
        match = _REST_OF_LINE.match(buf, pos)
        assert match is not None  # it may match nothing, but it matches
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
        """Lenient only: where the line end before a needle found at ``index`` starts."""
        if index > 0 and buf[index - 1] == _CR:
            return index - 1
        self._tolerated.add("lf-line-ends")
        return index

    def edge(self, buf: bytes, search: int) -> int:
        """Return where at the end of ``buf`` a needle may have started, else the length of ``buf``.

        The first byte of a needle stands nowhere else in it, so the last such byte is the only
        candidate.
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
        """Whether ``tail``, with which the body ends, is a close delimiter without its line end."""
        rest = self._after_needle(tail)
        return rest[:2] == b"--" and not rest[2:].strip(b" \t\r")

    def cut_off(self, tail: bytes) -> bool:
        """Whether ``tail`` is a delimiter whose last hyphens or line end are missing."""
        return self.needle in tail

    def _after_needle(self, tail: bytes) -> bytes:
        return tail.partition(self.needle)[2]
