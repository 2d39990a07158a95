"""The chunked transfer coding, reading side (RFC 9112 section 7.1).

``ChunkedReader`` gets a buffer and a position and appends events. It keeps no bytes itself: an
incomplete line stays in the caller's buffer (at most one line, and its length is limited).
Everything that some readers accept and others do not is refused: sizes with signs, prefixes,
underscores or white space, line feeds without carriage return, data that runs over its chunk,
control characters in extensions, and trailers that would change framing or routing after the fact.
"""

import enum
import re
from typing import Final, final

from . import _errors as messages
from ._errors import RefusedError, exceeded
from ._events import Data, EndOfMessage, Event
from ._limits import Limits

__all__ = ["ChunkedReader"]

# Fifteen digits are an exabyte: more is an attack on integer overflow rather than an upload.
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*(;[\t\x20-\x7e\x80-\xff]*))?")
# The white space around a value is stripped afterwards: a pattern that did it would be quadratic.
_TRAILER: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t\x20-\x7e\x80-\xff]*)")
_MAX_SIZE_DIGITS: Final = 15

# RFC 9110 section 6.5.1: fields for framing, routing, authentication and content processing must
# not be trailers, because a recipient has decided on all of them before it reads the trailers.
_FORBIDDEN: Final = frozenset(
    b"authorization cache-control connection content-encoding content-length content-range "
    b"content-type cookie expect forwarded host keep-alive max-forwards proxy-authorization "
    b"range te trailer transfer-encoding upgrade x-forwarded-for "
    b"x-forwarded-host x-forwarded-proto".split()
)


class _State(enum.Enum):
    """The next part of the body.

    Each chunk is ``SIZE_LINE``, ``DATA``, ``DATA_END``; the end is ``SIZE_LINE``, ``TRAILERS``.
    """

    SIZE_LINE = enum.auto()
    DATA = enum.auto()
    DATA_END = enum.auto()
    TRAILERS = enum.auto()


# A member looked up in its class would make reading chunks of 1 kB 10 % slower.
_SIZE_LINE, _DATA, _DATA_END, _TRAILERS = _State


@final
class ChunkedReader:
    """Reads one chunked body; each message needs a new reader."""

    __slots__ = (
        "_bytes_left",
        "_extensions",
        "_fields_left",
        "_limits",
        "_max_size_line",
        "_remaining",
        "_state",
        "_trailers",
        "stopped",
    )

    def __init__(self, limits: Limits, fields_left: int) -> None:
        self._limits: Final = limits
        #: True if the last ``read`` has stopped because it had appended enough events.
        self.stopped = False
        self._max_size_line: Final = _MAX_SIZE_DIGITS + limits.max_chunk_extension
        # The limit on the number of fields is one for the head and the trailers together; the limit
        # on their size applies to each.
        self._fields_left = fields_left
        self._bytes_left = limits.max_head
        self._state = _SIZE_LINE
        self._remaining = 0
        self._extensions = 0
        self._trailers: list[tuple[bytes, bytes]] = []

    def read(self, buffer: bytes, position: int, events: list[Event], most: int = 0) -> int:
        """Append the events in ``buffer[position:]`` and return the position behind the last one.

        The body is complete if the last event is an ``EndOfMessage``. After ``most`` chunks, if it
        is not 0, the rest is left for another call. Raises ``RefusedError``.
        """
        end = len(buffer)
        self.stopped = False
        while position < end:
            state = self._state
            if state is _DATA:
                take = min(self._remaining, end - position)
                whole = take == end and position == 0
                data = buffer if whole else buffer[position : position + take]
                position += take
                self._remaining -= take
                if not self._remaining:
                    self._state = _DATA_END
                events.append(Data(data, not self._remaining))
                most -= 1
                if not most:
                    self.stopped = True
                    return position
            elif state is _DATA_END:
                if buffer[position] != 0x0D or (
                    position + 1 < end and buffer[position + 1] != 0x0A
                ):
                    raise RefusedError(400, messages.CHUNK_END)
                if position + 1 == end:
                    return position
                position += 2
                self._state = _SIZE_LINE
            else:
                line_end = buffer.find(b"\r\n", position)
                if line_end < 0:
                    self._check_partial(buffer, position)
                    return position
                line = buffer[position:line_end]
                position = line_end + 2
                if state is _SIZE_LINE:
                    self._read_size(line)
                elif line:
                    self._read_trailer(line)
                else:
                    events.append(EndOfMessage(tuple(self._trailers)))
                    return position
        return position

    def _check_partial(self, buffer: bytes, position: int) -> None:
        """Refuse a line that can no longer become valid, before its end has arrived."""
        # A CR may be the first half of the line's end.
        partial = buffer[position:].removesuffix(b"\r")
        if self._state is _TRAILERS:
            self._check_trailer_size(partial)
            if b"\n" in partial:
                raise RefusedError(400, messages.BAD_TRAILER)
        else:
            self._check_size_line(partial)

    def _check_size_line(self, partial: bytes) -> None:
        """Refuse the beginning of a size line for its content, then for its length."""
        within = partial[: self._max_size_line].rstrip(b" \t")
        if within and _SIZE.fullmatch(within) is None:
            raise RefusedError(400, messages.CHUNK_SIZE)
        if len(partial) > self._max_size_line:
            raise exceeded("max_chunk_extension")

    def _read_size(self, line: bytes) -> None:
        if len(line) > self._max_size_line:
            self._check_size_line(line)
        match = _SIZE.fullmatch(line)
        if match is None:
            raise RefusedError(400, messages.CHUNK_SIZE)
        size = match[1]
        # White space in front of an extension counts as a part of it, since it costs as much.
        extension = len(line) - len(size)
        if extension:
            self._extensions += extension
            if extension > self._limits.max_chunk_extension:
                raise exceeded("max_chunk_extension")
            if self._extensions > self._limits.max_chunk_extensions_total:
                raise exceeded("max_chunk_extensions_total")
        self._remaining = int(size, 16)
        self._state = _DATA if self._remaining else _TRAILERS

    def _check_trailer_size(self, line: bytes) -> None:
        limit = min(self._limits.max_field_line, self._bytes_left)
        if len(line) > limit:
            # If the line came byte by byte, a line feed within the limit would be refused first.
            if b"\n" in line[:limit]:
                raise RefusedError(400, messages.BAD_TRAILER)
            raise exceeded("max_head" if limit < self._limits.max_field_line else "max_field_line")

    def _read_trailer(self, line: bytes) -> None:
        self._check_trailer_size(line)
        self._bytes_left = max(self._bytes_left - len(line) - 2, 0)
        self._fields_left -= 1
        if self._fields_left < 0:
            raise exceeded("max_fields")
        match = _TRAILER.fullmatch(line)
        if match is None:
            raise RefusedError(400, messages.BAD_TRAILER)
        name, value = match.groups()
        if name.lower() in _FORBIDDEN:
            raise RefusedError(400, messages.FORBIDDEN_TRAILER)
        self._trailers.append((name, value.strip(b" \t")))
