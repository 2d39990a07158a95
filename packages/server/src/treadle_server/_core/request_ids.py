"""The ID of the request that runs now, and a filter that puts it into records of the log.

The ID is a context variable: the handler has it, and the tasks that it starts. The lines of the
access log and of errors are written in the context of the handler too.
"""

import logging
import os
from contextvars import ContextVar
from typing import Final

__all__ = ["CURRENT_REQUEST_ID", "NO_REQUEST_ID", "RequestIdFilter", "new_request_id"]

#: The value in a record without a request.
NO_REQUEST_ID: Final = "-"
CURRENT_REQUEST_ID: Final[ContextVar[str]] = ContextVar("request_id", default=NO_REQUEST_ID)

#: The bytes of an ID, as many as those of a trace have, and the IDs that one system call makes.
_SIZE: Final = 16
_NUMBER: Final = 256

_pool: Final[list[str]] = []
# Two processes must not have the same ones.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.clear)


def new_request_id() -> str:
    """Return 32 random hexadecimal digits."""
    try:
        return _pool.pop()
    except IndexError:
        digits = os.urandom(_SIZE * _NUMBER).hex()
        made = [digits[start : start + 2 * _SIZE] for start in range(0, len(digits), 2 * _SIZE)]
        first = made.pop()
        _pool.extend(made)
        return first


class RequestIdFilter(logging.Filter):
    """Adds ``request_id`` to each record: the ID of the request, or ``-`` without one.

    It drops no record. Add it to a handler of the log: ``handler.addFilter(RequestIdFilter())``.
    """

    def __init__(self) -> None:
        super().__init__()

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the attribute, unless the record has it."""
        if "request_id" not in record.__dict__:
            record.request_id = CURRENT_REQUEST_ID.get()
        return True
