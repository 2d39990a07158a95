"""The backends that the contract is kept by, and a sink that notes what it gets."""

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from testkit.engines import Engine, Postgres, Redis
from treadle_channels import Backend, GapReason, MemoryBackend

__all__ = ["ENGINES", "SHARED", "Case", "Notes", "case_for", "case_of", "running", "until"]

_PATIENCE: Final = 20.0


async def until(condition: Callable[[], object], seconds: float = _PATIENCE) -> None:
    """Return when ``condition`` holds, for what tells of no change, such as ``connected``."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # as the docstring says
            await asyncio.sleep(0.005)


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
    #: None for what runs in this process, whose backends do not see each other's messages.
    server: Engine | None
    make: Callable[..., Backend]

    def backend(self, **options: Any) -> Backend:
        """Return a new backend of the engine, not started."""
        return self.make(**options)


def _pubsub(server: Redis) -> Callable[..., Backend]:
    from treadle_channels._backends.redis_pubsub import RedisPubSubBackend

    return lambda **options: RedisPubSubBackend(server.url, **options)


def _streams(server: Redis) -> Callable[..., Backend]:
    from treadle_channels._backends.redis_streams import RedisStreamsBackend

    return lambda **options: RedisStreamsBackend(server.url, **options)


def _postgres(server: Postgres) -> Callable[..., Backend]:
    from treadle_channels._backends.postgres import PostgresBackend

    return lambda **options: PostgresBackend(server.conninfo, **options)


def _memory(_: None) -> Callable[..., Backend]:
    # The options of engines are about connections, of which there is none.
    return lambda **_: MemoryBackend(history=1000)


#: For each engine the fixture of its server, none for memory, and what makes its backends.
ENGINES: Final[dict[str, tuple[str, Callable[[Any], Callable[..., Backend]]]]] = {
    "memory": ("", _memory),
    "redis-pubsub": ("redis", _pubsub),
    "redis-streams": ("redis", _streams),
    "postgres": ("postgres", _postgres),
}


#: Those whose backends see each other's messages, and may lose a link.
SHARED: Final = [name for name, (fixture, _) in ENGINES.items() if fixture]


def case_of(name: str, request: pytest.FixtureRequest, *, own: bool = False) -> Case:
    """Return the case of an engine; with ``own``, its server belongs to the test."""
    fixture, make = ENGINES[name]
    if not fixture:
        return Case(name, None, make(None))
    server = request.getfixturevalue(f"own_{fixture}" if own else fixture)
    return Case(name, server, make(server))


def case_for(server: Redis | Postgres, kind: Callable[..., Backend]) -> Case:
    """Return the case of one kind of backend on ``server``."""
    address = server.url if isinstance(server, Redis) else server.conninfo
    return Case("", server, functools.partial(kind, address))


@contextlib.asynccontextmanager
async def running(case: Case, **options: Any) -> AsyncIterator[tuple[Backend, Notes]]:
    """Start a backend with a sink, and stop it at the end."""
    backend, notes = case.backend(**options), Notes()
    await backend.start(notes)
    try:
        yield backend, notes
    finally:
        await backend.stop()
