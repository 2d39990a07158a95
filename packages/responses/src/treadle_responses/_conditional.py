"""Conditional requests as pure functions (RFC 9110 section 13): facts in, verdict out.

The validators are those of the selected representation: its entity tag, and the time of its last
change in whole POSIX seconds. Malformed fields are treated as the RFC requires: a malformed date is
ignored, and a list of entity tags ends at the first malformed one.
"""

import enum
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from ._etag import ETag, build_etag

__all__ = ["Verdict", "evaluate", "if_range_holds", "parse_date", "parse_etags"]

# One pass: every character belongs to at most one match attempt, ``"`` ends the only repetition.
# The patterns are text: ``re`` compiles and caches them at their first use, and many programs do
# not use them.
_TAG: Final = r'[ \t,]*(W/)?"([!\x23-\x7e\x80-\U0010ffff]*)"[ \t]*(?=,|\Z)'
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_TIME: Final = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_MONTH: Final = r"(?P<month>[A-Z][a-z]{2})"
# RFC 9110 section 5.6.7: recipients accept all three forms. Some clients write a day of one digit.
_DATES: Final = (
    rf"[A-Z][a-z]{{2}}, (?P<day>[0-9]{{1,2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT",
    rf"[A-Z][a-z]{{5,8}}, (?P<day>[0-9]{{1,2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT",
    rf"[A-Z][a-z]{{2}} {_MONTH} (?P<day>[ 0-9][0-9]) {_TIME} (?P<year>[0-9]{{4}})",
)


class Verdict(enum.Enum):
    """The consequence of a request's conditions."""

    PROCEED = "answer as if there were no conditions"
    NOT_MODIFIED = "answer 304 with the fields of the 200, without a body"
    FAILED = "answer 412 and do nothing"


def parse_date(value: str | None) -> int | None:
    """Return an HTTP date as POSIX seconds, None for None and for a malformed date.

    A two-digit year is the latest one with these digits for which the date is at most 50 years
    ahead (RFC 9110 section 5.6.7).
    """
    if value is None:
        return None
    for pattern in _DATES:
        found = re.fullmatch(pattern, value)
        if found is not None and found["month"] in _MONTHS:
            # HTTP dates can have leap seconds, POSIX time cannot.
            second = 59 if found["second"] == "60" else int(found["second"])
            rest = (
                _MONTHS.index(found["month"]) + 1, int(found["day"]),
                int(found["hour"]), int(found["minute"]), second,
            )  # fmt: skip
            year = int(found["year"])
            if len(found["year"]) == 2:
                year = _full_year(year, rest, datetime.now(UTC))
            try:
                moment = datetime(year, *rest, tzinfo=UTC)
            except ValueError:
                return None
            return int(moment.timestamp())
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


def parse_etags(value: str) -> tuple[ETag, ...]:
    """Return the tags of an If-Match or If-None-Match field, up to the first malformed one.

    A field that is only ``*`` gives ``(ETag("*"),)``, the wildcard. ``"*"`` with quotes is an
    ordinary tag and has ``is_quoted``.
    """
    if value.strip(" \t") == "*":
        return (ETag("*"),)
    tags = []
    position = 0
    tag = re.compile(_TAG)
    while found := tag.match(value, position):
        tags.append(build_etag(found))
        position = found.end()
    return tuple(tags)


def _matches(value: str, etag: ETag | None, *, strong: bool) -> bool:
    """Compare a field's tags with the representation's (RFC 9110 section 8.8.3.2)."""
    tags = parse_etags(value)
    if tags == (ETag("*"),):
        # True for any current representation, also one without a tag.
        return True
    if etag is None:
        return False
    if strong:
        return not etag.is_weak and etag in tags
    return any(tag.value == etag.value and tag.is_quoted == etag.is_quoted for tag in tags)


def evaluate(
    method: str,
    fields: Mapping[str, str],
    *,
    etag: ETag | None = None,
    last_modified: int | None = None,
    exists: bool = True,
) -> Verdict:
    """Judge the conditions of a request in the order of RFC 9110 section 13.2.2.

    ``fields`` are the request's, under their usual names or in a case-insensitive mapping. Without
    a current representation (``exists`` false) every If-Match fails and every If-None-Match holds.
    Call it only if the response would be 2xx without the conditions.
    """
    reads = method in ("GET", "HEAD")
    changed = math.inf if last_modified is None else last_modified
    if (if_match := fields.get("If-Match")) is not None:
        if not exists or not _matches(if_match, etag, strong=True):
            return Verdict.FAILED
    else:
        since = parse_date(fields.get("If-Unmodified-Since"))
        # Without a date of the representation the condition is ignored (section 13.1.4).
        if since is not None and since < changed < math.inf:
            return Verdict.FAILED
    if (if_none_match := fields.get("If-None-Match")) is not None:
        if exists and _matches(if_none_match, etag, strong=False):
            return Verdict.NOT_MODIFIED if reads else Verdict.FAILED
    elif reads:
        since = parse_date(fields.get("If-Modified-Since"))
        if since is not None and changed <= since:
            return Verdict.NOT_MODIFIED
    return Verdict.PROCEED


def if_range_holds(
    value: str | None,
    *,
    etag: ETag | None = None,
    last_modified: int | None = None,
    now: float | None = None,
) -> bool:
    """Return True if If-Range allows the request's Range (RFC 9110 section 13.1.5).

    A weak tag never allows it. A date allows it if it equals ``last_modified`` and is a strong
    validator: a file that changed in the last second before ``now`` (POSIX seconds) may change
    again in the same second.
    """
    if value is None:
        return True
    value = value.strip(" \t")
    if value.startswith(('"', "W/")):
        tags = parse_etags(value)
        return len(tags) == 1 and etag is not None and not etag.is_weak and tags[0] == etag
    date = parse_date(value)
    if date is None or last_modified is None or date != last_modified:
        return False
    return now is None or last_modified + 1 <= now
