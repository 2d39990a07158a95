"""``Subscription``: messages and gaps of some topics for one task.

Messages come into a bounded queue, and the task takes them from there. With ``after`` it gets the
messages of the past first: live ones wait in the queue from the beginning on, so that none is
missed between the two, and those that were replayed already are left out. If the queue is too small
for what comes during the replay, it is emptied, and the engine is asked for these messages too.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Collection
from operator import attrgetter
from types import TracebackType
from typing import Final, Literal, Protocol, Self, cast, final

from treadle_channels._backends.interfaces import ReplayBackend
from treadle_channels._core.buffer import Buffer, Overflow
from treadle_channels._core.cursor import is_cursor, pack_cursor, unpack_cursor
from treadle_channels._core.envelope import unpack
from treadle_channels._core.errors import BackendError, NotReplayableError, SlowSubscriberError
from treadle_channels._core.hub import Subscriber
from treadle_channels._core.messages import Gap, Message
from treadle_channels._core.topics import check_topic

__all__ = ["Subscription"]

_topic_of: Final = cast("Callable[[Message], str]", attrgetter("topic"))


class Attaching(Protocol):
    """The part of ``Channels`` that a subscription needs."""

    async def attach(self, subscriber: Subscriber, topics: Collection[str]) -> None:
        """Subscribe to ``topics``."""

    def detach(self, subscriber: Subscriber, topics: Collection[str] | None = None) -> None:
        """End the subscriptions to ``topics``, None for all."""


def _read_after(
    after: str | None, topics: Collection[str], replayer: ReplayBackend | None
) -> dict[str, str]:
    """Return the id for each topic that ``after`` names; raises ``ValueError`` if it is wrong."""
    if after is None:
        return {}
    if not isinstance(after, str):
        raise TypeError(f"after is the id of a message or a cursor, not {after!r}")
    if replayer is None:
        raise NotReplayableError(
            "The backend keeps no messages, so that none can be had again: leave out `after`, or "
            "use RedisStreamsBackend or MemoryBackend(history=...)"
        )
    if is_cursor(after):
        ids = unpack_cursor(after, topics)
    elif len(topics) == 1:
        ids = dict.fromkeys(topics, after)
    else:
        raise ValueError(
            f"The id {after[:80]!r} is of one topic, and {len(topics)} are subscribed to: use the "
            "`cursor` of a subscription"
        )
    for each in ids.values():
        replayer.position(each)
    return ids


@final
class Subscription:
    """The messages of some topics: iterate it, in an ``async with`` block or without one.

    ``async with`` subscribes where the block begins: what is published behind that comes. Without
    it the subscription begins with the iteration, and ends when the loop is left. The iteration
    ends when the channels stop, and raises ``SlowSubscriberError`` if the policy is ``"close"`` and
    the queue was full. Only one task may iterate.
    """

    __slots__ = (
        "_after", "_buffer", "_channels", "_ended", "_is_too_slow", "_items", "_limit",
        "_missed_live", "_positions", "_replay", "_replayed", "_replayer", "_sleeper", "_state",
        "_topics", "_waiter",
    )  # fmt: skip

    def __init__(
        self,
        channels: Attaching,
        topics: Collection[str],
        *,
        queue: int,
        overflow: Overflow,
        after: str | None,
        replayer: ReplayBackend | None,
    ) -> None:
        if not topics:
            raise ValueError("A subscription begins with at least one topic")
        self._topics: Final = dict.fromkeys(check_topic(topic) for topic in topics)
        self._channels: Final = channels
        self._replayer: Final = replayer
        self._after: Final = _read_after(after, self._topics, replayer)
        self._buffer: Final[Buffer[Message]] = Buffer(queue, overflow, _topic_of)
        self._state: Literal["new", "open", "closed"] = "new"
        # True once nothing comes behind what is in the buffer.
        self._ended = False
        self._is_too_slow = False
        # The deque of the buffer, and its bound.
        self._items: Final = self._buffer.items
        self._limit: Final = queue
        # What the iterating task waits for; and the same until it is woken.
        self._waiter: asyncio.Future[None] | None = None
        self._sleeper: asyncio.Future[None] | None = None
        # The id of the last message of each topic that was taken, where there are ids.
        self._positions: Final[dict[str, str]] = {}
        # The replay, None once it is over; what it gave last, as positions that can be compared;
        # and True if live messages were dropped meanwhile.
        self._replay: AsyncGenerator[Message | Gap, None] | None = None
        self._replayed: Final[dict[str, tuple[int, ...]]] = {}
        self._missed_live = False

    # Topics.

    @property
    def topics(self) -> frozenset[str]:
        """The topics."""
        return frozenset(self._topics)

    async def add(self, *topics: str) -> None:
        """Subscribe to ``topics`` too: what is published behind the return comes."""
        self._check_open("add()")
        added = [topic for topic in topics if check_topic(topic) not in self._topics]
        await self._take_positions(added)
        await self._channels.attach(self, added)
        self._topics.update(dict.fromkeys(added))

    async def remove(self, *topics: str) -> None:
        """End the subscriptions to ``topics``; messages that wait in the queue still come."""
        self._check_open("remove()")
        for topic in topics:
            self._topics.pop(topic, None)
            self._positions.pop(topic, None)
        self._channels.detach(self, topics)

    @property
    def cursor(self) -> str | None:
        """The place behind what was taken last, for ``after``; None without a replayable backend.

        Raises ``ValueError`` if there are so many topics that it would be over 4,096 characters.
        """
        return pack_cursor(self._positions) if self._positions else None

    # Begin and end.

    async def __aenter__(self) -> Self:
        if self._state != "new":
            raise RuntimeError("A subscription is entered once: make another one")
        self._state = "open"
        try:
            # Before the subscription: a cursor must not be behind what was not taken yet.
            await self._take_positions(self._topics)
            await self._channels.attach(self, self._topics)
        except BaseException:
            self.close()
            raise
        if self._after:
            self._replay = self._replay_all(self._after)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def close(self) -> None:
        """End the subscription at once; a task that waits for a message is told the end."""
        if self._state == "closed":
            return
        self._state = "closed"
        self._channels.detach(self)
        self._buffer.clear()
        self.end()

    async def aclose(self) -> None:
        """End the subscription, and the replay if it goes on."""
        self.close()
        await self._end_replay()

    async def _take_positions(self, topics: Collection[str]) -> None:
        replayer = self._replayer
        if replayer is None:
            return
        unknown = [topic for topic in topics if topic not in self._after]
        ids = await asyncio.gather(*(replayer.last_id(topic) for topic in unknown))
        self._positions.update(self._after if topics is self._topics else {})
        self._positions.update(zip(unknown, ids, strict=True))

    def _check_open(self, call: str) -> None:
        if self._state != "open":
            raise RuntimeError(
                f"{call} belongs into the block `async with chat.subscribe(...) as subscription:`"
            )

    # The methods of ``Subscriber``.

    def deliver(self, message: Message) -> None:
        """Take a message."""
        items = self._items
        # The common case: the same as ``put``, without a call for each message.
        if self._replay is None and len(items) < self._limit:
            items.append(message)
        elif not self._put(message):
            self._is_too_slow = True
            self._channels.detach(self)
            self.end()
            return
        if self._sleeper is not None:
            self._wake()

    def _put(self, message: Message) -> bool:
        if self._replay is not None and not self._has_room():
            self._buffer.clear()
            self._missed_live = True
        return self._buffer.put(message)

    def _has_room(self) -> bool:
        return len(self._buffer) < self._buffer.limit

    def lose(self, gap: Gap) -> None:
        """Take a loss."""
        self._buffer.put_gap(gap)
        self._wake()

    def end(self) -> None:
        """Take note that nothing comes any more."""
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        # Once: the next messages of a burst find no sleeper.
        sleeper, self._sleeper = self._sleeper, None
        if sleeper is not None and not sleeper.done():
            sleeper.set_result(None)

    # The iteration.

    async def __aiter__(self) -> AsyncGenerator[Message | Gap, None]:
        # A generator: what is there already comes without a coroutine for each message, which is
        # a third less (tools/bench/bench_channels.py). And the interpreter closes a generator that
        # a loop has left, with the subscription that began with it.
        begins_here = self._state == "new"
        if begins_here:
            await self.__aenter__()
        items = self._items
        has_ids = self._replayer is not None
        try:
            while True:
                if not has_ids and self._waiter is None:
                    while items and type(item := items[0]) is Message:
                        items.popleft()
                        yield item
                try:
                    following = await self.__anext__()
                except StopAsyncIteration:
                    return
                yield following
        finally:
            if begins_here:
                await self.aclose()

    async def __anext__(self) -> Message | Gap:
        if self._state == "new":
            self._check_open("anext()")
        if self._waiter is not None:
            raise RuntimeError("Another task iterates this subscription: make one for each task")
        buffer = self._buffer
        items = buffer.items
        while True:
            if self._replay is not None:
                if self._ended:
                    # The live messages have no place without those before them.
                    await self._end_replay()
                    buffer.clear()
                    continue
                replayed = await self._next_replayed()
                if replayed is not None:
                    return replayed
                continue
            if items:
                item = buffer.take()
                if type(item) is Message and item.id is not None:
                    if self._was_replayed(item.topic, item.id):
                        continue
                    if item.topic in self._positions:
                        self._positions[item.topic] = item.id
                return item
            if self._is_too_slow and self._state == "open":
                raise SlowSubscriberError(
                    f"The queue of the subscription was full ({buffer.limit} messages) and its "
                    'policy is "close": read faster, or use a longer queue or another policy'
                )
            if self._ended:
                raise StopAsyncIteration
            # Not in a method: its coroutine would be a tenth of the work for a message.
            self._waiter = self._sleeper = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = self._sleeper = None

    # Messages of the past.

    async def _next_replayed(self) -> Message | Gap | None:
        """Return what the replay has next; None at its end."""
        replay = self._replay
        assert replay is not None
        try:
            return await anext(replay)
        except StopAsyncIteration:
            self._replay = None
            return None
        except BaseException:
            # The next call goes on from the last message that was taken.
            if self._replay is not None:
                self._replay = self._replay_all(self._positions)
            raise

    async def _end_replay(self) -> None:
        replay, self._replay = self._replay, None
        if replay is not None:
            await replay.aclose()

    async def _replay_all(self, topics: Collection[str]) -> AsyncGenerator[Message | Gap, None]:
        topics = list(topics)
        while topics:
            self._missed_live = False
            for topic in topics:
                async with contextlib.aclosing(self._replay_topic(topic)) as items:
                    async for item in items:
                        yield item
            # Without a wait between this look and the end: from here on the queue has all.
            topics = list(self._positions) if self._missed_live else []

    async def _replay_topic(self, topic: str) -> AsyncGenerator[Message | Gap, None]:
        replayer = self._replayer
        assert replayer is not None
        after = self._positions.get(topic)
        if after is None:
            # It was removed meanwhile.
            return
        kept = replayer.replay(topic, after)
        try:
            async for replayed in kept:
                if topic not in self._positions:
                    return
                if replayed is None:
                    yield Gap(frozenset((topic,)), "trimmed")
                    continue
                self._positions[topic] = replayed.id
                self._replayed[topic] = replayer.position(replayed.id)
                try:
                    data = unpack(replayed.envelope)
                except BackendError:
                    yield Gap(frozenset((topic,)), "undecodable", 1)
                else:
                    yield Message(topic, data, replayed.id)
        finally:
            # Most are generators, which have something to close.
            aclose = getattr(kept, "aclose", None)
            if aclose is not None:
                await aclose()

    def _was_replayed(self, topic: str, message_id: str) -> bool:
        last = self._replayed.get(topic)
        if last is None:
            return False
        assert self._replayer is not None
        if self._replayer.position(message_id) <= last:
            return True
        # Ids grow: those behind this one are new too.
        del self._replayed[topic]
        return False
