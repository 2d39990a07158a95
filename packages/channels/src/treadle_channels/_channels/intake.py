"""The way from the engine to the subscribers: envelopes in, messages and gaps to the hub.

What many subscribers get is delivered in steps. When they have taken two milliseconds, other tasks
have their turn.
"""

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Final, final

from treadle_channels._core.envelope import unpack
from treadle_channels._core.errors import BackendError
from treadle_channels._core.hub import Hub, Subscriber
from treadle_channels._core.messages import GapReason, Message

from .logs import RareLog

__all__ = ["Intake"]

#: Messages that may wait for their turn before those that publish wait too.
_ROOM: Final = 16


#: Seconds that deliveries take before other tasks have their turn.
_TURN: Final = 0.002


@final
class Intake:
    """The ``Sink`` of one backend in one event loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._clock: Final = clock
        self._loop: Final = loop
        #: The subscribers.
        self.hub: Final = Hub(self._subscriber_failed)
        self._handle: asyncio.Handle | None = None
        # For the tasks that wait until few enough messages wait.
        self._room: asyncio.Future[None] | None = None
        self._undecodable: Final = RareLog()
        self._failures: Final = RareLog()

    def deliver(self, topic: str, envelope: bytes, id: str | None) -> None:  # noqa: A002  # the interface's name
        """Take a message; one that cannot be decoded is a gap for its subscribers."""
        hub = self.hub
        if topic not in hub.topics:
            return
        try:
            data = unpack(envelope)
        except BackendError as error:
            self._undecodable.error("Lost a message of the topic %r: %s", topic[:80], error)
            self.lost((topic,), "undecodable", 1)
            return
        if hub.deliver(Message(topic, data, id)) and self._handle is None:
            self._step()

    def lost(
        self, topics: Collection[str] | None, reason: GapReason, missed: int | None = None
    ) -> None:
        """Take a loss, in its place between the messages."""
        if self.hub.lose(topics, reason, missed) and self._handle is None:
            self._step()

    def _subscriber_failed(self, subscriber: Subscriber, error: Exception) -> None:
        self._failures.error("A subscriber has failed: %r", subscriber, error=error)

    # Steps.

    def _step(self) -> None:
        self._handle = None
        end = self._clock() + _TURN
        while self.hub.step():
            if self._clock() > end:
                self._handle = self._loop.call_soon(self._step)
                break
        if self._room is not None and self.hub.waiting < _ROOM:
            self._make_room()

    def _make_room(self) -> None:
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    @property
    def is_full(self) -> bool:
        """True while so many messages wait that those that publish should wait too."""
        return self.hub.waiting >= _ROOM

    async def wait_room(self) -> None:
        """Wait while it ``is_full``."""
        while self.is_full:
            if self._room is None:
                self._room = self._loop.create_future()
            await asyncio.shield(self._room)

    def finish(self) -> None:
        """Deliver what waits, at once: the channels stop."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        while self.hub.step():
            pass
        self._make_room()
