"""Log lines, and the text of values of a peer in them: escaped, and bounded.

A peer decides on paths, fields and addresses, and through a handler on much of what a handler
returns. Such a value must not end a line, move the cursor of a terminal or fill a disk. So all log
lines of the server are written here; a test refuses the other ways. Messages of exceptions that
have such a value use ``shown`` themselves. A logger that raises changes nothing that the server
does.
"""

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, ParamSpec

__all__ = [
    "log_access", "log_debug", "log_error", "log_event", "log_given", "log_stack", "log_warning",
    "printable", "shown",
]  # fmt: skip

_P = ParamSpec("_P")

#: Bounds the memory if loggers are made as the program runs.
_MOST_TEMPLATES: Final = 64

#: The start of the program, as ``LogRecord.relativeCreated`` counts it, within a millisecond.
_now: Final = logging.makeLogRecord({})
_STARTED: Final = _now.created - _now.relativeCreated / 1000

#: The most lines of a stack, and the most characters of each.
_MOST_LINES: Final = 60
_MOST_OF_LINE: Final = 300

#: The most characters of one value: enough to recognise a path, and few enough for a line.
_MOST: Final = 200


def shown(value: object, most: int = _MOST) -> str:
    """Return ``value`` as printable text of about ``most`` characters.

    A ``str`` stays without quotes, other values are shown by their ``repr``. What is left out is
    counted, and what is not printable is escaped as in Python.
    """
    text = value if isinstance(value, str) else _repr(value)
    size = len(text)
    if size > most:
        text = text[:most]
    if not text.isprintable():
        text = printable(text)
    return text if size <= most else f"{text}... ({size} characters)"


def printable(text: str) -> str:
    """Return ``text`` with the characters that are not printable escaped as in Python."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001  # a log line must not fail because of what it shows
        return object.__repr__(value)


# ``message`` is a constant with a ``%s`` for each value, so that collectors can group by it.


def log_debug(logger: logging.Logger, message: str, *values: object) -> None:
    """Log ``message`` with ``values`` at the level DEBUG."""
    _log(logger, logging.DEBUG, message, values)


def log_warning(logger: logging.Logger, message: str, *values: object) -> None:
    """Log ``message`` with ``values`` at the level WARNING."""
    _log(logger, logging.WARNING, message, values)


def log_error(
    logger: logging.Logger, message: str, *values: object, error: BaseException | None
) -> None:
    """Log ``message`` with ``values`` and the traceback of ``error`` at the level ERROR."""
    try:
        if logger.isEnabledFor(logging.ERROR):
            # The methods of aiohttp: programs and their tests give loggers that watch them.
            log = logger.error if error is None else logger.exception
            log(message, *map(shown, values), exc_info=error)
    except Exception:  # noqa: BLE001  # as in ``_log``
        _complain()


def log_stack(logger: logging.Logger, message: str, *values: object, stack: list[str]) -> None:
    """Log ``message`` with ``values`` at the level WARNING, and below it the end of a stack."""
    try:
        if logger.isEnabledFor(logging.WARNING):
            lines = [shown(line, _MOST_OF_LINE) for line in stack[-_MOST_LINES:]]
            if len(stack) > len(lines):
                lines.insert(0, f"  ... ({len(stack) - len(lines)} lines before)")
            logger.warning(f"{message}\n%s", *map(shown, values), "\n".join(lines))  # noqa: G004  # constants
    except Exception:  # noqa: BLE001  # as in ``_log``
        _complain()


def log_given(log: Callable[..., object], args: Iterable[Any], options: Mapping[str, Any]) -> None:
    """Log what a program gives, as it is; ``log`` is the method of a logger."""
    log(*args, **options)


def log_event(logger: logging.Logger, level: int, message: str) -> None:
    """Log a sentence about this process or its workers, in which nothing comes from a peer."""
    _log(logger, level, message, ())


def _log(
    logger: logging.Logger,
    level: int,
    message: str,
    values: tuple[object, ...],
) -> None:
    try:
        if logger.isEnabledFor(level):
            # The third frame up is the caller of this module.
            logger.log(level, message, *map(shown, values), stacklevel=3)
    except Exception:  # noqa: BLE001  # a broken filter or handler is no reason to drop an answer
        _complain()


def log_access(
    logger: logging.Logger,
    compose: Callable[_P, tuple[str, Mapping[str, object]]],
    *args: _P.args,
    **kwargs: _P.kwargs,
) -> None:
    """Log the line and the ``extra`` that ``compose`` returns at the level INFO.

    An error is logged too, in aiohttp's words.
    """
    try:
        line, extra = compose(*args, **kwargs)
        # A logger or a record of another class gets the call that it knows.
        if type(logger) is logging.Logger and logging.getLogRecordFactory() is logging.LogRecord:
            if logger.isEnabledFor(logging.INFO):
                logger.handle(_access_record(logger, line, extra))
        else:
            logger.info(line, extra=extra)
    except Exception:  # noqa: BLE001  # as in ``_log``
        try:
            logger.exception("Error in logging")
        except Exception:  # noqa: BLE001  # the logger itself is broken
            _complain()


# The attributes of the last record of the access log, by its logger, process and thread.
_templates: Final[dict[tuple[str, int, int], dict[str, object]]] = {}


def _access_record(
    logger: logging.Logger, line: str, extra: Mapping[str, object]
) -> logging.LogRecord:
    """Return the record that ``logger.info`` would make, but for the place of the call.

    It copies what does not change from line to line: hello with an access log takes 18 us instead
    of 31 (in process, Python 3.13).
    """
    key = logger.name, os.getpid(), threading.get_ident()
    template = _templates.get(key)
    if template is None or not extra.keys().isdisjoint(template):
        # Raises for an ``extra`` that would replace an attribute.
        made = logger.makeRecord(
            logger.name, logging.INFO, __file__, 0, line, (), None, "log_access", extra
        )
        if len(_templates) >= _MOST_TEMPLATES:
            _templates.clear()
        plain = {name: value for name, value in vars(made).items() if name not in extra}
        # The line is written behind the task of its request.
        _templates[key] = plain | {"taskName": None} if "taskName" in plain else plain
        return made
    record = logging.LogRecord.__new__(logging.LogRecord)
    record.__dict__.update(template)
    record.__dict__.update(extra)
    record.msg = line
    nanoseconds = time.time_ns()
    record.created = nanoseconds / 1e9
    # Whole milliseconds, as ``logging`` has them.
    record.msecs = nanoseconds % 1_000_000_000 // 1_000_000 + 0.0
    record.relativeCreated = (record.created - _STARTED) * 1000
    return record


def _complain() -> None:
    """Do what ``logging.Handler.handleError`` does."""
    if logging.raiseExceptions and sys.stderr is not None:
        traceback.print_exc()
