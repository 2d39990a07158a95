"""The push parser: a table of good bodies, one of bad ones, each whole, in pieces and cut."""

from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_multipart import (
    COMMON_LENIENCIES,
    End,
    HeaderTooLargeError,
    Leniency,
    LimitError,
    MalformedError,
    MultipartError,
    MultipartLimits,
    MultipartParser,
    NameTooLongError,
    NestedTooDeepError,
    PartBegin,
    PartData,
    PartEnd,
    PartTooLargeError,
    TooManyFieldsError,
    TooManyFilesError,
    TooManyHeadersError,
    TooManyPartsError,
    TotalTooLargeError,
    UnsupportedError,
    UsageError,
    iter_events,
)

Feed = Callable[..., object]

A = b'Content-Disposition: form-data; name="a"\r\n\r\n'
BEGIN_A = PartBegin(
    (("Content-Disposition", 'form-data; name="a"'),), "form-data", "a"
)  # what A gives
BARE = PartBegin(())


def part_a(*data: bytes) -> list[object]:
    return [BEGIN_A, *(PartData(piece) for piece in data), PartEnd()]


GOOD: dict[str, tuple[bytes, list[object]]] = {
    "one field": (b"--x\r\n" + A + b"1\r\n--x--\r\n", [*part_a(b"1"), End()]),
    "no line end after the close": (b"--x\r\n" + A + b"1\r\n--x--", [*part_a(b"1"), End()]),
    "empty value": (b"--x\r\n" + A + b"\r\n--x--\r\n", [*part_a(), End()]),
    "no body at all": (b"--x\r\n" + A + b"--x--\r\n", [*part_a(), End()]),
    "no headers": (b"--x\r\n\r\n1\r\n--x--\r\n", [BARE, PartData(b"1"), PartEnd(), End()]),
    "no headers, no body": (b"--x\r\n\r\n\r\n--x--\r\n", [BARE, PartEnd(), End()]),
    "no parts": (b"--x--\r\n", [End()]),
    "no parts, no line end": (b"--x--", [End()]),
    "two fields": (
        b"--x\r\n" + A + b"1\r\n--x\r\n" + A + b"2\r\n--x--\r\n",
        [*part_a(b"1"), *part_a(b"2"), End()],
    ),
    "preamble": (b"hello\r\n--x\r\n" + A + b"1\r\n--x--\r\n", [*part_a(b"1"), End()]),
    "empty preamble": (b"\r\n--x\r\n" + A + b"1\r\n--x--\r\n", [*part_a(b"1"), End()]),
    "preamble with boundary text": (b"a--x\r\n--x--\r\n", [End()]),
    "epilogue": (b"--x\r\n" + A + b"1\r\n--x--\r\nbye\r\n--x\r\n", [*part_a(b"1"), End()]),
    "padding": (b"--x \t\r\n" + A + b"1\r\n--x-- \r\n", [*part_a(b"1"), End()]),
    "padding, no line end": (b"--x\r\n" + A + b"1\r\n--x-- \t", [*part_a(b"1"), End()]),
    "line ends in data": (
        b"--x\r\n" + A + b"\r\n\r\n\n\r\r\n\r\n--x--\r\n",
        [*part_a(b"\r\n\r\n\n\r\r\n"), End()],
    ),
    "CR before the delimiter": (b"--x\r\n" + A + b"1\r\r\n--x--\r\n", [*part_a(b"1\r"), End()]),
    "longer boundary": (
        b"--x\r\n" + A + b"\r\n--xy\r\n\r\n--x--",
        [*part_a(b"\r\n--xy\r\n"), End()],
    ),
    "one hyphen": (b"--x\r\n" + A + b"\r\n--x-\r\n--x--", [*part_a(b"\r\n--x-"), End()]),
    "text after hyphens": (
        b"--x\r\n" + A + b"\r\n--x--y\r\n--x--",
        [*part_a(b"\r\n--x--y"), End()],
    ),
    "text after padding": (b"--x\r\n" + A + b"\r\n--x y\r\n--x--", [*part_a(b"\r\n--x y"), End()]),
    "CR alone after it": (b"--x\r\n" + A + b"\r\n--x\ry\r\n--x--", [*part_a(b"\r\n--x\ry"), End()]),
    "near, then real": (b"--x\r\n" + A + b"\r\n--\r\n--x--", [*part_a(b"\r\n--"), End()]),
    "boundary in a line": (b"--x\r\n" + A + b"a--x--\r\n--x--", [*part_a(b"a--x--"), End()]),
    "LF before it": (b"--x\r\n" + A + b"a\n--x--\r\n--x--", [*part_a(b"a\n--x--"), End()]),
}

