"""The representation fields of a response: media type, charset, dates (RFC 9110 section 8).

Pure functions on strings; the response classes keep the values.
"""

import datetime
import math
import re
from collections.abc import Iterable
from typing import Final

__all__ = [
    "OCTET_STREAM",
    "add_option",
    "check_charset",
    "check_content_type",
    "check_reason",
    "format_content_type",
    "has_option",
    "http_date",
    "parse_http_date",
    "parse_length",
    "shown",
    "split_content_type",
    "with_charset",
]

OCTET_STREAM: Final = "application/octet-stream"

#: The characters of a value in the message of an error, which may end in a log.
_MOST_SHOWN: Final = 200

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_DATE: Final = re.compile(
    r"[A-Z][a-z]{2}, ([0-9]{1,2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)
# One parameter; a quoted value may contain text that looks like another one.
_PARAMETER: Final = re.compile(r";\s*([^\s=;]*)\s*(?:=\s*(\"(?:[^\"\\]|\\.)*\"|[^;\"]*))?")
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


def shown(value: object) -> str:
    """Return the ``repr`` of a value for an error; a peer may have sent it, so it is bounded."""
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}... ({len(text)} characters)"


def split_content_type(value: str) -> tuple[str, str | None]:
    """Return the lower-cased media type and charset of a Content-Type that the response has.

    Without exactly one slash it is no media type, and ``application/octet-stream`` instead.
    """
    media_type, semicolon, rest = value.partition(";")
    charset = None
    if semicolon:
        for found in _PARAMETER.finditer(semicolon + rest):
            if charset is None and found[1].lower() == "charset" and found[2] is not None:
                charset = found[2].strip().strip('"').lower()
    media_type = media_type.strip().lower()
    return media_type if media_type.count("/") == 1 else OCTET_STREAM, charset


def format_content_type(content_type: str, charset: str | None) -> str:
    """Return the value of a Content-Type field."""
    return content_type if charset is None else f"{content_type}; charset={charset}"


def with_charset(value: str, charset: str | None) -> str:
    """Return a Content-Type with another charset, or without; other parameters stay."""
    media_type, semicolon, rest = value.partition(";")
    if not semicolon:
        return format_content_type(media_type.strip() or OCTET_STREAM, charset)
    parts = [media_type.strip() or OCTET_STREAM]
    parts += [
        found[0][1:].strip()
        for found in _PARAMETER.finditer(semicolon + rest)
        if found[1].lower() not in ("", "charset")
    ]
    return format_content_type("; ".join(parts), charset)


def check_charset(charset: str) -> str:
    """Return ``charset``; raises ``ValueError`` unless it is a token (RFC 9110 section 8.3.2)."""
    if not isinstance(charset, str):
        raise TypeError(f"A charset is a str such as 'utf-8', got {shown(charset)}")
    if _TOKEN.fullmatch(charset) is None:
        raise ValueError(f"A charset is a name such as 'utf-8', got {shown(charset)}")
    return charset


def check_content_type(content_type: str) -> str:
    """Return ``content_type``; raises ``ValueError`` for a control character in it.

    Raises ``TypeError`` for anything but a ``str``.
    """
    if not isinstance(content_type, str):
        raise TypeError(
            f"content_type must be a str such as 'text/html', got {shown(content_type)}"
        )
    if not content_type.isprintable():
        raise ValueError(
            f"content_type {shown(content_type)} has a character that no header may have"
        )
    return content_type


def check_reason(reason: str) -> str:
    """Return ``reason``; raises ``ValueError`` for a control character: it could split a head.

    Raises ``TypeError`` for anything but a ``str``.
    """
    if not isinstance(reason, str):
        raise TypeError(f"reason must be a str such as 'OK', or None; got {shown(reason)}")
    found = _CONTROL.search(reason)
    if found is not None:
        raise ValueError(
            "Reason cannot contain \\r or \\n, nor other control characters: it has "
            f"{found[0]!r} at position {found.start()} of {shown(reason)}"
        )
    return reason


def parse_length(value: str) -> int:
    """Return the value of a Content-Length; raises ``ValueError`` unless it is digits only."""
    # Programs store an ``int`` in the header object, which takes it.
    value = str(value)
    if not value.isascii() or not value.isdigit():
        raise ValueError(
            f"The header Content-Length must be a number in digits, got {shown(value)}"
        )
    return int(value)


def _options(values: Iterable[str]) -> list[str]:
    return [option.strip() for value in values for option in value.split(",") if option.strip()]


def has_option(values: Iterable[str], option: str) -> bool:
    """Return True if a Connection field with these lines has ``option``, given in lower case."""
    return option in (name.lower() for name in _options(values))


def add_option(values: Iterable[str], option: str) -> str:
    """Return a Connection field with ``option`` instead of ``close`` and ``keep-alive``."""
    kept = [name for name in _options(values) if name.lower() not in ("close", "keep-alive")]
    return ", ".join((*kept, option))


def http_date(value: datetime.datetime | float | str) -> str:
    """Return the IMF-fixdate (RFC 9110 section 5.6.7) of a moment; a string stays unchanged.

    A naive ``datetime`` is read as UTC, a number as POSIX seconds; fractions are rounded up, so
    that a date is never before its moment. Raises ``TypeError`` for other types, and ``ValueError``
    for a number that is no moment of the years 1 to 9999.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, datetime.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
        seconds = math.ceil(moment.timestamp())
    elif isinstance(value, (int, float)):
        if not math.isfinite(value):
            raise ValueError(f"A date is a moment of the years 1 to 9999, got {value!r}")
        seconds = math.ceil(value)
    else:
        raise TypeError(
            f"Unsupported type for last_modified: {type(value).__name__}. A date is a datetime, "
            f"a number of seconds or a str, not {shown(value)}"
        )
    try:
        moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (OverflowError, OSError, ValueError):
        raise ValueError(f"A date is a moment of the years 1 to 9999, got {value!r}") from None
    return (
        f"{_DAYS[moment.weekday()]}, {moment.day:02} {_MONTHS[moment.month - 1]} {moment.year:04} "
        f"{moment.hour:02}:{moment.minute:02}:{moment.second:02} GMT"
    )


def parse_http_date(value: str | None) -> datetime.datetime | None:
    """Return the moment of an IMF-fixdate in UTC, None for None and for other text.

    The obsolete forms are not read: a response must not have them.
    """
    found = None if value is None else _DATE.fullmatch(value)
    if found is None or found[2] not in _MONTHS:
        return None
    month = _MONTHS.index(found[2]) + 1
    day, year, hour, minute, second = (int(found[group]) for group in (1, 3, 4, 5, 6))
    try:
        return datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError:
        return None
