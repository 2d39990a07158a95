"""Conditional requests: the tables of RFC 9110 section 13."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_responses import ETag, Verdict, evaluate, if_range_holds, parse_etags
from treadle_responses._conditional import _full_year, parse_date

GO, SAME, FAIL = Verdict.PROCEED, Verdict.NOT_MODIFIED, Verdict.FAILED
T = 784_111_777
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT"
AFTER = "Sun, 06 Nov 1994 08:49:38 GMT"
TAG = ETag("a")
WEAK = ETag("a", is_weak=True)
STAR = ETag("*", is_quoted=True)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (DATE, T),
        ("Sunday, 06-Nov-94 08:49:37 GMT", T),
        ("Sun Nov  6 08:49:37 1994", T),
        ("Sun, 06 Nov 1994 08:49:60 GMT", T + 22),
        ("Sun, 6 Nov 1994 08:49:37 GMT", T),
        ("Sunday, 6-Nov-94 08:49:37 GMT", T),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Saturday, 01-Jan-00 00:00:00 GMT", 946_684_800),
        (None, None),
        ("", None),
        ("0", None),
        (f"{DATE}, {DATE}", None),
        (f" {DATE}", None),
        ("Sun, 06 Nov 1994 08:49:37 UTC", None),
        ("Sun, 06 Nov 1994 24:49:37 GMT", None),
        ("Sun, 31 Feb 1994 08:49:37 GMT", None),
        ("Sun, 06 Foo 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov \u0661994 08:49:37 GMT", None),
        ("Sun, 06 Nov 0000 08:49:37 GMT", None),
    ],
)
def test_dates(value: str | None, seconds: int | None) -> None:
    assert parse_date(value) == seconds


NOW = datetime(2026, 11, 26, 14, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("year", "rest", "full_year"),
    [
        (26, (11, 26, 14, 30, 15), 2026),
        (27, (1, 1, 0, 0, 0), 2027),
        (0, (1, 1, 0, 0, 0), 2000),
        (75, (12, 31, 23, 59, 59), 2075),
        # The last of the 50 years ends at this moment.
        (76, (1, 1, 0, 0, 0), 2076),
        (76, (11, 26, 14, 30, 15), 2076),
        (76, (11, 26, 14, 30, 16), 1976),
        (76, (12, 1, 0, 0, 0), 1976),
        (77, (1, 1, 0, 0, 0), 1977),
        (94, (11, 6, 8, 49, 37), 1994),
        (99, (12, 31, 23, 59, 59), 1999),
    ],
)
def test_two_digit_years(year: int, rest: tuple[int, ...], full_year: int) -> None:
    assert _full_year(year, rest, NOW) == full_year


def test_two_digit_years_across_a_century() -> None:
    now = datetime(2060, 6, 1, tzinfo=UTC)
    assert _full_year(9, (1, 1, 0, 0, 0), now) == 2109
    assert _full_year(11, (1, 1, 0, 0, 0), now) == 2011


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        ("*", (ETag("*"),)),
        (" * ", (ETag("*"),)),
        # A quoted star is an ordinary tag (RFC 9110 section 8.8.3) and not the wildcard.
        ('"*"', (STAR,)),
        ('"*", "a"', (STAR, TAG)),
        ('W/"*"', (ETag("*", is_weak=True, is_quoted=True),)),
        ('"a"', (TAG,)),
        ('W/"a"', (WEAK,)),
        ('""', (ETag(""),)),
        ('"a","b" , W/"c"', (TAG, ETag("b"), ETag("c", is_weak=True))),
        (', ,"a",,', (TAG,)),
        ('"a,b"', (ETag("a,b"),)),
        ("", ()),
        ("a", ()),
        ('w/"a"', ()),
        ('"a" "b"', ()),
        ('"a", b, "c"', (TAG,)),
        ('"a b"', ()),
        ('"a', ()),
    ],
)
def test_etags(value: str, tags: tuple[ETag, ...]) -> None:
    assert parse_etags(value) == tags


# Fields, tag, last modified, verdict for GET, verdict for PUT.
CASES: list[tuple[dict[str, str], ETag | None, int | None, Verdict, Verdict]] = [
    ({}, TAG, T, GO, GO),
    ({"If-Match": '"a"'}, TAG, T, GO, GO),
    ({"If-Match": '"b", "a"'}, TAG, T, GO, GO),
    ({"If-Match": '"b"'}, TAG, T, FAIL, FAIL),
    ({"If-Match": "*"}, TAG, T, GO, GO),
    ({"If-Match": "*"}, None, None, GO, GO),
    ({"If-Match": '"a"'}, None, T, FAIL, FAIL),
    # Strong comparison.
    ({"If-Match": '"a"'}, WEAK, T, FAIL, FAIL),
    ({"If-Match": 'W/"a"'}, TAG, T, FAIL, FAIL),
    ({"If-Match": 'W/"a"'}, WEAK, T, FAIL, FAIL),
    ({"If-Match": "rubbish"}, TAG, T, FAIL, FAIL),
    # If-Match hides If-Unmodified-Since.
    ({"If-Match": '"a"', "If-Unmodified-Since": BEFORE}, TAG, T, GO, GO),
    ({"If-Unmodified-Since": BEFORE}, TAG, T, FAIL, FAIL),
    ({"If-Unmodified-Since": DATE}, TAG, T, GO, GO),
    ({"If-Unmodified-Since": AFTER}, TAG, T, GO, GO),
    ({"If-Unmodified-Since": BEFORE}, TAG, None, GO, GO),
    ({"If-Unmodified-Since": "rubbish"}, TAG, T, GO, GO),
    ({"If-None-Match": '"a"'}, TAG, T, SAME, FAIL),
    ({"If-None-Match": '"b", "a"'}, TAG, T, SAME, FAIL),
    ({"If-None-Match": '"b"'}, TAG, T, GO, GO),
    ({"If-None-Match": "*"}, TAG, T, SAME, FAIL),
    ({"If-None-Match": "*"}, None, None, SAME, FAIL),
    ({"If-None-Match": '"a"'}, None, T, GO, GO),
    # Weak comparison.
    ({"If-None-Match": 'W/"a"'}, TAG, T, SAME, FAIL),
    ({"If-None-Match": '"a"'}, WEAK, T, SAME, FAIL),
    ({"If-None-Match": "rubbish"}, TAG, T, GO, GO),
    # A quoted star is a tag like any other.
    ({"If-Match": '"*"'}, TAG, T, FAIL, FAIL),
    ({"If-Match": '"*"'}, None, None, FAIL, FAIL),
    ({"If-Match": '"*"'}, STAR, T, GO, GO),
    ({"If-None-Match": '"*"'}, TAG, T, GO, GO),
    ({"If-None-Match": '"*"'}, None, None, GO, GO),
    ({"If-None-Match": '"*"'}, STAR, T, SAME, FAIL),
    ({"If-None-Match": 'W/"*"'}, STAR, T, SAME, FAIL),
    ({"If-None-Match": '"*"'}, ETag("*"), T, GO, GO),
    # If-None-Match hides If-Modified-Since.
    ({"If-None-Match": '"b"', "If-Modified-Since": AFTER}, TAG, T, GO, GO),
    ({"If-None-Match": '"a"', "If-Modified-Since": BEFORE}, TAG, T, SAME, FAIL),
    ({"If-Modified-Since": DATE}, TAG, T, SAME, GO),
    ({"If-Modified-Since": AFTER}, TAG, T, SAME, GO),
    ({"If-Modified-Since": BEFORE}, TAG, T, GO, GO),
    ({"If-Modified-Since": DATE}, TAG, None, GO, GO),
    ({"If-Modified-Since": f"{DATE}, {DATE}"}, TAG, T, GO, GO),
    # The order of section 13.2.2.
    ({"If-Match": '"b"', "If-None-Match": '"a"'}, TAG, T, FAIL, FAIL),
    ({"If-Match": '"a"', "If-None-Match": '"a"'}, TAG, T, SAME, FAIL),
    ({"If-Unmodified-Since": BEFORE, "If-None-Match": '"a"'}, TAG, T, FAIL, FAIL),
    ({"If-Unmodified-Since": AFTER, "If-Modified-Since": AFTER}, TAG, T, SAME, GO),
]


@pytest.mark.parametrize(("fields", "etag", "changed", "get", "put"), CASES)
def test_verdicts(
    fields: dict[str, str], etag: ETag | None, changed: int | None, get: Verdict, put: Verdict
) -> None:
    for method in ("GET", "HEAD"):
        assert evaluate(method, fields, etag=etag, last_modified=changed) is get
    for method in ("PUT", "POST", "DELETE"):
        assert evaluate(method, fields, etag=etag, last_modified=changed) is put


def test_without_a_representation() -> None:
    assert evaluate("PUT", {"If-Match": "*"}, exists=False) is FAIL
    assert evaluate("PUT", {"If-None-Match": "*"}, exists=False) is GO
    assert evaluate("PUT", {}, exists=False) is GO


@pytest.mark.parametrize(
    ("value", "etag", "changed", "now", "holds"),
    [
        (None, None, None, None, True),
        ('"a"', TAG, T, None, True),
        (' "a" ', TAG, T, None, True),
        ('"b"', TAG, T, None, False),
        ('"a", "b"', TAG, T, None, False),
        ('W/"a"', TAG, T, None, False),
        ('"a"', WEAK, T, None, False),
        ('W/"a"', WEAK, T, None, False),
        ('"a"', None, T, None, False),
        (DATE, TAG, T, None, True),
        (DATE, None, T, T + 1, True),
        # Changed within this second: the date does not tell one version from the next.
        (DATE, TAG, T, T + 0.5, False),
        (BEFORE, TAG, T, None, False),
        (AFTER, TAG, T, None, False),
        (DATE, TAG, None, None, False),
        ("rubbish", TAG, T, None, False),
        ("", TAG, T, None, False),
        ("*", TAG, T, None, False),
    ],
)
def test_if_range(
    value: str | None, etag: ETag | None, changed: int | None, now: float | None, holds: bool
) -> None:
    assert if_range_holds(value, etag=etag, last_modified=changed, now=now) is holds


@settings(deadline=None)
@given(st.text('aW/", *\t\\', max_size=80))
def test_any_list_can_be_read(value: str) -> None:
    for tag in parse_etags(value):
        assert tag.value in value


def test_a_long_list_is_read_once() -> None:
    # Linear: no start is tried twice.
    assert len(parse_etags('"a",' * 50_000)) == 50_000
    assert parse_etags('"a' * 50_000) == ()
    assert parse_etags(", " * 50_000 + "x") == ()
