"""The script of Redis beside the algorithm in Python: the same decisions on the same states."""

import asyncio

import pytest
from redis.asyncio import Redis as Client

from testkit.engines import Redis
from treadle_limits import Rate
from treadle_limits._core.gcra import debts_at, decide
from treadle_limits._core.rate import MOST_TICKS
from treadle_limits._stores.script import SCRIPT

# Small ones, odd ones, and those whose numbers are as large as they can be.
RATES = [
    (Rate(10, 60),),
    (Rate(7, 1),),
    (Rate(3, 0.001),),
    (Rate(1, 86_400 * 365),),
    (Rate(999_983, 3600, 1_000_000),),
    (Rate(1000, 1), Rate(7, 60, 5), Rate(100_000, 86_400)),
]


def numbers_of(rates: tuple[Rate, ...]) -> list[int]:
    return [n for rate in rates for n in (rate.unit, rate.drain, rate.capacity)]


async def script(client: Client, rates: tuple[Rate, ...], cost: int, take: int) -> list[int]:
    answer = await client.eval(SCRIPT, 1, "key", cost, take, *numbers_of(rates))
    return [int(each) for each in answer]


@pytest.mark.parametrize("rates", RATES, ids=lambda rates: ", ".join(map(str, rates)))
def test_it_decides_like_the_algorithm(redis: Redis, rates: tuple[Rate, ...]) -> None:
    async def main() -> None:
        # A key of these may have rested, and be gone, before it is looked at.
        are_short = max(rate.period for rate in rates) < 0.01
        compared = 0
        async with Client.from_url(redis.url) as client:
            states = None
            most = min(rate.burst for rate in rates)
            for cost in (1, most, 1, max(1, most // 2), 1):
                async with client.pipeline(transaction=True) as pipeline:
                    _ = pipeline.get("key")
                    _ = pipeline.eval(SCRIPT, 1, "key", cost, 1, *numbers_of(rates))
                    _ = pipeline.get("key")
                    _ = pipeline.pttl("key")
                    before, answer, value, left = await pipeline.execute()
                passed, *debts = map(int, answer)
                if value is None and are_short:
                    states = None
                elif passed:
                    assert isinstance(value, bytes)
                    # The time of this hit by the server's clock is in the state.
                    now = int(value.split(b",")[0])
                    if before is None:
                        states = None
                    decisions, states = decide(rates, states, now, cost)
                    assert states is not None
                    assert debts == debts_at(rates, states, now)
                    assert value.decode() == ",".join(map(str, (now, *debts)))
                    assert all(decision.allowed for decision in decisions)
                    rest = max(d / r.drain / 1000 for d, r in zip(debts, rates, strict=True))
                    assert left <= rest + 1
                    assert left >= 0 or are_short
                    compared += 1
                else:
                    assert value == before
                    assert any(
                        debt + cost * rate.unit > rate.capacity
                        for debt, rate in zip(debts, rates, strict=True)
                    )
        assert compared or are_short

    asyncio.run(main())


@pytest.mark.parametrize(
    "value",
    ["", "nonsense", "1", "1,2,3", f"{10**15},{MOST_TICKS * 4}", "99999999999999999999,5", "0,0"],
)
def test_a_state_that_is_none_locks_for_no_longer_than_a_burst(redis: Redis, value: str) -> None:
    async def main() -> None:
        rate = Rate(10, 60)
        async with Client.from_url(redis.url) as client:
            await client.set("key", value)
            passed, debt = await script(client, (rate,), 1, 0)
            assert passed == (debt + rate.unit <= rate.capacity)
            assert 0 <= debt <= rate.capacity
            assert await client.get("key") == value.encode()

    asyncio.run(main())
