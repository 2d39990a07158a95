"""The types of handlers, and the checks that report a mistake where the route is declared.

A handler is an async function (or a ``functools.partial`` of one, or an object with an async
``__call__``) or a view class. Anything else that can be called is a bare function: it works, with a
``DeprecationWarning`` that has its file and line.
"""

import abc
import functools
import inspect
import math
import sys
import warnings
from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import Any, Final

from treadle_responses import HTTPExpectationFailed, StreamResponse
from treadle_server._core.misuse import WrongTypeError
from treadle_server._http.request import BaseRequest

__all__ = [
    "AbstractView",
    "AnyHandler",
    "AnyMiddleware",
    "AnyViewClass",
    "ExpectHandler",
    "as_given",
    "check_callable",
    "check_expect_handler",
    "check_handler",
    "check_middlewares",
    "check_size",
    "default_expect_handler",
    "where",
]

_PACKAGE: Final = "treadle_"

#: A handler before its request type is known; ``web.Handler`` is the precise type.
AnyHandler = Callable[[Any], Awaitable[StreamResponse]]
#: A middleware before its request type is known; ``web.Middleware`` is the precise type.
AnyMiddleware = Callable[[Any, Any], Awaitable[StreamResponse]]
#: Answers an ``Expect`` field: a response refuses the body, None accepts it.
ExpectHandler = Callable[[Any], Awaitable[StreamResponse | None]]


class AbstractView(abc.ABC):
    """The base of view classes: an instance answers one request when it is awaited."""

    def __init__(self, request: BaseRequest) -> None:
        self._request = request

    @property
    def request(self) -> BaseRequest:
        """The request to answer."""
        return self._request

    @abc.abstractmethod
    def __await__(self) -> Generator[Any, None, StreamResponse]:
        """Return the generator that produces the response."""


#: A view class before its request type is known. Unlike with ``type[AbstractView]``, a type checker
#: also reports a class that needs more than a request to be made.
AnyViewClass = Callable[[Any], AbstractView]


def where(handler: object) -> str:
    """Return ``file:line`` of a function or class for an error message, or ``""``."""
    target = inspect.unwrap(handler) if callable(handler) else handler
    code = getattr(target, "__code__", None)
    if code is not None:
        return f" ({code.co_filename}:{code.co_firstlineno})"
    if isinstance(target, type):
        try:
            return f" ({inspect.getsourcefile(target)}:{inspect.getsourcelines(target)[1]})"
        except (OSError, TypeError):  # its source is missing
            return ""
    return ""


def check_callable(handler: object) -> Callable[..., Any]:
    """Return ``handler`` if it can be called; raises ``WrongTypeError`` with the fix."""
    if isinstance(handler, AbstractView):
        raise WrongTypeError(
            f"A route takes the View class {type(handler).__name__}, not an instance"
        )
    # A response can be called, but as an ASGI application.
    if not callable(handler) or isinstance(handler, StreamResponse):
        raise WrongTypeError(
            f"A handler is an async function or a View class, not {handler!r}"
            + (": pass the function, do not call it" if inspect.iscoroutine(handler) else "")
        )
    return handler


def check_handler(handler: object) -> AnyHandler:
    """Return ``handler`` as a function that can be awaited; raises like ``check_callable``."""
    if inspect.iscoroutinefunction(handler):
        return handler
    handler = check_callable(handler)
    # A class like ``AbstractView``, or that class of another package: its instances are awaited.
    if isinstance(handler, type) and hasattr(handler, "__await__"):
        return handler
    if inspect.iscoroutinefunction(getattr(handler, "__call__", None)):  # noqa: B004  # not a test
        return handler
    return _adapt_bare_function(handler)


def _adapt_bare_function(handler: Callable[..., Any]) -> AnyHandler:
    """Return a handler that calls a function without ``async`` and awaits the result if it can."""
    if inspect.isgeneratorfunction(handler):
        # With ``types.coroutine`` such a function can be awaited.
        warnings.warn(
            f"Bare generators are deprecated: define {handler!r}{where(handler)} with `async def`",
            DeprecationWarning,
            stacklevel=_user_level(),
        )
        return handler
    fix = "it has a `yield`, but a handler returns its response"
    if isinstance(handler, type):
        fix = "derive it from web.View"
    elif not inspect.isasyncgenfunction(handler):
        fix = "define it with `async def`"
    warnings.warn(
        f"Bare functions are deprecated, use async ones: {handler!r}{where(handler)}: {fix}",
        DeprecationWarning,
        stacklevel=_user_level(),
    )

    @functools.wraps(handler)
    async def call(request: BaseRequest) -> StreamResponse:
        result = handler(request)
        if inspect.isawaitable(result):
            result = await result
        response: StreamResponse = result
        return response

    return call


def as_given(handler: object) -> object:
    """Return a handler as it was given to a route: without ``_adapt_bare_function``."""
    ours = getattr(handler, "__globals__", None) is globals()
    return getattr(handler, "__wrapped__", handler) if ours else handler


def _user_level() -> int:
    """Return the ``stacklevel`` of the first caller outside this package, for a warning."""
    frame, level = sys._getframe(2), 2  # noqa: SLF001  # as ``warnings`` itself does
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    return level


def check_expect_handler(handler: object) -> None:
    """Raise ``TypeError`` unless ``handler`` is None or an async function."""
    if handler is not None and not (
        inspect.iscoroutinefunction(handler)
        or inspect.iscoroutinefunction(getattr(handler, "__call__", None))  # noqa: B004  # not a test
    ):
        raise WrongTypeError(
            f"Coroutine is expected, got {handler!r}{where(handler)}: expect_handler must be an "
            "async function"
        )


def check_middlewares(middlewares: Iterable[AnyMiddleware], what: str) -> tuple[AnyMiddleware, ...]:
    """Return the middlewares as a tuple; raises ``TypeError`` for one that cannot be called."""
    if callable(middlewares):
        raise TypeError(f"middlewares of {what} is {middlewares!r}: put it into a list")
    checked = tuple(middlewares)
    for middleware in checked:
        # A response can be called too, as an ASGI application.
        if not callable(middleware) or isinstance(middleware, StreamResponse):
            raise TypeError(
                f"A middleware of {what} is {middleware!r}, not an async function "
                "`(request, handler)`"
            )
    return checked


def check_size(value: float | None, what: str) -> int | None:
    """Return a number of bytes as an ``int``, None for None; 0 and infinity mean no limit.

    Raises ``TypeError`` and ``ValueError`` for anything else.
    """
    if value is None:
        return None
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"client_max_size of {what} must be a number of bytes, not {value!r}")
    if not value >= 0:
        raise ValueError(f"client_max_size of {what} is {value}: give 0 for no limit")
    return 0 if value == math.inf else int(value)


async def default_expect_handler(request: BaseRequest) -> None:
    """Accept the body for ``100-continue``, refuse any other expectation with 417.

    The server sends 100 Continue when the handler first reads the body, so that the handler can
    still refuse it unread (RFC 9110 section 10.1.1).
    """
    if request.headers.get("Expect", "").lower() != "100-continue":
        raise HTTPExpectationFailed
