"""``MemoryBackend``: messages of one process, without an engine.

A message is delivered while ``publish`` runs. With ``history`` each topic keeps its last messages,
so that they can be had again; with a limit on topics, of which the one that was published to
longest ago goes first. An id has the time of the backend's making in front of a number: the ids of
a process that has ended are of another history, and what came behind them is told as lost.
"""

import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import Final, final

from treadle_channels._core.errors import BackendUnavailableError

from .interfaces import Delivery, Replayed, Sink

__all__ = ["MemoryBackend"]

_BEGINNING: Final = "0"


@final
class _History:
    """The last messages of one topic, with their numbers."""

    __slots__ = ("kept", "lost")

    def __init__(self, size: int, lost: int) -> None:
        self.kept: Final[deque[tuple[int, bytes]]] = deque(maxlen=size)
        #: The number of the last message that is no longer kept, 0 if there was none.
        self.lost = lost

    def add(self, number: int, envelope: bytes) -> None:
        if len(self.kept) == self.kept.maxlen:
            self.lost = self.kept[0][0]
        self.kept.append((number, envelope))


@final
class MemoryBackend:
    """The backend of one process, and of tests.

    ``history``: the messages that each topic keeps to be replayed, 0 for none. ``max_topics``: the
    topics that keep messages. ``clock``: seconds, for the members of topics. Raises ``ValueError``
    for numbers below these.
    """

    def __init__(
        self,
        history: int = 0,
        *,
        max_topics: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if history < 0:
            raise ValueError(f"history={history!r} must be at least 0 messages")
        if max_topics < 1:
            raise ValueError(f"max_topics={max_topics!r} must be at least 1")
        self._history: Final = history
        self._max_topics: Final = max_topics
        self._clock: Final = clock
        self._sink: Sink | None = None
        self._subscribed: Final[set[str]] = set()
        self._epoch: Final = time.time_ns() // 1_000
        # One count for all topics, so that a topic that was forgotten repeats no number.
        self._number = 0
        # The topic that was published to last is the last one.
        self._topics: Final[OrderedDict[str, _History]] = OrderedDict()
        # The last number of any topic that was forgotten.
        self._forgotten = 0
        # For each topic its members, each with its note and the time when it is gone.
        self._members: Final[dict[str, dict[str, tuple[str, float]]]] = {}

    @property
    def delivery(self) -> Delivery:
        """Replayable if there is a history."""
        return Delivery.REPLAYABLE if self._history else Delivery.AT_MOST_ONCE

    @property
    def description(self) -> str:
        """The engine, for people."""
        return "memory (this process)"

    @property
    def connected(self) -> bool:
        """True between start and stop."""
        return self._sink is not None

    async def start(self, sink: Sink) -> None:
        """Give ``sink`` what is published."""
        self._sink = sink

    async def stop(self) -> None:
        """Forget the subscriptions and the members; the history stays for another start."""
        self._sink = None
        self._subscribed.clear()
        self._members.clear()

    # Messages.

    async def publish(self, topic: str, envelope: bytes) -> str | None:
        """Deliver a message; return its id if there is a history."""
        sink = self._sink
        if sink is None:
            raise BackendUnavailableError("The memory backend has not been started")
        message_id = None
        if self._history:
            self._number += 1
            message_id = f"{self._epoch}-{self._number}"
            self._keep(topic, envelope)
        if topic in self._subscribed:
            sink.deliver(topic, envelope, message_id)
        return message_id

    def _keep(self, topic: str, envelope: bytes) -> None:
        history = self._topics.get(topic)
        if history is None:
            history = self._topics[topic] = _History(self._history, self._forgotten)
            if len(self._topics) > self._max_topics:
                _, oldest = self._topics.popitem(last=False)
                # All topics after this one were published to later.
                self._forgotten = oldest.kept[-1][0]
        else:
            self._topics.move_to_end(topic)
        history.add(self._number, envelope)

    async def subscribe(self, topics: Collection[str]) -> None:
        """Deliver the messages of ``topics`` from now on."""
        self._subscribed.update(topics)

    async def unsubscribe(self, topics: Collection[str]) -> None:
        """Deliver no messages of ``topics`` any more."""
        self._subscribed.difference_update(topics)

    # Messages of the past.

    async def replay(self, topic: str, after: str) -> AsyncIterator[Replayed | None]:
        """Yield the kept messages behind ``after``; None first if others are lost."""
        position = self.position(after)
        # Of another process, whose messages went with it; (0,) is before all messages.
        ours = position == (0,) or position[0] == self._epoch
        number = position[1] if ours and len(position) > 1 else 0
        history = self._topics.get(topic)
        lost = self._forgotten if history is None else history.lost
        if not ours or number < lost:
            yield None
        # A copy: messages may come while the caller has its turn.
        for each, envelope in () if history is None else tuple(history.kept):
            if each > number:
                yield Replayed(f"{self._epoch}-{each}", envelope)

    async def last_id(self, topic: str) -> str:
        """Return the id of the last message of ``topic``, ``"0"`` if there is none."""
        history = self._topics.get(topic)
        return _BEGINNING if history is None else f"{self._epoch}-{history.kept[-1][0]}"

    def position(self, id: str) -> tuple[int, ...]:  # noqa: A002  # the interface's name
        """Return the two numbers of an id, one for ``"0"``."""
        if id == _BEGINNING:
            return (0,)
        epoch, dash, number = id.partition("-")
        # ``int`` takes more than digits, and a long time for very many of them.
        if not (dash and _is_number(epoch) and _is_number(number)):
            raise ValueError(f"Not an id of a message in memory: {id[:80]!r}")
        return int(epoch), int(number)

    # Members.

    async def touch(self, topic: str, members: Mapping[str, str], ttl: float) -> None:
        """Add ``members`` with their notes, or renew them."""
        there = self._present(topic)
        gone = self._clock() + ttl
        there.update({member: (note, gone) for member, note in members.items()})
        if there:
            self._members[topic] = there

    async def remove(self, topic: str, members: Collection[str]) -> None:
        """Remove ``members``."""
        there = self._present(topic)
        for member in members:
            there.pop(member, None)
        if not there:
            self._members.pop(topic, None)

    async def members(self, topic: str) -> dict[str, str]:
        """Return the members that are there, with their notes."""
        return {member: note for member, (note, _) in self._present(topic).items()}

    def _present(self, topic: str) -> dict[str, tuple[str, float]]:
        """Return the members of ``topic`` without those whose time is over, which are removed."""
        members = self._members.get(topic)
        if members is None:
            return {}
        now = self._clock()
        for member in [each for each, (_, gone) in members.items() if gone <= now]:
            del members[member]
        if not members:
            del self._members[topic]
        return members


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 20
