"""The engines of the tests run, lose what they had, and end."""

import psycopg

from testkit.engines import Postgres, Redis


def test_a_redis_is_empty_for_each_test(redis: Redis) -> None:
    assert redis.ask("SET", "a", "1") == b"+OK\r\n"
    redis.clear()
    assert redis.ask("DBSIZE") == b":0\r\n"


def test_a_redis_that_is_killed_comes_back_on_its_port(own_redis: Redis) -> None:
    port = own_redis.port
    own_redis.kill()
    assert not own_redis.answers()
    own_redis.start()
    assert own_redis.port == port
    assert own_redis.answers()


def test_a_redis_can_have_a_password() -> None:
    engine = Redis(password="secret")
    try:
        engine.start()
        assert ":secret@" in engine.url
    finally:
        engine.close()
    assert not engine.folder.exists()


def test_a_postgres_is_empty_for_each_test(postgres: Postgres) -> None:
    with psycopg.connect(postgres.conninfo, autocommit=True) as connection:
        connection.execute("CREATE TABLE a (b int)")
    postgres.clear()
    with psycopg.connect(postgres.conninfo, autocommit=True) as connection:
        row = connection.execute("SELECT to_regclass('a')").fetchone()
    assert row == (None,)


def test_a_postgres_that_is_killed_comes_back_on_its_port(own_postgres: Postgres) -> None:
    own_postgres.kill()
    assert not own_postgres.answers()
    own_postgres.start()
    assert own_postgres.answers()
