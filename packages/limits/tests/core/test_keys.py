"""Keys of bounded length, of which no two are one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_limits._core.keys import MOST_OF_KEY, bounded_key


@pytest.mark.parametrize("key", ["", "127.0.0.1", "ada@example.org", "x" * MOST_OF_KEY, "a~b"])
def test_short_keys_stay(key: str) -> None:
    assert bounded_key(key) == key


@pytest.mark.parametrize("key", ["x" * (MOST_OF_KEY + 1), "é", "~", "\udc80", "\0é"])
def test_others_are_digested(key: str) -> None:
    assert bounded_key(key).startswith("~")
    assert len(bounded_key(key)) == 49


class Text(str):
    """A str of another class."""


@given(st.text(max_size=200), st.text(max_size=200))
def test_two_keys_stay_two(one: str, other: str) -> None:
    assert (bounded_key(one) == bounded_key(other)) is (one == other)
    assert len(bounded_key(one)) <= MOST_OF_KEY
    assert bounded_key(Text(one)).startswith("~")


def test_a_digest_cannot_be_chosen() -> None:
    victim = bounded_key("x" * 1000)
    assert bounded_key(victim) != victim


@pytest.mark.parametrize("key", [None, 5, b"a"])
def test_what_is_no_text(key: object) -> None:
    with pytest.raises(TypeError, match="is a str, not"):
        bounded_key(key)  # type: ignore[arg-type]  # the mistake
