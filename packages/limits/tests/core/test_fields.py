"""The fields, as the draft and RFC 9110 write them."""

from typing import Any

import pytest

from treadle_limits import Decision, Rate
from treadle_limits._core.fields import (
    check_name,
    policy_item,
    policy_names,
    retry_after,
    state_item,
)

RATE = Rate(100, 60)


@pytest.mark.parametrize(
    ("rate", "item"),
    [
        (RATE, '"default";q=100;w=60'),
        (Rate(5, 10, 2), '"default";q=5;w=10'),
        (Rate(1, 86_400), '"default";q=1;w=86400'),
        # A window is whole seconds; the draft lets it be left out.
        (Rate(1, 0.5), '"default";q=1'),
    ],
)
def test_policies(rate: Rate, item: str) -> None:
    assert policy_item("default", rate) == item


@pytest.mark.parametrize(
    ("remaining", "reset_after", "item"),
    [(50, 30.0, '"a";r=50;t=30'), (0, 29.01, '"a";r=0;t=30'), (100, 0.0, '"a";r=100;t=0'),
     (0, 1e300, '"a";r=0;t=999999999999999')],
)  # fmt: skip
def test_states(remaining: int, reset_after: float, item: str) -> None:
    assert state_item("a", Decision(True, RATE, remaining, reset_after)) == item


@pytest.mark.parametrize(
    ("seconds", "value"), [(0.0, "1"), (0.001, "1"), (1.0, "1"), (1.001, "2"), (59.5, "60")]
)
def test_retry_after_is_rounded_up_and_at_least_a_second(seconds: float, value: str) -> None:
    assert retry_after(Decision(False, RATE, 0, 60.0, seconds)) == value


def test_names() -> None:
    assert check_name("per user: 1") == "per user: 1"
    assert policy_names("a", 1) == ("a",)
    assert policy_names("a", 2) == ("a-1", "a-2")


@pytest.mark.parametrize("name", ["", 'a"b', "a\\b", "é", "a\r\nb", "x" * 97, None])
def test_names_that_no_field_can_have(name: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="name of a limit"):
        check_name(name)