BAD = {
    "nothing": b"",
    "no boundary": b"hello",
    "other boundary": b"--y\r\n" + A + b"1\r\n--y--\r\n",
    "LF line ends": b"--x\n" + A.replace(b"\r\n", b"\n") + b"1\n--x--\n",
    "LF in headers": b"--x\r\nA: b\nC: d\r\n\r\n1\r\n--x--\r\n",
    "LF after a boundary": b"--x\r\n" + A + b"1\r\n--x\n" + A + b"1\r\n--x--\r\n",
    "CR in a header": b"--x\r\nA: b\rc\r\n\r\n1\r\n--x--\r\n",
    "NUL in a header": b"--x\r\nA: b\0c\r\n\r\n1\r\n--x--\r\n",
    "no colon": b"--x\r\nA\r\n\r\n1\r\n--x--\r\n",
    "no name": b"--x\r\n: b\r\n\r\n1\r\n--x--\r\n",
    "blank before the colon": b"--x\r\nA : b\r\n\r\n1\r\n--x--\r\n",
    "folded": b"--x\r\nA: b\r\n c\r\n\r\n1\r\n--x--\r\n",
    "fold first": b"--x\r\n A: b\r\n\r\n1\r\n--x--\r\n",
    "not UTF-8": b"--x\r\nA: \xff\r\n\r\n1\r\n--x--\r\n",
    "two dispositions": b"--x\r\n" + A[:-2] + A + b"1\r\n--x--\r\n",
    "bad disposition": b"--x\r\nContent-Disposition: ;\r\n\r\n1\r\n--x--\r\n",
    "delimiter for headers": b"--x\r\n--x--\r\n",
    "much padding": b"--x" + b" " * 129 + b"\r\n" + A + b"1\r\n--x--\r\n",
    "ends in the boundary": b"--x",
    "ends after the boundary": b"--x\r\n",
    "ends in headers": b"--x\r\n" + A[:-2],
    "ends after headers": b"--x\r\n" + A,
    "ends in data": b"--x\r\n" + A + b"1",
    "ends in a delimiter": b"--x\r\n" + A + b"1\r\n--",
    "ends with one hyphen": b"--x\r\n" + A + b"1\r\n--x-",
    "ends after a delimiter": b"--x\r\n" + A + b"1\r\n--x",
}


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("name", GOOD)
def test_good(feed: Feed, name: str, size: int) -> None:
    body, events = GOOD[name]
    assert feed(body, size) == events


@pytest.mark.parametrize("name", GOOD)
def test_good_cut_anywhere(feed: Feed, name: str) -> None:
    body, events = GOOD[name]
    for cut in range(1, len(body)):
        assert feed(body, cuts=[cut]) == events, cut


@pytest.mark.parametrize("name", [name for name in GOOD if "LF before" not in name])
def test_strict_bodies_mean_the_same_to_the_lenient(feed: Feed, name: str) -> None:
    body, events = GOOD[name]
    for size in (0, 1, 2, 3):
        assert feed(body, size, strict=False) == events


@pytest.mark.parametrize("size", [0, 1, 3])
@pytest.mark.parametrize("name", BAD)
def test_bad(feed: Feed, name: str, size: int) -> None:
    assert feed(BAD[name], size) == "MalformedError"


def test_truncated_anywhere_is_an_error(feed: Feed) -> None:
    body = b"--x\r\n" + A + b"1\r\n--x\r\n" + A + b"2\r\n--x--"
    for end in range(len(body)):
        assert feed(body[:end]) == "MalformedError", end


