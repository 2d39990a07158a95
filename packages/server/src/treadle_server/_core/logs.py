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
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

__all__ = ["log_debug", "log_error", "log_given", "log_warning", "shown"]

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
        text = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    return text if size <= most else f"{text}... ({size} characters)"


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


def log_given(log: Callable[..., object], args: Iterable[Any], options: Mapping[str, Any]) -> None:
    """Log what a program gives, as it is; ``log`` is the method of a logger."""
    log(*args, **options)


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


def _complain() -> None:
    """Do what ``logging.Handler.handleError`` does."""
    if logging.raiseExceptions and sys.stderr is not None:
        traceback.print_exc()
