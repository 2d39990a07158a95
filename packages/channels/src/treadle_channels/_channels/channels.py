"""``Channels``: publish and subscribe for the tasks of one event loop, over one backend.

It lives in the event loop in which it was started, and may be started again when it has stopped, in
another loop too. What it needs meanwhile is made at the start and ended at the stop.
"""

import asyncio
import enum
import json
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Final, Self

from treadle_channels._backends.interfaces import Backend, Delivery, ReplayBackend
from treadle_channels._core.buffer import Overflow, check_overflow, check_queue
from treadle_channels._core.envelope import pack
from treadle_channels._core.errors import ChannelsStoppedError, MessageTooLargeError
from treadle_channels._core.hub import Subscriber
from treadle_channels._core.topics import check_topic

from .engine import EngineTopics
from .intake import Intake
from .presence import Presence
from .subscription import Subscription

__all__ = ["Channels"]

#: Messages that tasks publish in a row before others have their turn: less than the queue of a
#: subscriber, which would be full otherwise before it has read anything. Those who publish to many
#: look at the clock after so many deliveries, and give others their turn after so many seconds.
_TURN: Final = 50
_TURN_DELIVERIES: Final = 1_000
_TURN_SECONDS: Final = 0.002


class _State(enum.Enum):
    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"


class Channels:
    """Messages for the subscribers of topics: ``async with Channels(backend) as chat:``.

    ``max_message``: bytes of the largest message. ``queue`` and ``overflow`` are what subscriptions
    have by default: the messages that may wait for one subscriber, and what happens when more come:
    ``"drop_oldest"`` and ``"drop_newest"`` leave a ``Gap`` in the place of what is lost,
    ``"close"`` ends the subscription with ``SlowSubscriberError``. ``presence_ttl``: seconds after
    which the members are gone whose process was killed.

    All methods belong to the event loop in which it was started; from another thread use
    ``asyncio.run_coroutine_threadsafe``. Raises ``TypeError`` and ``ValueError`` for options that
    cannot be used.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        max_message: int = 1024 * 1024,
        queue: int = 1_000,
        overflow: Overflow = "drop_oldest",
        presence_ttl: float = 30.0,
    ) -> None:
        if not isinstance(max_message, int) or max_message < 0:
            raise ValueError(f"max_message={max_message!r} must be a number of bytes")
        self._backend: Final = backend
        self._max_message: Final = max_message
        self._queue: Final = check_queue(queue)
        self._overflow: Final = check_overflow(overflow)
        self._presence: Final = Presence(backend, presence_ttl)
        self._state = _State.STOPPED
        # While it runs.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._intake: Intake | None = None
        self._engine: EngineTopics | None = None
        self._starting: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()
        # All subscribers, also those that have no topic at the moment, in their order.
        self._subscribers: Final[dict[Subscriber, None]] = {}
        # True once subscribers get nothing more, although it may still be published.
        self._is_closing = False
        # The messages that were published since others had their turn, the time of the next turn,
        # and the number of deliveries at which to look at the clock.
        self._published = 0
        self._turn_end = 0.0
        self._next_look = _TURN_DELIVERIES

    @property
    def backend(self) -> Backend:
        """The backend."""
        return self._backend

    @property
    def running(self) -> bool:
        """True between start and stop."""
        return self._state is _State.RUNNING

    @property
    def topics(self) -> frozenset[str]:
        """The topics with subscribers in this process."""
        return frozenset() if self._intake is None else frozenset(self._intake.hub.topics)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._state.value}, {self._backend.description}>"

    # Start and stop.

    async def start(self) -> None:
        """Start the backend.

        Raises ``BackendUnavailableError`` if the engine cannot be reached, unless the backend was
        made to wait for it; ``RuntimeError`` if it was started already; and
        ``ChannelsStoppedError`` if ``stop`` is called meanwhile.
        """
        if self._state is not _State.STOPPED:
            raise RuntimeError(f"{self!r} was started already: stop it first")
        self._state = _State.STARTING
        loop = self._loop = asyncio.get_running_loop()
        intake = self._intake = Intake(loop)
        self._engine = EngineTopics(self._backend, intake.hub)
        self._is_closing = False
        self._next_look = _TURN_DELIVERIES
        # Another one for each start: an event belongs to the loop in which it is waited for.
        self._ended = asyncio.Event()
        task = self._starting = loop.create_task(self._backend.start(intake))
        try:
            await task
        except BaseException as error:
            await self._end()
            if isinstance(error, asyncio.CancelledError) and _is_from_stop():
                raise ChannelsStoppedError("The channels were stopped while they started") from None
            raise
        finally:
            self._starting = None
        self._state = _State.RUNNING

    async def stop(self) -> None:
        """End all subscriptions, and stop the backend; a second call waits for the first."""
        if self._state is _State.RUNNING:
            self._state = _State.STOPPING
            await self._end()
        elif self._state is not _State.STOPPED:
            if self._starting is not None:
                self._starting.cancel()
            await self._ended.wait()

    async def _end(self) -> None:
        intake, engine = self._intake, self._engine
        try:
            self.end_subscriptions()
            for subscriber in tuple(self._subscribers):
                if not isinstance(subscriber, Subscription):
                    subscriber.end()
            if engine is not None:
                await engine.stop()
            await self._presence.stop()
        finally:
            try:
                await self._backend.stop()
            finally:
                if intake is not None:
                    intake.finish()
                self._subscribers.clear()
                self._intake = self._engine = self._loop = None
                self._state = _State.STOPPED
                self._ended.set()

    def end_subscriptions(self) -> None:
        """End all subscriptions, and those that are made from now on at once.

        What was published already still comes. ``stop`` calls it; call it before if tasks that
        iterate subscriptions are to end first, and still publish. Subscribers of other kinds
        (``attach``) go on until the stop.
        """
        if self._is_closing or self._intake is None:
            return
        self._is_closing = True
        self._intake.finish()
        for subscriber in tuple(self._subscribers):
            if isinstance(subscriber, Subscription):
                subscriber.end()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def _running(self) -> Intake:
        intake = self._intake
        if intake is None or self._state is not _State.RUNNING:
            raise ChannelsStoppedError(
                f"{self!r} does not run: enter it with `async with`, or call start() first"
            )
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError(
                f"{self!r} belongs to another event loop: call it there, from a thread with "
                "asyncio.run_coroutine_threadsafe()"
            )
        return intake

    # Messages.

    async def publish(self, topic: str, message: str | bytes) -> str | None:
        """Publish a message; return its id if the backend is replayable.

        Raises ``TopicError`` and ``MessageTooLargeError`` (both are ``ValueError``), ``TypeError``
        for a message that is neither text nor bytes, ``BackendUnavailableError`` while the engine
        cannot be reached, unless the backend keeps messages for its return, and
        ``ChannelsStoppedError`` outside of start and stop.
        """
        intake = self._running()
        # The hub has only names that were checked.
        if type(topic) is not str or topic not in intake.hub.topics:
            check_topic(topic)
        if not isinstance(message, (str, bytes)):
            raise TypeError(
                f"A message is str or bytes, not {type(message).__name__}: use publish_json() for "
                "other values"
            )
        envelope = pack(message)
        if len(envelope) - 1 > self._max_message:
            raise MessageTooLargeError(
                f"A message of {len(envelope) - 1} bytes for {topic[:80]!r} is over the limit of "
                f"{self._max_message}: publish where to find it, or raise max_message",
                len(envelope) - 1,
                self._max_message,
            )
        message_id = await self._backend.publish(topic, envelope)
        if intake.is_full:
            await intake.wait_room()
        else:
            self._published += 1
            if self._published >= _TURN or intake.hub.made >= self._next_look:
                await self._give_turn(intake)
        return message_id

    async def _give_turn(self, intake: Intake) -> None:
        """Let others have their turn, if it is time."""
        if self._published >= _TURN or time.perf_counter() >= self._turn_end:
            self._published = 0
            await asyncio.sleep(0)
            self._turn_end = time.perf_counter() + _TURN_SECONDS
        self._next_look = intake.hub.made + _TURN_DELIVERIES

    async def publish_json(
        self, topic: str, value: object, *, dumps: Callable[[Any], str | bytes] = json.dumps
    ) -> str | None:
        """Publish ``value`` as JSON, which ``dumps`` makes of it; see ``publish``."""
        return await self.publish(topic, dumps(value))

    def subscribe(
        self,
        *topics: str,
        queue: int | None = None,
        overflow: Overflow | None = None,
        after: str | None = None,
    ) -> Subscription:
        """Return the messages of ``topics``, to iterate: ``Message`` and ``Gap`` values.

        ``queue`` and ``overflow`` default to those of the channels. ``after`` asks for the messages
        behind one of the past first: the id of a message of the one topic, ``"0"`` for all that
        are kept, or the ``cursor`` of another subscription.

        Raises ``TopicError``, ``ValueError`` for other values that cannot be used, and
        ``NotReplayableError`` for ``after`` with a backend that keeps no messages.
        """
        replays = self._backend.delivery is Delivery.REPLAYABLE
        backend = self._backend
        return Subscription(
            self,
            topics,
            queue=self._queue if queue is None else queue,
            overflow=self._overflow if overflow is None else overflow,
            after=after,
            replayer=backend if replays and isinstance(backend, ReplayBackend) else None,
        )

    # Subscribers of other kinds.

    async def attach(self, subscriber: Subscriber, topics: Collection[str]) -> None:
        """Give ``subscriber`` what is published in ``topics`` from the return on.

        For packages that bring messages elsewhere without a task for each subscriber. Raises what
        the engine raises, and ``TopicError``; the subscriber has none of ``topics`` then.
        """
        hub = self._running().hub
        assert self._engine is not None
        for topic in topics:
            check_topic(topic)
        if self._is_closing and isinstance(subscriber, Subscription):
            subscriber.end()
            return
        self._subscribers[subscriber] = None
        before = hub.topics_of(subscriber)
        hub.add(subscriber, topics)
        try:
            await self._engine.ensure(topics)
        except BaseException:
            self.detach(subscriber, [topic for topic in topics if topic not in before])
            if not before:
                self._subscribers.pop(subscriber, None)
            raise

    def detach(self, subscriber: Subscriber, topics: Collection[str] | None = None) -> None:
        """Give ``subscriber`` nothing of ``topics`` any more, None for all; at once."""
        if topics is None:
            self._subscribers.pop(subscriber, None)
        if self._intake is None or self._engine is None:
            return
        ended = self._intake.hub.remove(subscriber, topics)
        if ended and self._state is _State.RUNNING:
            self._engine.look_at(ended)

    # Members.

    def present(self, topic: str, member: str, note: str = "") -> AbstractAsyncContextManager[None]:
        """Return a block in which ``member`` is in ``topic``: ``async with chat.present(...):``.

        A member that is there several times is gone with the last one. ``note`` is for those who
        ask: a name to show, perhaps. Raises ``NoPresenceError`` if the backend keeps no members.
        """
        self._running()
        return self._presence.present(topic, member, note)

    async def members(self, topic: str) -> Mapping[str, str]:
        """Return the members of ``topic`` with their notes, sorted by name.

        Raises ``NoPresenceError`` if the backend keeps no members.
        """
        self._running()
        return await self._presence.members(topic)


def _is_from_stop() -> bool:
    """Return True if the current task was not cancelled itself, but what it has waited for."""
    task = asyncio.current_task()
    return task is None or not task.cancelling()
