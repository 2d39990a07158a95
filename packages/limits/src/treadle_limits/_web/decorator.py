"""``limited``: a limit of one handler, beside those of the applications around it."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, Unpack, cast

from treadle_limits._core.rate import AnyRates
from treadle_responses import StreamResponse
from treadle_server import Request

from .applied import AppliedLimit, LimitOptions

__all__ = ["limited"]

F = TypeVar("F", bound=Callable[..., Awaitable[StreamResponse]])


def limited(rate: AnyRates, **options: Unpack[LimitOptions]) -> Callable[[F], F]:
    """Return a decorator for a handler, or a method of a view, that each client may have ``rate``.

    The decorator itself limits, so that it needs no middleware; it stands below those that declare
    routes. Each decorated function has hits of its own. Its ``name`` in the fields of responses is
    ``"route"``. The options are those of ``LimitOptions``.

    Raises ``TypeError`` and ``ValueError`` for options that cannot be meant, and ``TypeError`` for
    what is no async function.
    """
    given: LimitOptions = {"name": "route", **options}
    # At once: the traceback leads to the mistake.
    AppliedLimit(rate, **given)

    def decorate(handler: F) -> F:
        call = getattr(handler, "__call__", None)  # noqa: B004  # not a test
        if isinstance(handler, type) or not (
            inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(call)
        ):
            raise TypeError(
                f"limited() takes an async function, not {handler!r}: decorate the methods of a "
                "view, and put limited() below the decorator of the route"
            )
        limit = AppliedLimit(rate, _name_of(handler), **given)

        @functools.wraps(handler)
        async def limit_rate(*args: Any, **kwargs: Any) -> StreamResponse:
            return await limit.around(_request_in(args), lambda: handler(*args, **kwargs))

        return cast("F", limit_rate)

    return decorate


def _name_of(handler: object) -> str:
    target = handler
    while isinstance(target, functools.partial):
        target = target.func
    kind = type(target)
    module = getattr(target, "__module__", kind.__module__)
    return f"{module}.{getattr(target, '__qualname__', kind.__qualname__)}"


def _request_in(args: tuple[Any, ...]) -> Request:
    """Return the request among the arguments of a handler, or of a method of one."""
    for value in args:
        if isinstance(value, Request):
            return value
    # The only argument of a view's method is the view.
    request = getattr(args[0], "request", None) if args else None
    if not isinstance(request, Request):
        raise TypeError("limited() found no request: it decorates a handler, or a view's method")
    return request
