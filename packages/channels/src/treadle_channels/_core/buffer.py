"""The bounded queue of one subscriber, with a policy for messages that come when it is full.

Values of any type go in, and come out in their order. Each loss is one ``Gap`` in
the place of what is missing, with the exact number of messages: with ``drop_oldest`` before the
oldest that was kept, with ``drop_newest`` before the next that gets in. Losses without a message
between them are one gap, so that there are never more gaps than messages and one.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, Generic, Literal, TypeVar, final, get_args

from .messages import Gap, GapReason

__all__ = ["Buffer", "Overflow", "check_overflow", "check_queue"]

#: The choice of a full queue: drop its oldest message, drop the newest, or close.
Overflow = Literal["drop_oldest", "drop_newest", "close"]

T = TypeVar("T")

#: Of several reasons for one gap, the one that leaves the most open is told.
_RANK: Final[dict[GapReason, int]] = {"behind": 0, "undecodable": 1, "trimmed": 2, "link": 3}


def check_overflow(overflow: Overflow) -> Overflow:
    """Return ``overflow``; raises ``ValueError`` if it is no policy."""
    if overflow not in get_args(Overflow):
        names = ", ".join(repr(name) for name in get_args(Overflow))
        raise ValueError(f"overflow={overflow!r} must be one of {names}")
    return overflow


def check_queue(queue: int) -> int:
    """Return ``queue``, a number of messages; raises ``TypeError`` or ``ValueError``."""
    if not isinstance(queue, int) or isinstance(queue, bool):
        raise TypeError(f"queue is a number of messages, not {queue!r}")
    if queue < 1:
        raise ValueError(f"queue={queue} must be at least 1 message")
    return queue


@final
class _Loss:
    """A gap that may still grow."""

    __slots__ = ("missed", "reason", "topics")

    def __init__(self, topics: set[str], reason: GapReason, missed: int | None) -> None:
        self.topics = topics
        self.reason: GapReason = reason
        self.missed = missed

    def add(self, other: "_Loss") -> None:
        self.topics |= other.topics
        if _RANK[other.reason] > _RANK[self.reason]:
            self.reason = other.reason
        both_known = self.missed is not None and other.missed is not None
        self.missed = (self.missed or 0) + (other.missed or 0) if both_known else None


@final
class Buffer(Generic[T]):
    """A queue of ``limit`` messages; ``topic_of`` is asked for the topic of one that is lost.

    The caller takes with ``take`` while the buffer is true. Once ``put`` has returned False, the
    policy is ``close`` and the queue was full: no more may be put, and the subscriber is to be
    told that it was too slow, behind what the queue has.
    """

    __slots__ = ("_losses", "_overflow", "_topic_of", "items", "limit")

    def __init__(self, limit: int, overflow: Overflow, topic_of: Callable[[T], str]) -> None:
        #: The number of messages that it has room for.
        self.limit: Final = check_queue(limit)
        self._overflow: Final = check_overflow(overflow)
        self._topic_of: Final = topic_of
        #: Messages, and losses between them; no two losses are neighbours. To be looked at only.
        self.items: Final[deque[T | _Loss]] = deque()
        # The number of losses among them.
        self._losses = 0

    def __bool__(self) -> bool:
        return bool(self.items)

    def __len__(self) -> int:
        """Return the number of messages, without gaps."""
        return len(self.items) - self._losses

    def put(self, value: T) -> bool:
        """Add a message; return False if it is refused, and the subscriber with it."""
        items = self.items
        if len(items) - self._losses < self.limit:
            items.append(value)
            return True
        if self._overflow == "close":
            return False
        if self._overflow == "drop_newest":
            self._lose_at_end(_Loss({self._topic_of(value)}, "behind", 1))
            return True
        first = items.popleft()
        if isinstance(first, _Loss):
            # What is dropped is behind it, and so is lost in the same place.
            loss = first
            first = items.popleft()
            assert not isinstance(first, _Loss)
        else:
            loss = _Loss(set(), "behind", 0)
            self._losses += 1
        loss.add(_Loss({self._topic_of(first)}, "behind", 1))
        if items and isinstance(following := items[0], _Loss):
            loss.add(following)
            items.popleft()
            self._losses -= 1
        items.appendleft(loss)
        items.append(value)
        return True

    def put_gap(self, gap: Gap) -> None:
        """Add a loss that has another cause."""
        self._lose_at_end(_Loss(set(gap.topics), gap.reason, gap.missed))

    def _lose_at_end(self, loss: _Loss) -> None:
        items = self.items
        if items and isinstance(last := items[-1], _Loss):
            last.add(loss)
        else:
            items.append(loss)
            self._losses += 1

    def take(self) -> T | Gap:
        """Remove and return what comes next; raises ``IndexError`` if the buffer is empty."""
        item = self.items.popleft()
        if type(item) is not _Loss:
            return item
        self._losses -= 1
        return Gap(frozenset(item.topics), item.reason, item.missed)

    def clear(self) -> None:
        """Forget everything, gaps too."""
        self.items.clear()
        self._losses = 0
