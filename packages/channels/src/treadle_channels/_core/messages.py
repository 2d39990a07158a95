"""What a subscriber gets: messages, and gaps where messages were lost.

A subscriber gets the messages of its topics in the order of their publishing (for each topic), and
a ``Gap`` in each place where it cannot know that there are no others.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal, final

__all__ = ["Gap", "GapReason", "Message"]

GapReason = Literal["behind", "link", "trimmed", "undecodable"]


@final
@dataclass(frozen=True, slots=True)
class Message:
    """One message of a topic: text or bytes, as it was published."""

    topic: str
    data: str | bytes
    #: The position in the topic where the backend is replayable, else None: pass it as ``after``.
    id: str | None = None

    def json(self) -> Any:
        """Return the value that ``data`` is the JSON of; raises ``ValueError`` if it is none."""
        return json.loads(self.data)


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
