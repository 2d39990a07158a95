"""Events of an event stream: values that encode themselves (WHATWG HTML, section 9.2).

An event stream is UTF-8 text. Each event is some lines ``field: value`` and an empty line behind
them; a line that begins with a colon is a comment. The text of a field ends with its line, so what
cannot be in one line is refused, but for data and comments, which take several.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Self, final

__all__ = ["ServerSentEvent"]

#: The ends of lines of an event stream. ``str.splitlines`` knows some more.
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_LINE_END_OR_NUL: Final = re.compile(r"[\r\n\0]")


@final
@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event; it is encoded once, however many streams it is sent to.

    >>> ServerSentEvent("two\\nlines", event="news", id="7").encode()
    b'event: news\\nid: 7\\ndata: two\\ndata: lines\\n\\n'

    ``data``: the text, of any number of lines; without it, browsers dispatch no event, but take
    note of the other fields. ``event``: the type, for ``addEventListener``; browsers take
    ``message`` without it. ``id``: what the client sends as Last-Event-ID when it connects again;
    ``""`` makes it forget the last one. ``retry``: the milliseconds after which it connects again.
    ``comment``: text that clients do not look at.

    Raises ``ValueError`` for a line end in ``event`` or ``id``, NUL in ``id``, a negative
    ``retry``, an event without any field and text that is not Unicode (lone surrogates), and
    ``TypeError`` for values of other types.
    """

    data: str | None = None
    event: str | None = None
    id: str | None = None
    retry: int | None = None
    comment: str | None = None
    _encoded: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_texts(self)
        retry = self.retry
        if retry is not None:
            if not isinstance(retry, int) or isinstance(retry, bool):
                raise TypeError(f"retry is an int of milliseconds, not {retry!r}")
            if retry < 0:
                raise ValueError(f"retry must be at least 0 milliseconds, not {retry}")
        object.__setattr__(self, "_encoded", _encode(self))

    @classmethod
    def from_json(
        cls,
        value: object,
        *,
        event: str | None = None,
        id: str | None = None,  # noqa: A002  # the field's name
        retry: int | None = None,
        dumps: Callable[[Any], str] = json.dumps,
    ) -> Self:
        """Return an event with ``value`` as JSON for its data; ``dumps`` makes the text."""
        return cls(dumps(value), event=event, id=id, retry=retry)

    def encode(self) -> bytes:
        """Return the event as bytes of a stream."""
        return self._encoded


def _check_texts(event: ServerSentEvent) -> None:
    texts = {"data": event.data, "event": event.event, "id": event.id, "comment": event.comment}
    for name, text in texts.items():
        if text is not None and not isinstance(text, str):
            hint = ": use ServerSentEvent.from_json()" if name == "data" else ""
            raise TypeError(f"{name} is a str, not {type(text).__name__}{hint}")
    if event.retry is None and all(text is None for text in texts.values()):
        raise ValueError("An event has at least one of data, event, id, retry and comment")
    if event.event is not None and _LINE_END.search(event.event):
        raise ValueError(f"event must be one line, not {_start_of(event.event)}")
    if event.id is not None and _LINE_END_OR_NUL.search(event.id):
        raise ValueError(f"id must be one line without NUL, not {_start_of(event.id)}")


def _start_of(text: str) -> str:
    return repr(text) if len(text) <= 100 else f"{text[:100]!r}... ({len(text)} characters)"


def _encode(event: ServerSentEvent) -> bytes:
    lines = []
    if event.comment is not None:
        lines += [f": {line}\n" for line in _LINE_END.split(event.comment)]
    if event.event is not None:
        lines.append(f"event: {event.event}\n")
    if event.id is not None:
        lines.append(f"id: {event.id}\n")
    if event.retry is not None:
        lines.append(f"retry: {event.retry:d}\n")
    if event.data is not None:
        # The client removes one space behind the colon, and keeps those of the text.
        lines += [f"data: {line}\n" for line in _LINE_END.split(event.data)]
    lines.append("\n")
    return "".join(lines).encode()
