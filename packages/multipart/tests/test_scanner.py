"""``PartScanner``: the data of one part, and the untouched input behind it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testkit import assert_linear
from treadle_multipart import MalformedError, PartScanner, UsageError

#: Input, the data, and the rest; None for a part without an end.
CASES: list[tuple[bytes, bytes, bytes | None]] = [
    (b"data\r\n--x--\r\n", b"data", b"--x--\r\n"),
    (b"data\r\n--x\r\nA: b\r\n\r\nmore\r\n--x--", b"data", b"--x\r\nA: b\r\n\r\nmore\r\n--x--"),
    # The blank line behind the headers is the line end of the delimiter.
    (b"--x\r\n", b"", b"--x\r\n"),
    (b"\r\n--x\r\n", b"", b"--x\r\n"),
    (b"\r\n\r\n--x--", b"\r\n", b"--x--"),
    # The input ends right behind the boundary, or in its line.
    (b"data\r\n--x", b"data", b"--x"),
    (b"--x", b"", b"--x"),
    (b"data\r\n--x-", b"data", b"--x-"),
    (b"data\r\n--x \r", b"data", b"--x \r"),
    # The rest is another reader's: the parser would refuse these.
    (b"data\r\n--x\n\nmore", b"data", b"--x\n\nmore"),
    (b"data\r\n--x\r\nno header\r\n\r\n", b"data", b"--x\r\nno header\r\n\r\n"),
    (b"data\r\n--x" + b" " * 200, b"data", b"--x" + b" " * 200),
    # Lines that only look like the delimiter.
    (b"a\r\n--xy\r\n--x-y\r\n --x\r\n--x--", b"a\r\n--xy\r\n--x-y\r\n --x", b"--x--"),
    (b"a--x\n--x\r--x\r\n--x--", b"a--x\n--x\r--x", b"--x--"),
    # No delimiter at all.
    (b"", b"", None),
    (b"data", b"data", None),
    (b"data\r\n--", b"data\r\n--", None),
    (b"\r\n-", b"\r\n-", None),
    (b"--", b"--", None),
]


def scan(data: bytes, size: int) -> tuple[bytes, bytes | None]:
    scanner = PartScanner("x")
    found = b""
    for at in range(0, len(data), size):
        found += scanner.receive_data(data[at : at + size])
        if scanner.rest is not None:
            return found, scanner.rest + data[at + size :]
    ending = scanner.part_ending
    found += scanner.receive_eof()
    assert ending is (scanner.rest is not None)
    return found, scanner.rest


@pytest.mark.parametrize(("data", "found", "rest"), CASES, ids=range(len(CASES)))
def test_parts(data: bytes, found: bytes, rest: bytes | None) -> None:
    for size in (1, 2, 5, len(data) or 1):
        assert scan(data, size) == (found, rest)


@settings(deadline=None, max_examples=200)
@given(
    data=st.lists(
        st.sampled_from([b"\r", b"\n", b"\r\n", b"-", b"--", b"x", b" ", b"\r\n--x", b"a"]),
        max_size=12,
    ).map(b"".join),
    size=st.integers(1, 20),
)
def test_cuts_do_not_matter_and_no_byte_is_lost(data: bytes, size: int) -> None:
    found, rest = scan(data, size)
    assert (found, rest) == scan(data, len(data) or 1)
    if rest is None:
        assert found == data
    else:
        assert found + b"\r\n" + rest in (data, b"\r\n" + data)


def test_data_in_one_chunk_is_not_copied() -> None:
    scanner = PartScanner("x")
    assert scanner.receive_data(b"a") == b"a"
    data = bytes(1000)
    assert scanner.receive_data(data) is data
    assert not scanner.part_ending


def test_misuse() -> None:
    scanner = PartScanner(b"x")
    scanner.receive_data(b"\r\n--x--\r\n")
    assert scanner.rest == b"--x--\r\n"
    with pytest.raises(UsageError, match="read on from `rest`"):
        scanner.receive_data(b"more")
    with pytest.raises(MalformedError, match="boundary"):
        PartScanner("x" * 71)


@pytest.mark.parametrize("unit", [b"\r", b"\r\n", b"\r\n--", b"\r\n--xy", b"\r\n--x-", b" "])
@pytest.mark.parametrize("size", [3, 65_536])
def test_hostile_data_is_read_in_linear_time(unit: bytes, size: int) -> None:
    assert_linear(lambda data: scan(data, size), unit, 4_000 if size == 3 else 60_000)