LENIENT = {
    "lf-line-ends": (b"--x\n" + A.replace(b"\r\n", b"\n") + b"1\n--x--\n", part_a(b"1")),
    "missing-final-boundary": (b"--x\r\n" + A + b"1\r\n--", part_a(b"1\r\n--")),
    "folded-header": (
        b"--x\r\nContent-Disposition: form-data;\r\n\t name=a\r\n\r\n1\r\n--x--",
        [
            PartBegin((("Content-Disposition", "form-data; name=a"),), "form-data", "a"),
            PartData(b"1"),
            PartEnd(),
        ],
    ),
    "undecodable-header": (
        b"--x\r\nA: \xff\r\n\r\n1\r\n--x--",
        [PartBegin((("A", "\ufffd"),)), PartData(b"1"), PartEnd()],
    ),
    "repeated-disposition": (
        b"--x\r\n" + A[:-2] + b"Content-Disposition: form-data; name=b\r\n\r\n1\r\n--x--",
        [
            PartBegin(
                (
                    ("Content-Disposition", 'form-data; name="a"'),
                    ("Content-Disposition", "form-data; name=b"),
                ),
                "form-data",
                "a",
            ),
            PartData(b"1"),
            PartEnd(),
        ],
    ),
    "loose-disposition": (
        b'--x\r\nContent-Disposition: form-data; name="a\\"\r\n\r\n1\r\n--x--',
        [
            PartBegin((("Content-Disposition", 'form-data; name="a\\"'),), "form-data", "a\\"),
            PartData(b"1"),
            PartEnd(),
        ],
    ),
    "filename-star": (
        b"--x\r\nContent-Disposition: form-data; name=a; filename*=utf-8''%E2%82%AC\r\n\r\n--x--",
        [
            PartBegin(
                (("Content-Disposition", "form-data; name=a; filename*=utf-8''%E2%82%AC"),),
                "form-data",
                "a",
                "\u20ac",
            ),
            PartEnd(),
        ],
    ),
    "name-star": (
        b"--x\r\nContent-Disposition: form-data; name*=utf-8''%E2%82%AC\r\n\r\n--x--",
        [
            PartBegin(
                (("Content-Disposition", "form-data; name*=utf-8''%E2%82%AC"),),
                "form-data",
                "\u20ac",
            ),
            PartEnd(),
        ],
    ),
}


@pytest.mark.parametrize("name", LENIENT)
def test_each_leniency_is_named(feed: Feed, name: str) -> None:
    body, events = LENIENT[name]
    for size in (0, 1, 2, 3):
        assert feed(body, size, strict=False) == [*events, End()]
    parser = MultipartParser(b"x", strict=False)
    parser.receive_data(body)
    parser.receive_eof()
    assert parser.tolerated == {name}
    every = get_args(Leniency)
    for size in (0, 1, 2, 3):
        assert feed(body, size, accept=[name]) == [*events, End()]
    others = MultipartParser(b"x", accept=[other for other in every if other != name])
    with pytest.raises(MalformedError):
        list(iter_events(others, body))
    strict = MultipartParser(b"x")
    with pytest.raises(MalformedError) as caught:
        list(iter_events(strict, body))
    assert caught.value.leniency == name
    assert strict.tolerated == frozenset()


def test_the_common_leniencies_leave_out_what_is_ambiguous() -> None:
    refused = {
        "lf-line-ends", "missing-final-boundary", "undecodable-text", "repeated-disposition",
    }  # fmt: skip
    assert set(get_args(Leniency)) - COMMON_LENIENCIES == refused
    bad: list[Any] = ["loose", "folded-header"]
    with pytest.raises(UsageError, match="'loose'"):
        MultipartParser(b"x", accept=bad)


def test_a_nested_parser_accepts_the_same() -> None:
    outer = MultipartParser(b"x", accept=COMMON_LENIENCIES)
    inner = outer.nested(PartBegin((("Content-Type", "multipart/mixed; boundary=y"),)))
    inner.receive_data(LENIENT["folded-header"][0].replace(b"--x", b"--y"))
    assert inner.tolerated == {"folded-header"}


def test_lenient_close_without_hyphens(feed: Feed) -> None:
    body = b"--x\r\n" + A + b"1\r\n--x"
    assert feed(body, 1, strict=False) == [*part_a(b"1"), End()]


