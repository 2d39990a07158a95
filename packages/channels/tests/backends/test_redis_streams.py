"""Streams that are trimmed, expire, or are no streams."""

import asyncio

import pytest

from testkit import Run
from testkit.backends import case_for, running
from testkit.engines import Redis
from treadle_channels import (
    BackendError,
    BackendUnavailableError,
    PostgresBackend,
    RedisStreamsBackend,
)


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
