"""Servers that are no engine, messages of other programs, passwords, options, tables."""

import asyncio
import logging
import re
from collections.abc import Callable
from functools import partial

import psycopg
import pytest

from testkit import Run
from testkit.backends import Case, Notes, running, until
from testkit.engines import Postgres, Redis
from treadle_channels import (
    Backend,
    BackendError,
    BackendUnavailableError,
    PostgresBackend,
    RedisPubSubBackend,
    RedisStreamsBackend,
)
from treadle_channels._core.notify import channel_name

SECRET = "s3cr/t@word"
QUOTED = "s3cr%2Ft%40word"


def case_for(server: Redis | Postgres, kind: Callable[..., Backend]) -> Case:
    address = server.url if isinstance(server, Redis) else server.conninfo
    return Case("", server, partial(kind, address))


def test_a_foreign_publisher_is_told_and_harms_nothing(
    redis: Redis, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    case = case_for(redis, RedisPubSubBackend)

    async def main() -> None:
        async with running(case) as (backend, notes):
            await backend.subscribe(["a"])
            for text in ("garbage", "", "\r\n", "x" * 100_000):
                await asyncio.to_thread(redis.ask, "PUBLISH", "treadle:a", text)
            await backend.publish("a", b"t1")
            await notes.messages(1)
            assert notes.losses == [(("a",), "undecodable", 1)] * 4
            assert notes.order[-1] == b"t1"
            assert backend.connected

    run(main())
    assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == 1


def test_foreign_messages_of_streams(redis: Redis, run: Run) -> None:
    case = case_for(redis, RedisStreamsBackend)

    async def main() -> None:
        async with running(case) as (backend, notes):
            assert isinstance(backend, RedisStreamsBackend)
            await backend.subscribe(["a"])
            for text in ("garbage", "", "1-1", "99999999999999999999999-1 t", "\N{SNOWMAN} t"):
                await asyncio.to_thread(redis.ask, "PUBLISH", "treadle:live:a", text)
            await asyncio.to_thread(redis.ask, "XADD", "treadle:stream:a", "*", "other", "field")
            await backend.publish("a", b"t1")
            await notes.messages(1)
            assert {loss[1] for loss in notes.losses} == {"undecodable"}
            found = [item async for item in backend.replay("a", "0")]
            assert [item and item.envelope for item in found] == [b"", b"t1"]

    run(main())


def test_a_key_of_another_type(redis: Redis, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    redis.ask("SET", "treadle:stream:a", "1")
    redis.ask("SET", "treadle:members:a", "1")
    case = case_for(redis, RedisStreamsBackend)

    async def main() -> None:
        async with running(case) as (backend, notes):
            assert isinstance(backend, RedisStreamsBackend)
            await backend.subscribe(["a", "b"])
            for call in (
                backend.publish("a", b"t"),
                backend.last_id("a"),
                anext(backend.replay("a", "0")),
                backend.touch("a", {"m": ""}, 10),
                backend.members("a"),
            ):
                with pytest.raises(BackendError, match="WRONGTYPE") as caught:
                    await call
                assert not isinstance(caught.value, BackendUnavailableError)
            await backend.publish("b", b"t1")
            assert await notes.messages(1) == [("b", b"t1")]
            assert backend.connected

    run(main())
    assert "WRONGTYPE" in caplog.text


@pytest.mark.parametrize("kind", [RedisPubSubBackend, RedisStreamsBackend])
def test_passwords_of_redis_are_never_told(
    run: Run, caplog: pytest.LogCaptureFixture, kind: type[RedisPubSubBackend]
) -> None:
    caplog.set_level(logging.DEBUG)
    server = Redis(password=SECRET)
    place = f"127.0.0.1:{server.port}/0"

    async def refused(url: str) -> str:
        backend = kind(url)
        with pytest.raises(BackendError) as caught:
            await backend.start(Notes())
        return f"{caught.value} {caught.value!r} {backend!r} {backend.description}"

    async def main() -> None:
        texts = [await refused(f"redis://:{QUOTED}@{place}")]  # it is not there
        server.start()
        texts.append(await refused(f"redis://{place}"))
        assert "NOAUTH" in texts[-1] or "Authentication" in texts[-1]
        texts.append(await refused(f"redis://:wrong-{QUOTED}@{place}"))
        assert "refused" in texts[-1]
        texts.append(await refused(f"redis://{place}?password=wrong-{QUOTED}"))
        texts.append(await refused(f"redis://bob:wrong-{QUOTED}@{place}"))
        backend, notes = kind(f"redis://:{QUOTED}@{place}"), Notes()
        await backend.start(notes)
        await backend.subscribe(["a"])
        await backend.publish("a", b"t")
        await notes.messages(1)
        server.kill()
        await until(lambda: not backend.connected)
        with pytest.raises(BackendUnavailableError) as caught:
            await backend.publish("a", b"t")
        await backend.stop()
        texts += [str(caught.value), repr(backend)]
        everything = "\n".join(texts) + caplog.text
        assert SECRET not in everything
        assert QUOTED not in everything
        assert "127.0.0.1" in everything

    try:
        run(main())
    finally:
        server.close()


@pytest.mark.parametrize(
    "url",
    [
        f"http://:{SECRET}@localhost", f"redis://:{SECRET}@localhost:x", f"redis://[{SECRET}",
        f"redis://:pass{SECRET}word@localhost:1/0", "", "localhost",
        f"redis://localhost/0?socket_timeout={SECRET}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [RedisPubSubBackend, RedisStreamsBackend])
def test_urls_that_cannot_be_read(kind: type[RedisPubSubBackend], url: str) -> None:
    with pytest.raises(ValueError, match=re.escape("redis://[user:password@]host")) as caught:
        kind(url)
    assert "s3cr" not in str(caught.value)
    assert caught.value.__cause__ is None


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


ANSWERS = {
    "HTTP": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "nothing": b"",
    "zeros": bytes(1000),
    "an error": b"-ERR what\r\n",
    "another answer": b"+HELLO\r\n",
    "a number": b":1\r\n" * 10,
    "a huge array": b"*2147483647\r\n",
    "a huge string": b"$9223372036854775807\r\nx",
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    "PostgreSQL": b"E\x00\x00\x00\x08SERR\x00",
}


@pytest.mark.parametrize("stays", [True, False], ids=["stays", "closes"])
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("kind", ["redis-pubsub", "redis-streams", "postgres"])
def test_a_server_that_is_none(kind: str, answer: str, stays: bool, run: Run) -> None:
    def make(port: int) -> Backend:
        if kind == "postgres":
            return PostgresBackend(f"host=127.0.0.1 port={port} user=a dbname=a", timeout=0.2)
        cls = RedisPubSubBackend if kind == "redis-pubsub" else RedisStreamsBackend
        return cls(f"redis://127.0.0.1:{port}", timeout=0.2)

    async def main() -> None:
        left = asyncio.Event()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(ANSWERS[answer])
            if stays:
                await left.wait()
            writer.close()

        async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            backend = make(port)
            with pytest.raises(BackendError) as caught:
                await backend.start(Notes())
            assert f"127.0.0.1:{port}" in str(caught.value)
            assert not backend.connected
            left.set()
            await asyncio.sleep(0.01)  # the server's own connections
        assert len(asyncio.all_tasks()) == 1

    run(main())


def test_foreign_notifications(postgres: Postgres, run: Run) -> None:
    case = Case(
        "postgres", postgres, lambda **options: PostgresBackend(postgres.conninfo, **options)
    )

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


def test_publishing_in_the_callers_transaction(postgres: Postgres, run: Run) -> None:
    case = Case(
        "postgres", postgres, lambda **options: PostgresBackend(postgres.conninfo, **options)
    )

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


def test_the_rows_of_long_messages_are_removed(postgres: Postgres, run: Run) -> None:
    case = Case(
        "postgres", postgres, lambda **options: PostgresBackend(postgres.conninfo, **options)
    )

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


def test_options_of_streams() -> None:
    with pytest.raises(ValueError, match="history=0"):
        RedisStreamsBackend(history=0)
    with pytest.raises(ValueError, match="expire=0"):
        RedisStreamsBackend(expire=0)
    with pytest.raises(ValueError, match="keep=0"):
        PostgresBackend("", keep=0)


def test_trimmed_streams_are_told(redis: Redis, run: Run) -> None:
    case = case_for(redis, RedisStreamsBackend)

    async def main() -> None:
        async with running(case, history=10) as (backend, _):
            assert isinstance(backend, RedisStreamsBackend)
            ids = [str(await backend.publish("a", b"t%d" % i)) for i in range(500)]
            for after in ("0", ids[0], ids[100]):
                found = [item async for item in backend.replay("a", after)]
                assert found[0] is None
                assert found[-1] is not None
                assert found[-1].id == ids[-1]
            found = [item async for item in backend.replay("a", ids[-5])]
            assert [item and item.id for item in found] == ids[-4:]
            # A stream that is gone, and began again.
            redis.clear()
            assert [item async for item in backend.replay("a", ids[-1])] == [None]
            await backend.publish("a", b"tnew")
            found = [item async for item in backend.replay("a", ids[-1])]
            assert [item and item.envelope for item in found] == [None, b"tnew"]

    run(main())


def test_an_idle_stream_expires(redis: Redis, run: Run) -> None:
    case = case_for(redis, RedisStreamsBackend)

    async def main() -> None:
        async with (
            running(case, expire=100) as (backend, _),
            running(case, expire=None) as (other, _),
        ):
            await backend.publish("a", b"t")
            assert b":100" in await asyncio.to_thread(redis.ask, "TTL", "treadle:stream:a")
            await other.publish("b", b"t")
            assert b":-1" in await asyncio.to_thread(redis.ask, "TTL", "treadle:stream:b")

    run(main())


def test_a_unix_socket(redis: Redis, run: Run) -> None:
    url = f"unix://{redis.path}"
    case = Case("redis", redis, lambda **options: RedisPubSubBackend(url, **options))

    async def main() -> None:
        async with running(case) as (backend, notes):
            await backend.subscribe(["a"])
            await backend.publish("a", b"t")
            assert await notes.messages(1) == [("a", b"t")]
            assert backend.description == f"Redis at {url}"

    run(main())
