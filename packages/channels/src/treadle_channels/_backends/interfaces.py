"""What an engine is for channels: a small interface, and what an engine may have beyond it.

A backend lives in one event loop and has at most one connection to listen with. The life of one:
``start(sink)``, then any of ``publish``, ``subscribe`` and ``unsubscribe`` in any order, then
``stop``; a stopped one may be started again. All names of topics are valid (``check_topic``) and
all envelopes are of ``pack``; ``subscribe`` is called for topics that are not subscribed to,
``unsubscribe`` for topics that are.
"""

import enum
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

from treadle_channels._core.messages import GapReason

__all__ = ["Backend", "Delivery", "PresenceBackend", "ReplayBackend", "Replayed", "Sink"]


class Delivery(enum.Enum):
    """What a backend promises about the messages that are published while it is subscribed."""

    #: Each message comes once or, where a ``Gap`` says so, not at all.
    AT_MOST_ONCE = "at most once"
    #: As above, and messages of the past can be had again by their ids, as long as they are kept.
    REPLAYABLE = "replayable"


class Sink(Protocol):
    """Where a backend puts what it has got; the methods return at once and raise nothing."""

    def deliver(self, topic: str, envelope: bytes, id: str | None) -> None:  # noqa: A002
        """Take a message of a subscribed topic; those of other topics are dropped."""

    def lost(
        self, topics: Collection[str] | None, reason: GapReason, missed: int | None = None
    ) -> None:
        """Tell the subscribers of ``topics``, None for all, that messages were lost here."""


class Backend(Protocol):
    """An engine that carries messages between processes."""

    @property
    def delivery(self) -> Delivery:
        """What the engine promises."""

    @property
    def description(self) -> str:
        """The engine and where it is, for people; without passwords."""

    @property
    def connected(self) -> bool:
        """True while messages can be published and are received."""

    async def start(self, sink: Sink) -> None:
        """Connect, and give ``sink`` what is received from now on.

        Raises ``BackendUnavailableError`` if the engine cannot be reached, unless the backend was
        made to wait for it.
        """

    async def stop(self) -> None:
        """Disconnect; no task, connection or timer is left. A second call does nothing."""

    async def publish(self, topic: str, envelope: bytes) -> str | None:
        """Publish a message; return its id if the engine keeps messages.

        Raises ``BackendUnavailableError`` while the link is down, unless the backend was made to
        keep messages for its return (``PublishQueueFullError`` if those are too many), and
        ``BackendError`` if the engine refuses the message.
        """

    async def subscribe(self, topics: Collection[str]) -> None:
        """Receive the messages of ``topics`` that are published from the return on.

        While the link is down it returns at once: the topics are subscribed to when it is back.
        """

    async def unsubscribe(self, topics: Collection[str]) -> None:
        """Receive no messages of ``topics`` any more."""


@final
@dataclass(frozen=True, slots=True)
class Replayed:
    """One kept message: its id, and its envelope."""

    id: str
    envelope: bytes


@runtime_checkable
class ReplayBackend(Protocol):
    """A backend that keeps messages, beside ``Backend``."""

    def replay(self, topic: str, after: str) -> AsyncIterator[Replayed | None]:
        """Yield the messages of ``topic`` behind the id ``after``, in their order.

        None comes first if there may have been others that are no longer kept. ``"0"`` is before
        all messages. Raises ``ValueError`` for an ``after`` that is no id.
        """

    async def last_id(self, topic: str) -> str:
        """Return the id of the last message of ``topic``, ``"0"`` if there is none."""

    def position(self, id: str) -> tuple[int, ...]:  # noqa: A002
        """Return a value that orders the ids of a topic; raises ``ValueError`` if it is no id."""


@runtime_checkable
class PresenceBackend(Protocol):
    """A backend that knows who is in a room, beside ``Backend``.

    A member that is not touched for its ``ttl`` seconds is gone: its process may have been killed.
    """

    async def touch(self, topic: str, members: Mapping[str, str], ttl: float) -> None:
        """Add ``members`` with their notes, or renew them."""

    async def remove(self, topic: str, members: Collection[str]) -> None:
        """Remove ``members``."""

    async def members(self, topic: str) -> dict[str, str]:
        """Return the members that are there, with their notes."""
