"""Rates as text and as numbers, and the errors of those that cannot be meant."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_limits import Rate
from treadle_limits._core.rate import MOST_TICKS, as_rates

TEXTS = [
    ("10/minute", Rate(10, 60)),
    ("5/10s", Rate(5, 10)),
    ("100/hour; burst=20", Rate(100, 3600, 20)),
    ("1 / s", Rate(1, 1)),
    ("  7/2 Days ;burst = 1 ", Rate(7, 172_800, 1)),
    ("3/0.5s", Rate(3, 0.5)),
    ("3/sec", Rate(3, 1)),
    ("3/15 mins", Rate(3, 900)),
]


@pytest.mark.parametrize(("text", "rate"), TEXTS)
def test_text(text: str, rate: Rate) -> None:
    assert Rate.parse(text) == rate
    assert Rate.parse(str(rate)) == rate


NO_RATES = ["", "10", "10/", "/minute", "10/fortnight", "-1/s", "1.5/s", "10/minute;", "1/s; x=2",
    "10/minute; burst=", "٣/s", "1/ss", "10/minute\nx"]  # fmt: skip


@pytest.mark.parametrize("text", NO_RATES)
def test_a_text_that_is_no_rate_is_in_the_error(text: str) -> None:
    with pytest.raises(ValueError, match="'10/minute'") as caught:
        Rate.parse(text)
    assert repr(text) in str(caught.value)


NO_NUMBERS: list[tuple[tuple[Any, ...], type[Exception], str]] = [
    ((0, 1), ValueError, "limit of a rate is 0"),
    ((-1, 1), ValueError, "limit of a rate is -1"),
    ((1.5, 1), TypeError, "not 1.5"),
    ((True, 1), TypeError, "not True"),
    ((1, 0), ValueError, "not 0"),
    ((1, math.inf), ValueError, "not inf"),
    ((1, math.nan), ValueError, "not nan"),
    ((1, "s"), TypeError, "not 's'"),
    ((1, 1, -1), ValueError, "burst of a rate is -1"),
    ((999_999_937, 1e9), ValueError, "too fine"),
]


@pytest.mark.parametrize(("numbers", "kind", "text"), NO_NUMBERS)
def test_numbers_that_are_no_rate(
    numbers: tuple[Any, ...], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        Rate(*numbers)


def test_a_burst_of_none_is_refused() -> None:
    with pytest.raises(ValueError, match="lets no hit pass"):
        Rate.parse("1/s; burst=0")


def test_a_rate_that_is_no_text() -> None:
    with pytest.raises(TypeError, match="not 10"):
        Rate.parse(10)  # type: ignore[arg-type]  # the mistake


@given(st.integers(1, 10**6), st.integers(1, 86_400_000), st.integers(1, 1000))
def test_ticks_are_exact(limit: int, milliseconds: int, burst: int) -> None:
    rate = Rate(limit, milliseconds / 1000, burst)
    # The hits of one period take one period.
    assert rate.limit * rate.unit == rate.drain * milliseconds * 1000
    assert rate.capacity == burst * rate.unit <= MOST_TICKS


def test_several() -> None:
    one, other = Rate(1, 1), Rate(10, 60)
    assert as_rates("1/s") == as_rates(one) == (one,)
    assert as_rates(["1/s", other]) == (one, other)


BAD: list[tuple[Any, type[Exception], str]] = [
    ([], ValueError, "empty list"),
    (["1/s", "1/sec"], ValueError, "twice"),
    (5, TypeError, "not 5"),
    ([5], TypeError, "not 5"),
]


@pytest.mark.parametrize(("rates", "kind", "text"), BAD)
def test_bad_lists(rates: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        as_rates(rates)
