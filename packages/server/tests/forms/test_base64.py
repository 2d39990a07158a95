"""Chunks of base64: each decodes alone, and together they are all of it."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_server._forms.base64 import shorten, take_groups


@pytest.mark.parametrize(
    ("piece", "at", "size", "chunk", "end"),
    [
        (b"", 0, 4, b"", 0),
        (b"QUJ", 0, 4, b"", 0),
        (b"QUJD", 0, 4, b"QUJD", 4),
        (b"QUJDR", 0, 8, b"QUJD", 4),
        (b"QUJDREVG", 0, 8, b"QUJDREVG", 8),
        (b"QUJDREVG", 4, 8, b"REVG", 8),
        (b"QUJDREVG", 0, 7, b"QUJD", 4),
        (b"QU\r\nJD", 0, 6, b"QU\r\nJD", 6),
        # The blanks behind a group belong to it, if they fit.
        (b"QUJD\r\nR", 0, 7, b"QUJD\r\n", 6),
        (b" Q U J D ", 0, 4, b"QUJD", 8),
        (b"    QUJD", 0, 4, b"QUJD", 8),
        (b"    QUJ", 0, 4, b"", 0),
        (b"Q*U*J*D", 0, 4, b"QUJD", 7),
    ],
)
def test_groups(piece: bytes, at: int, size: int, chunk: bytes, end: int) -> None:
    assert take_groups(piece, at, size) == (chunk, end)


@given(
    st.binary(max_size=60),
    st.lists(st.tuples(st.integers(0, 80), st.sampled_from([b" ", b"\r\n", b"*", b" " * 100]))),
    st.integers(4, 40),
    st.integers(1, 50),
)
def test_chunks_decode_alone(
    data: bytes, noise: list[tuple[int, bytes]], size: int, cut: int
) -> None:
    coded = bytearray(base64.b64encode(data))
    for place, blanks in noise:
        coded[place:place] = blanks
    chunks, rest = [], b""
    for start in range(0, len(coded), cut):
        piece, at = rest + coded[start : start + cut], 0
        while (found := take_groups(piece, at, size))[0]:
            chunks.append(found[0])
            at = found[1]
        rest = shorten(piece[at:])
    assert all(len(chunk) <= max(size, 4) for chunk in chunks)
    assert b"".join(map(base64.b64decode, chunks)) == data
    assert not rest.translate(None, b" \r\n*")


@pytest.mark.parametrize(
    ("rest", "kept"),
    [(b"", b""), (b"Q \r\n", b"Q \r\n"), (b" " * 64, b" " * 64), (b"Q" + b" " * 64 + b"U", b"QU")],
)
def test_only_a_few_blanks_are_kept(rest: bytes, kept: bytes) -> None:
    assert shorten(rest) == kept
