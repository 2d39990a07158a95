"""What a subscriber gets: messages, and gaps where messages were lost.

A subscriber gets the messages of its topics in the order of their publishing (for each topic), and
a ``Gap`` in each place where it cannot know that there are no others.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, final

__all__ = ["Gap", "GapReason", "Message"]

#: The cause of a ``Gap``.
GapReason = Literal["behind", "link", "trimmed", "undecodable"]


@final
@dataclass(frozen=True, slots=True, init=False)
class Message:
    """One message of a topic: text or bytes, as it was published."""

    topic: str
    data: str | bytes
    #: The position in the topic where the backend is replayable, else None: pass it as ``after``.
    id: str | None

    def __init__(self, topic: str, data: str | bytes, id: str | None = None) -> None:  # noqa: A002
        # A frozen dataclass has ``object.__setattr__`` here, which takes twice the time: a tenth of
        # what it costs to publish (tools/bench/bench_channels.py).
        _set_topic(self, topic)
        _set_data(self, data)
        _set_id(self, id)

    def json(self) -> Any:
        """Return the value that ``data`` is the JSON of; raises ``ValueError`` if it is none."""
        return json.loads(self.data)


_set_topic: Final[Callable[[Message, str], None]] = Message.__dict__["topic"].__set__
_set_data: Final[Callable[[Message, str | bytes], None]] = Message.__dict__["data"].__set__
_set_id: Final[Callable[[Message, str | None], None]] = Message.__dict__["id"].__set__


@final
@dataclass(frozen=True, slots=True)
class Gap:
    """Messages of ``topics`` were lost here, or may have been.

    ``reason`` says why. ``behind``: the subscriber did not read in time and its queue was full.
    ``link``: the connection to the engine was lost for a while. ``trimmed``: the engine no longer
    has messages that were asked for. ``undecodable``: the engine gave something that is no message.
    """

    topics: frozenset[str]
    reason: GapReason
    #: The number of lost messages where it is known, else None.
    missed: int | None = None
