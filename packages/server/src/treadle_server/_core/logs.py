"""Log lines, and the text of values of a peer in them: escaped, and bounded.

A peer decides on paths, fields and addresses, and through a handler on much of what a handler
returns. Such a value must not end a line, move the cursor of a terminal or fill a disk. So all log
lines of the server are written here; a test refuses the other ways. Messages of exceptions that
have such a value use ``shown`` themselves. A logger that raises changes nothing that the server
does.
"""

import logging
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Final, ParamSpec

__all__ = ["log_access", "log_debug", "log_error", "log_warning", "printable", "shown"]

_P = ParamSpec("_P")

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
    _log(logger, logging.DEBUG, message, values, None)


def log_warning(logger: logging.Logger, message: str, *values: object) -> None:
    """Log ``message`` with ``values`` at the level WARNING."""
    _log(logger, logging.WARNING, message, values, None)


def log_error(
    logger: logging.Logger, message: str, *values: object, error: BaseException | None
) -> None:
    """Log ``message`` with ``values`` and the traceback of ``error`` at the level ERROR."""
    _log(logger, logging.ERROR, message, values, error)


def _log(
    logger: logging.Logger,
    level: int,
    message: str,
    values: tuple[object, ...],
    error: BaseException | None,
) -> None:
    try:
        if logger.isEnabledFor(level):
            # The third frame up is the caller of this module.
            logger.log(level, message, *map(shown, values), exc_info=error, stacklevel=3)
    except Exception:  # noqa: BLE001  # a broken filter or handler is no reason to drop an answer
        _report()


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
        if type(logger) is logging.Logger:
            # As ``info``, without the search for the calling function, which is always this one.
            # That is a fifth of the time of ``info`` (Python 3.13).
            if logger.isEnabledFor(logging.INFO):
                record = logger.makeRecord(
                    logger.name, logging.INFO, __file__, 0, line, (), None, "log_access", extra
                )
                logger.handle(record)
        else:
            logger.info(line, extra=extra)
    except Exception:  # noqa: BLE001  # as in ``_log``
        try:
            logger.exception("Error in logging")
        except Exception:  # noqa: BLE001  # the logger itself is broken
            _report()


def _report() -> None:
    """Show the current exception, as ``logging.Handler.handleError`` does."""
    if logging.raiseExceptions and sys.stderr is not None:
        traceback.print_exc()
