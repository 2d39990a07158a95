"""Dates, with the standard library as the oracle."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, formatdate, parsedate_to_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_http_parser.fields import format_http_date, parse_http_date
from treadle_http_parser.fields._dates import _full_year

Growth = Callable[[Callable[[int], Callable[[], object]], int], float]
MOMENT = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        # The three forms of RFC 9110 section 5.6.7.
        ("Sun, 06 Nov 1994 08:49:37 GMT", MOMENT),
        ("Sun, 6 Nov 1994 08:49:37 GMT", MOMENT),
        ("Sunday, 06-Nov-94 08:49:37 GMT", MOMENT),
        ("Sun Nov  6 08:49:37 1994", MOMENT),
        ("Sun Nov 16 08:49:37 1994", MOMENT.replace(day=16)),
        ("Mon, 06 Nov 1994 08:49:37 GMT", MOMENT),
        ("Sat, 31 Dec 2016 23:59:60 GMT", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("Thu, 29 Feb 2024 00:00:00 GMT", datetime(2024, 2, 29, tzinfo=UTC)),
        (None, None),
        ("", None),
        ("garbage", None),
        ("0", None),
        ("Sun, 06 Nov 1994 08:49:37", None),
        ("Sun, 06 Nov 1994 08:49:37 UTC", None),
        ("Sun, 06 Nov 1994 08:49:37 +0000", None),
        ("06 Nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT ", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT\n", None),
        ("Sun, 32 Nov 1994 08:49:37 GMT", None),
        ("Sun, 00 Nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Foo 1994 08:49:37 GMT", None),
        ("Sun, 06 nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 24:49:37 GMT", None),
        ("Sun, 06 Nov 1994 08:60:37 GMT", None),
        ("Sun, 06 Nov 1994 08:49:61 GMT", None),
        ("Sun, 06 Nov 0000 08:49:37 GMT", None),
        ("Sun, 29 Feb 2023 08:49:37 GMT", None),
        ("Sun, ٠٦ Nov 1994 08:49:37 GMT", None),
    ],
)
def test_parse(text: str | None, moment: datetime | None) -> None:
    assert parse_http_date(text) == moment


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


@pytest.mark.parametrize("ahead", [-49, 0, 49, 51, 60])
def test_two_digit_years_are_read_today(ahead: int) -> None:
    this_year = datetime.now(UTC).year
    year = (this_year + ahead) % 100
    parsed = parse_http_date(f"Sunday, 06-Nov-{year:02} 08:49:37 GMT")
    assert parsed is not None
    assert parsed.year % 100 == year
    assert this_year - 50 <= parsed.year <= this_year + 50


SECONDS = st.integers(-62135596800, 253402300799)


@given(SECONDS)
@settings(deadline=None)
def test_as_the_standard_library_writes_it(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert format_http_date(seconds) == format_datetime(moment, usegmt=True)
    assert parse_http_date(format_http_date(seconds)) == moment
    if moment.year >= 1000:
        # The standard library takes an earlier year for one of two or three digits.
        assert parsedate_to_datetime(format_http_date(seconds)) == moment


def test_fractions_are_cut_off() -> None:
    assert format_http_date(0.999) == formatdate(0, usegmt=True)


@pytest.mark.parametrize("seconds", [-62135596801, 253402300800, 1e300, float("inf")])
def test_outside_the_calendar(seconds: float) -> None:
    with pytest.raises((ValueError, OverflowError)):
        format_http_date(seconds)


DIGITS = st.text("0123456789", min_size=1, max_size=4)


@given(st.text() | st.builds("{}, {} {} {} {}:{}:{} GMT".format, *[DIGITS | st.just("Nov")] * 7))
@settings(deadline=None)
def test_any_text_is_a_date_or_none(text: str) -> None:
    moment = parse_http_date(text)
    # A date that was read is one that can be written and read again.
    assert moment is None or parse_http_date(format_http_date(moment.timestamp())) == moment


@pytest.mark.parametrize("hostile", ["a", " ", "0", "Sun, ", "A", "Sun, 06 Nov 1994 "])
def test_linear(hostile: str, growth: Growth) -> None:
    def make(size: int) -> Callable[[], object]:
        # As long for each unit: longer texts leave the processor's cache, which looks like growth.
        text = hostile * (size // len(hostile))
        return lambda: (parse_http_date(text), parse_http_date("S" + text))

    assert growth(make, 50_000) < 10
