"""The Redis store on a real Redis: counting together, restarts, faults, and secrets."""

import asyncio
import subprocess
import sys
from typing import Any, cast

import pytest
from redis.asyncio import Redis as Client

from testkit.engines import Redis
from treadle_limits import Decision, Rate, RedisStore, StoreError

RATE = (Rate(10, 3600),)


def passed(decisions: tuple[Decision, ...]) -> bool:
    return all(decision.allowed for decision in decisions)


def test_two_stores_count_together(redis: Redis) -> None:
    async def main() -> None:
        one, other = RedisStore(redis.url), RedisStore(redis.url)
        try:
            results = await asyncio.gather(
                *(store.hit("a", RATE, 1) for _ in range(20) for store in (one, other))
            )
            assert sum(map(passed, results)) == 10
            assert [each[0].remaining for each in results].count(0) == 31
            assert passed(await one.hit("b", RATE, 1))
            assert not passed(await other.hit("a", RATE, 1, take=False))
            await other.reset("a")
            (decision,) = await one.hit("a", RATE, 4)
            assert decision.remaining == 6
            assert decision.reset_after == pytest.approx(4 * 360)
        finally:
            await one.aclose()
            await other.aclose()

    asyncio.run(main())


def test_keys_have_the_prefix_and_expire(redis: Redis) -> None:
    async def main() -> None:
        store = RedisStore(redis.url, prefix="mine:")
        async with Client.from_url(redis.url) as client:
            await store.hit("a", (Rate(10, 60),), 2)
            assert await client.keys() == [b"mine:a"]
            assert 11_000 < await client.pttl("mine:a") <= 12_000
        await store.aclose()

    asyncio.run(main())


def test_the_script_is_loaded_again_by_a_server_that_forgot_it(redis: Redis) -> None:
    async def main() -> None:
        store = RedisStore(redis.url)
        assert passed(await store.hit("a", RATE, 9))
        assert redis.ask("SCRIPT", "FLUSH").startswith(b"+OK")
        assert passed(await store.hit("a", RATE, 1))
        assert not passed(await store.hit("a", RATE, 1))
        stats = redis.ask("INFO", "commandstats").decode()
        assert "cmdstat_evalsha" in stats
        await store.aclose()

    asyncio.run(main())


def test_a_given_client_stays_open(redis: Redis) -> None:
    async def main() -> None:
        async with Client.from_url(redis.url) as client:
            store = RedisStore(client)
            assert repr(store) == "<RedisStore the given client>"
            await store.hit("a", RATE, 1)
            await store.aclose()
            assert await client.ping()

    asyncio.run(main())


def test_two_event_loops_one_after_another(redis: Redis) -> None:
    store = RedisStore(redis.url)

    async def main() -> int:
        try:
            return (await store.hit("a", RATE, 1))[0].remaining
        finally:
            await store.aclose()
            await store.aclose()

    assert [asyncio.run(main()), asyncio.run(main())] == [9, 8]


def test_it_has_few_connections(redis: Redis) -> None:
    async def main() -> None:
        store = RedisStore(redis.url, max_connections=3, timeout=20)
        await asyncio.gather(*(store.hit(str(number), RATE, 1) for number in range(100)))
        listed = redis.ask("CLIENT", "LIST").count(b"id=")
        # This one beside those of the store.
        assert 2 <= listed <= 4
        await store.aclose()

    asyncio.run(main())


def test_a_server_that_is_gone_and_comes_back(own_redis: Redis) -> None:
    async def main() -> None:
        store = RedisStore(own_redis.url)
        await store.hit("a", RATE, 1)
        own_redis.kill()
        for _ in range(2):
            with pytest.raises(StoreError, match="is not available"):
                await store.hit("a", RATE, 1)
        with pytest.raises(StoreError, match="is not available"):
            await store.reset("a")
        own_redis.start()
        assert passed(await store.hit("a", RATE, 10))
        await store.aclose()

    asyncio.run(main())


