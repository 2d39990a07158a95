"""Publishing in a transaction of the caller."""

import psycopg

from testkit import Run
from testkit.backends import case_for, running
from testkit.engines import Postgres
from treadle_channels import (
    PostgresBackend,
)


def test_publishing_in_the_callers_transaction(postgres: Postgres, run: Run) -> None:
    case = case_for(postgres, PostgresBackend)

    async def main() -> None:
        async with (
            running(case) as (backend, notes),
            await psycopg.AsyncConnection.connect(postgres.conninfo) as connection,
        ):
            assert isinstance(backend, PostgresBackend)
            await backend.subscribe(["a"])
            await backend.publish_in(connection, "a", "lost")
            await connection.rollback()
            await backend.publish_in(connection, "a", "same")
            await backend.publish_in(connection, "a", "same")
            await backend.publish_in(connection, "a", b"x" * 20_000)
            await backend.publish("a", b"tfirst")
            await connection.commit()
            await notes.messages(4)
            assert [e for _, e in notes.got] == [
                b"tfirst", b"tsame", b"tsame", b"b" + b"x" * 20_000,
            ]  # fmt: skip

    run(main())
