"""The server's own answers: to exceptions, and to handlers that break the rules of responses.

Functions from values to responses; ``Exchange`` decides when one is sent, and logs.
"""

import html
import logging
import traceback
from collections.abc import AsyncIterable, Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final, TypeGuard, final

from treadle_responses import (
    ErrorPage,
    HTTPException,
    Response,
    StreamResponse,
    add_vary,
    error_page,
)
from treadle_server._core.errors import server_logger
from treadle_server._core.logs import log_error, shown

from .request import BaseRequest

__all__ = [
    "CAN_SKIP_PREPARE",
    "IS_SENT_BY_ITSELF",
    "SENDS_AT_ONCE",
    "error_of_handler",
    "is_http_exception",
    "negotiate_page",
    "not_a_response",
    "not_all_sent",
    "returned_exception",
    "second_response",
    "sent_before",
    "server_error",
]


@final
class _ByClass(dict[type, bool]):
    """The answers of a predicate on classes, each computed once.

    A part of the fast path of hello in ``tools/bench/compare.py``: 600 instructions of 58,000 fewer
    than ``functools.lru_cache``. Classes are few; 512 bound the memory if they are made as it runs.
    """

    def __init__(self, predicate: Callable[[type], bool]) -> None:
        super().__init__()
        self._predicate: Final = predicate

    def __missing__(self, cls: type) -> bool:
        if len(self) >= 512:
            self.clear()
        answer = self[cls] = self._predicate(cls)
        return answer


def _can_skip_prepare(cls: type) -> bool:
    return (
        issubclass(cls, Response)
        and cls.prepare is StreamResponse.prepare
        and cls.write_eof is Response.write_eof
        and cls.write is StreamResponse.write
        and cls.complete_headers is Response.complete_headers
        and cls.run_on_prepare is StreamResponse.run_on_prepare
        and cls.open_body is StreamResponse.open_body
    )


def _sends_at_once(cls: type) -> bool:
    return _can_skip_prepare(cls) and not issubclass(cls, HTTPException)


def _is_sent_by_itself(cls: type) -> bool:
    return issubclass(cls, StreamResponse) and not issubclass(cls, Response)


#: True for classes that did not replace ``prepare`` and ``write_eof``: their responses may be sent
#: without these coroutines.
CAN_SKIP_PREPARE: Final = _ByClass(_can_skip_prepare)
#: True for classes that a handler may return and have sent without a task of its own: the same, but
#: no ``HTTPException``, since to return one has a warning.
SENDS_AT_ONCE: Final = _ByClass(_sends_at_once)
#: True for classes whose responses have often been sent to their end when the handler returns them:
#: those that the handler writes piece by piece.
IS_SENT_BY_ITSELF: Final = _ByClass(_is_sent_by_itself)


def is_http_exception(error: object) -> TypeGuard[HTTPException]:
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


def server_error(
    request: BaseRequest,
    error: BaseException,
    *,
    debug: bool,
    make: Callable[[Any, BaseException], Response] | None = None,
) -> Response:
    """Return the 500 for a bug, the 504 for a ``TimeoutError``; or what ``make`` returns.

    With ``debug`` it has the traceback, otherwise no detail.
    """
    response = None if make is None else _made(make, request, error)
    if response is None:
        response = _plain_error(request, error, debug=debug)
    # The handler may have left the connection's state half changed: the next request gets another.
    response.force_close()
    for field in request.answer_fields:
        response.headers.setdefault(*field)
    return response


def _made(
    make: Callable[[Any, BaseException], Response], request: BaseRequest, error: BaseException
) -> Response | None:
    """Return the response of ``ServerConfig.error_page``; it must not make things worse."""
    try:
        response = make(request, error)
    except Exception as failure:  # noqa: BLE001  # the client gets the usual page
        log_error(server_logger, "error_page failed", error=failure)
        return None
    if isinstance(response, Response):
        return response
    log_error(
        server_logger, "error_page returned %s, and no Response", _shown(response), error=None
    )
    return None


def _plain_error(request: BaseRequest, error: BaseException, *, debug: bool) -> Response:
    status = 504 if isinstance(error, TimeoutError) else 500
    detail = "".join(traceback.format_exception(error)) if debug else ""
    page = error_page(status, _accept(request), detail=detail)
    if status == 500:
        page = _as_known(page, detail)
    return Response(status=status, text=page.text, content_type=page.content_type)


_BUG: Final = HTTPStatus.INTERNAL_SERVER_ERROR


def _as_known(page: ErrorPage, detail: str) -> ErrorPage:
    """Return the text and the HTML page of a 500 as users of aiohttp know it, and compare it."""
    title = f"{_BUG.value} {_BUG.phrase}"
    if page.content_type == "text/plain":
        return page._replace(text=f"{title}\n\n{detail or _BUG.description}")
    if page.content_type != "text/html":
        return page
    shown_detail = f"<h2>Traceback:</h2>\n<pre>{html.escape(detail)}</pre>" if detail else ""
    return page._replace(
        text=f"<html><head><title>{title}</title></head><body>\n<h1>{title}</h1>\n"
        f"{shown_detail or _BUG.description}\n</body></html>\n"
    )


