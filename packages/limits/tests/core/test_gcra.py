"""The algorithm beside an oracle that counts tokens with fractions."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_limits import Rate
from treadle_limits._core.gcra import check_cost, debts_at, decide

SECOND = 1_000_000


class Bucket:
    """The oracle: a bucket of tokens that fills by itself, in exact arithmetic."""

    def __init__(self, rate: Rate) -> None:
        self.speed = Fraction(rate.limit) / (Fraction(round(rate.period * SECOND)))
        self.size = rate.burst
        self.tokens = Fraction(rate.burst)
        self.then: int | None = None

    def refill(self, now: int) -> None:
        if self.then is not None:
            self.tokens = min(Fraction(self.size), self.tokens + (now - self.then) * self.speed)
        self.then = now


rates = st.builds(
    Rate,
    st.integers(1, 50),
    st.integers(1, 10_000).map(lambda value: value / 1000),
    st.integers(1, 20),
)
#: Times between hits in microseconds, and the costs of the hits.
hits = st.lists(st.tuples(st.integers(0, 2 * SECOND), st.integers(1, 5)), max_size=40)


@given(st.lists(rates, min_size=1, max_size=3, unique=True), hits, st.integers(0, 10**15))
def test_it_is_a_bucket_of_tokens(
    several: list[Rate], steps: list[tuple[int, int]], now: int
) -> None:
    buckets = [Bucket(rate) for rate in several]
    states = None
    for step, cost in steps:
        now += step
        cost = min(cost, *(rate.burst for rate in several))
        decisions, after = decide(several, states, now, cost)
        for bucket in buckets:
            bucket.refill(now)
        passes = all(bucket.tokens >= cost for bucket in buckets)
        assert (after is not None) is passes
        for bucket, decision in zip(buckets, decisions, strict=True):
            if passes:
                bucket.tokens -= cost
            assert decision.allowed is (passes or bucket.tokens >= cost)
            assert decision.remaining == bucket.tokens // 1
            missing = (bucket.size - bucket.tokens) / bucket.speed / SECOND
            assert decision.reset_after == pytest.approx(float(missing))
            wait = 0 if decision.allowed else (cost - bucket.tokens) / bucket.speed / SECOND
            assert decision.retry_after == pytest.approx(float(wait))
        states = states if after is None else after


@given(st.lists(rates, min_size=1, max_size=3, unique=True), hits)
def test_a_look_is_the_hit_that_it_announces(
    several: list[Rate], steps: list[tuple[int, int]]
) -> None:
    states, now = None, 0
    for step, cost in steps:
        now += step
        cost = min(cost, *(rate.burst for rate in several))
        looked, nothing = decide(several, states, now, cost, take=False)
        taken, after = decide(several, states, now, cost)
        assert nothing is None
        assert [one.allowed for one in looked] == [one.allowed for one in taken]
        if after is None:
            assert looked == taken
        states = states if after is None else after


def test_a_burst_and_then_one_by_one() -> None:
    rate = (Rate(60, 60, 3),)
    states = None
    passed = []
    for now in (0, 0, 0, 0, SECOND - 1, SECOND, SECOND, 2 * SECOND):
        decisions, after = decide(rate, states, now)
        passed.append(decisions[0].allowed)
        states = after or states
    assert passed == [True, True, True, False, False, True, False, True]


def test_a_hit_that_one_rate_refuses_costs_the_others_nothing() -> None:
    several = Rate(1, 1), Rate(10, 60)
    _, states = decide(several, None, 0)
    decisions, after = decide(several, states, 0)
    assert after is None
    assert [decision.allowed for decision in decisions] == [False, True]
    assert decisions[1].remaining == 9


def test_a_clock_that_was_set_back_locks_for_no_longer_than_a_burst() -> None:
    rate = Rate(10, 60)
    _, states = decide((rate,), None, 10**12)
    assert states is not None
    assert debts_at((rate,), states, 0) == [rate.capacity]
    decisions, _ = decide((rate,), states, 0)
    assert decisions[0].retry_after == 6.0


COSTS: list[tuple[Any, type[Exception], str]] = [
    (0, ValueError, "cost of a hit is 0"),
    (-1, ValueError, "is -1"),
    (4, ValueError, "cost 4 never passes the rate 5/60s; burst=3"),
    (1.0, TypeError, "not 1.0"),
    (True, TypeError, "not True"),
]


@pytest.mark.parametrize(("cost", "kind", "text"), COSTS)
def test_costs_that_cannot_be_meant(cost: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        check_cost((Rate(5, 60, 3),), cost)