LIMITS = {
    "total": (MultipartLimits(max_total=9), TotalTooLargeError, 413, None),
    "part": (MultipartLimits(max_part_size=0), PartTooLargeError, 413, "a"),
    "parts": (MultipartLimits(max_parts=1), TooManyPartsError, 413, "b"),
    "fields": (MultipartLimits(max_fields=1), TooManyFieldsError, 413, "b"),
    "files": (MultipartLimits(max_files=0), TooManyFilesError, 413, "c"),
    "headers": (MultipartLimits(max_part_headers=1), TooManyHeadersError, 431, None),
    "header size": (MultipartLimits(max_header_size=44), HeaderTooLargeError, 431, None),
    "name": (MultipartLimits(max_name_length=0), NameTooLongError, 413, "a"),
}
LIMITED = (
    b"--x\r\n" + A + b"1\r\n--x\r\n" + A.replace(b'"a"', b'"b"') + b"2\r\n--x\r\n"
    b'Content-Disposition: form-data; name="c"; filename="f"\r\nContent-Type: a/b\r\n\r\n'
    b"\r\n--x--\r\n"
)


@pytest.mark.parametrize("name", LIMITS)
def test_limits(feed: Feed, name: str) -> None:
    limits, error, status, field = LIMITS[name]
    for size in (0, 1, 7):
        assert feed(LIMITED, size, limits=limits) == error.__name__
    with pytest.raises(error) as caught:
        MultipartParser(b"x", limits).receive_data(LIMITED)
    assert (caught.value.status, caught.value.field) == (status, field)
    assert caught.value.limit_name in str(caught.value)


def test_a_limit_is_the_largest_value_that_passes(feed: Feed) -> None:
    limits = MultipartLimits(
        max_total=len(LIMITED), max_part_size=1, max_parts=3, max_fields=2, max_files=1,
        max_part_headers=2, max_header_size=73, max_name_length=1,
    )  # fmt: skip
    for size in (0, 1, 2, 7):
        assert isinstance(feed(LIMITED, size, limits=limits), list)


def test_header_block_without_end_stops_at_the_limit() -> None:
    parser = MultipartParser(b"x", MultipartLimits(max_header_size=1000))
    parser.receive_data(b"--x\r\nA: ")
    with pytest.raises(HeaderTooLargeError):
        list(iter_events(parser, [b"b"] * 1010))


def test_errors_tell_where() -> None:
    parser = MultipartParser(b"x")
    parser.receive_data(b"--x\r\n" + A + b"1")
    with pytest.raises(MalformedError, match="offset 57") as caught:
        parser.receive_data(b"\r\n--x\r\nbroken\r\n\r\n")
    assert caught.value.offset == 57
    parser = MultipartParser(b"x")
    parser.receive_data(b"--x\r\n" + A + b"1")
    with pytest.raises(MalformedError, match="ends at offset 50 inside the data") as caught:
        parser.receive_eof()
    assert (caught.value.field, caught.value.offset) == ("a", 50)


def test_a_whole_chunk_of_data_is_not_copied() -> None:
    parser = MultipartParser(b"x")
    parser.receive_data(b"--x\r\n" + A + b"1")
    chunk = b"z" * 65536
    (event,) = parser.receive_data(chunk)
    assert isinstance(event, PartData)
    assert event.data is chunk


def test_other_bytes_like_chunks() -> None:
    body = b"--x\r\n" + A + b"1\r\n--x--"
    for chunk in (bytearray(body), memoryview(body)):
        parser = MultipartParser("x")
        assert parser.receive_data(chunk) + parser.receive_eof() == [  # type: ignore[arg-type]  # on purpose
            *part_a(b"1"),
            End(),
        ]
    parser = MultipartParser("x")
    assert parser.receive_data(b"") == []


def test_a_parser_cannot_be_used_after_its_end() -> None:
    parser = MultipartParser(b"x")
    parser.receive_data(b"--x--")
    parser.receive_eof()
    calls: list[Callable[[], object]] = [lambda: parser.receive_data(b""), parser.receive_eof]
    for call in calls:
        with pytest.raises(UsageError, match=r"after receive_eof\(\)"):
            call()
    parser = MultipartParser(b"x")
    with pytest.raises(MalformedError):
        parser.receive_eof()
    with pytest.raises(UsageError, match="after an error"):
        parser.receive_data(b"")


@pytest.mark.parametrize(
    "boundary",
    [b"", "", "y" * 71, b"a\r\nb", "a\nb", "a\0b", "a ", "\xe4", b"\xe4", "y" * 10_000_000],
)
def test_bad_boundaries(boundary: bytes | str) -> None:
    with pytest.raises(MalformedError) as caught:
        MultipartParser(boundary)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("boundary", ["*****", "a b", "'()+_,-./:=?", "y" * 70, '<>@[]"\\'])
