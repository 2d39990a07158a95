"""The backends that the contract is kept by, and a sink that notes what it gets."""

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from testkit.engines import Engine, Postgres, Redis
from treadle_channels import Backend, GapReason
from treadle_channels._backends.redis_pubsub import RedisPubSubBackend

__all__ = ["ENGINES", "Case", "Notes"]

_PATIENCE: Final = 20.0


@dataclass
class Notes:
    """A sink: messages and losses in the order in which they came."""

    got: list[tuple[str, bytes]] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)
    losses: list[tuple[Collection[str] | None, GapReason, int | None]] = field(default_factory=list)
    #: Everything in one row: envelopes, and reasons of losses.
    order: list[bytes | str] = field(default_factory=list)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    def deliver(self, topic: str, envelope: bytes, id: str | None) -> None:  # noqa: A002
        self.got.append((topic, envelope))
        self.ids.append(id)
        self.order.append(envelope)
        self._came.set()

    def lost(
        self, topics: Collection[str] | None, reason: GapReason, missed: int | None = None
    ) -> None:
        self.losses.append((topics, reason, missed))
        self.order.append(reason)
        self._came.set()

    async def until(self, condition: Callable[[], object]) -> None:
        """Return when ``condition`` holds after something came."""
        end = time.monotonic() + _PATIENCE
        while not condition():
            self._came.clear()
            async with asyncio.timeout(max(end - time.monotonic(), 0)):
                await self._came.wait()

    async def messages(self, count: int) -> list[tuple[str, bytes]]:
        """Return the messages when there are ``count``."""
        await self.until(lambda: len(self.got) >= count)
        return self.got


@dataclass
class Case:
    """An engine that runs, and how backends for it are made."""

    name: str
    server: Engine | None
    make: Callable[..., Backend]

    def backend(self, **options: Any) -> Backend:
        """Return a new backend of the engine; all of them see the same messages."""
        return self.make(**options)


def _redis_pubsub(server: Redis) -> Case:
    return Case("redis-pubsub", server, lambda **options: RedisPubSubBackend(server.url, **options))


#: The fixture of the server, the name, and what makes a case of it.
ENGINES: Final[dict[str, tuple[str | None, Callable[[Any], Case]]]] = {
    "redis-pubsub": ("redis", _redis_pubsub),
}
_ = (pytest, Postgres)