def test_a_server_that_is_silent(own_redis: Redis) -> None:
    async def main() -> None:
        store = RedisStore(own_redis.url, timeout=0.2)
        await store.hit("a", RATE, 1)
        own_redis.freeze()
        with pytest.raises(StoreError, match="is not available: Timeout"):
            await store.hit("a", RATE, 1)
        own_redis.thaw()
        assert passed(await store.hit("b", RATE, 10))
        await store.aclose()

    asyncio.run(main())


def test_a_hit_that_is_cancelled_leaves_a_store_that_works(redis: Redis) -> None:
    async def main() -> None:
        store = RedisStore(redis.url, max_connections=1)
        for _ in range(20):
            task = asyncio.ensure_future(store.hit("a", RATE, 1))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert (await store.hit("b", RATE, 3))[0].remaining == 7
        await store.aclose()

    asyncio.run(main())


def test_a_wrong_type_and_nonsense_are_store_errors(redis: Redis) -> None:
    async def main() -> None:
        store = RedisStore(redis.url, prefix="")
        redis.ask("LPUSH", "a", "b")
        with pytest.raises(StoreError, match="ResponseError"):
            await store.hit("a", RATE, 1)
        await store.aclose()

    asyncio.run(main())


class Nonsense:
    """A client of a server that answers anything."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    async def evalsha(self, *_args: object) -> object:
        return self.answer


@pytest.mark.parametrize(
    "answer", [None, [], [1], [1, b"x"], [7, b"5"], [1, b"-5"], [1, 2, 3], ["1", 2.5], "OK"]
)
def test_answers_that_are_none(answer: object) -> None:
    store = RedisStore(cast("Client", Nonsense(answer)))
    with pytest.raises(StoreError, match="has answered nonsense"):
        asyncio.run(store.hit("a", RATE, 1))


SECRET = "s3cr3t%21x"


@pytest.mark.parametrize(
    "url",
    [f"redis://:{SECRET}@127.0.0.1:1/0", f"redis://user:{SECRET}@127.0.0.1:1",
     f"redis://127.0.0.1:1?password={SECRET}", f"unix://:{SECRET}@/nowhere/redis.sock"],
)  # fmt: skip
def test_no_text_has_the_password(url: str) -> None:
    async def main() -> None:
        store = RedisStore(url)
        with pytest.raises(StoreError) as caught:
            await store.hit("a", RATE, 1)
        await store.aclose()
        assert "127.0.0.1:1" in str(caught.value) or "/nowhere" in str(caught.value)
        for text in (repr(store), str(caught.value)):
            assert "s3cr3t" not in text
        assert caught.value.__cause__ is None

    asyncio.run(main())


def test_a_password_of_a_real_server(own_redis: Redis) -> None:
    assert own_redis.ask("CONFIG", "SET", "requirepass", "s3cr3t").startswith(b"+OK")

    async def main() -> None:
        right = RedisStore(f"redis://:s3cr3t@127.0.0.1:{own_redis.port}")
        assert passed(await right.hit("a", RATE, 1))
        await right.aclose()
        wrong = RedisStore(f"redis://:wr0ng@127.0.0.1:{own_redis.port}")
        with pytest.raises(StoreError, match="AuthenticationError") as caught:
            await wrong.hit("a", RATE, 1)
        assert "wr0ng" not in str(caught.value)
        await wrong.aclose()

    asyncio.run(main())


@pytest.mark.parametrize(
    "url", ["", "localhost", "http://:s3cr3t@a", "redis://", "redis://:s3cr3t@a:port", "redis://[a"]
)
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(ValueError, match="takes a URL") as caught:
        RedisStore(url)
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__suppress_context__


OPTIONS: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
    (5, {}, TypeError, "not int"),
    ("redis://a", {"timeout": 0}, ValueError, "timeout"),
    ("redis://a", {"max_connections": 0}, ValueError, "max_connections"),
]


@pytest.mark.parametrize(("server", "options", "kind", "text"), OPTIONS)
def test_options_that_cannot_be_meant(
    server: Any, options: dict[str, Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        RedisStore(server, **options)


def test_without_the_client_it_names_the_extra() -> None:
    program = """
import sys
import treadle_limits
assert "redis" not in sys.modules
sys.modules["redis.asyncio"] = sys.modules["redis"] = None
treadle_limits.RedisStore
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "pip install 'treadle-limits[redis]'" in run.stderr
