"""The server's own answers: to exceptions, and to handlers that break the rules of responses.

Functions from values to responses; ``Exchange`` decides when one is sent, and logs.
"""

import functools
import traceback

from treadle_responses import HTTPException, Response, StreamResponse, add_vary, error_page

from .request import BaseRequest

__all__ = [
    "can_skip_prepare",
    "is_http_exception",
    "negotiate_page",
    "not_a_response",
    "not_all_sent",
    "returned_exception",
    "second_response",
    "sends_at_once",
    "sent_before",
    "server_error",
]


# The caches are a part of the fast path of hello in ``tools/bench/compare.py``. Classes are few, so
# 512 are enough.


@functools.lru_cache(512)
def can_skip_prepare(cls: type) -> bool:
    """Return True if responses of ``cls`` may be sent without ``prepare`` and ``write_eof``.

    Those of a class that did not replace these coroutines.
    """
    return (
        issubclass(cls, Response)
        and cls.prepare is StreamResponse.prepare
        and cls.write_eof is Response.write_eof
        and cls.write is StreamResponse.write
    )


@functools.lru_cache(512)
def sends_at_once(cls: type) -> bool:
    """Return True if a handler may return ``cls`` and have it sent without a task of its own.

    Not an ``HTTPException``: to return one has a warning.
    """
    return can_skip_prepare(cls) and not issubclass(cls, HTTPException)


def is_http_exception(error: object) -> bool:
    """Return True if ``error`` is an ``HTTPException``.

    Like ``isinstance``, which calls Python code for a class with an abstract base, as a mapping
    has: for a 404 that would be 2 % of its time (in process, Python 3.13).
    """
    return HTTPException in type(error).__mro__


def _accept(request: BaseRequest) -> str | None:
    """Return the Accept field if it prefers anything; builds no header object."""
    for name, value in request.raw_headers:
        if len(name) == 6 and name.lower() == b"accept":
            return None if value == b"*/*" else value.decode("latin-1")
    return None


def negotiate_page(request: BaseRequest, error: HTTPException) -> None:
    """Give an exception without a text of its own the HTML or JSON page that the client prefers.

    This is the last moment: middlewares have seen the plain text that users of aiohttp know.
    """
    accept = _accept(request)
    page = None if accept is None else error.default_page(accept)
    if page is not None:
        error.content_type = page.content_type
        error.text = page.text
        add_vary(error.headers, "Accept")


def server_error(request: BaseRequest, error: BaseException, *, debug: bool) -> Response:
    """Return the 500 for a bug; with ``debug`` it has the traceback, otherwise no detail."""
    detail = "".join(traceback.format_exception(error)) if debug else ""
    page = error_page(500, _accept(request), detail=detail)
    response = Response(status=500, text=page.text, content_type=page.content_type)
    # The handler may have left the connection's state half changed: the next request gets another.
    response.force_close()
    return response


# Mistakes of handlers, as the errors that are logged.


def _misuse(request: BaseRequest, mistake: str) -> RuntimeError:
    return RuntimeError(f"The handler of {request.method} {request.raw_path} {mistake}")


def not_a_response(request: BaseRequest, result: object) -> RuntimeError:
    """Return the error for a handler that returned something else."""
    hint = ": is a return statement missing?" if result is None else ""
    return _misuse(
        request, f"returned {result!r}, but a handler must return a StreamResponse{hint}"
    )


def not_all_sent(request: BaseRequest, response: StreamResponse) -> RuntimeError:
    """Return the error for a response whose methods ended without all that belongs to it."""
    return _misuse(
        request,
        f"returned {response!r}, which has not sent its head and its end: a prepare() or "
        "write_eof() of its own must call the one of its base class",
    )


def sent_before(request: BaseRequest, response: StreamResponse) -> RuntimeError:
    """Return the error for a response that was used for another request."""
    return _misuse(
        request, f"returned {response!r}, which was sent before: make a new one per request"
    )


def second_response(request: BaseRequest, response: StreamResponse) -> RuntimeError:
    """Return the error for a response behind another one to the same request."""
    return _misuse(request, f"returned {response!r} after it had begun another response")


def returned_exception(request: BaseRequest, response: StreamResponse) -> str:
    """Return the warning for an exception that was returned instead of raised."""
    return (
        f"The handler of {request.method} {request.raw_path} returned {response!r}: "
        "raise an HTTPException, or return a Response"
    )
