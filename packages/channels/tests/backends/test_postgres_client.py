"""Connection strings and tables of PostgreSQL."""

import asyncio
import sys

import psycopg
import pytest

from testkit import Run
from testkit.backends import Notes
from testkit.engines import Postgres
from treadle_channels import (
    BackendError,
    BackendUnavailableError,
    PostgresBackend,
)

SECRET = "s3cr/t@word"
QUOTED = "s3cr%2Ft%40word"


@pytest.mark.parametrize(
    "conninfo",
    [f"password={SECRET} nonsense", f"host=a {SECRET}=b", "postgresql://[::", f"'{SECRET}"],
)
def test_connection_strings_that_cannot_be_read(conninfo: str) -> None:
    with pytest.raises(ValueError, match="connection string of PostgreSQL") as caught:
        PostgresBackend(conninfo)
    assert "s3cr" not in str(caught.value)


def test_a_database_or_user_that_is_not_there(postgres: Postgres, run: Run) -> None:
    async def main() -> None:
        for change, message in (("user=test", "user=eve"), ("dbname=postgres", "dbname=none")):
            backend = PostgresBackend(
                postgres.conninfo.replace(change, message) + f" password='{SECRET}'"
            )
            with pytest.raises(BackendError, match="does not exist") as caught:
                await backend.start(Notes())
            assert not isinstance(caught.value, BackendUnavailableError)
            assert "s3cr" not in f"{caught.value}{backend!r}"

    run(main())


def test_a_user_without_the_right_to_create_tables(postgres: Postgres, run: Run) -> None:
    with psycopg.connect(postgres.conninfo, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS guest")
        connection.execute("CREATE ROLE guest LOGIN")
    conninfo = postgres.conninfo.replace("user=test", "user=guest")

    async def main() -> None:
        with pytest.raises(BackendError, match="permission denied"):
            await PostgresBackend(conninfo).start(Notes())
        # Another user has made the tables.
        owner = PostgresBackend(postgres.conninfo)
        await owner.start(Notes())
        await owner.stop()
        guest = PostgresBackend(conninfo)
        await guest.start(Notes())
        await guest.publish("a", b"t")
        with pytest.raises(BackendError, match="permission denied"):
            await guest.publish("a", b"t" + b"x" * 9000)
        assert guest.connected
        await guest.stop()

    run(main())


def test_processes_that_start_at_once_make_the_tables_once(postgres: Postgres, run: Run) -> None:
    async def main() -> None:
        backends = [PostgresBackend(postgres.conninfo) for _ in range(8)]
        await asyncio.gather(*(backend.start(Notes()) for backend in backends))
        assert all(backend.connected for backend in backends)
        await asyncio.gather(*(backend.stop() for backend in backends))

    run(main())


@pytest.mark.parametrize("table", ["", "a b", "a;b", 'a"b', "1a", "é", "x" * 41])
def test_names_of_tables(table: str) -> None:
    with pytest.raises(ValueError, match="table="):
        PostgresBackend("host=a", table=table)


def test_without_the_client_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ImportError, match=r"pip install 'treadle-channels\[postgres\]'"):
        PostgresBackend()
