"""Notifications of other programs, and the rows of long messages."""

import asyncio

import psycopg

from testkit import Run
from testkit.backends import case_for, running
from testkit.engines import Postgres
from treadle_channels import (
    PostgresBackend,
)
from treadle_channels._core.notify import channel_name


def test_foreign_notifications(postgres: Postgres, run: Run) -> None:
    case = case_for(postgres, PostgresBackend)

    async def main() -> None:
        async with running(case) as (backend, notes):
            await backend.subscribe(["a"])
            channel = channel_name("treadle:", "a")
            async with await psycopg.AsyncConnection.connect(
                postgres.conninfo, autocommit=True
            ) as connection:
                for payload in (
                    "",
                    "x",
                    "1 z a b",
                    "1 b a ***",
                    "1 r a 1x",
                    "1 a b ttopic of others",
                ):
                    await connection.execute("SELECT pg_notify(%s, %s)", (channel, payload))
                # A row that is not there, and one that is no message.
                await connection.execute("SELECT pg_notify(%s, '1 r a 999999')", (channel,))
                await connection.execute("SELECT pg_notify(%s, '1 a a garbage')", (channel,))
            await backend.publish("a", b"t1")
            assert await notes.messages(1) == [("a", b"t1")]
            assert notes.losses == [
                *[(None, "undecodable", 1)] * 5, (("a",), "trimmed", 1), (("a",), "undecodable", 1),
            ]  # fmt: skip
            assert backend.connected

    run(main())


def test_the_rows_of_long_messages_are_removed(postgres: Postgres, run: Run) -> None:
    case = case_for(postgres, PostgresBackend)

    async def count(connection: "psycopg.AsyncConnection[tuple[int]]") -> int:
        row = await (
            await connection.execute("SELECT count(*) FROM treadle_channels_payloads")
        ).fetchone()
        assert row is not None
        return row[0]

    async def main() -> None:
        async with (
            running(case, keep=0.2, heartbeat=0.1) as (backend, _),
            await psycopg.AsyncConnection.connect(postgres.conninfo, autocommit=True) as connection,
        ):
            await asyncio.gather(*(backend.publish("a", b"t" + b"x" * 9000) for _ in range(5)))
            assert await count(connection) == 5
            async with asyncio.timeout(10):
                while await count(connection):
                    pass
            assert await count(connection) == 0

    run(main())
