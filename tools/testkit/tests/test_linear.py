"""``assert_linear`` tells linear from quadratic work, by a clock that the work moves."""

from collections.abc import Callable

import pytest

from testkit import assert_linear, growth


class Work:
    """Takes a time that is a power of the size."""

    def __init__(self, power: int) -> None:
        self.power = power
        self.now = 0.0
        self.sizes: list[int] = []

    def __call__(self, data: bytes) -> None:
        self.sizes.append(len(data))
        self.now += len(data) ** self.power

    def clock(self) -> float:
        return self.now


@pytest.mark.parametrize("power", [0, 1])
def test_linear_work_passes(power: int) -> None:
    work = Work(power)
    assert_linear(work, b"ab", 1001, work.clock)
    assert sorted(set(work.sizes)) == [1000, 4000]


def test_quadratic_work_fails() -> None:
    work = Work(2)
    with pytest.raises(AssertionError, match="for 4 times the input"):
        assert_linear(work, b"a", 1000, work.clock)


def test_real_time_passes() -> None:
    sizes: list[int] = []
    assert_linear(lambda data: sizes.append(len(data)), b"a", 10)
    assert set(sizes) == {10, 40}


@pytest.mark.parametrize(("power", "ratio"), [(1, 4), (2, 16)])
def test_the_growth_of_a_call(power: int, ratio: int) -> None:
    work = Work(power)

    def make(size: int) -> Callable[[], None]:
        return lambda: work(bytes(size))

    assert growth(make, 1000, work.clock) == ratio
    # The last measurement is a good one; a bad one is repeated.
    assert len(work.sizes) == (6 if ratio < 7 else 30)
