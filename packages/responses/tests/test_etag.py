"""Entity tags as values and as field values."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_responses import ETag
from treadle_responses._etag import format_etag, parse_etag

ETAGC = [chr(c) for c in range(0x21, 0x100) if c not in (0x22, *range(0x7F, 0x80))]


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("abc", '"abc"'),
        ("", '""'),
        ("*", "*"),
        (ETag("abc"), '"abc"'),
        (ETag("abc", is_weak=True), 'W/"abc"'),
        (ETag("*"), "*"),
        (ETag("*", is_weak=True), "*"),
        (ETag("*", is_quoted=True), '"*"'),
        (ETag("*", is_weak=True, is_quoted=True), 'W/"*"'),
        (ETag("W/x"), '"W/x"'),
    ],
)
def test_format(tag: ETag | str, value: str) -> None:
    assert format_etag(tag) == value


@pytest.mark.parametrize("bad", ['"', " ", "\r", "\n", "\0", "\t", "\x7f", "\u0100", "\u2713"])
def test_format_refuses(bad: str) -> None:
    with pytest.raises(ValueError, match=r"is not a valid etag: .* at position 1") as caught:
        format_etag(f"a{bad}b")
    assert repr(bad) in str(caught.value)
    with pytest.raises(ValueError, match="is not a valid etag"):
        format_etag(ETag(f"a{bad}b", is_weak=True))


@pytest.mark.parametrize("bad", [1, b"a", None, ETag(1)])  # type: ignore[arg-type]  # the mistake
def test_format_refuses_types(bad: object) -> None:
    with pytest.raises(ValueError, match="Unsupported etag type"):
        format_etag(bad)  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        (None, None),
        ("*", ETag("*")),
        ('"*"', ETag("*", is_quoted=True)),
        ('W/"*"', ETag("*", is_weak=True, is_quoted=True)),
        ('"a"', ETag("a")),
        ('""', ETag("")),
        ('W/"a"', ETag("a", is_weak=True)),
        ('w/"a"', None),
        ("a", None),
        ('"a', None),
        ('"a" ', None),
        ('"a", "b"', None),
        ('"a\n"', None),
    ],
)
def test_parse(value: str | None, tag: ETag | None) -> None:
    assert parse_etag(value) == tag


@settings(deadline=None)
@given(st.text(st.sampled_from(ETAGC)), st.booleans())
def test_round_trip(value: str, is_weak: bool) -> None:
    tag = ETag(value, is_weak, is_quoted=value == "*")
    assert parse_etag(format_etag(tag)) == tag


def test_a_tag_is_a_value() -> None:
    tag = ETag("a")
    assert tag == ETag("a", is_weak=False) != ETag("a", is_weak=True)
    assert hash(tag) == hash(ETag("a"))
    assert repr(tag) == "ETag(value='a', is_weak=False)"
    assert repr(ETag("*", is_quoted=True)) == "ETag(value='*', is_weak=False, is_quoted=True)"
    with pytest.raises(dataclasses.FrozenInstanceError):
        tag.value = "b"  # type: ignore[misc]  # the mistake under test
