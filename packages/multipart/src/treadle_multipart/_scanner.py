"""Find the end of one part whose headers were read elsewhere (RFC 2046 section 5.1.1).

``PartScanner`` is for a program that reads the headers itself, and another part later. Bytes from
behind the part's headers go in, its data comes out. The scanner stops at the delimiter and returns
the input from there on as ``rest``: it parses nothing of it. Only a possible start of the delimiter
is kept, at most the needle and the padding that may follow it.
"""

from typing import final

from ._bytes import as_bytes
from ._delimiter import DATA, PART, UNDECIDED, Delimiter, LineKind
from ._errors import MalformedError, UsageError
from ._options import check_boundary

__all__ = ["PartScanner"]


@final
class PartScanner:
    """The data of one part, fed in chunks of any size.

    Call ``receive_data`` until ``rest`` is not None: the part has ended. Call ``receive_eof`` if
    the input ends before; if ``rest`` is None then too, the part has no end. The input may end
    right behind the boundary. ``boundary`` is without its two hyphens.

    Raises ``MalformedError`` for a bad boundary.
    """

    __slots__ = ("_delimiter", "_kept", "_lookback", "_rest")

    def __init__(self, boundary: bytes | str) -> None:
        self._delimiter = Delimiter(check_boundary(boundary), True, set())
        # The blank line behind the headers may be the line end of the delimiter: start as if it
        # was kept. ``_lookback`` is the number of kept bytes that are not data.
        self._kept = b"\r\n"
        self._lookback = 2
        self._rest: bytes | None = None

    @property
    def rest(self) -> bytes | None:
        """The input from the two hyphens of the delimiter on; None until the part has ended."""
        return self._rest

    @property
    def part_ending(self) -> bool:
        """True if a delimiter has begun, and its line end will tell if it is one."""
        return self._delimiter.cut_off(self._kept)

    def receive_data(self, data: bytes) -> bytes:
        """Return the data of the part that is sure to be data; raises ``UsageError`` at its end."""
        if self._rest is not None:
            raise UsageError("the part has ended: read on from `rest`")
        if type(data) is not bytes:
            data = as_bytes(data, "receive_data()")
        buf = self._kept + data if self._kept else data
        end, kind = self._find_end(buf)
        found = buf[self._lookback : end]
        self._lookback = max(0, self._lookback - end)
        if kind is PART:
            self._kept = b""
            self._rest = buf[end + 2 :]
        else:
            self._kept = buf[end:]
        return found

    def _find_end(self, buf: bytes) -> tuple[int, LineKind]:
        """Return the end of the data, and ``PART`` if a delimiter follows."""
        delimiter = self._delimiter
        search = 0
        while (index := buf.find(delimiter.needle, search)) >= 0:
            search = index + len(delimiter.needle)
            try:
                kind, _ = delimiter.classify(buf, search, 0)
            except MalformedError:
                # A line end or padding that the parser refuses: the part has ended all the same,
                # and the reader of the rest will meet it.
                return index, PART
            if kind is UNDECIDED:
                return index, kind
            if kind is not DATA:
                return index, PART
        return delimiter.edge(buf, search), DATA

    def receive_eof(self) -> bytes:
        """Return the last data: bytes that were kept as the possible start of a delimiter."""
        kept, self._kept = self._kept, b""
        if self._delimiter.cut_off(kept):
            self._rest = kept[2:]
            return b""
        return kept[self._lookback :]
