"""Accept, Accept-Encoding and Accept-Language: weights, and the choice by them."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_http_parser.fields import (
    MediaRange,
    parse_accept,
    parse_accept_encoding,
    parse_accept_language,
)

Growth = Callable[[Callable[[int], Callable[[], object]], int], float]

# RFC 9110 section 12.5.1, with its table of weights.
RFC_EXAMPLE = (
    "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, "
    "*/*;q=0.5"
)


@pytest.mark.parametrize(
    ("field", "media_type", "quality"),
    [
        (RFC_EXAMPLE, "text/plain;format=flowed", 1.0),
        (RFC_EXAMPLE, "text/plain", 0.7),
        (RFC_EXAMPLE, "text/html", 0.3),
        (RFC_EXAMPLE, "image/jpeg", 0.5),
        (RFC_EXAMPLE, "text/plain;format=fixed", 0.4),
        (RFC_EXAMPLE, "text/html;level=3", 0.3),
        ("", "text/html", 1.0),
        ("garbage", "text/html", 1.0),
        ("text/html", "text/html", 1.0),
        ("TEXT/Html", "text/HTML", 1.0),
        ("text/html", "text/plain", 0.0),
        ("text/*", "textual/html", 0.0),
        ("text/html;q=0", "text/html", 0.0),
        ("text/html;q=0, */*", "text/html", 0.0),
        ("text/html ; q=0.5", "text/html", 0.5),
        ("text/html;Q=0.5", "text/html", 0.5),
        ("text/html;q=0.5;a=b", "text/html", 0.0),
        ("text/html;q=0.5;a=b", "text/html;a=B", 0.5),
        ('text/html;a="b\\"c,d"', 'text/html;a="b\\"c,d"', 1.0),
        ("text/html;;q=0.5;", "text/html", 0.5),
        (",, text/html;q=0.5 ,", "text/html", 0.5),
        ("text/html", "garbage(", 0.0),
        ("text/html", "", 0.0),
    ],
)
def test_media_quality(field: str, media_type: str, quality: float) -> None:
    assert parse_accept(field).quality(media_type) == quality


# Each is one item that is left out, and its neighbour stays.
BAD_ITEMS = [
    "a/b;q=1.1", "a/b;q=2", "a/b;q=0.1234", "a/b;q=1.001", "a/b;q=.5", "a/b;q=-1", "a/b;q=+1",
    "a/b;q=", "a/b;q", "a/b;q=a", "a/b;q=1e0", 'a/b;q="0.5"', "a/b;q=0.5;q=0.5",
    "a/b;q=\u0660", "a/b c/d", "a/b;x", "a/b;x=", 'a/b;x="y', "a/b;x=y z", "a//b", "/b", "a/",
    "*/b",
    "*", "a", "(", "é/b", "a/b;q =1",
]  # fmt: skip


@pytest.mark.parametrize("item", BAD_ITEMS)
def test_bad_items_are_left_out(item: str) -> None:
    assert [found.name for found in parse_accept(f"{item}, x/y;q=0.5").ranges] == ["x/y"]
    assert [found.name for found in parse_accept(f"x/y;q=0.5, {item}").ranges] == ["x/y"]


@pytest.mark.parametrize("weight", ["0", "0.", "0.0", "0.000", "0.5", "0.123", "1", "1.", "1.000"])
def test_weights(weight: str) -> None:
    (item,) = parse_accept(f"a/b;q={weight}").ranges
    assert item.quality == float(weight)


def test_ranges_are_sorted() -> None:
    names = [item.name for item in parse_accept("*/*, a/*, a/b;q=0.5, c/d;x=y, e/f").ranges]
    assert names == ["c/d", "e/f", "a/*", "*/*", "a/b"]
    assert MediaRange("a/b", frozenset({("x", "y")}), 0.5).specificity == 3


@pytest.mark.parametrize(
    ("field", "offers", "best"),
    [
        ("text/html, application/json", ["application/json", "text/html"], "application/json"),
        ("text/html, application/json;q=0.9", ["application/json", "text/html"], "text/html"),
        ("text/html", ["application/json"], None),
        ("*/*", ["a/b", "c/d"], "a/b"),
        ("", ["a/b"], "a/b"),
        ("*/*;q=0", ["a/b"], None),
        ("*/*", [], None),
    ],
)
def test_best_media_type(field: str, offers: list[str], best: str | None) -> None:
    assert parse_accept(field).best(offers) == best


@pytest.mark.parametrize(
    ("field", "weights"),
    [
        ("", {"identity": 0.001, "gzip": 0, "br": 0}),
        ("gzip", {"identity": 0.001, "gzip": 1, "GZIP": 1, "x-gzip": 1, "br": 0}),
        ("x-gzip", {"gzip": 1}),
        ("X-Compress;q=0.5", {"compress": 0.5}),
        ("gzip;q=0.5, *;q=0.1", {"identity": 0.1, "gzip": 0.5, "br": 0.1}),
        ("identity;q=0", {"identity": 0}),
        ("*;q=0", {"identity": 0, "gzip": 0}),
        ("*;q=0, identity", {"identity": 1}),
        ("gzip;q=0, *", {"gzip": 0, "br": 1, "identity": 1}),
        ("gzip;q=0, gzip", {"gzip": 0}),
        ("gzip;q=2, br", {"gzip": 0, "br": 1}),
        ("gzip;x=y, a/b", {"gzip": 0, "a/b": 0}),
        ("notgzip", {"gzip": 0}),
    ],
)
def test_coding_quality(field: str, weights: dict[str, float]) -> None:
    accepted = parse_accept_encoding(field)
    assert {coding: accepted.quality(coding) for coding in weights} == weights


@pytest.mark.parametrize(
    ("field", "best"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, br;q=0.9", "gzip"),
        ("gzip;q=0.1", "gzip"),
        ("deflate", "identity"),
        ("", "identity"),
        ("*", "br"),
        ("identity, gzip;q=0.5", "identity"),
        ("identity;q=0, deflate", None),
        ("br;q=0, gzip;q=0", "identity"),
    ],
)
def test_best_coding(field: str, best: str | None) -> None:
    assert parse_accept_encoding(field).best(["br", "gzip", "identity"]) == best


def test_codings_are_sorted() -> None:
    accepted = parse_accept_encoding("a;q=0.1, B, c;q=0.5")
    assert accepted.codings == (("b", 1.0), ("c", 0.5), ("a", 0.1))


@pytest.mark.parametrize(
    ("field", "weights"),
    [
        ("", {"de": 1.0}),
        ("da, en-GB;q=0.8, en;q=0.7", {"da": 1, "en-gb": 0.8, "en": 0.7, "en-US": 0.7, "de": 0}),
        ("de", {"de-CH-1996": 1, "den": 0}),
        ("de-CH", {"de": 1, "de-CH": 1, "de-AT": 0}),
        ("de-CH, de;q=0", {"de": 0, "de-AT": 0, "de-CH": 1}),
        ("*;q=0.5, fr", {"de": 0.5, "fr": 1}),
        ("abcdefghi, de_CH, 1a, -, de-, de;x=y", {"fr": 1}),
    ],
)
def test_language_quality(field: str, weights: dict[str, float]) -> None:
    accepted = parse_accept_language(field)
    assert {tag: accepted.quality(tag) for tag in weights} == weights


def test_best_language() -> None:
    accepted = parse_accept_language("en-US, de;q=0.9, *;q=0.1")
    assert accepted.best(["fr", "de", "en"]) == "en"
    assert accepted.best(["fr", "de"]) == "de"
    assert accepted.best(["fr"]) == "fr"
    assert parse_accept_language("en").best(["fr"]) is None
    assert accepted.ranges == (("en-us", 1.0), ("de", 0.9), ("*", 0.1))


FRAGMENTS = st.lists(
    st.sampled_from([*'a*/;,= "\\q', "0.5", "1", "text/html", "gzip", "\x00", "é", "\udcff"])
).map("".join)


@given(FRAGMENTS | st.text())
@settings(deadline=None)
def test_any_text_gives_weights(text: str) -> None:
    for accepted in (parse_accept(text), parse_accept_encoding(text), parse_accept_language(text)):
        for offer in ("text/html", "gzip", "de-CH", text):
            assert 0 <= accepted.quality(offer) <= 1


TOKEN = st.text("abcxyz0123456789!#$-", min_size=1, max_size=6)
WEIGHT = st.integers(0, 1000)


@given(st.dictionaries(st.tuples(TOKEN, TOKEN), WEIGHT, min_size=1))
@settings(deadline=None)
def test_what_is_written_is_read(weights: dict[tuple[str, str], int]) -> None:
    field = ", ".join(f"{a}/{b};q={weight / 1000:.3f}" for (a, b), weight in weights.items())
    accepted = parse_accept(field)
    for (a, b), weight in weights.items():
        assert accepted.quality(f"{a}/{b}") == weight / 1000
    qualities = [item.quality for item in accepted.ranges]
    assert qualities == sorted(qualities, reverse=True)


@pytest.mark.parametrize(
    "hostile",
    [
        ",", ", ", " ", "a", "a,", "a/b,", ";", "a;", '"', 'a;b="', 'a;b="\\', "a/b;q=0.5,", "a b",
        "a ,", "a/", "a-", 'a/b;c="d', "a;b=c", "a=",
    ],
)  # fmt: skip
def test_linear(hostile: str, growth: Growth) -> None:
    def make(size: int) -> Callable[[], object]:
        text = hostile * (size // len(hostile)) + "\x00"
        return lambda: (
            parse_accept(text),
            parse_accept_encoding(text),
            parse_accept_language(text),
        )

    assert growth(make, 3000) < 10
