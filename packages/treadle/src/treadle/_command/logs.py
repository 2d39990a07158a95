"""The log of the ``treadle`` command: each request in one line, with colours or as JSON.

The library configures no logging; a command is a program, and does. Lines go to standard error.
``auto`` has colours on a terminal, as https://no-color.org says; other kinds are ``color``,
``plain`` and ``json``.
"""

import logging
import os
import sys
import time
from typing import Final, Literal, TextIO, final

from treadle_server import JSONAccessFormatter

__all__ = ["ACCESS_FORMATS", "LogStyle", "configure_logs"]

LogStyle = Literal["auto", "color", "plain", "json"]

#: The atoms that each style needs.
ACCESS_FORMATS: Final = {"plain": "%a %r %s %b %Tf", "json": JSONAccessFormatter.LOG_FORMAT}

_RESET: Final = "\x1b[0m"
_DIM: Final = "\x1b[2m"
_LEVELS: Final = {
    logging.DEBUG: "\x1b[2m",
    logging.INFO: "",
    logging.WARNING: "\x1b[33m",
    logging.ERROR: "\x1b[31m",
    logging.CRITICAL: "\x1b[1;31m",
}
#: By the first digit of the status.
_CYAN: Final = "\x1b[36m"
_STATUSES: Final = {
    "1": _CYAN, "2": "\x1b[32m", "3": _CYAN, "4": "\x1b[33m", "5": "\x1b[31m",
}  # fmt: skip


@final
class ShortFormatter(logging.Formatter):
    """Formats records for people: a request as ``12:03:04 200 GET / HTTP/1.1 1.2 ms``."""

    def __init__(self, *, colors: bool) -> None:
        super().__init__()
        self._colors: Final = colors

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of ``record``."""
        at = time.strftime("%H:%M:%S", time.localtime(record.created))
        request = getattr(record, "first_request_line", None)
        if request is None:
            text = record.getMessage()
            level = self._paint(_LEVELS.get(record.levelno, ""), f"{record.levelname:<7}")
            line = f"{self._paint(_DIM, at)} {level} {record.name}: {text}"
        else:
            status = str(getattr(record, "response_status", "-"))
            took = getattr(record, "request_time_frac", None)
            address = getattr(record, "remote_address", "-")
            line = (
                f"{self._paint(_DIM, at)} {self._paint(_STATUSES.get(status[:1], ''), status)} "
                f"{request} {self._paint(_DIM, f'{_milliseconds(took)} {address}')}"
            )
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        if record.stack_info:
            line += "\n" + self.formatStack(record.stack_info)
        return line

    def _paint(self, color: str, text: str) -> str:
        return f"{color}{text}{_RESET}" if color and self._colors else text


def _milliseconds(took: object) -> str:
    try:
        return f"{float(str(took)) * 1000:.1f} ms"
    except ValueError:
        return "-"


def wants_colors(style: LogStyle, stream: TextIO) -> bool:
    """Return True if a log of ``style`` on ``stream`` has colours."""
    if style != "auto":
        return style == "color"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def configure_logs(style: LogStyle, level: str = "INFO", stream: TextIO | None = None) -> str:
    """Have all loggers write to ``stream``, standard error by default, from ``level`` on.

    Returns the ``access_log_format`` that the style needs.
    """
    stream = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(stream)
    if style == "json":
        handler.setFormatter(JSONAccessFormatter())
    else:
        handler.setFormatter(ShortFormatter(colors=wants_colors(style, stream)))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # At DEBUG it tells of the event loop's own affairs.
    asyncio_log = logging.getLogger("asyncio")
    asyncio_log.setLevel(max(logging.INFO, logging.getLogger().level))
    return ACCESS_FORMATS["json" if style == "json" else "plain"]
