"""Redis pub/sub: the fastest engine, which keeps nothing; what is missed is told and is gone.

A topic is the channel with the prefix before it. Redis gives a message to the processes that
are subscribed at that moment, in the same order to all of them.
"""

from collections.abc import Collection, Mapping
from typing import final

from .interfaces import Delivery
from .linked import LinkedBackend
from .redis_client import Command, RedisServer, Value
from .redis_presence import listing, members, removal, touching
from .redis_session import RedisSession
from .session import LinkOptions, WhenDown

__all__ = ["RedisBackend", "RedisPubSubBackend"]


class RedisBackend(LinkedBackend[Command]):
    """The part of both backends of Redis that is the same: the server, and presence."""

    def __init__(self, url: str, prefix: str, options: LinkOptions) -> None:
        self._server = RedisServer(url, options.timeout)
        self._prefix = prefix
        super().__init__(self._server.description, options)

    async def _ask(self, *command: bytes | str | float) -> Value:
        answer: Value = await self._link.call(command)  # type: ignore[assignment]  # an answer of Redis
        return answer

    async def touch(self, topic: str, members: Mapping[str, str], ttl: float) -> None:
        """Add ``members`` with their notes, or renew them, for ``ttl`` seconds."""
        if members:
            await self._ask(*touching(self._prefix, topic, members, ttl))

    async def remove(self, topic: str, members: Collection[str]) -> None:
        """Remove ``members``."""
        if members:
            await self._ask(*removal(self._prefix, topic, members))

    async def members(self, topic: str) -> dict[str, str]:
        """Return the members that are there, with their notes."""
        return members(await self._ask(*listing(self._prefix, topic)))


@final
class RedisPubSubBackend(RedisBackend):
    """Messages over the channels of Redis: at most once, and told where they were lost.

    ``url`` is ``redis://[user:password@]host[:port][/database]``, ``rediss://`` for TLS or
    ``unix://path``. Channels begin with ``prefix``: programs that share a server need different
    ones, and the workers of one program the same. ``required``, ``when_down``, ``queue_limit``,
    ``timeout`` (seconds) and ``heartbeat`` (seconds) are described in the documentation.
    """

    def __init__(
        self,
        url: str = "redis://localhost:6379/0",
        *,
        prefix: str = "treadle:",
        required: bool = True,
        when_down: WhenDown = "fail",
        queue_limit: int = 1000,
        timeout: float = 5.0,
        heartbeat: float = 5.0,
    ) -> None:
        super().__init__(
            url, prefix, LinkOptions(required, when_down, queue_limit, timeout, heartbeat)
        )
        self._channels = prefix.encode()
        self._current: RedisSession | None = None

    @property
    def delivery(self) -> Delivery:
        """At most once."""
        return Delivery.AT_MOST_ONCE

    def _session(self) -> RedisSession:
        self._current = RedisSession(self._server, self._to(), self._prefix)
        return self._current

    def _back(self, missed: bool) -> None:
        if missed:
            self._to().lost(None, "link")
        if self._current is not None:
            self._current.open_for_messages = True

    async def publish(self, topic: str, envelope: bytes) -> None:
        """Publish a message; returns when Redis has it."""
        await self._link.call(
            ("PUBLISH", self._channels + topic.encode(), envelope), len(envelope), keep=True
        )
