"""Events are values."""

import pytest

from treadle_multipart import End, PartBegin, PartData, PartEnd

HEADERS = (("Content-Type", 'Text/HTML ; charset="latin-1"'), ("X", "1"), ("x", "2"))


def test_headers() -> None:
    part = PartBegin(HEADERS)
    assert part.header("x") == part.header("X") == "1"
    assert part.header("y") is None
    assert part.header("y", "z") == "z"
    assert (part.disposition, part.name, part.filename) == (None, None, None)


@pytest.mark.parametrize(
    ("value", "content_type", "charset"),
    [
        ("text/plain", "text/plain", None),
        ("Text/Plain ;charset=UTF-8", "text/plain", "UTF-8"),
        ('text/plain; charset="a', "text/plain", None),
        # Another parameter does not hide the charset, and the first of several counts.
        ("text/plain; format=a/b; charset=latin-1", "text/plain", "latin-1"),
        ("text/plain; charset=utf-8; charset=latin-1", "text/plain", "utf-8"),
        ("text/plain; charset=", "text/plain", None),
        ('text/plain; charset=""', "text/plain", None),
        ("", "", None),
    ],
)
def test_content_type(value: str, content_type: str, charset: str | None) -> None:
    part = PartBegin((("content-TYPE", value),))
    assert (part.content_type, part.charset) == (content_type, charset)


def test_no_content_type() -> None:
    assert (PartBegin(()).content_type, PartBegin(()).charset) == (None, None)


def test_equality_hash_repr() -> None:
    values = [
        PartBegin(()), PartBegin(HEADERS), PartBegin((), "form-data"), PartBegin((), None, "a"),
        PartBegin((), None, None, "a"), PartData(b"1"), PartData(b"2"), PartEnd(), End(),
    ]  # fmt: skip
    for left in values:
        for right in values:
            assert (left == right) is (left is right)
    assert len(set(values)) == len(values) == len({repr(value) for value in values})
    names = {"PartBegin": PartBegin, "PartData": PartData, "PartEnd": PartEnd, "End": End}
    for value in values:
        again = eval(repr(value), names)
        assert again == value
        assert hash(again) == hash(value)


def test_events_have_no_dict() -> None:
    for value in (PartBegin(()), PartData(b""), PartEnd(), End()):
        assert not hasattr(value, "__dict__")


def test_matching() -> None:
    match PartBegin((), "form-data", "a", "b"):
        case PartBegin(_, _, name, filename):
            assert (name, filename) == ("a", "b")
    match PartData(b"1"):
        case PartData(data):
            assert data == b"1"
