"""The representation fields of a response: media type, charset, length, dates (RFC 9110 section 8).

Pure functions on strings; the response classes keep the values.
"""

import datetime
import math
import re
from typing import Final

__all__ = [
    "OCTET_STREAM",
    "check_reason",
    "format_content_type",
    "http_date",
    "split_content_type",
]

OCTET_STREAM: Final = "application/octet-stream"

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_CHARSET: Final = re.compile(r";\s*charset\s*=\s*(?:\"([^\"]*)\"|([^\s;\"]+))", re.IGNORECASE)
_CONTROL: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


def split_content_type(value: str) -> tuple[str, str | None]:
    """Return the lower-cased media type and charset of a Content-Type that we set ourselves."""
    media_type, _, rest = value.partition(";")
    found = _CHARSET.search(";" + rest) if rest else None
    charset = (found[1] if found[1] is not None else found[2]).lower() if found else None
    return media_type.strip().lower() or OCTET_STREAM, charset


def format_content_type(content_type: str, charset: str | None) -> str:
    """Return the value of a Content-Type field."""
    return content_type if charset is None else f"{content_type}; charset={charset}"


def check_reason(reason: str) -> str:
    """Return ``reason``; raises ``ValueError`` for a control character: it could split a head."""
    found = _CONTROL.search(reason)
    if found is not None:
        raise ValueError(
            f"reason must not contain control characters: {found[0]!r} at position "
            f"{found.start()} of {reason!r}"
        )
    return reason


def http_date(value: datetime.datetime | float | str) -> str:
    """Return the IMF-fixdate (RFC 9110 section 5.6.7) of a moment; a string is taken as it is.

    A naive ``datetime`` is read as UTC, a number as POSIX seconds; fractions are rounded up, so
    that a date is never before the moment it stands for.  Raises ``TypeError`` for anything else.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, datetime.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
        seconds = math.ceil(moment.timestamp())
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = math.ceil(value)
    else:
        raise TypeError(f"A date is a datetime, a number of seconds or a str, got {value!r}")
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return (
        f"{_DAYS[moment.weekday()]}, {moment.day:02} {_MONTHS[moment.month - 1]} {moment.year:04} "
        f"{moment.hour:02}:{moment.minute:02}:{moment.second:02} GMT"
    )
