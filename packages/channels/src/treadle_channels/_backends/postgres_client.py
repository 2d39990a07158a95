"""Connections of psycopg, the statements that the backend of PostgreSQL runs on them, its tables.

A statement publishes a whole batch, in one transaction: the order of the batch is the order of its
notifications. The tables are created when the first process connects, under a lock, because
``CREATE TABLE IF NOT EXISTS`` fails when two processes run it at the same moment.
"""

import asyncio
import contextlib
import itertools
import os
import socket
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar, final

from treadle_channels._core.notify import channel_name, encode, reference

if TYPE_CHECKING:
    from psycopg import AsyncConnection

__all__ = ["PostgresServer", "Publication", "Tables", "bounded", "publish_all"]

T = TypeVar("T")

#: A message: its topic, and its envelope.
Publication = tuple[str, bytes]


@final
class PostgresServer:
    """A server by its connection string; makes connections to it."""

    def __init__(self, conninfo: str, timeout: float) -> None:
        try:
            import psycopg
            from psycopg import conninfo as texts
        except ImportError as error:
            raise ImportError(
                "PostgreSQL needs its client: pip install 'treadle-channels[postgres]'",
                name="psycopg",
            ) from error
        self.timeout: Final = timeout
        self._conninfo = conninfo
        try:
            parts = texts.conninfo_to_dict(conninfo)
        except psycopg.ProgrammingError:
            # Its text may quote a part of the password.
            parts = None
        if parts is None:
            raise ValueError(
                "The connection string of PostgreSQL cannot be read: give "
                "'host=... port=... dbname=... user=...' or 'postgresql://user@host/dbname'"
            )
        host, port = parts.get("host") or "local socket", parts.get("port") or 5432
        database = parts.get("dbname") or parts.get("user") or "default database"
        self.description = f"PostgreSQL at {host}:{port}/{database}"

    async def connect(self) -> "AsyncConnection[tuple[Any, ...]]":
        """Return an open connection that commits each statement."""
        import psycopg

        connection = await psycopg.AsyncConnection.connect(
            self._conninfo, autocommit=True, fallback_application_name="treadle-channels"
        )
        # Statements are prepared by the server on their own: poolers in between may not do that.
        connection.prepare_threshold = None
        return connection


async def bounded(
    connection: "AsyncConnection[Any]", work: Coroutine[Any, Any, T], timeout: float
) -> T:
    """Return what ``work`` on ``connection`` returns; after ``timeout`` seconds cut the connection.

    psycopg answers a cancellation by asking the server to cancel the statement, and waits for it:
    ten seconds if the server is frozen. So the work is not cancelled; its socket is shut down.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait([task], timeout=timeout)
        if not done:
            raise TimeoutError
        return task.result()
    finally:
        if not task.done():
            with (
                contextlib.suppress(OSError, psycopg_error()),
                socket.socket(fileno=os.dup(connection.pgconn.socket)) as sock,
            ):
                sock.shutdown(socket.SHUT_RDWR)
            await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # of the cut, or of a loss at the moment of a cancellation


def psycopg_error() -> type[Exception]:
    """Return the base of psycopg's errors."""
    import psycopg

    return psycopg.Error


@final
class Tables:
    """The names of the two tables, and the statements that use them.

    The name is checked to be letters, digits and underscores: it cannot inject anything.
    """

    def __init__(self, name: str) -> None:
        if not name.isidentifier() or not name.isascii() or len(name) > 40:
            raise ValueError(
                f"table={name!r}: give at most 40 letters, digits and underscores, a letter first"
            )
        payloads, presence = f'"{name}_payloads"', f'"{name}_presence"'
        self.payloads: Final = payloads
        self.lock: Final = f"SELECT pg_advisory_lock(hashtext('{name}'))"
        self.unlock: Final = f"SELECT pg_advisory_unlock(hashtext('{name}'))"
        make_payloads = (
            f"CREATE TABLE IF NOT EXISTS {payloads} (id bigint GENERATED ALWAYS AS IDENTITY "
            "PRIMARY KEY, created timestamptz NOT NULL DEFAULT now(), envelope bytea NOT NULL)"
        )
        make_presence = (
            f"CREATE TABLE IF NOT EXISTS {presence} (topic text, member text, note text NOT NULL, "
            "expires timestamptz NOT NULL, PRIMARY KEY (topic, member))"
        )
        index = f'CREATE INDEX IF NOT EXISTS "{name}_created" ON {payloads} (created)'
        self.create: Final = (make_payloads, index, make_presence)
        self.exist: Final = (
            f"SELECT to_regclass('{payloads}') IS NOT NULL "
            f"AND to_regclass('{presence}') IS NOT NULL"
        )
        self.clean: Final = (
            f"DELETE FROM {payloads} WHERE created < now() - make_interval(secs => %s)",  # noqa: S608
            f"DELETE FROM {presence} WHERE expires < now()",  # noqa: S608
        )
        self.insert: Final = f"INSERT INTO {payloads} (envelope) VALUES (%s) RETURNING id"  # noqa: S608
        self.fetch: Final = f"SELECT id, envelope FROM {payloads} WHERE id = ANY(%s)"  # noqa: S608
        self.touch: Final = (
            f"INSERT INTO {presence} (topic, member, note, expires) "  # noqa: S608
            "SELECT %s, m, n, clock_timestamp() + make_interval(secs => %s) "
            "FROM unnest(%s::text[], %s::text[]) AS given(m, n) ORDER BY m "
            "ON CONFLICT (topic, member) DO UPDATE SET note = excluded.note, "
            "expires = excluded.expires"
        )
        self.remove: Final = f"DELETE FROM {presence} WHERE topic = %s AND member = ANY(%s)"  # noqa: S608
        self.members: Final = (
            f"SELECT member, note FROM {presence} "  # noqa: S608
            "WHERE topic = %s AND expires > clock_timestamp() ORDER BY member"
        )

    async def make(self, connection: "AsyncConnection[tuple[Any, ...]]") -> None:
        """Create the tables that are missing, as the only process that does so."""
        row = await (await connection.execute(self.exist)).fetchone()
        if row == (True,):
            return  # a user without the right to create tables may use those that are there
        await connection.execute(self.lock)
        try:
            for statement in self.create:
                await connection.execute(statement)
        finally:
            await connection.execute(self.unlock)


#: Differ within each transaction, also one in which a caller publishes several times.
_numbers: Final = itertools.count()

_NOTIFY: Final = "SELECT pg_notify(c, p) FROM unnest(%s::text[], %s::text[]) AS given(c, p)"


async def publish_all(
    connection: "AsyncConnection[Any]", tables: Tables, prefix: str, batch: Sequence[Publication]
) -> None:
    """Publish a batch in the order it has, in a transaction of the caller or of this call."""
    payloads = [encode(next(_numbers), topic, envelope) for topic, envelope in batch]
    channels = [channel_name(prefix, topic) for topic, _ in batch]
    if None not in payloads:
        await connection.execute(_NOTIFY, (channels, payloads))
        return
    async with connection.transaction():
        for i, (topic, envelope) in enumerate(batch):
            if payloads[i] is None:
                row = await (await connection.execute(tables.insert, (envelope,))).fetchone()
                assert row is not None
                payloads[i] = reference(next(_numbers), topic, row[0])
        await connection.execute(_NOTIFY, (channels, payloads))
