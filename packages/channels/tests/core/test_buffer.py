"""The queue of a subscriber beside a slow oracle that remembers every message."""

from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_channels import Gap, Overflow
from treadle_channels._core.buffer import Buffer, check_overflow, check_queue

POLICIES: list[Overflow] = ["drop_oldest", "drop_newest"]

#: Messages of two topics, a gap of the link, or a read.
STEPS = st.lists(st.sampled_from(["a", "b", "link", "known", "take", "take"]), max_size=60)


class Oracle:
    """All that came, with marks; what is missing is found when it is read."""

    def __init__(self, limit: int, overflow: Overflow) -> None:
        self.limit, self.overflow = limit, overflow
        # [topic, value, is it there]; a gap is [topics, reason, missed].
        self.items: list[list[Any]] = []

    def put(self, topic: str, value: tuple[str, int]) -> None:
        there = [item for item in self.items if item[2] is True]
        self.items.append([topic, value, True])
        if len(there) >= self.limit:
            lost = there[0] if self.overflow == "drop_oldest" else self.items[-1]
            lost[2] = False

    def put_gap(self, gap: Gap) -> None:
        self.items.append([gap, None, None])

    def take(self) -> object:
        """Return the next message, or one gap for all that is missing before it."""
        topics: set[str] = set()
        reasons: set[str] = set()
        missed: int | None = 0
        while self.items and self.items[0][2] is not True:
            first = self.items.pop(0)
            if first[2] is None:
                topics |= first[0].topics
                reasons.add(first[0].reason)
                both = missed is not None and first[0].missed is not None
                missed = missed + first[0].missed if both else None
            else:
                topics.add(first[0])
                reasons.add("behind")
                missed = None if missed is None else missed + 1
        if topics:
            return Gap(frozenset(topics), "link" if "link" in reasons else "behind", missed)
        return self.items.pop(0)[1]


@pytest.mark.parametrize("overflow", POLICIES)
@given(limit=st.integers(1, 4), steps=STEPS)
def test_beside_the_oracle(overflow: Overflow, limit: int, steps: list[str]) -> None:
    buffer: Buffer[tuple[str, int]] = Buffer(limit, overflow, itemgetter(0))
    oracle = Oracle(limit, overflow)
    for number, step in enumerate([*steps, *["take"] * 130]):
        if step == "take":
            assert bool(buffer) == bool(oracle.items)
            if buffer:
                assert buffer.take() == oracle.take()
        elif step in ("link", "known"):
            gap = Gap(frozenset("cd"), "link", None if step == "link" else 2)
            buffer.put_gap(gap)
            oracle.put_gap(gap)
        else:
            assert buffer.put((step, number)) is True
            oracle.put(step, (step, number))
        assert len(buffer) <= limit
        # Gaps are bounded with the messages.
        assert len(buffer.items) <= 2 * limit + 1
    assert not buffer


def test_drop_oldest_tells_before_what_was_kept() -> None:
    buffer: Buffer[int] = Buffer(2, "drop_oldest", lambda number: "t")
    for number in range(5):
        assert buffer.put(number)
    assert [buffer.take() for _ in range(3)] == [Gap(frozenset("t"), "behind", 3), 3, 4]


def test_drop_newest_tells_before_the_next_that_gets_in() -> None:
    buffer: Buffer[int] = Buffer(2, "drop_newest", lambda number: "t")
    for number in range(4):
        assert buffer.put(number)
    assert buffer.take() == 0
    assert buffer.put(4)
    assert [buffer.take() for _ in range(3)] == [1, Gap(frozenset("t"), "behind", 2), 4]


def test_close_refuses_and_keeps_what_is_there() -> None:
    buffer: Buffer[int] = Buffer(2, "close", lambda number: "t")
    assert [buffer.put(number) for number in range(3)] == [True, True, False]
    assert [buffer.take(), buffer.take()] == [0, 1]
    assert not buffer
    with pytest.raises(IndexError):
        buffer.take()


def test_clear() -> None:
    buffer: Buffer[int] = Buffer(1, "drop_oldest", lambda number: "t")
    for number in range(3):
        buffer.put(number)
    buffer.clear()
    assert (bool(buffer), len(buffer)) == (False, 0)
    assert buffer.put(1)
    assert buffer.take() == 1


def test_options() -> None:
    assert check_overflow("close") == "close"
    assert check_queue(1) == 1
    with pytest.raises(ValueError, match="'drop_oldest', 'drop_newest', 'close'"):
        check_overflow("drop")  # type: ignore[arg-type]  # the mistake
    for queue in (0, -1):
        with pytest.raises(ValueError, match="at least 1"):
            check_queue(queue)
    for wrong in (True, 1.5, "3", None):
        with pytest.raises(TypeError, match="number of messages"):
            check_queue(wrong)  # type: ignore[arg-type]  # the mistake
