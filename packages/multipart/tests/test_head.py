"""Header blocks, read alone."""

import pytest

from treadle_multipart import Leniency, MalformedError, PartBegin, TooManyHeadersError
from treadle_multipart._errors import leniencies
from treadle_multipart._head import HeadReader


def reader(
    strict: bool = True, max_headers: int = 9, accept: tuple[Leniency, ...] = ()
) -> HeadReader:
    tolerated: set[Leniency] = set()
    return HeadReader("utf-8", max_headers, leniencies(strict, accept), tolerated)


@pytest.mark.parametrize(
    ("block", "headers"),
    [
        (b"", ()),
        (b"A:b", (("A", "b"),)),
        (b"A: \tb \t", (("A", "b"),)),
        (b"A:", (("A", ""),)),
        (b"A: b\r\na: c:d", (("A", "b"), ("a", "c:d"))),
        (b"A: b\tc", (("A", "b\tc"),)),
        (b"A: \xc3\xa4\xe2\x80\x8d", (("A", "\xe4\u200d"),)),
        (b"Content-Type: a/b", (("Content-Type", "a/b"),)),
        (b'Content-Disposition: form-data; name="a"\r\nContent-Type: a/b ',
         (("Content-Disposition", 'form-data; name="a"'), ("Content-Type", "a/b"))),
    ],
)  # fmt: skip
def test_headers(block: bytes, headers: object) -> None:
    assert reader().read(block, 0).headers == headers
    assert reader(strict=False).read(block, 0).headers == headers


def test_any_spelling_of_content_disposition() -> None:
    part = reader().read(b'CONTENT-disposition: FORM-DATA; NAME="a"', 0)
    assert part == PartBegin((("CONTENT-disposition", 'FORM-DATA; NAME="a"'),), "form-data", "a")


@pytest.mark.parametrize(
    "block", [b"A", b"A\r\nB: c", b"A : b", b"\xc3\xa4: b", b"A: \x7f", b": a"]
)
def test_malformed(block: bytes) -> None:
    for strict in (True, False):
        with pytest.raises(MalformedError) as caught:
            reader(strict).read(block, 7)
        assert caught.value.offset == 7


def test_limit() -> None:
    usual = b'Content-Disposition: form-data; name="a"\r\nContent-Type: a/b'
    assert reader(max_headers=2).read(usual, 0).name == "a"
    with pytest.raises(TooManyHeadersError):
        reader(max_headers=1).read(usual, 0)


def test_a_fold_ends_with_crlf_unless_lines_end_with_lf() -> None:
    folded = (("A", "b c"), ("D", "e"))
    crlf = reader(accept=("folded-header",))
    assert crlf.read(b"A: b\r\n \t c\r\nD: e", 0).headers == folded
    with pytest.raises(MalformedError, match="control character"):
        crlf.read(b"A: b\n c\r\nD: e", 0)
    both = reader(accept=("folded-header", "lf-line-ends"))
    assert both.read(b"A: b\n c\nD: e", 0).headers == folded


def test_lf_lines_for_the_lenient_only() -> None:
    assert reader(strict=False).read(b"A: b\nC: d", 0).headers == (("A", "b"), ("C", "d"))
    with pytest.raises(MalformedError) as caught:
        reader().read(b"A: b\nC: d", 0)
    assert caught.value.leniency == "lf-line-ends"


@pytest.mark.parametrize(
    ("buf", "strict", "expected"),
    [
        (b"\r\nA: b\r\n\r\nc", True, (6, 10)),
        (b"\r\n\r\nc", True, (0, 4)),
        (b"\nA: b\n\nc", False, (5, 7)),
        (b"\n\nc", False, (0, 2)),
        (b"\r\n\r\nc", False, (0, 4)),
        (b"\r\nA: b\r\n\nc", False, (6, 9)),
        (b"\r\nA: b\r\n", False, (-1, -1)),
    ],
)
def test_find_end(buf: bytes, strict: bool, expected: object) -> None:
    assert reader(strict).find_end(buf, 0) == expected
