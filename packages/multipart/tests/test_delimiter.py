"""Delimiter lines, classified alone."""

import pytest

from treadle_multipart import Leniency, MalformedError
from treadle_multipart._delimiter import CLOSE, DATA, PART, UNDECIDED, Delimiter, LineKind


def delimiter(strict: bool = True) -> Delimiter:
    tolerated: set[Leniency] = set()
    return Delimiter(b"x", strict, tolerated)


CASES = [
    (b"\r\n", PART, 0),
    (b" \t\r\n", PART, 2),
    (b"--\r\n", CLOSE, 2),
    (b"-- \r\n", CLOSE, 3),
    (b"", UNDECIDED, 0),
    (b"\r", UNDECIDED, 0),
    (b"-", UNDECIDED, 0),
    (b"--", UNDECIDED, 2),
    (b"--\r", UNDECIDED, 2),
    (b"  ", UNDECIDED, 2),
    (b"y", DATA, 0),
    (b"-y", DATA, 0),
    (b"--y", DATA, 2),
    (b" y", DATA, 1),
    (b"\ry", DATA, 0),
    (b"---", DATA, 2),
]


@pytest.mark.parametrize(("rest", "kind", "end"), CASES)
def test_classify(rest: bytes, kind: LineKind, end: int) -> None:
    for strict in (True, False):
        got = delimiter(strict).classify(b"abc" + rest, 3, 0)
        assert got[0] is kind
        assert kind is DATA or got[1] == 3 + end


def test_refused_lines() -> None:
    with pytest.raises(MalformedError) as caught:
        delimiter().classify(b"\n", 0, 10)
    assert (caught.value.offset, caught.value.leniency) == (10, "lf-line-ends")
    assert delimiter(strict=False).classify(b"\n", 0, 0) == (PART, 0)
    for strict in (True, False):
        assert delimiter(strict).classify(b" " * 128 + b"\r\n", 0, 0) == (PART, 128)
        with pytest.raises(MalformedError, match="over 128 blanks"):
            delimiter(strict).classify(b" " * 129, 0, 0)


@pytest.mark.parametrize(
    ("buf", "strict_edge", "lenient_edge"),
    [
        (b"abc", 3, 3),
        (b"ab\r", 2, 2),
        (b"ab\r\n", 2, 2),
        (b"ab\n", 3, 2),
        (b"ab\r\n-", 2, 2),
        (b"ab\r\n--", 2, 2),
        (b"ab\r\n--y", 7, 7),
        (b"ab\r\n--\r", 6, 6),
        (b"\r\r\r", 2, 2),
        (b"ab\n\n-", 5, 3),
    ],
)
def test_edge(buf: bytes, strict_edge: int, lenient_edge: int) -> None:
    assert delimiter().edge(buf, 0) == strict_edge
    assert delimiter(strict=False).edge(buf, 0) == lenient_edge


@pytest.mark.parametrize(
    ("tail", "closes", "cut_off"),
    [
        (b"\r\n--x--", True, True),
        (b"\r\n--x-- \t", True, True),
        (b"\r\n--x--\r", True, True),
        (b"\r\n--x-", False, True),
        (b"\r\n--x", False, True),
        (b"\r\n--", False, False),
        (b"", False, False),
    ],
)
def test_at_the_end(tail: bytes, closes: bool, cut_off: bool) -> None:
    for strict in (True, False):
        assert delimiter(strict).closes(tail) is closes
        assert delimiter(strict).cut_off(tail) is cut_off
