"""Negotiation: the weights of RFC 9110 section 12.4.2, and the choices by them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_responses import _accept as module
from treadle_responses._accept import acceptable_codings, best_type, read_weights

OFFERS = ("zstd", "br", "gzip", "deflate")


@pytest.mark.parametrize(
    ("value", "weights"),
    [
        ("", {}),
        (" , ,", {}),
        ("gzip", {"gzip": 1.0}),
        ("GZip;Q=0.5", {"gzip": 0.5}),
        ("gzip ; q=0.5 , br\t;\tq=1.000", {"gzip": 0.5, "br": 1.0}),
        ("gzip;q=0", {"gzip": 0.0}),
        ("gzip;q=0.", {"gzip": 0.0}),
        ("gzip;q=1.", {"gzip": 1.0}),
        ("gzip;q=0.001", {"gzip": 0.001}),
        ("x-gzip", {"gzip": 1.0}),
        ("gzip;q=0.1, gzip;q=0.9", {"gzip": 0.1}),
        # A malformed weight drops its item.
        ("gzip;q=1.001, br", {"br": 1.0}),
        ("gzip;q=2, br", {"br": 1.0}),
        ("gzip;q=-0.5", {}),
        ("gzip;q=+1", {}),
        ("gzip;q=0.1234", {}),
        ("gzip;q=1e0", {}),
        ("gzip;q=0x1", {}),
        ("gzip;q=0.\u0665", {}),
        ("gzip;q=", {}),
        ("gzip;q", {}),
        ("gzip;", {}),
        (";q=1", {}),
        ("text/html;level=1;q=0.5, text/plain", {"text/plain": 1.0}),
    ],
)
def test_weights(value: str, weights: dict[str, float]) -> None:
    assert read_weights(value) == weights


@pytest.mark.parametrize(
    ("accept_encoding", "chosen"),
    [
        (None, ()),
        ("", ()),
        ("gzip", ("gzip",)),
        ("gzip, deflate, br, zstd", ("zstd", "br", "gzip", "deflate")),
        ("gzip, deflate;q=0.5, br;q=0.7", ("gzip", "br", "deflate")),
        ("*", ("zstd", "br", "gzip", "deflate")),
        ("*;q=0.5, gzip", ("gzip", "zstd", "br", "deflate")),
        ("*, gzip;q=0", ("zstd", "br", "deflate")),
        ("gzip;q=0", ()),
        ("identity", ()),
        ("identity, gzip;q=0.5", ()),
        ("identity;q=0.5, gzip;q=0.5", ("gzip",)),
        ("identity;q=0", ()),
        ("identity;q=0, gzip;q=0.001", ("gzip",)),
        ("compress, xgzip, gzipx", ()),
    ],
)
def test_codings(accept_encoding: str | None, chosen: tuple[str, ...]) -> None:
    # Twice: the second choice comes from the cache.
    for _ in range(2):
        assert acceptable_codings(accept_encoding, OFFERS) == chosen


def test_the_cache_is_bounded() -> None:
    cache = module._cached_choose
    for number in range(300):
        assert acceptable_codings(f"gzip, made-up-{number}", OFFERS) == ("gzip",)
    before = cache.cache_info()
    assert before.currsize <= 128
    # A long value is read each time.
    for _ in range(2):
        assert acceptable_codings("gzip, " + "x" * 200, OFFERS) == ("gzip",)
    assert cache.cache_info() == before


TYPES = ("text/plain", "text/html", "application/json")
CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "text/plain"),
        ("", "text/plain"),
        ("*/*", "text/plain"),
        (CHROMIUM, "text/html"),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "text/plain"),
        ("application/*, text/*;q=0.5", "application/json"),
        ("text/plain;q=0, */*", "text/html"),
        ("TEXT/HTML", "text/html"),
        ("image/png", None),
        ("text/plain;q=0", None),
    ],
)
def test_types(accept: str | None, chosen: str | None) -> None:
    assert best_type(accept, TYPES) == chosen


@settings(deadline=None)
@given(st.text("gzipbr*,;q=01. \t", max_size=60))
def test_any_text_can_be_read(value: str) -> None:
    assert all(0 <= weight <= 1 for weight in read_weights(value).values())
    assert set(acceptable_codings(value, OFFERS)) <= set(OFFERS)


def test_a_long_field_is_read_once() -> None:
    # 100,000 items in well under a second; quadratic reading would take minutes.
    assert len(read_weights(",".join(f"a{number};q=0.5" for number in range(100_000)))) == 100_000
