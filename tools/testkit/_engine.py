"""An engine for tests, with calls that a test can hold up or let fail."""

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import Final

from treadle_channels import Delivery, MemoryBackend, Replayed, Sink

__all__ = ["SlowEngine"]


class SlowEngine:
    """Memory behind calls that take ``turns`` of the event loop, and checks of the contract."""

    def __init__(self, history: int = 0, *, turns: int = 0) -> None:
        self.memory: Final = MemoryBackend(history)
        self.turns = turns
        self.subscribed: set[str] = set()
        #: The calls that have begun, in order.
        self.calls: list[str] = []
        #: Raised by calls of these names.
        self.failing: dict[str, Exception] = {}
        self.sink: Sink | None = None
        self._inside = False

    @property
    def delivery(self) -> Delivery:
        return self.memory.delivery

    @property
    def description(self) -> str:
        return "slow engine"

    @property
    def connected(self) -> bool:
        return self.memory.connected

    async def _call(self, name: str) -> None:
        self.calls.append(name)
        for _ in range(self.turns):
            await asyncio.sleep(0)
        if name in self.failing:
            raise self.failing[name]

    async def start(self, sink: Sink) -> None:
        await self._call("start")
        self.sink = sink
        await self.memory.start(sink)

    async def stop(self) -> None:
        await self._call("stop")
        self.subscribed.clear()
        await self.memory.stop()

    async def publish(self, topic: str, envelope: bytes) -> str | None:
        await self._call("publish")
        return await self.memory.publish(topic, envelope)

    async def subscribe(self, topics: Collection[str]) -> None:
        assert not self._inside, "two calls at a time"
        assert topics
        assert not self.subscribed.intersection(topics)
        self._inside = True
        try:
            await self._call("subscribe")
        finally:
            self._inside = False
        self.subscribed.update(topics)
        await self.memory.subscribe(topics)

    async def unsubscribe(self, topics: Collection[str]) -> None:
        assert not self._inside, "two calls at a time"
        assert topics
        assert self.subscribed.issuperset(topics)
        self._inside = True
        try:
            await self._call("unsubscribe")
        finally:
            self._inside = False
        self.subscribed.difference_update(topics)
        await self.memory.unsubscribe(topics)

    async def replay(self, topic: str, after: str) -> AsyncIterator[Replayed | None]:
        async for each in self.memory.replay(topic, after):
            await self._call("replay")
            yield each

    async def last_id(self, topic: str) -> str:
        await self._call("last_id")
        return await self.memory.last_id(topic)

    def position(self, id: str) -> tuple[int, ...]:  # noqa: A002  # the interface's
        return self.memory.position(id)
