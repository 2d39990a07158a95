"""The bytes of a body that were received and not yet read; nothing here waits.

``ByteQueue`` keeps the pieces as they arrived and hands them out in the sizes that a reader asks
for. It copies as little as it can: a whole piece is handed out as it is, a large one even if others
wait behind it, and small reads of a large piece move an offset instead of cutting the piece.
"""

from collections import deque
from typing import Final, final

__all__ = ["ByteQueue"]

#: To join a piece of this size with others takes longer than to read it by itself.
_LARGE: Final = 64 * 1024


@final
class ByteQueue:
    """Pieces of bytes in order, and the positions at which HTTP chunks end."""

    __slots__ = ("_chunk_ends", "_offset", "_pieces", "size", "taken")

    def __init__(self, piece: bytes = b"") -> None:
        self._pieces: Final[deque[bytes]] = deque()
        if piece:
            # Not an argument above: to append it takes less than half the time (echo).
            self._pieces.append(piece)
        # Bytes of the first piece that were taken.
        self._offset = 0
        #: Bytes that wait.
        self.size = len(piece)
        #: Bytes that were taken.
        self.taken = 0
        # Positions, in bytes of the body, at which an HTTP chunk ends; made with the first one.
        self._chunk_ends: deque[int] | None = None

    def append(self, piece: bytes) -> None:
        """Add a piece, which must not be empty."""
        self._pieces.append(piece)
        self.size += len(piece)

    @property
    def has_chunks(self) -> bool:
        """True if an HTTP chunk has begun or ended."""
        return self._chunk_ends is not None

    def begin_chunk(self) -> None:
        """Note that the bytes come in HTTP chunks."""
        if self._chunk_ends is None:
            self._chunk_ends = deque()

    @property
    def last_end(self) -> int:
        """The position of the last end of an HTTP chunk that was not read yet, 0 without one."""
        return self._chunk_ends[-1] if self._chunk_ends else 0

    def end_chunk(self) -> None:
        """Note that an HTTP chunk ends behind the last piece"""
        if self._chunk_ends is None:
            self._chunk_ends = deque()
        self._chunk_ends.append(self.taken + self.size)

    def clear(self) -> None:
        """Forget the bytes that wait."""
        self._pieces.clear()
        self._offset = 0
        self.size = 0

    def take(self, limit: int) -> bytes:
        """Return up to ``limit`` of the waiting bytes, all of them if it is negative.

        There must be some.
        """
        pieces = self._pieces
        offset = self._offset
        if limit < 0 or limit >= self.size:
            if offset:
                pieces[0] = pieces[0][offset:]
                self._offset = 0
            data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            pieces.clear()
        elif limit < len(pieces[0]) - offset:
            self._offset = offset + limit
            data = pieces[0][offset : offset + limit]
        else:
            data = self._take_across(limit)
        self.size -= len(data)
        self.taken += len(data)
        ends = self._chunk_ends
        if ends is not None:
            while ends and ends[0] < self.taken:
                ends.popleft()
        return data

    def take_any(self) -> bytes:
        """Return the first of the waiting bytes if they came in a large piece, otherwise all.

        There must be some.
        """
        return self.take(-1) if len(self._pieces[0]) < _LARGE else self._take_piece()

    def _take_piece(self) -> bytes:
        """Return what is left of the first piece."""
        return self.take(len(self._pieces[0]) - self._offset)

    def _take_across(self, limit: int) -> bytes:
        pieces = self._pieces
        parts = []
        left = limit
        while left:
            part = pieces[0][self._offset : self._offset + left]
            self._offset += len(part)
            if self._offset == len(pieces[0]):
                pieces.popleft()
                self._offset = 0
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def take_chunk(self) -> tuple[bytes, bool]:
        """Return the waiting bytes up to the end of an HTTP chunk, and True if it ended there.

        Without the end of a chunk, return the next piece as it arrived.
        """
        ends = self._chunk_ends
        if not ends:
            return self._take_piece(), False
        size = ends[0] - self.taken
        data = self.take(size) if size else b""
        if ends and ends[0] == self.taken:
            ends.popleft()
            return data, True
        return data, False

    @property
    def ends_chunk(self) -> bool:
        """True if an HTTP chunk ends behind the bytes that were taken, and no reader knows yet."""
        ends = self._chunk_ends
        return bool(ends) and ends is not None and ends[0] == self.taken

    def move_line(self, separator: bytes, line: bytearray) -> bool:
        """Move bytes of the first piece to ``line``; True if it now ends with ``separator``.

        ``line`` holds what was moved before: the separator may have begun there.
        """
        first = self._pieces[0]
        overlap = len(separator) - 1
        if line and overlap:
            start = max(0, len(line) - overlap)
            line += self.take(len(first) - self._offset)
            end = line.find(separator, start) + len(separator)
            if end < len(separator):
                return False
            self.put_back(bytes(line[end:]))
            del line[end:]
            return True
        found = first.find(separator, self._offset)
        if found < 0:
            line += self.take(len(first) - self._offset)
            return False
        line += self.take(found + len(separator) - self._offset)
        return True

    def put_back(self, data: bytes) -> None:
        """Put bytes that were taken back in front of the others."""
        if data:
            if self._offset:
                self._pieces[0] = self._pieces[0][self._offset :]
                self._offset = 0
            self._pieces.appendleft(data)
            self.size += len(data)
            self.taken -= len(data)
