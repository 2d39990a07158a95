"""One part whose headers the program has read itself, pulled from the content behind them.

Only a ``BodyPartReader`` that is made by hand comes here; parts of a body that is read as a whole
come from a ``PartStream``. A ``LonePart`` stops at the part's end and puts the bytes from the next
boundary on back, so that the program reads on with the next part.
"""

import warnings
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn, final

from treadle_multipart import (
    Event,
    MalformedError,
    MultipartError,
    PartData,
    PartEnd,
    PartScanner,
)

from .events import Source, source_of

__all__ = ["LonePart", "length_of"]


def length_of(headers: Mapping[str, object]) -> str:
    """Return the Content-Length of a part, ``""`` without one; raises ``MalformedError``.

    ``int`` accepts signs, blanks, underscores and other digits, RFC 9110 section 8.6 does not.
    """
    length = str(headers.get("Content-Length", ""))
    if length and not (length.isascii() and length.isdigit()):
        raise MalformedError(f"invalid Content-Length {length[:40]!a} of a part")
    return length


@final
class LonePart:
    """The events of one part: its data in pieces, then the ``PartEnd`` any number of times."""

    __slots__ = ("_boundary", "_content", "_events", "_scanner", "_source")

    def __init__(self, boundary: bytes | str, content: Any, length: str) -> None:
        if isinstance(boundary, str):
            boundary = boundary.encode("latin-1")
        self._boundary: Final = boundary
        self._content: Final = content
        self._source: Final[Source] = _no_content if content is None else source_of(content)
        # The scanner checks the boundary of a counted part too.
        scanner = PartScanner(boundary.removeprefix(b"--"))
        self._scanner: Final = _Counted(int(length)) if length else scanner
        self._events: Final[deque[Event]] = deque()

    async def next(self) -> Event:
        """Return the next event. Raises the content's exceptions and ``MalformedError``."""
        while not self._events:
            await self._pull()
        event = self._events[0]
        if type(event) is not PartEnd:
            self._events.popleft()
        return event

    async def ends_part(self) -> bool:
        """Return True if the next event is the ``PartEnd``; a line that may end it is read."""
        while not self._events and self._scanner.part_ending:
            await self._pull()
        return bool(self._events) and type(self._events[0]) is PartEnd

    async def _pull(self) -> None:
        scanner = self._scanner
        data = await self._source()
        found = scanner.receive_data(data) if data else scanner.receive_eof()
        if found:
            self._events.append(PartData(found))
        if scanner.rest is not None:
            self._events.append(PartEnd())
            self._put_back(scanner.rest)
        elif not data and not found:
            raise MalformedError(
                f"the content ends before the boundary {self._boundary[:80]!a} of the part, "
                "so the part is malformed"
            )

    def _put_back(self, rest: bytes) -> None:
        unread: Callable[[bytes], object] | None = getattr(self._content, "unread_data", None)
        if rest and unread is not None:
            with warnings.catch_warnings():
                # It is deprecated for programs.
                warnings.simplefilter("ignore", DeprecationWarning)
                unread(rest)

    def fail(self, error: MultipartError) -> NoReturn:
        """Raise ``error``; a part of a ``PartStream`` may translate it."""
        raise error


async def _no_content() -> bytes:
    raise TypeError("The part has no content (None): give a stream to read it")


@final
class _Counted:
    """Takes as many bytes as the Content-Length says, and the line end behind them.

    It has the methods of a ``PartScanner``.
    """

    __slots__ = ("_behind", "_left", "_length", "rest")

    def __init__(self, length: int) -> None:
        self._length: Final = length
        self._left = length
        self._behind = b""
        self.rest: bytes | None = None

    @property
    def part_ending(self) -> bool:
        """True if only the line end is left to read."""
        return not self._left and self.rest is None

    def receive_data(self, data: bytes) -> bytes:
        """Return the bytes that belong to the part; raises ``MalformedError``."""
        found = data[: self._left]
        self._left -= len(found)
        self._behind += data[len(found) :]
        if len(self._behind) >= 2:
            if not self._behind.startswith(b"\r\n"):
                raise MalformedError(
                    f"no line end follows the {self._length} bytes of the part, "
                    "so its Content-Length or the part is malformed"
                )
            self.rest = self._behind[2:]
        return found

    def receive_eof(self) -> bytes:
        """Return no bytes: all were returned."""
        return b""
