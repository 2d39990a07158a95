"""``Limiter``: several rates, names in the store, and a store that fails."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from testkit import FakeClock
from testkit.engines import Redis
from treadle_limits import Decision, Limiter, MemoryStore, Rate, RedisStore, Store, StoreError
from treadle_limits._limiter import outage


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore()
    redis: Redis = request.getfixturevalue("redis")
    return RedisStore(redis.url)


def test_each_store_counts_the_same(store: Store) -> None:
    async def main() -> None:
        limiter = Limiter(["3/hour", "5/day"], store)
        first = await limiter.hit("ada")
        assert (first.allowed, first.limit, first.remaining) == (True, 3, 2)
        assert (await limiter.peek("ada")).remaining == 2
        assert [(await limiter.hit("ada")).allowed for _ in range(3)] == [True, True, False]
        refused = await limiter.hit("ada")
        assert refused.limit == 3
        assert 1100 < refused.retry_after <= 1200
        hour, day = await limiter.hit_each("ada")
        assert (hour.allowed, day.allowed, day.remaining) == (False, True, 2)
        assert (await limiter.hit("bob", cost=3)).allowed
        await limiter.reset("ada")
        assert (await limiter.hit("ada", 3)).allowed
        await store.aclose()

    asyncio.run(main())


def test_names_and_rates_are_apart_and_the_same_are_together(store: Store) -> None:
    async def main() -> None:
        one = Limiter("2/day", store)
        assert (await one.hit("a", 2)).allowed
        for other in (Limiter("2/day", store, name="b"), Limiter("2/day; burst=1", store)):
            assert (await other.hit("a")).allowed
        assert not (await Limiter("2/day", store).hit("a")).allowed
        await store.aclose()

    asyncio.run(main())


def test_long_keys_are_bounded(store: Store) -> None:
    async def main() -> None:
        limiter = Limiter("1/day", store)
        assert (await limiter.hit("x" * 100_000)).allowed
        assert not (await limiter.hit("x" * 100_000)).allowed
        assert (await limiter.hit("x" * 100_001)).allowed
        if isinstance(store, MemoryStore):
            assert all(len(key) < 200 for key in store._entries)
        await store.aclose()

    asyncio.run(main())


def test_an_absurd_cost_is_an_error_with_each_store(store: Store) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="never passes the rate 3/60s"):
            await Limiter("3/minute", store).hit("a", 4)
        await store.aclose()

    asyncio.run(main())


class Broken:
    """A store that fails, hangs or works."""

    def __init__(self) -> None:
        self.mood = "works"
        self.asked = 0
        self.memory = MemoryStore(clock=lambda: 0.0)

    def __repr__(self) -> str:
        return "<Broken>"

    async def hit(
        self, key: str, rates: Sequence[Rate], cost: int, /, *, take: bool = True
    ) -> tuple[Decision, ...]:
        self.asked += 1
        if self.mood == "fails":
            raise StoreError("It is gone")
        if self.mood == "hangs":
            await asyncio.Event().wait()
        return await self.memory.hit(key, rates, cost, take=take)

    async def reset(self, key: str, /) -> None:
        await self.hit(key, (Rate(1, 1),), 1)

    async def aclose(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize("mood", ["fails", "hangs"])
@pytest.mark.parametrize("fail", ["open", "closed"])
def test_without_its_store(fail: Any, mood: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "treadle.limits")
    clock = FakeClock()

    async def main() -> None:
        store = Broken()
        limiters = [Limiter("2/day", store, name=name, fail=fail) for name in "ab"]
        store.mood = mood
        hits = [asyncio.ensure_future(limiter.hit("k")) for limiter in limiters]
        await clock.advance(0.5)
        decisions = await asyncio.gather(*hits)
        # The others do not ask, and do not wait.
        decisions += [await limiter.hit("k") for limiter in limiters]
        assert store.asked == (1 if mood == "fails" else 2)
        for decision in decisions:
            assert decision.allowed is (fail == "open")
            assert not decision.counted
            assert decision.retry_after == (0 if fail == "open" else 1)
        await clock.advance(1.0)
        store.mood = "works"
        assert [(await limiters[0].hit("k")).allowed for _ in range(3)] == [True, True, False]
        # An outage may come again, and is told again.
        store.mood = "fails"
        assert not (await limiters[0].peek("k")).counted

    clock.run(main())
    lines = [record.getMessage() for record in caplog.records]
    reason = "It is gone" if mood == "fails" else "<Broken> has not answered in 0.5 seconds"
    consequence = "nothing is limited" if fail == "open" else "everything is refused"
    down = f"Rate limits: {reason}. Until it answers, {consequence}"
    assert lines[:2] == [down, "Rate limits: the store answers again"]
    assert lines[2].startswith("Rate limits: It is gone")
    assert len(lines) == 3


def test_a_bug_of_a_store_is_not_hidden() -> None:
    class Bug(Broken):
        async def hit(self, *_args: object, **_options: object) -> tuple[Decision, ...]:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(Limiter("1/s", Bug()).hit("a"))


def test_a_reset_that_takes_too_long_is_told() -> None:
    async def main() -> None:
        store = Broken()
        store.mood = "hangs"
        with pytest.raises(TimeoutError):
            await Limiter("1/s", store, timeout=0.01).reset("a")

    asyncio.run(main())


def test_a_redis_that_dies_and_comes_back(
    own_redis: Redis, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each hit asks again.
    monkeypatch.setattr(outage, "PAUSE", 0.0)
    caplog.set_level(logging.INFO, "treadle.limits")

    async def main() -> None:
        store = RedisStore(own_redis.url)
        limiter = Limiter("1/day", store)
        assert (await limiter.hit("a")).counted
        own_redis.kill()
        decisions = [await limiter.hit("b") for _ in range(50)]
        assert not any(decision.counted for decision in decisions)
        assert all(decision.allowed for decision in decisions)
        own_redis.start()
        decision = await limiter.hit("c")
        assert decision.counted
        assert decision.allowed
        assert not (await limiter.hit("c")).allowed
        await store.aclose()

    asyncio.run(main())
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.INFO]


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"rate": "often"}, ValueError, "'often'"),
    ({"fail": "maybe"}, ValueError, "'maybe'"),
    ({"timeout": 0}, ValueError, "not 0"),
    ({"timeout": True}, ValueError, "not True"),
    ({"name": ""}, ValueError, "not ''"),
    ({"store": "redis://"}, TypeError, "not 'redis://'"),
]


@pytest.mark.parametrize(("options", "kind", "text"), BAD)
def test_options_that_cannot_be_meant(
    options: dict[str, Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        Limiter(**{"rate": "1/s", **options})


def test_a_key_that_is_no_text() -> None:
    with pytest.raises(TypeError, match="not None"):
        asyncio.run(Limiter("1/s").hit(None))  # type: ignore[arg-type]  # the mistake


def test_its_text() -> None:
    limiter = Limiter("10/minute", MemoryStore(max_keys=5), name="a")
    assert repr(limiter) == "<Limiter 'a' of 10/60s in <MemoryStore with 0 of 5 keys>>"
