"""The subscriptions of one process at its engine, which follow those of the hub.

A topic is wanted while the hub has it. One task at a time makes the calls, so that the engine never
has two of them in an order that nobody chose: a topic whose last subscriber leaves while another
one joins is subscribed to in the end. Calls that have come together are made together.
"""

import asyncio
from collections.abc import Collection, Iterable
from typing import Final, final

from treadle_channels._backends.interfaces import Backend
from treadle_channels._core.errors import ChannelsStoppedError
from treadle_channels._core.hub import Hub

from .logs import RareLog

__all__ = ["EngineTopics"]


@final
class EngineTopics:
    """Keeps the engine subscribed to the topics of ``hub``."""

    def __init__(self, backend: Backend, hub: Hub) -> None:
        self._backend: Final = backend
        self._hub: Final = hub
        # The topics that the engine is subscribed to, without those of a call that is under way.
        self._active: Final[set[str]] = set()
        # The topics to look at in the next round, and the future for its end: None, or an error.
        self._changed: set[str] = set()
        self._round: asyncio.Future[Exception | None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._log: Final = RareLog()

    @property
    def active(self) -> Collection[str]:
        """The topics that the engine is subscribed to."""
        return self._active

    async def ensure(self, topics: Iterable[str]) -> None:
        """Return when the engine is subscribed to ``topics``, which the hub has.

        Raises what the engine raises, and ``ChannelsStoppedError`` if ``stop`` comes first.
        """
        missing = [topic for topic in topics if topic not in self._active]
        if not missing:
            return
        end = self._next_round(missing)
        # The calls go on if this task is cancelled: others may wait for them.
        error = await asyncio.shield(end)
        if error is not None:
            raise error

    def look_at(self, topics: Iterable[str]) -> None:
        """Have the engine follow the hub for ``topics`` soon."""
        _ = self._next_round(topics)

    def _next_round(self, topics: Iterable[str]) -> "asyncio.Future[Exception | None]":
        self._changed.update(topics)
        loop = asyncio.get_running_loop()
        if self._round is None:
            self._round = loop.create_future()
        if self._task is None:
            self._task = loop.create_task(self._follow())
        return self._round

    async def _follow(self) -> None:
        end = None
        try:
            while self._round is not None:
                changed, self._changed = self._changed, set()
                end, self._round = self._round, None
                error = await self._update(changed)
                if not end.done():
                    end.set_result(error)
        except asyncio.CancelledError:
            if end is not None and not end.done():
                end.set_result(_stopped())
            raise
        finally:
            self._task = None

    async def _update(self, changed: Collection[str]) -> Exception | None:
        ended = [each for each in changed if each in self._active and each not in self._hub]
        begun = [each for each in changed if each not in self._active and each in self._hub]
        if ended:
            # Before the call: one that joins meanwhile must not take them for subscribed to.
            self._active.difference_update(ended)
            try:
                await self._backend.unsubscribe(ended)
            except Exception as error:  # noqa: BLE001  # the subscribers have left already
                self._log.error(
                    "The engine (%s) could not unsubscribe from topics: %s",
                    self._backend.description, error,
                )  # fmt: skip
        if begun:
            try:
                await self._backend.subscribe(begun)
            except Exception as error:  # noqa: BLE001  # it is raised where tasks wait
                return error
            self._active.update(begun)
            # Those whose last subscriber has left during the call.
            if left := [each for each in begun if each not in self._hub]:
                self.look_at(left)
        return None

    async def stop(self) -> None:
        """End the task; the engine forgets its subscriptions by itself when it stops."""
        task = self._task
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        if self._round is not None and not self._round.done():
            self._round.set_result(_stopped())
        self._round = None
        self._changed.clear()
        self._active.clear()


def _stopped() -> ChannelsStoppedError:
    return ChannelsStoppedError("The channels have stopped while a topic was subscribed to")
