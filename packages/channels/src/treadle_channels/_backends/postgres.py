"""PostgreSQL: LISTEN and NOTIFY, which a program may have already; nothing else has to run.

Messages of more than about 8 kB are rows of a table that the notification names. What is missed is
told and is gone: PostgreSQL keeps no notification for a process that is not connected.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, final

from treadle_channels._core.envelope import pack
from treadle_channels._core.topics import check_topic

from .interfaces import Delivery
from .linked import LinkedBackend
from .postgres_client import PostgresServer, Tables, publish_all
from .postgres_session import PostgresSession, Work
from .session import LinkOptions, WhenDown

if TYPE_CHECKING:
    from psycopg import AsyncConnection

__all__ = ["PostgresBackend"]


@final
class PostgresBackend(LinkedBackend[Work]):
    """Messages over LISTEN and NOTIFY: at most once, and told where they were lost.

    ``conninfo`` is a connection string or URL of libpq. ``prefix`` keeps programs that share a
    database apart. ``table`` is the beginning of the names of two tables, which are created where
    they are missing; rows of long messages are removed after ``keep`` seconds by each process that
    is connected. The other arguments are those of ``RedisPubSubBackend``.
    """

    def __init__(
        self,
        conninfo: str = "",
        *,
        prefix: str = "treadle:",
        table: str = "treadle_channels",
        keep: float = 60.0,
        required: bool = True,
        when_down: WhenDown = "fail",
        queue_limit: int = 1000,
        timeout: float = 5.0,
        heartbeat: float = 5.0,
    ) -> None:
        if not keep > 0:
            raise ValueError(f"keep={keep!r}: give seconds above 0")
        self._server = PostgresServer(conninfo, timeout)
        self._prefix = prefix
        self._tables = Tables(table)
        self._keep = keep
        self._current: PostgresSession | None = None
        super().__init__(
            self._server.description,
            LinkOptions(required, when_down, queue_limit, timeout, heartbeat),
        )

    @property
    def delivery(self) -> Delivery:
        """At most once."""
        return Delivery.AT_MOST_ONCE

    def _session(self) -> PostgresSession:
        self._current = PostgresSession(
            self._server, self._to(), self._prefix, self._tables, self._keep, self._link.wants
        )
        return self._current

    def _back(self, missed: bool) -> None:
        if missed:
            self._to().lost(None, "link")
        if self._current is not None:
            self._current.open_for_messages = True

    async def publish(self, topic: str, envelope: bytes) -> None:
        """Publish a message; returns when PostgreSQL has committed it."""
        await self._link.call((topic, envelope), len(envelope), keep=True)

    async def publish_in(
        self, connection: "AsyncConnection[Any]", topic: str, data: str | bytes
    ) -> None:
        """Publish in the transaction of ``connection``: others get it if that is committed.

        The connection is the caller's, to the same database. A message in a transaction that is
        rolled back is published to nobody.
        """
        await publish_all(
            connection, self._tables, self._prefix, [(check_topic(topic), pack(data))]
        )

    # Presence

    async def touch(self, topic: str, members: Mapping[str, str], ttl: float) -> None:
        """Add ``members`` with their notes, or renew them, for ``ttl`` seconds."""
        if members:
            values = (self._prefix + topic, ttl, list(members), list(members.values()))
            await self._link.call((self._tables.touch, values))

    async def remove(self, topic: str, members: Collection[str]) -> None:
        """Remove ``members``."""
        if members:
            await self._link.call((self._tables.remove, (self._prefix + topic, list(members))))

    async def members(self, topic: str) -> dict[str, str]:
        """Return the members that are there, with their notes."""
        rows = await self._link.call((self._tables.members, (self._prefix + topic,)))
        assert isinstance(rows, list), rows
        return dict(rows)
