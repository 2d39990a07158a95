"""Entity tags: one, lists, comparison and validation."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_http_parser.fields import ETAG_ANY, ETag, parse_etag, parse_etags, validate_etag_value

STAR = ETag("*", is_quoted=True)
WEAK_STAR = ETag("*", is_weak=True, is_quoted=True)

Growth = Callable[[Callable[[int], Callable[[], object]], int], float]


@pytest.mark.parametrize(
    ("field", "tags"),
    [
        ("", ()),
        ('"a"', (ETag("a"),)),
        ('W/"a"', (ETag("a", is_weak=True),)),
        ('W/"a", "b"', (ETag("a", is_weak=True), ETag("b"))),
        ('"a","b" ,\t"c"', (ETag("a"), ETag("b"), ETag("c"))),
        (', ,"a",,"b",', (ETag("a"), ETag("b"))),
        ('""', (ETag(""),)),
        ('"a,b", "c"', (ETag("a,b"), ETag("c"))),
        ('"é"', (ETag("é"),)),
        ('"a\\"', (ETag("a\\"),)),
        ("*", (ETag(ETAG_ANY),)),
        (" * ", (ETag(ETAG_ANY),)),
        # A quoted star is an ordinary tag (RFC 9110 section 8.8.3) and not the wildcard.
        ('"*"', (STAR,)),
        ('"*", "a"', (STAR, ETag("a"))),
        ('W/"*"', (WEAK_STAR,)),
        ('*, "a"', ()),
        ('"a", *', (ETag("a"),)),
        # Reading stops at a malformed tag.
        ("a", ()),
        ('a, "b"', ()),
        ('"a", b, "c"', (ETag("a"),)),
        ('"a" "b"', ()),
        ('w/"a"', ()),
        ('W/ "a"', ()),
        ('"a', ()),
        ('"a b"', ()),
        ('"a\x7f"', ()),
        ("'a'", ()),
    ],
)
def test_lists(field: str, tags: tuple[ETag, ...]) -> None:
    assert parse_etags(field) == tags


@pytest.mark.parametrize(
    ("field", "tag"),
    [
        ('"a"', ETag("a")),
        ('W/"a"', ETag("a", is_weak=True)),
        ('"a", "b"', None),
        (' "a"', None),
        ('"*"', STAR),
        ('W/"*"', WEAK_STAR),
        ("*", None),
        ("a", None),
        ("", None),
    ],
)
def test_one(field: str, tag: ETag | None) -> None:
    assert parse_etag(field) == tag


# RFC 9110 section 8.8.3.2, with its table.
@pytest.mark.parametrize(
    ("one", "two", "strong", "weak"),
    [
        ('W/"1"', 'W/"1"', False, True),
        ('W/"1"', 'W/"2"', False, False),
        ('W/"1"', '"1"', False, True),
        ('"1"', '"1"', True, True),
    ],
)
def test_comparison(one: str, two: str, strong: bool, weak: bool) -> None:
    (first,), (second,) = parse_etags(one), parse_etags(two)
    assert first.matches(second) is second.matches(first) is strong
    assert first.matches_weakly(second) is second.matches_weakly(first) is weak


@pytest.mark.parametrize("value", ["", "a", "!#~", "é", "a,b", "*"])
def test_valid(value: str) -> None:
    validate_etag_value(value)
    assert parse_etag(f'"{value}"') == ETag(value, is_quoted=value == "*")


@pytest.mark.parametrize("value", ['"', 'a"b', "a b", "\t", "a\r\n", "\x00", "\x7f", 'W/"a"'])
def test_invalid(value: str) -> None:
    with pytest.raises(ValueError, match="An entity tag cannot have"):
        validate_etag_value(value)


def test_a_quoted_star_is_not_the_wildcard() -> None:
    assert ETag(ETAG_ANY) != STAR
    assert STAR.matches(STAR)
    assert WEAK_STAR.matches_weakly(STAR)
    assert not STAR.matches(ETag(ETAG_ANY))
    assert not STAR.matches_weakly(ETag(ETAG_ANY))
    assert repr(ETag(ETAG_ANY)) == "ETag(value='*', is_weak=False)"
    assert repr(STAR) == "ETag(value='*', is_weak=False, is_quoted=True)"
    assert (str(STAR), str(WEAK_STAR), str(ETag(ETAG_ANY))) == ('"*"', 'W/"*"', "*")


def test_value() -> None:
    assert str(ETag("a")) == '"a"'
    assert str(ETag("a", is_weak=True)) == 'W/"a"'
    with pytest.raises(FrozenInstanceError):
        ETag("a").value = "b"  # type: ignore[misc]  # the mistake under test


VALUES = st.text(st.characters(min_codepoint=0x21, exclude_characters='"\x7f', codec="utf-8"))
TAGS = st.builds(
    lambda value, is_weak: ETag(value, is_weak, is_quoted=value == "*"),
    VALUES | st.just("*"),
    st.booleans(),
)


@given(st.lists(TAGS))
@settings(deadline=None)
def test_what_is_written_is_read(tags: list[ETag]) -> None:
    assert parse_etags(", ".join(map(str, tags))) == tuple(tags)
    for tag in tags:
        validate_etag_value(tag.value)
        assert parse_etag(str(tag)) == tag


@given(st.lists(st.sampled_from([*'aW/",* \t\\', "\x00", '"a"'])).map("".join) | st.text())
@settings(deadline=None)
def test_any_text_gives_valid_tags(text: str) -> None:
    one = parse_etag(text)
    assert one is None or str(one) == text
    for tag in filter(None, (one, *parse_etags(text))):
        validate_etag_value(tag.value)


@pytest.mark.parametrize("hostile", [",", " ", '"', '"a",', '"a" ', "W/", 'W/"', "a", '"\\', ", "])
def test_linear(hostile: str, growth: Growth) -> None:
    def make(size: int) -> Callable[[], object]:
        text = hostile * (size // len(hostile)) + "\x00"
        return lambda: (parse_etags(text), parse_etags('"' + text), parse_etag(text))

    assert growth(make, 20_000) < 10