# Mistakes of handlers, as the errors that are logged.


def _shown(value: object) -> str:
    return shown(repr(value) if isinstance(value, str) else value)


def _named(request: BaseRequest) -> str:
    return shown(f"{request.method} {request.raw_path}")


def _misuse(request: BaseRequest, mistake: str) -> RuntimeError:
    place = request.handler_place()
    shown_place = f" ({shown(place)})" if place else ""
    return RuntimeError(f"The handler of {_named(request)}{shown_place} {mistake}")


def not_a_response(request: BaseRequest, result: object) -> RuntimeError:
    """Return the error for a handler that returned something else."""
    hint = _hint(result)
    cls = result if isinstance(result, type) else type(result)
    what = "None" if result is None else f"{_shown(result)} ({cls.__module__}.{cls.__qualname__})"
    return _misuse(request, f"returned {what}, but a handler must return a StreamResponse{hint}")


# The types that handlers return by mistake, and the fix; the first row that fits counts.
_FIXES: Final[tuple[tuple[tuple[type, ...], str], ...]] = (
    ((type(None),), ": is a return statement missing?"),
    ((str,), ": return web.Response(text=...)"),
    ((bytes, bytearray, memoryview), ": return web.Response(body=...)"),
    ((dict, list, int, float), ": return web.json_response(...)"),
    ((tuple,), ": return web.Response(status=..., text=..., headers=...)"),
    ((Coroutine,), ": is an await missing?"),
    ((AsyncIterable,), ": return web.Response(body=...) to send its pieces"),
)


def _hint(result: object) -> str:
    for types, fix in _FIXES:
        if isinstance(result, types):
            return fix
    if isinstance(result, type):
        if issubclass(result, StreamResponse):
            return f": call the class, {result.__name__}(...)"
        return ""
    if _looks_like_a_response(type(result)):
        return f": return one of treadle.web instead of {_package(type(result))}"
    return ""


#: Frameworks of servers; the HTTP errors of clients are no answers.
_FRAMEWORKS: Final = frozenset({
    "aiohttp", "blacksheep", "falcon", "fastapi", "flask", "litestar", "quart", "sanic",
    "starlette", "tornado", "werkzeug",
})  # fmt: skip


def _package(cls: type) -> str:
    return cls.__module__.partition(".")[0]


def _looks_like_a_response(cls: type) -> bool:
    """Return True for the classes of other frameworks, by name."""
    return any(
        base.__name__.endswith("Response") or base.__name__.startswith("HTTP")
        for base in cls.__mro__
    )


def error_of_handler(
    logger: logging.Logger, request: BaseRequest, error: BaseException | None
) -> None:
    """Log an exception that left a handler, with a note that names the request."""
    if error is not None:
        _explain(request, error)
        _note_request(request, error)
    log_error(logger, "Error handling request from %s", request.remote, error=error)


_RAISED: Final = "The handler of "


def _note_request(request: BaseRequest, error: BaseException) -> None:
    """Have the traceback end with the request, in place of another one."""
    # A program may raise one exception object many times.
    notes = [note for note in getattr(error, "__notes__", ()) if not note.startswith(_RAISED)]
    error.__notes__ = [*notes, f"{_RAISED}{_named(request)} raised it"]


#: The builtin errors whose text names the type of a value that has no such use.
_NAMES_A_TYPE: Final = (AttributeError, TypeError)


def _explain(request: BaseRequest, error: BaseException) -> None:
    """Add a note with the fix to errors whose own text does not lead to it."""
    package = _package(type(error))
    note = None
    if package in _FRAMEWORKS and _looks_like_a_response(type(error)):
        note = (
            f"{type(error).__name__} is a class of {package}: raise the one of treadle.web to "
            "answer with it"
        )
    elif type(error) in _NAMES_A_TYPE and "coroutine" in str(error):
        note = "Is an await missing? A call of an async function returns a coroutine"
    elif type(error) is TypeError and (advice := request.handler_advice()) is not None:
        note = advice[:1].upper() + advice[1:]
    if note is not None and note not in getattr(error, "__notes__", ()):
        error.add_note(note)


def not_all_sent(request: BaseRequest, response: StreamResponse) -> RuntimeError:
    """Return the error for a response whose methods ended without all that belongs to it."""
    return _misuse(
        request,
        f"returned {_shown(response)}, which has not sent its head and its end: a prepare() or "
        "write_eof() of its own must call the one of its base class",
    )


def sent_before(request: BaseRequest, response: StreamResponse) -> RuntimeError:
    """Return the error for a response that was used for another request."""
    return _misuse(
        request, f"returned {_shown(response)}, which was sent before: make a new one per request"
    )


def second_response(request: BaseRequest, response: StreamResponse) -> RuntimeError:
    """Return the error for a response behind another one to the same request."""
    return _misuse(request, f"returned {_shown(response)} after it had begun another response")


def returned_exception(response: StreamResponse) -> str:
    """Return the warning for an exception that was returned instead of raised.

    It has nothing of the peer's: Python keeps each text of a warning for ever.
    """
    return f"A handler returned {type(response).__name__}: raise it, or return a web.Response"
