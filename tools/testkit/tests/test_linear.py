"""``assert_linear`` tells linear from quadratic work."""

import pytest

from testkit import assert_linear


def test_linear_work_passes() -> None:
    calls: list[int] = []
    assert_linear(lambda data: calls.append(len(data)), b"ab", 1001)
    assert sorted(set(calls)) == [1000, 4000]


def test_quadratic_work_fails() -> None:
    def work(data: bytes) -> None:
        for _ in range(len(data) // 100):
            data.count(b"b")

    with pytest.raises(AssertionError, match="for 4 times the input"):
        assert_linear(work, b"a", 200_000)
