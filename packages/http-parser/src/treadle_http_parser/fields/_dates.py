"""Dates of HTTP fields (RFC 9110 section 5.6.7): the preferred form out, all three forms in."""

import re
from datetime import UTC, datetime
from typing import Final

__all__ = ["format_http_date", "parse_http_date"]

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_MONTH_NUMBERS: Final = {name: number for number, name in enumerate(_MONTHS, 1)}

# IMF-fixdate and the obsolete RFC 850 form differ in the day's name, the separators and the year.
# Some clients write a day of one digit.
_DAY_FIRST: Final = re.compile(
    r"(?:[A-Z][a-z]{2,8}), ([0-9]{1,2})[ -]([A-Z][a-z]{2})[ -]([0-9]{2}|[0-9]{4}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)
_ASCTIME: Final = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ 0-9][0-9]) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([0-9]{4})"
)


def format_http_date(timestamp: float) -> str:
    """Return an IMF-fixdate such as ``Sun, 06 Nov 1994 08:49:37 GMT`` for POSIX seconds.

    Fractions are cut off. Raises ``ValueError`` or ``OverflowError`` outside the years 1 to 9999.
    """
    moment = datetime.fromtimestamp(int(timestamp), UTC)
    return (
        f"{_DAYS[moment.weekday()]}, {moment.day:02} {_MONTHS[moment.month - 1]} {moment.year:04} "
        f"{moment.hour:02}:{moment.minute:02}:{moment.second:02} GMT"
    )


def parse_http_date(date_str: str | None) -> datetime | None:
    """Return the aware UTC ``datetime`` of a date field, or None for anything else.

    The name of the day is not compared with the date. A two-digit year is the latest one with these
    digits for which the date is at most 50 years ahead (RFC 9110 section 5.6.7).
    """
    if not date_str:
        return None
    match = _DAY_FIRST.fullmatch(date_str)
    if match is not None:
        day, month, year, hour, minute, second = match.groups()
    else:
        match = _ASCTIME.fullmatch(date_str)
        if match is None:
            return None
        month, day, hour, minute, second, year = match.groups()
    if month not in _MONTH_NUMBERS or int(second) > 60:
        return None
    # 60 is a leap second, which datetime does not know: return the second before it.
    rest = (_MONTH_NUMBERS[month], int(day), int(hour), int(minute), min(int(second), 59))
    full_year = int(year) if len(year) == 4 else _full_year(int(year), rest, datetime.now(UTC))
    try:
        return datetime(full_year, *rest, tzinfo=UTC)
    except ValueError:
        return None


def _full_year(year: int, rest: tuple[int, ...], now: datetime) -> int:
    """Return the full year for a date of a two-digit ``year`` and ``rest``, the month to second.

    RFC 9110 section 5.6.7: a date "that appears to be more than 50 years in the future" is one of
    "the most recent year in the past that had the same last two digits".
    """
    limit = now.year + 50
    full_year = limit - (limit - year) % 100
    # In the last of the 50 years, the rest of the date decides.
    too_late = full_year == limit and rest > now.timetuple()[1:6]
    return full_year - 100 if too_late else full_year
