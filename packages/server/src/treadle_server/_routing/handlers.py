"""The types of handlers, and the checks that report a mistake where the route is declared.

A handler is an async function (or a ``functools.partial`` of one, or an object with an async
``__call__``) or a view class. The error for anything else has the file and line of the object.
"""

import abc
import inspect
from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import Any

from treadle_responses import HTTPExpectationFailed, StreamResponse
from treadle_server._http.request import BaseRequest

__all__ = [
    "AbstractView",
    "AnyHandler",
    "AnyMiddleware",
    "ExpectHandler",
    "check_expect_handler",
    "check_handler",
    "check_middlewares",
    "check_size",
    "default_expect_handler",
    "where",
]

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

    @classmethod
    def _answers_nothing(cls) -> bool:
        """Return True if the class cannot answer any request, which is a mistake."""
        return inspect.isabstract(cls)


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


def check_handler(handler: object) -> AnyHandler:
    """Return ``handler`` as a function that can be awaited; raises ``TypeError`` with the fix."""
    if inspect.iscoroutinefunction(handler):
        return handler
    if isinstance(handler, type):
        return _check_view(handler)
    if isinstance(handler, AbstractView):
        raise TypeError(f"A route takes the View class {type(handler).__name__}, not an instance")
    if not callable(handler):
        raise TypeError(
            f"A handler is an async function or a View class, not {handler!r}"
            + (": pass the function, do not call it" if inspect.iscoroutine(handler) else "")
        )
    if inspect.iscoroutinefunction(getattr(handler, "__call__", None)):  # noqa: B004  # not a test
        return handler
    if inspect.isasyncgenfunction(handler):
        raise TypeError(
            f"The handler {handler!r}{where(handler)} is an async generator: it has a `yield`, but "
            "a handler returns its response"
        )
    raise TypeError(
        f"The handler {handler!r}{where(handler)} is not an async function: define it with "
        "`async def`"
    )


def _check_view(cls: type) -> AnyHandler:
    if not issubclass(cls, AbstractView):
        raise TypeError(
            f"The class {cls.__name__}{where(cls)} is not a handler: derive it from web.View, or "
            "pass an async function"
        )
    if cls._answers_nothing():
        raise TypeError(
            f"The view {cls.__name__}{where(cls)} answers no method: define `async def get(self)` "
            "or another method, in lower case"
        )
    return cls


def check_expect_handler(handler: object) -> None:
    """Raise ``TypeError`` unless ``handler`` is None or an async function."""
    if handler is not None and not (
        inspect.iscoroutinefunction(handler)
        or inspect.iscoroutinefunction(getattr(handler, "__call__", None))  # noqa: B004  # not a test
    ):
        raise TypeError(
            f"expect_handler must be an async function, not {handler!r}{where(handler)}"
        )


def check_middlewares(middlewares: Iterable[AnyMiddleware], what: str) -> tuple[AnyMiddleware, ...]:
    """Return the middlewares as a tuple; raises ``TypeError`` for one that cannot be called."""
    if callable(middlewares):
        raise TypeError(f"middlewares of {what} is {middlewares!r}: put it into a list")
    checked = tuple(middlewares)
    for middleware in checked:
        if not callable(middleware):
            raise TypeError(
                f"A middleware of {what} is {middleware!r}, not an async function "
                "`(request, handler)`"
            )
    return checked


def check_size(value: int | None, what: str) -> None:
    """Raise unless ``value`` is None or a number of bytes; 0 means no limit."""
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"client_max_size of {what} must be a number of bytes, not {value!r}")
    if value < 0:
        raise ValueError(f"client_max_size of {what} is {value}: give 0 for no limit")


async def default_expect_handler(request: BaseRequest) -> None:
    """Accept the body for ``100-continue``, refuse any other expectation with 417.

    The server sends 100 Continue when the handler first reads the body, so that the handler can
    still refuse it unread (RFC 9110 section 10.1.1).
    """
    if request.headers.get("Expect", "").lower() != "100-continue":
        raise HTTPExpectationFailed
