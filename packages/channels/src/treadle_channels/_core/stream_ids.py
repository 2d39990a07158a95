"""The ids of messages in a Redis stream: two numbers, the milliseconds and a count.

The functions here order ids, and tell from what a stream says about itself whether messages behind
an id are gone.
"""

import re
from dataclasses import dataclass
from typing import Final, final

__all__ = ["ZERO", "StreamId", "StreamState", "format_id", "parse_id"]

StreamId = tuple[int, int]

#: Before all messages.
ZERO: Final[StreamId] = (0, 0)

_ID: Final = re.compile(r"(\d{1,20})(?:-(\d{1,20}))?", re.ASCII)
#: The halves of an id have 64 bits.
_END: Final = 1 << 64


def parse_id(text: str) -> StreamId:
    """Return the numbers of an id; raises ``ValueError`` if ``text`` is none."""
    found = _ID.fullmatch(text)
    if found is not None:
        numbers = int(found[1]), int(found[2] or 0)
        if max(numbers) < _END:
            return numbers
    raise ValueError(f"{text[:80]!r} is no id of a message: give one that a message had, or '0'")


def format_id(position: StreamId) -> str:
    """Return the text of an id."""
    return f"{position[0]}-{position[1]}"


@final
@dataclass(frozen=True, slots=True)
class StreamState:
    """What a stream says about itself; the defaults are those of a stream that does not exist."""

    last: StreamId = ZERO
    #: The oldest message that is still there, None if there is none.
    first: StreamId | None = None
    length: int = 0
    #: The messages that were ever added, where Redis counts them (since version 7).
    added: int | None = 0

    def lacks(self, after: StreamId) -> bool:
        """Return True if messages behind ``after`` may be gone.

        Streams lose their oldest messages first: where a message up to ``after`` is still there,
        nothing behind it is gone.
        """
        if after == self.last:
            return False
        if after == ZERO:
            return self.added is None or self.added != self.length
        return self.first is None or self.first > after
