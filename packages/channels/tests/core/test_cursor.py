"""Cursors: positions there and back, bounded, and no text of a client raises anything else."""

import contextlib
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_channels._core.cursor import MAX_CURSOR, is_cursor, pack_cursor, unpack_cursor

TOPICS = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=40)
IDS = st.from_regex(r"[0-9]{1,19}(-[0-9]{1,19})?", fullmatch=True)


@given(st.dictionaries(TOPICS, IDS, min_size=1, max_size=8))
def test_there_and_back(positions: dict[str, str]) -> None:
    cursor = pack_cursor(positions)
    assert is_cursor(cursor)
    assert re.fullmatch(f"[{re.escape(string.ascii_letters + string.digits + ':,=_-')}]+", cursor)
    assert unpack_cursor(cursor, positions) == positions


def test_only_the_topics_that_are_asked_for() -> None:
    cursor = pack_cursor({"mine": "1-2", "secret": "3"})
    assert "mine" not in cursor
    assert unpack_cursor(cursor, ["mine", "new"]) == {"mine": "1-2"}


@given(st.text() | st.from_regex(r"c1:[\w=,-]{0,40}"))
def test_any_text_is_read_or_refused(text: str) -> None:
    found: dict[str, str] = {}
    with contextlib.suppress(ValueError):
        found = unpack_cursor(text, ["a"])
    assert found == {}


BAD = ["", "c1:", "c2:aaaaaaaaaaa=1", "c1:aaaaaaaaaaa=", "c1:aaaaaaaaaaa=1,", "c1:a=1",
       "c1:aaaaaaaaaaa=" + "1" * 65, "c1:" + "x" * MAX_CURSOR, "c1:aaaaaaaaaaa=1\n"]  # fmt: skip


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:20])
def test_bad_ones(text: str) -> None:
    with pytest.raises(ValueError, match="Not a cursor") as caught:
        unpack_cursor(text, ["a"])
    assert len(str(caught.value)) < 200


def test_one_that_would_be_too_long() -> None:
    with pytest.raises(ValueError, match="subscribe to fewer topics"):
        pack_cursor({str(number): "1700000000000-0" for number in range(200)})
