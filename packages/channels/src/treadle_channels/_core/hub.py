"""Topics and their subscribers: who gets a message, and which topics begin and end.

A topic is subscribed to at the engine while it has at least one subscriber here. A message goes to
the subscribers that its topic has when its turn comes, in the order in which they came.

Ten thousand subscribers of one topic must not stop the rest of the program, so that the work is
done in steps: ``Hub.step`` makes at most so many calls and says if there are more to make. One
message is finished before the next begins, so that each subscriber has them in order.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, KeysView
from typing import Final, Protocol, final

from .messages import Gap, GapReason, Message

__all__ = ["Hub", "Subscriber"]

#: Deliveries in one step. One is a method call and, for a WebSocket, a system call: together they
#: take a millisecond at most.
STEP: Final = 100

#: Messages that may wait for those before them. When more come, they are delivered at once: the
#: engine's task then waits, and with it the engine.
MAX_WAITING: Final = 1_000

Failed = Callable[["Subscriber", Exception], None]


class Subscriber(Protocol):
    """What gets messages; one that raises does not stop the others.

    The methods return at once, and publish nothing from inside.
    """

    def deliver(self, message: Message) -> None:
        """Take a message of a topic that it is subscribed to."""

    def lose(self, gap: Gap) -> None:
        """Take note of a loss."""

    def end(self) -> None:
        """Take note that nothing comes any more: the channels stop."""


@final
class Hub:
    """The subscribers of one process.

    After each ``deliver`` and ``lose`` that return True the caller must call ``step``, again and
    again until it returns False, with turns of the rest of the program between the calls.
    ``failed`` is called with a subscriber that has raised, and its error.
    """

    def __init__(self, failed: Failed) -> None:
        self._failed: Final = failed
        # A dict of each topic's subscribers, as a set that keeps its order.
        self._topics: Final[dict[str, dict[Subscriber, None]]] = {}
        self._subscribed: Final[dict[Subscriber, set[str]]] = {}
        #: The topics with subscribers, as they change.
        self.topics: Final[KeysView[str]] = self._topics.keys()
        self._waiting: Final[deque[Message | Gap]] = deque()
        #: The number of deliveries so far.
        self.made = 0
        # The subscribers that have yet to get the first of those that wait; None if none has yet.
        self._rest: deque[Subscriber] | None = None

    # Subscriptions.

    def __contains__(self, topic: str) -> bool:
        return topic in self._topics

    def topics_of(self, subscriber: Subscriber) -> frozenset[str]:
        """Return the topics of ``subscriber``."""
        return frozenset(self._subscribed.get(subscriber, ()))

    def add(self, subscriber: Subscriber, topics: Iterable[str]) -> list[str]:
        """Subscribe to ``topics``; return those that had no subscriber."""
        begun = []
        own = self._subscribed.setdefault(subscriber, set())
        for topic in topics:
            subscribers = self._topics.get(topic)
            if subscribers is None:
                self._topics[topic] = {subscriber: None}
                begun.append(topic)
            else:
                subscribers[subscriber] = None
            own.add(topic)
        if not own:
            del self._subscribed[subscriber]
        return begun

    def remove(self, subscriber: Subscriber, topics: Iterable[str] | None = None) -> list[str]:
        """End the subscriptions to ``topics``, None for all; return those without any other.

        From now on the subscriber gets none of their messages, also none that wait here.
        """
        ended: list[str] = []
        own = self._subscribed.get(subscriber)
        if own is None:
            return ended
        for topic in list(own) if topics is None else topics:
            if topic not in own:
                continue
            own.remove(topic)
            subscribers = self._topics[topic]
            del subscribers[subscriber]
            if not subscribers:
                del self._topics[topic]
                ended.append(topic)
        if not own:
            del self._subscribed[subscriber]
        return ended

    # Messages.

    @property
    def waiting(self) -> int:
        """The number of messages and losses that not all of their subscribers have."""
        return len(self._waiting)

    def deliver(self, message: Message) -> bool:
        """Take a message for the subscribers of its topic; return True if steps are left."""
        subscribers = self._topics.get(message.topic)
        if subscribers is None:
            return bool(self._waiting)
        if len(subscribers) <= STEP and not self._waiting:
            # The common case, which ``step`` would come to as well: a third less for one
            # subscriber (tools/bench/bench_channels.py).
            self.made += self._deliver_all(message, tuple(subscribers))
            return False
        return self._put(message)

    def lose(
        self, topics: Collection[str] | None, reason: GapReason, missed: int | None = None
    ) -> bool:
        """Take a loss for the subscribers of ``topics``, None for all, in its place."""
        known = frozenset(self._topics if topics is None else self._topics.keys() & topics)
        if not known:
            return bool(self._waiting)
        return self._put(Gap(known, reason, missed))

    def _put(self, item: Message | Gap) -> bool:
        self._waiting.append(item)
        if len(self._waiting) == 1:
            return self.step()
        while len(self._waiting) > MAX_WAITING:
            self.step()
        return True

    def step(self, count: int = STEP) -> bool:
        """Deliver to ``count`` subscribers; return True if there are more deliveries to make."""
        waiting = self._waiting
        self.made += count
        while waiting and count > 0:
            item = waiting[0]
            if type(item) is Message:
                subscribers = self._topics.get(item.topic)
                if subscribers is None:
                    self._finish()
                elif self._rest is None and len(subscribers) <= count:
                    # The common case: few enough for one step, and a copy that no one keeps.
                    waiting.popleft()
                    count -= self._deliver_all(item, tuple(subscribers))
                else:
                    count -= self._deliver_some(item, subscribers, count)
            else:
                assert isinstance(item, Gap)
                count -= self._lose_some(item, count)
        self.made -= count
        return bool(waiting)

    def _finish(self) -> None:
        self._waiting.popleft()
        self._rest = None

    def _deliver_all(self, message: Message, subscribers: tuple[Subscriber, ...]) -> int:
        for subscriber in subscribers:
            try:
                subscriber.deliver(message)
            except Exception as error:  # noqa: BLE001  # the others must get it
                self._failed(subscriber, error)
        return len(subscribers)

    def _deliver_some(
        self, message: Message, subscribers: dict[Subscriber, None], count: int
    ) -> int:
        rest = self._rest
        if rest is None:
            rest = self._rest = deque(subscribers)
        made = min(count, len(rest))
        batch = [rest.popleft() for _ in range(made)]
        if not rest:
            # Before the calls: a subscriber may publish, and what it publishes comes next.
            self._finish()
        for subscriber in batch:
            # It may have left since the first step.
            if subscriber in subscribers:
                try:
                    subscriber.deliver(message)
                except Exception as error:  # noqa: BLE001  # the others must get it
                    self._failed(subscriber, error)
        return made

    def _lose_some(self, gap: Gap, count: int) -> int:
        rest = self._rest
        if rest is None:
            found: dict[Subscriber, None] = {}
            for topic in gap.topics:
                found.update(self._topics.get(topic, {}))
            rest = self._rest = deque(found)
        made = min(count, len(rest))
        batch = [rest.popleft() for _ in range(made)]
        if not rest:
            self._finish()
        for subscriber in batch:
            topics = gap.topics & self._subscribed.get(subscriber, set())
            if topics:
                try:
                    subscriber.lose(Gap(topics, gap.reason, gap.missed))
                except Exception as error:  # noqa: BLE001  # the others must get it
                    self._failed(subscriber, error)
        return max(made, 1)
