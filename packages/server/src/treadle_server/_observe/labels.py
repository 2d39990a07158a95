"""The labels of requests in metrics and spans: few, whatever a stranger sends.

A route is the template that the program has declared, never the path. A method that is not known is
``_OTHER``, the word of OpenTelemetry's semantic conventions.
"""

from typing import Final

from treadle_responses import HTTPException
from treadle_server._app.application import Request
from treadle_server._core.errors import (
    BodyDiscardedError,
    ClientConnectionResetError,
    RequestPayloadError,
)

__all__ = ["DURATION_BUCKETS", "KNOWN_METHODS", "OTHER", "error_type", "status_of_error"]

#: The methods of RFC 9110 and PATCH (RFC 5789).
KNOWN_METHODS: Final = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
)
OTHER: Final = "_OTHER"

#: The upper bounds of durations in seconds: those that the semantic conventions advise.
DURATION_BUCKETS: Final = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
)  # fmt: skip


def status_of_error(request: Request, error: BaseException) -> int | None:
    """Return the status that answers what a handler has raised; None without an answer.

    That of a response that has begun stays. No answer is sent if the client has left, or if the
    handler was cancelled because of that or of a stop.
    """
    answer = request.answer
    if answer is not None and answer.prepared:
        return answer.status
    if isinstance(error, HTTPException):
        return error.status
    if isinstance(error, RequestPayloadError):
        return 400
    if isinstance(error, TimeoutError):
        return 504
    if isinstance(error, ClientConnectionResetError) or not isinstance(error, Exception):
        return None
    return 500


def error_type(error: BaseException, status: int | None) -> str:
    """Return the type of a failure, ``""`` if the server has not failed.

    An ``HTTPException`` is the answer that the handler wants: of these 5xx are failures, with their
    status as the type. Other types are the names of exceptions.
    """
    if isinstance(error, HTTPException):
        return str(status) if status is not None and status >= 500 else ""
    if isinstance(error, (BodyDiscardedError, RequestPayloadError)):
        # The client has its whole answer; or has sent what cannot be read.
        return ""
    cls = type(error)
    module = cls.__module__
    return cls.__qualname__ if module == "builtins" else f"{module}.{cls.__qualname__}"
