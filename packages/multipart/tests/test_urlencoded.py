"""Urlencoded bodies, against urllib."""

import time
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_multipart import (
    MalformedError,
    MemoryLimitError,
    MultipartLimits,
    NameTooLongError,
    Pair,
    PartTooLargeError,
    TooManyFieldsError,
    TotalTooLargeError,
    UnsupportedError,
    UrlencodedParser,
    UsageError,
    parse_urlencoded,
)

CASES = [
    (b"", []),
    (b"a", [("a", "")]),
    (b"a=", [("a", "")]),
    (b"=b", [("", "b")]),
    (b"=", [("", "")]),
    (b"&&a=1&&b=2&", [("a", "1"), ("b", "2")]),
    (b"a=b=c", [("a", "b=c")]),
    (b"a+b=c+d", [("a b", "c d")]),
    (b"a%2Bb=%26%3D%3b", [("a+b", "&=;")]),
    (b"a=%", [("a", "%")]),
    (b"a=%4", [("a", "%4")]),
    (b"a=%zz%41", [("a", "%zzA")]),
    (b"a=1 \r\n", [("a", "1")]),
    (b"a=1&\r\n", [("a", "1")]),
    (b"a=1;b=2", [("a", "1;b=2")]),
    ("a=\xe4&b=%C3%A4".encode(), [("a", "\xe4"), ("b", "\xe4")]),
    (b"a=1&a=2", [("a", "1"), ("a", "2")]),
]


def in_pieces(data: bytes, size: int) -> list[tuple[str, str]]:
    parser = UrlencodedParser()
    pairs: list[tuple[str, str]] = []
    for at in range(0, len(data), size):
        pairs += parser.receive_data(data[at : at + size])
    return pairs + parser.receive_eof()


@pytest.mark.parametrize(("data", "pairs"), CASES)
def test_cases(data: bytes, pairs: list[tuple[str, str]]) -> None:
    assert parse_urlencoded(data) == pairs
    for size in (1, 2, 3):
        assert in_pieces(data, size) == pairs


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), max_size=5))
def test_reads_the_output_of_urllib(pairs: list[tuple[str, str]]) -> None:
    try:
        data = urlencode(pairs).encode()
    except UnicodeEncodeError:
        return
    assert parse_urlencoded(data) == pairs


@settings(deadline=None, max_examples=300)
@given(
    st.binary(max_size=30).map(bytes.strip) | st.text("ab&=+%4 ;").map(str.strip).map(str.encode)
)
def test_reads_the_same_as_urllib(data: bytes) -> None:
    expected = parse_qsl(data.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    assert parse_urlencoded(data, charset="latin-1") == expected
    try:
        expected = [
            (k.encode("latin-1").decode(), v.encode("latin-1").decode()) for k, v in expected
        ]
    except UnicodeDecodeError:
        with pytest.raises(MalformedError):
            parse_urlencoded(data)
    else:
        assert parse_urlencoded(data) == in_pieces(data, 3) == expected


def test_long_escapes_are_decoded_in_slices() -> None:
    value = "\u20ac%" * 30_000
    for pad in range(4):
        data = urlencode({"a": "x" * pad + value}).encode()
        assert parse_urlencoded(data) == [("a", "x" * pad + value)]


@pytest.mark.parametrize(
    ("limits", "error", "field"),
    [
        (MultipartLimits(max_total=14), TotalTooLargeError, None),
        (MultipartLimits(max_fields=1), TooManyFieldsError, None),
        (MultipartLimits(max_name_length=2), NameTooLongError, "abc"),
        (MultipartLimits(max_part_size=2), PartTooLargeError, "abc"),
        (MultipartLimits(max_memory=6), MemoryLimitError, None),
    ],
)
def test_limits(limits: MultipartLimits, error: type[Exception], field: str | None) -> None:
    for size in (1, 4, 99):
        with pytest.raises(error) as caught:
            parse_in_pieces(limits, b"abc=xyz&def=uvw", size)
        assert getattr(caught.value, "field", "") == field


def parse_in_pieces(limits: MultipartLimits, data: bytes, size: int) -> list[Pair]:
    parser = UrlencodedParser(limits)
    pairs = []
    for at in range(0, len(data), size):
        pairs += parser.receive_data(data[at : at + size])
    return pairs + parser.receive_eof()


def test_largest_values_pass() -> None:
    limits = MultipartLimits(
        max_total=15, max_fields=2, max_name_length=3, max_part_size=3, max_memory=7
    )
    for size in (1, 4, 99):
        pairs = parse_in_pieces(limits, b"abc=xyz&def=uvw", size)
        assert pairs == [("abc", "xyz"), ("def", "uvw")]


def test_charsets() -> None:
    assert parse_urlencoded(b"a=%E4\xe4", charset="latin-1") == [("a", "\xe4\xe4")]
    with pytest.raises(UnsupportedError):
        parse_urlencoded(b"a", charset="nope")
    with pytest.raises(MalformedError, match="field 'a' are not utf-8") as caught:
        parse_urlencoded(b"a=%E4")
    assert (caught.value.field, caught.value.leniency) == ("a", "undecodable-text")
    with pytest.raises(MalformedError, match="a field name"):
        parse_urlencoded(b"%E4=a")
    parser = UrlencodedParser(strict=False)
    assert parser.receive_data(b"a=%E4&") == [("a", "\ufffd")]
    assert parser.tolerated == {"undecodable-text"}


def test_a_parser_cannot_be_used_after_its_end() -> None:
    parser = UrlencodedParser()
    parser.receive_eof()
    with pytest.raises(UsageError):
        parser.receive_eof()
    parser = UrlencodedParser(MultipartLimits(max_total=0))
    with pytest.raises(TotalTooLargeError):
        parser.receive_data(b"a")
    with pytest.raises(UsageError):
        parser.receive_data(b"")


def test_a_percent_sign_costs_no_more_than_an_escape() -> None:
    """The decoder of ``urllib`` raises an error for each one that starts no escape."""

    def seconds(unit: bytes) -> float:
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            parse_urlencoded(b"a=" + unit * (300_000 // len(unit)))
            best = min(best, time.process_time() - start)
        return best

    escapes = seconds(b"%41")
    for unit in (b"%", b"%%4", b"%zz"):
        assert seconds(unit) < 2 * escapes + 0.01
