"""The events of a multipart body, pulled from the source of its bytes through one parser.

A ``PartStream`` reads a piece only when all events of the last one were taken, so that it never
reads ahead of the handler.
"""

from collections import deque
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Any, Final, NoReturn, final

from treadle_multipart import (
    COMMON_LENIENCIES,
    End,
    Event,
    MultipartError,
    MultipartLimits,
    MultipartParser,
    PartBegin,
    PartEnd,
)

__all__ = ["PartStream", "Source", "Translate", "parser_for", "source_of"]

#: Returns the next piece of a body, ``b""`` at its end.
Source = Callable[[], Awaitable[bytes]]
#: Turns an error of the parser into the exception to raise.
Translate = Callable[[MultipartError], Exception]

_PIECE: Final = 64 * 1024


def source_of(content: Any) -> Source:
    """Return the source for ``content``: a stream (``readany`` or ``read``), or an iterable.

    Raises ``TypeError`` for anything else.
    """
    readany: Source | None = getattr(content, "readany", None)
    if readany is not None:
        return readany
    read = getattr(content, "read", None)
    if read is not None:

        async def read_some() -> bytes:
            return bytes(await read(_PIECE))

        return read_some
    if isinstance(content, AsyncIterable):
        pieces = aiter(content)

        async def next_piece() -> bytes:
            # An empty piece of an iterable does not end it.
            while (piece := await anext(pieces, None)) is not None:
                if piece:
                    return bytes(piece)
            return b""

        return next_piece
    raise TypeError(
        f"The content is a {type(content).__name__}: give a stream (request.content) or an "
        "asynchronous iterable of bytes"
    )


def parser_for(boundary: bytes, limits: MultipartLimits) -> MultipartParser:
    """Return a parser that accepts what real clients send: aiohttp reads it too."""
    return MultipartParser(boundary, limits, accept=COMMON_LENIENCIES)


def _unchanged(error: MultipartError) -> Exception:
    return error


@final
class PartStream:
    """The events of one body, in order.

    With ``by_hand``, for a reader that a program makes itself, the body may end right behind any
    delimiter, as with aiohttp. A request must have its final boundary.
    """

    __slots__ = ("_by_hand", "_events", "_failure", "_parser", "_source", "begin", "translate")

    def __init__(
        self,
        parser: MultipartParser,
        source: Source,
        translate: Translate = _unchanged,
        *,
        by_hand: bool = False,
    ) -> None:
        self._parser: Final = parser
        self._source: Final = source
        self.translate: Final = translate
        self._by_hand: Final = by_hand
        self._events: Final[deque[Event]] = deque()
        self._failure: Exception | None = None
        #: The last part that began.
        self.begin: PartBegin | None = None

    async def next(self) -> Event:
        """Return the next event, the ``End`` again once it was reached.

        Raises the source's exceptions, and the result of ``translate`` for a malformed body.
        """
        while not self._events:
            await self._pull()
        event = self._events.popleft()
        if type(event) is PartBegin:
            self.begin = event
        elif type(event) is End:
            self._events.append(event)
        return event

    async def ends_part(self) -> bool:
        """Take the next event and return True if it is a ``PartEnd`` that is already parsed.

        With ``by_hand``, a delimiter that has begun is read to its end first.
        """
        if self._by_hand:
            while not self._events and self._parser.part_ending:
                await self._pull()
        if not self._events or type(self._events[0]) is not PartEnd:
            return False
        self._events.popleft()
        return True

    async def _pull(self) -> None:
        if self._failure is not None:
            raise self._failure
        data = await self._source()
        try:
            parser = self._parser
            if data:
                self._events.extend(parser.receive_data(data))
            elif self._by_hand and parser.part_ending:
                self._events.extend((PartEnd(), End()))
            else:
                self._events.extend(parser.receive_eof())
        except MultipartError as error:
            self._failure = self.translate(error)
            self.fail(error)

    def fail(self, error: MultipartError) -> NoReturn:
        """Raise ``error`` as ``translate`` translates it."""
        failure = self.translate(error)
        if failure is error:
            raise error
        raise failure from error

    def nested(self, part: PartBegin, source: Source) -> "PartStream":
        """Return the stream of ``part``, itself multipart, whose data ``source`` returns."""
        try:
            parser = self._parser.nested(part)
            return PartStream(parser, source, self.translate, by_hand=self._by_hand)
        except MultipartError as error:
            self.fail(error)
