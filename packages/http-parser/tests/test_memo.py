"""The bounded memo."""

import pytest

from treadle_http_parser._memo import Memo


def test_a_value_is_computed_once() -> None:
    asked: list[str] = []

    def length(key: str) -> int:
        asked.append(key)
        return len(key)

    memo = Memo(length, 10)
    assert [memo["ab"], memo["ab"], memo["c"], memo["ab"]] == [2, 2, 1, 2]
    assert asked == ["ab", "c"]


def number(key: bytes) -> int:
    return int(key)


def test_a_full_memo_is_emptied() -> None:
    memo = Memo(number, 10)
    for value in range(35):
        assert memo[b"%d" % value] == value
        assert len(memo) <= 10
    assert list(memo.values()) == [30, 31, 32, 33, 34]


@pytest.mark.parametrize(("size", "kept"), [(256, True), (257, False)])
def test_long_keys_are_not_kept(size: int, kept: bool) -> None:
    memo: Memo[bytes, int] = Memo(len, 10)
    key = b"a" * size
    assert memo[key] == size
    assert (key in memo) is kept


def test_failures_are_not_kept() -> None:
    memo = Memo(number, 10)
    for _ in "once", "again":
        with pytest.raises(ValueError, match="invalid literal"):
            memo[b"a"]
    assert not memo
