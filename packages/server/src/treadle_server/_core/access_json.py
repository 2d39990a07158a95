"""Access log lines as JSON, one object in one line, for collectors that read such lines.

The formatter takes the values that ``AccessLogger`` puts into ``extra`` of a record, not its text:
the escapes are those of JSON, and numbers are numbers. It knows nothing of requests.
"""

import json
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

__all__ = ["MONTHS", "JSONAccessFormatter"]

#: The names of ``AccessLogger.LOG_FORMAT_MAP``.
_NUMBERS: Final[dict[str, Callable[[Any], object]]] = {
    "response_status": int,
    "response_size": int,
    "request_time": int,
    "request_time_frac": float,
    "request_time_micro": int,
}
_MAPPINGS: Final = ("request_header", "response_header", "environment")
_TEXTS: Final = ("remote_address", "first_request_line", "request_id")

#: The months in Apache's times, in the words of no locale.
MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_APACHE_TIME: Final = re.compile(r"\[(\d\d)/(\w{3})/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)\]")


class JSONAccessFormatter(logging.Formatter):
    """Formats a record as one line of JSON, ASCII only.

    Each object has ``time`` (RFC 3339, in UTC), ``level`` and ``logger``. A record of the access
    log has the values of its format's atoms too; give the server ``LOG_FORMAT`` for the usual ones.
    Other records have ``message``, and ``exception`` with the traceback. All have the
    ``request_id`` that ``RequestIdFilter`` adds.

    >>> import logging
    >>> handler = logging.StreamHandler()
    >>> handler.setFormatter(JSONAccessFormatter())
    """

    #: The atoms that a log in JSON needs; their order and quotes do not matter.
    LOG_FORMAT: ClassVar[str] = "%a %P %r %s %b %Tf %{Host}i %{Referer}i %{User-Agent}i"

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of ``record``."""
        entry: dict[str, Any] = {
            "time": _rfc3339(record.created),
            "level": record.levelname,
            "logger": record.name,
        }
        values = _access_values(record.__dict__)
        entry |= values
        # A record of any logger may have the ID of its request.
        if not values.keys() - {"request_id"}:
            entry["message"] = record.getMessage()
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            entry["stack"] = self.formatStack(record.stack_info)
        # ``default``: a value that a subclass of AccessLogger has made.
        return json.dumps(entry, default=str)


def _rfc3339(timestamp: float) -> str:
    moment = datetime.fromtimestamp(timestamp, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _access_values(record: dict[str, Any]) -> dict[str, Any]:
    """Return the values of an access log line by name, with their types; empty for other lines."""
    values: dict[str, Any] = {}
    for name in (*_TEXTS, *_MAPPINGS):
        if name in record:
            values[name] = record[name]
    for name, kind in _NUMBERS.items():
        if name in record:
            values[name] = _number(kind, record[name])
    if "process_id" in record:
        values["process_id"] = _number(int, str(record["process_id"]).strip("<>"))
    if "request_start_time" in record:
        values["request_start_time"] = _from_apache(str(record["request_start_time"]))
    return values


def _number(kind: Callable[[Any], object], value: object) -> object:
    """Return a value as a number, or unchanged if a subclass has written it another way."""
    try:
        return kind(value)
    except (TypeError, ValueError):
        return value


def _from_apache(text: str) -> str:
    """Return the time of ``%t`` as RFC 3339 has it, or unchanged."""
    found = _APACHE_TIME.fullmatch(text)
    if found is None or found[2] not in MONTHS:
        return text
    day, month, year, time, hours, minutes = found.groups()
    return f"{year}-{MONTHS.index(month) + 1:02}-{day}T{time}{hours}:{minutes}"
