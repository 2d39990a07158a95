"""Range: a table, a naive reading to compare with, and the bounds on what a request can cost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_responses import ByteRange, content_range, parse_range
from treadle_responses._ranges import MAX_RANGES, multipart_ranges


@pytest.mark.parametrize(
    ("value", "size", "ranges"),
    [
        (None, 10, None),
        ("bytes=0-0", 10, ((0, 1),)),
        ("bytes=0-", 10, ((0, 10),)),
        ("bytes=0-9", 10, ((0, 10),)),
        ("bytes=0-10", 10, ((0, 10),)),
        ("bytes=9-", 10, ((9, 10),)),
        ("bytes=-1", 10, ((9, 10),)),
        ("bytes=-10", 10, ((0, 10),)),
        ("bytes=-11", 10, ((0, 10),)),
        ("bytes=007-008", 10, ((7, 9),)),
        ("Bytes=1-2", 10, ((1, 3),)),
        ("bytes= 1-2 ", 10, ((1, 3),)),
        ("bytes=1-2,", 10, ((1, 3),)),
        (f"bytes=0-{10**30}", 10, ((0, 10),)),
        (f"bytes=-{10**30}", 10, ((0, 10),)),
        (f"bytes=0-{'9' * 5000}", 10, ((0, 10),)),
        (f"bytes={'0' * 5000}1-2", 10, ((1, 3),)),
        # Not satisfiable: 416.
        ("bytes=10-", 10, ()),
        ("bytes=10-20", 10, ()),
        ("bytes=-0", 10, ()),
        (f"bytes={'9' * 5000}-", 10, ()),
        ("bytes=0-", 0, ()),
        ("bytes=0-0", 0, ()),
        ("bytes=-0", 0, ()),
        ("bytes=10-, 20-30", 10, ()),
        # Satisfiable, but Content-Range cannot express it.
        ("bytes=-5", 0, None),
        # Not understood: ignored.
        ("", 10, None),
        ("bytes", 10, None),
        ("bytes=", 10, None),
        ("bytes=,", 10, None),
        ("bytes=-", 10, None),
        ("bytes=5", 10, None),
        ("bytes=5-3", 10, None),
        ("bytes=a-b", 10, None),
        ("bytes=1-2-3", 10, None),
        ("bytes=--5", 10, None),
        ("bytes=+1-2", 10, None),
        ("bytes=1_0-2_0", 100, None),
        ("bytes=0x1-0x2", 10, None),
        ("bytes=1 - 2", 10, None),
        ("bytes=\u0661-\u0662", 10, None),
        ("bytes=0-1;2-3", 10, None),
        ("items=0-1", 10, None),
        ("seconds=1-2", 10, None),
        ("0-1", 10, None),
        ("bytes=0-1, x", 10, None),
        # Several.
        ("bytes=0-1,4-5", 10, ((0, 2), (4, 6))),
        ("bytes=4-5 , 0-1", 10, ((4, 6), (0, 2))),
        ("bytes=0-1,20-30", 10, ((0, 2),)),
        ("bytes=0-1,-1", 10, ((0, 2), (9, 10))),
        # Overlapping or touching ones are joined.
        ("bytes=0-4,2-6", 10, ((0, 7),)),
        ("bytes=2-6,0-4", 10, ((0, 7),)),
        ("bytes=0-1,2-3", 10, ((0, 4),)),
        ("bytes=0-,0-,0-", 10, ((0, 10),)),
        ("bytes=8-,0-3,1-2", 10, ((0, 4), (8, 10))),
    ],
)
def test_table(value: str | None, size: int, ranges: tuple[tuple[int, int], ...] | None) -> None:
    assert parse_range(value, size) == ranges


def spec(number: int) -> str:
    return f"{3 * number}-{3 * number}"


def test_cve_2025_62727_cve_2011_3192_many_ranges() -> None:
    most = "bytes=" + ",".join(spec(number) for number in range(MAX_RANGES))
    assert len(parse_range(most, 10**6) or ()) == MAX_RANGES
    for count in (MAX_RANGES + 1, 1_000, 100_000):
        assert parse_range("bytes=" + ",".join(map(spec, range(count))), 10**6) is None
    # Nothing but separators, and overlapping ones.
    assert parse_range("bytes=" + "," * 100_000, 10) is None
    assert parse_range("bytes=" + ",".join(["0-"] * 1_000), 10**9) is None
    assert parse_range("bytes=" + ",".join(["0-"] * MAX_RANGES), 10**9) == ((0, 10**9),)


SPEC = st.one_of(
    st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda pair: f"{pair[0]}-{pair[1]}"),
    st.integers(0, 40).map(lambda first: f"{first}-"),
    st.integers(0, 40).map(lambda length: f"-{length}"),
)


def naive(specs: list[str], size: int) -> set[int] | None:
    """Return the requested positions, one by one."""
    found = set()
    for spec in specs:
        first, last = spec.split("-")
        if first and last and int(last) < int(first):
            return None
        for position in range(size):
            from_end = size - position
            if (not first and from_end <= int(last)) or (
                first and int(first) <= position <= (int(last) if last else size)
            ):
                found.add(position)
    return found


@settings(deadline=None)
@given(st.lists(SPEC, min_size=1, max_size=MAX_RANGES), st.integers(1, 30))
def test_against_a_naive_reading(specs: list[str], size: int) -> None:
    ranges = parse_range("bytes=" + ", ".join(specs), size)
    expected = naive(specs, size)
    assert (ranges is None) == (expected is None)
    if ranges is not None and expected is not None:
        positions = [position for start, stop in ranges for position in range(start, stop)]
        assert set(positions) == expected
        # Never a byte twice.
        assert len(positions) == len(expected)


@settings(deadline=None)
@given(st.text("bytes=-,0123456789 \tx", max_size=60), st.integers(0, 100))
def test_any_text_can_be_read(value: str, size: int) -> None:
    for start, stop in parse_range(value, size) or ():
        assert 0 <= start < stop <= size


def test_content_range() -> None:
    assert content_range(ByteRange(0, 1), 10) == "bytes 0-0/10"
    assert content_range(None, 0) == "bytes */0"


def test_multipart() -> None:
    ranges = (ByteRange(0, 1), ByteRange(3, 5))
    parts, closing, length = multipart_ranges(ranges, 6, "text/plain", "B")
    data = b"abcdef"
    body = b"".join(part.preamble + data[slice(*part.range)] for part in parts) + closing
    assert length == len(body)
    assert body == (
        b"--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-0/6\r\n\r\na"
        b"\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 3-4/6\r\n\r\nde"
        b"\r\n--B--\r\n"
    )
