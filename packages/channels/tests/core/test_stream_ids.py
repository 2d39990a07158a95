"""Ids of streams, and what a stream lacks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_channels._core.stream_ids import StreamId, StreamState, format_id, parse_id

HALVES = st.integers(0, (1 << 64) - 1)


@given(HALVES, HALVES)
def test_an_id_comes_back(one: int, two: int) -> None:
    assert parse_id(format_id((one, two))) == (one, two)


def test_the_second_number_may_be_missing() -> None:
    assert parse_id("0") == (0, 0)
    assert parse_id("17") == (17, 0)


@pytest.mark.parametrize(
    "text", ["", "-", "1-", "-1", "1-2-3", "a", "1 ", "+1", "1_0", "\u0661", "18446744073709551616"]
)
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(ValueError, match="is no id of a message"):
        parse_id(text)


@pytest.mark.parametrize(
    ("state", "after", "lacks"),
    [
        (StreamState(), (0, 0), False),
        # Nothing was ever removed.
        (StreamState((9, 0), (1, 0), 3, 3), (0, 0), False),
        (StreamState((9, 0), (5, 0), 2, 3), (0, 0), True),
        # Redis 6.2 does not count.
        (StreamState((9, 0), (5, 0), 2, None), (0, 0), True),
        (StreamState(added=None), (0, 0), False),
        # Behind a message that is still there, or whose follower is.
        (StreamState((9, 0), (5, 0), 2, 3), (5, 0), False),
        (StreamState((9, 0), (5, 0), 2, 3), (7, 0), False),
        (StreamState((9, 0), (5, 0), 2, 3), (9, 0), False),
        (StreamState((9, 0), None, 0, 3), (9, 0), False),
        # Before the first one that is left.
        (StreamState((9, 0), (5, 0), 2, 3), (4, 9), True),
        (StreamState((9, 0), None, 0, 3), (4, 0), True),
    ],
)
def test_what_a_stream_lacks(state: StreamState, after: StreamId, lacks: bool) -> None:
    assert state.lacks(after) is lacks
