"""``unmask`` beside the sentence of RFC 6455, and what it refuses."""

import array
import gc
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from treadle_speedups import unmask
else:
    unmask = pytest.importorskip(
        "treadle_speedups", reason="not compiled: there was no C compiler", exc_type=ImportError
    ).unmask

KEY = b"\x37\xfa\x21\x3d"
KINDS = [bytes, bytearray, memoryview]


def by_the_rfc(data: bytes, key: bytes) -> bytes:
    """Section 5.3: octet i of the transformed data is octet i XOR octet i MOD 4 of the key."""
    return bytes(octet ^ key[i % 4] for i, octet in enumerate(data))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [*range(70), 1023, 1024, 1025, 65_000, 1 << 20])
def test_every_size(kind: type, size: int) -> None:
    data = bytes(i * 7 & 0xFF for i in range(size))
    result = unmask(kind(data), 0, size, kind(KEY))
    assert type(result) is bytes
    assert result == by_the_rfc(data, KEY)


@given(
    st.binary(max_size=600),
    st.data(),
    st.binary(min_size=4, max_size=4),
    st.sampled_from(KINDS),
    st.integers(0, 40),
)
def test_any_range_of_any_buffer(
    data: bytes, draw: st.DataObject, key: bytes, kind: type, skipped: int
) -> None:
    start = draw.draw(st.integers(0, len(data)))
    stop = draw.draw(st.integers(start, len(data)))
    expected = by_the_rfc(data[start:stop], key)
    assert unmask(kind(data), start, stop, key) == expected
    # The same bytes in the middle of a larger buffer, at any alignment.
    view = memoryview(bytes(skipped) + data + bytes(9))[skipped : skipped + len(data)]
    assert unmask(view, start, stop, key) == expected


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4), st.integers(0, 300))
def test_payload_in_two_parts(data: bytes, key: bytes, cut: int) -> None:
    cut = min(cut, len(data))
    turn = cut & 3
    first = unmask(data, 0, cut, key)
    second = unmask(data, cut, len(data), key[turn:] + key[:turn])
    assert first + second == by_the_rfc(data, key)


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
def test_the_inverse_of_itself(data: bytes, key: bytes) -> None:
    assert unmask(unmask(data, 0, len(data), key), 0, len(data), key) == data


def test_the_data_stays() -> None:
    data, key = bytearray(b"payload of a frame"), bytearray(KEY)
    unmask(data, 0, len(data), key)
    assert data == b"payload of a frame"
    assert key == KEY
    # The buffers are free again: a bytearray that is exported cannot be resized.
    data.clear()
    key.clear()


class Index:
    """A number for places that take one."""

    def __index__(self) -> int:
        return 2


REFUSED = [
    ("a negative start", (b"abc", -1, 2, KEY), ValueError, "range -1 to 2 .* 3 bytes"),
    ("a stop behind the data", (b"abc", 0, 4, KEY), ValueError, "range 0 to 4 .* 3 bytes"),
    ("a negative stop", (b"abc", 0, -1, KEY), ValueError, "range 0 to -1"),
    ("a stop before the start", (b"abc", 2, 1, KEY), ValueError, "range 2 to 1"),
    ("a start behind the data", (b"abc", 4, 4, KEY), ValueError, "range 4 to 4"),
    ("no key", (b"abc", 0, 3, b""), ValueError, "key of 0 bytes; a mask has 4"),
    ("a short key", (b"abc", 0, 3, b"abc"), ValueError, "key of 3 bytes"),
    ("a long key", (b"abc", 0, 3, b"abcde"), ValueError, "key of 5 bytes"),
    ("a number that is too large", (b"abc", 0, 1 << 70, KEY), OverflowError, "index"),
    ("a start that is too small", (b"abc", -1 << 70, 1, KEY), OverflowError, "index"),
    ("text", ("abc", 0, 3, KEY), TypeError, "bytes-like"),
    ("a key of text", (b"abc", 0, 3, "mask"), TypeError, "bytes-like"),
    ("a start of text", (b"abc", "0", 3, KEY), TypeError, "integer"),
    ("a stop that is None", (b"abc", 0, None, KEY), TypeError, "integer"),
    ("every other byte", (memoryview(b"abcdef")[::2], 0, 3, KEY), BufferError, "contiguous"),
    ("three arguments", (b"abc", 0, 3), TypeError, "4 arguments, not 3"),
    ("five arguments", (b"abc", 0, 3, KEY, 0), TypeError, "4 arguments, not 5"),
]


@pytest.mark.parametrize(
    ("arguments", "error", "text"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_arguments_that_it_refuses(
    arguments: tuple[bytes, int, int, bytes], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        unmask(*arguments)


def test_numbers_are_whatever_has_an_index() -> None:
    assert unmask(b"abcd", Index(), True + 3, KEY) == by_the_rfc(b"cd", KEY)  # type: ignore[arg-type]  # the stub asks for int


def test_a_view_of_larger_items_counts_bytes() -> None:
    numbers = array.array("I", [1, 2, 3])
    size = len(numbers) * numbers.itemsize
    assert unmask(memoryview(numbers), 0, size, KEY) == by_the_rfc(numbers.tobytes(), KEY)


def test_refused_arguments_leave_no_reference() -> None:
    data, key = bytearray(b"abc"), bytearray(b"key")
    before = sys.getrefcount(data), sys.getrefcount(key)
    for _ in range(100):
        with pytest.raises(ValueError, match="key of 3 bytes"):
            unmask(data, 0, 3, key)
    gc.collect()
    assert (sys.getrefcount(data), sys.getrefcount(key)) == before
    data.append(0)
    key.append(0)
    assert unmask(data, 0, 4, key) == by_the_rfc(bytes(data), bytes(key))
