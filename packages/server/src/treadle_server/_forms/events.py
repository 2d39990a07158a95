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


def parser_for(
    boundary: bytes, limits: MultipartLimits, *, in_part: bool = False
) -> MultipartParser:
    """Return a parser that accepts what real clients send: aiohttp reads it too."""
    return MultipartParser(boundary, limits, accept=COMMON_LENIENCIES, in_part=in_part)


def _unchanged(error: MultipartError) -> Exception:
    return error


@final
class PartStream:
    """The events of one body, in order."""

    __slots__ = ("_events", "_failure", "_parser", "_source", "begin", "translate")

    def __init__(
        self, parser: MultipartParser, source: Source, translate: Translate = _unchanged
    ) -> None:
        self._parser: Final = parser
        self._source: Final = source
        self.translate: Final = translate
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

    def waits(self, kind: type[Event]) -> bool:
        """True if an event of that kind is the next one and already parsed; it is not taken."""
        return bool(self._events) and type(self._events[0]) is kind

    async def _pull(self) -> None:
        if self._failure is not None:
            raise self._failure
        data = await self._source()
        try:
            parser = self._parser
            self._events.extend(parser.receive_data(data) if data else parser.receive_eof())
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
            return PartStream(self._parser.nested(part), source, self.translate)
        except MultipartError as error:
            self.fail(error)
