"""The memory store: what it counts, how far it grows, and what an attacker gains."""

import asyncio
import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_limits import MemoryStore, Rate
from treadle_limits._core.gcra import decide

RATE = (Rate(10, 60),)


class Clock:
    """Seconds that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def allowed(store: MemoryStore, key: str, cost: int = 1) -> bool:
    return all(decision.allowed for decision in store.hit_now(key, RATE, cost))


def test_it_counts_by_its_clock(clock: Clock) -> None:
    store = MemoryStore(clock=clock)
    assert [allowed(store, "a") for _ in range(11)] == [True] * 10 + [False]
    assert allowed(store, "b")
    clock.now += 6
    assert [allowed(store, "a") for _ in range(2)] == [True, False]


def test_a_look_counts_nothing_and_a_reset_forgets(clock: Clock) -> None:
    async def main() -> None:
        store = MemoryStore(clock=clock)
        await store.hit("a", RATE, 9)
        looks = [(await store.hit("a", RATE, 1, take=False))[0].remaining for _ in range(3)]
        assert looks == [1, 1, 1]
        await store.reset("a")
        await store.reset("never")
        assert (await store.hit("a", RATE, 10))[0].allowed
        await store.aclose()
        assert not (await store.hit("a", RATE, 1))[0].allowed

    asyncio.run(main())


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"), st.floats(0, 30), st.integers(1, 3), st.integers(0, 9)
        ),
        max_size=80,
    )
)
def test_with_room_it_is_the_algorithm(steps: list[tuple[str, float, int, int]]) -> None:
    clock = Clock()
    store = MemoryStore(clock=clock)
    states: dict[str, Any] = {}
    for key, step, cost, chance in steps:
        clock.now += step
        if chance == 0:
            asyncio.run(store.reset(key))
            states.pop(key, None)
        decisions, after = decide(RATE, states.get(key), int(clock.now * 1_000_000), cost)
        assert store.hit_now(key, RATE, cost) == decisions
        states[key] = after or states.get(key)
        check_slots(store)


def check_slots(store: MemoryStore) -> None:
    """Each key is in its slot and in no other, and each slot in the heap once."""
    filed = {key: slot for slot, keys in store._slots.items() for key in keys}
    assert filed == {key: slot for key, (_, slot) in store._entries.items()}
    assert sum(map(len, store._slots.values())) == len(store)
    assert sorted(store._heap) == sorted(store._slots)


def test_an_attacker_with_many_keys_neither_grows_it_nor_frees_an_exhausted_key(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore(max_keys=100, clock=clock)
    assert allowed(store, "attacker", cost=10)
    for number in range(5000):
        # New clients are served too, however many keys there are.
        assert allowed(store, f"flood {number}")
        assert len(store) <= 100
        assert not allowed(store, "attacker")
    check_slots(store)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "full with 100 keys" in record.getMessage()


def test_to_free_an_exhausted_key_costs_as_many_exhausted_keys(clock: Clock) -> None:
    store = MemoryStore(max_keys=100, clock=clock)
    assert allowed(store, "attacker", cost=10)
    hits = 0
    while not allowed(store, "attacker"):
        hits += 1
        assert allowed(store, f"flood {hits // 10}")
    assert hits >= 99 * 10


def test_a_full_store_is_logged_once_a_minute(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore(max_keys=2, clock=clock)
    for number in range(20):
        allowed(store, str(number), cost=10)
        clock.now += 4.0
    assert len(caplog.records) == 2


def test_keys_that_have_rested_go_by_themselves(clock: Clock) -> None:
    store = MemoryStore(clock=clock)
    for number in range(100):
        allowed(store, str(number))
    clock.now += 8
    for number in range(60):
        allowed(store, f"new {number}")
    assert {key[:3] for key in store._entries} == {"new"}
    check_slots(store)


def test_one_key_that_is_hit_for_ever_leaves_nothing_behind(clock: Clock) -> None:
    store = MemoryStore(clock=clock)
    allowed(store, "once")
    for _ in range(5000):
        allowed(store, "for ever")
        clock.now += 6
    assert len(store) == 2
    assert len(store._heap) < 100
    check_slots(store)


def test_its_text_tells_how_full_it_is() -> None:
    store = MemoryStore(max_keys=5)
    allowed(store, "a")
    assert repr(store) == "<MemoryStore with 1 of 5 keys>"


@pytest.mark.parametrize(
    ("size", "kind"), [(0, ValueError), (-5, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_sizes_that_cannot_be_meant(size: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="max_keys"):
        MemoryStore(max_keys=size)