def test_unusual_boundaries(feed: Feed, boundary: str) -> None:
    mark = boundary.encode()
    body = b"--" + mark + b"\r\n" + A + b"1\r\n--" + mark + b"--"
    for size in (0, 1):
        assert feed(body, size, boundary=mark) == [*part_a(b"1"), End()]


def test_header_charset() -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="\xe4"\r\n\r\n\r\n--x--'
    (begin, *_) = MultipartParser(b"x", header_charset="latin-1").receive_data(body)
    assert isinstance(begin, PartBegin)
    assert begin.name == "\xe4"
    with pytest.raises(UnsupportedError):
        MultipartParser(b"x", header_charset="rot13")


NESTED = (
    b"--x\r\nContent-Type: multipart/mixed; boundary=xy\r\n\r\n"
    b"--xy\r\n\r\n1\r\n--xy\r\n\r\n2\r\n--xy--\r\n--x\r\n\r\n3\r\n--x--\r\n"
)


def walk(parser: MultipartParser, body: bytes) -> list[bytes]:
    """Return the data of all parts of nested multiparts that are not multiparts."""
    leaves: list[bytes] = []
    part = BARE
    data = b""
    for event in parser.receive_data(body) + parser.receive_eof():
        if isinstance(event, PartBegin):
            part, data = event, b""
        elif isinstance(event, PartData):
            data += event.data
        elif isinstance(event, PartEnd):
            nested = (part.content_type or "").startswith("multipart/")
            leaves += walk(parser.nested(part), data) if nested else [data]
    return leaves


def test_nested() -> None:
    assert walk(MultipartParser(b"x"), NESTED) == [b"1", b"2", b"3"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_too_deep(limit: int) -> None:
    """The error names the limit that was set, however deep the parser is that finds it."""
    head = b'--x\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n'
    parser, data = MultipartParser(b"x", MultipartLimits(max_depth=limit)), head
    for _ in range(limit - 1):
        (part,) = parser.receive_data(data)
        assert isinstance(part, PartBegin)
        parser = parser.nested(part)
    (part,) = parser.receive_data(data)
    assert isinstance(part, PartBegin)
    with pytest.raises(NestedTooDeepError, match=f"nested more than {limit} deep"):
        parser.nested(part)


def test_nested_limits() -> None:
    with pytest.raises(NestedTooDeepError):
        walk(MultipartParser(b"x", MultipartLimits(max_depth=1)), NESTED)
    walk(MultipartParser(b"x", MultipartLimits(max_depth=None, max_parts=4)), NESTED)
    with pytest.raises(TooManyPartsError):
        walk(MultipartParser(b"x", MultipartLimits(max_parts=3)), NESTED)
    with pytest.raises(MalformedError):
        MultipartParser(b"x").nested(BARE)


# Pieces from which hypothesis builds bodies that are nearly right.
PIECES = [
    b"\r\n", b"\n", b"\r", b"--", b"-", b"x", b"--x", b"--x--", b"\r\n--x\r\n", b"\r\n--x--\r\n",
    b" ", A, b"\r\n\r\n", b"A: b", b": ", b"\0", b"\xff", b"abc",
]  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=12),
    start=st.sampled_from([b"", b"--x\r\n", b"--x\r\n" + A]),
    cuts=st.lists(st.integers(0, 200), max_size=6),
    strict=st.booleans(),
)
def test_how_input_is_cut_does_not_matter(
    feed: Feed, pieces: list[bytes], start: bytes, cuts: list[int], strict: bool
) -> None:
    body = start + b"".join(pieces)
    places = [min(cut, len(body)) for cut in cuts]
    whole = feed(body, strict=strict)
    assert feed(body, cuts=places, strict=strict) == whole
    assert feed(body, 1, strict=strict) == whole


@settings(deadline=None, max_examples=200)
@given(
    values=st.lists(st.lists(st.sampled_from(PIECES), max_size=6), max_size=4),
    size=st.integers(1, 40),
)
def test_any_data_comes_back(feed: Feed, values: list[list[bytes]], size: int) -> None:
    datas = [b"".join(value) for value in values]
    # A boundary that the pieces cannot contain.
    body = b"".join(b"--q:q\r\n" + A + data + b"\r\n" for data in datas) + b"--q:q--"
    expected: list[object] = []
    for data in datas:
        expected += part_a(*([data] if data else []))
    assert feed(body, size, boundary=b"q:q") == [*expected, End()]


def test_order_of_events() -> None:
    body = b"".join(body for body, _ in [GOOD["two fields"]])
    parser = MultipartParser(b"x")
    events = parser.receive_data(body) + parser.receive_eof()
    allowed = {
        (PartBegin, PartData), (PartBegin, PartEnd), (PartData, PartData), (PartData, PartEnd),
        (PartEnd, PartBegin), (PartEnd, End),
    }  # fmt: skip
    assert {(type(a), type(b)) for a, b in pairwise(events)} <= allowed
    assert isinstance(events[-1], End)


def test_errors_share_one_base() -> None:
    assert issubclass(MultipartError, ValueError)


ENDINGS = [
    (b"--x", False),
    (b"--x\r\n\r\nabc", False),
    (b"--x\r\n\r\nabc\r\n--", False),
    (b"--x\r\n\r\nabc\r\n--x", True),
    (b"--x\r\n\r\n--x", True),
    (b"--x\r\n\r\nabc\r\n--x--", True),
    (b"--x\r\n\r\nabc\r\n--x \r", True),
    (b"--x\r\n\r\nabc\r\n--xy", False),
    (b"--x\r\n\r\nabc\r\n--x\r\n", False),
    (b"--x\r\n\r\nabc\r\n--x--\r\n", False),
]


@pytest.mark.parametrize(("body", "ending"), ENDINGS)
def test_a_part_is_ending_while_its_delimiter_line_has_no_end(body: bytes, ending: bool) -> None:
    for size in (1, 2, len(body)):
        parser = MultipartParser("x")
        for at in range(0, len(body), size):
            parser.receive_data(body[at : at + size])
        assert parser.part_ending is ending


LONG = b"----WebKitFormBoundary7MA4YWxkTrZu0gW"
NEEDLE = b"\r\n--" + LONG
HEAD = b"--" + LONG + b'\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'


@pytest.mark.parametrize("kept", range(1, len(NEEDLE) + 3))
@pytest.mark.parametrize("size", [len(NEEDLE) - 1, len(NEEDLE), len(NEEDLE) + 1, 300])
@pytest.mark.parametrize("start", [b"", b"x", b"\r", b"\r\n--"])
def test_a_chunk_behind_the_start_of_a_delimiter(
    feed: Feed, kept: int, size: int, start: bytes
) -> None:
    """Chunks from the middle of an upload that end like a delimiter, and go on otherwise."""
    line = NEEDLE + b"\r\n"
    # The first goes on as data, the second like the delimiter, the third with another beginning.
    for rest in (b"", line[kept:], NEEDLE[: kept + 1]):
        chunk = (start + rest).ljust(size, b".")[:size] + NEEDLE[:kept]
        chunks = [HEAD, b"first" * 20 + NEEDLE[:kept], chunk, b"." * size, b"last" * 20]
        body = b"".join(chunks) + NEEDLE + b"--\r\n"
        cuts = list(accumulate(map(len, chunks)))
        assert feed(body, boundary=LONG, cuts=cuts) == feed(body, boundary=LONG)


@pytest.mark.parametrize("end", [b"", b"\r", b"\r\n--"])
def test_limits_hold_in_the_middle_of_an_upload(end: bytes) -> None:
    chunks = [b"x" * 100 + end] * 3 + [b"x" * 100]
    size = sum(map(len, chunks))
    for limits, passes in (
        (MultipartLimits(max_part_size=size), True),
        (MultipartLimits(max_part_size=size - 1), False),
        (MultipartLimits(max_total=len(HEAD) + size), True),
        (MultipartLimits(max_total=len(HEAD) + size - 1), False),
    ):
        parser = MultipartParser(LONG, limits)
        parser.receive_data(HEAD)
        read = [event for chunk in chunks[:3] for event in parser.receive_data(chunk)]
        if passes:
            read += parser.receive_data(chunks[3])
            assert all(isinstance(event, PartData) for event in read)
            assert b"".join(getattr(event, "data", b"") for event in read) == b"".join(chunks)
        else:
            with pytest.raises(LimitError):
                parser.receive_data(chunks[3])
