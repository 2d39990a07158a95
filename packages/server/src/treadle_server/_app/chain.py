"""A handler inside the middlewares of its route and of all applications around it.

``compose`` is called once per route, on its first request. The composed handler costs one call for
each middleware. Only where a request passes from one application with middlewares into another, it
also costs a coroutine, which keeps ``request.app`` the application whose code is running.
"""

import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from treadle_responses import StreamResponse
from treadle_server._routing.context import RouteContext
from treadle_server._routing.handlers import AnyHandler, AnyMiddleware

from .factories import adapt_factory, is_factory
from .subapps import AbstractApplication

__all__ = ["ContextOf", "compose"]

#: Returns the context of a routed request.
ContextOf = Callable[[Any], RouteContext]


def compose(
    handler: AnyHandler,
    middlewares: Sequence[AnyMiddleware],
    apps: Sequence[AbstractApplication],
    context_of: ContextOf,
) -> AnyHandler:
    """Return ``handler`` inside ``middlewares`` and those of ``apps``, the outermost app first.

    The last of ``apps`` is current when the composed handler is called, and again when it has
    ended, for the signals that follow.
    """
    *outer, last = apps
    inside = _wrap_all(handler, middlewares, last)
    inside = _wrap_all(inside, last.middlewares, last)
    current: AbstractApplication = last
    for app in reversed(outer):
        if app.middlewares:
            inside = _switching(inside, current, app, context_of)
            inside = _wrap_all(inside, app.middlewares, app)
            current = app
    return inside if current is last else _switching(inside, current, last, context_of)


def _wrap_all(
    handler: AnyHandler, middlewares: Sequence[AnyMiddleware], app: AbstractApplication
) -> AnyHandler:
    for middleware in reversed(middlewares):
        handler = _wrap(middleware, handler, app)
    return handler


def _wrap(middleware: AnyMiddleware, handler: AnyHandler, app: AbstractApplication) -> AnyHandler:
    if is_factory(middleware):
        return functools.update_wrapper(adapt_factory(middleware, app, handler), handler)
    if _takes_keyword(middleware):
        middleware = _by_keyword(middleware)

    def call(request: object) -> Awaitable[StreamResponse]:
        return middleware(request, handler)

    # Middlewares may look at the name and the attributes of the handler.
    return functools.update_wrapper(call, handler)


def _takes_keyword(middleware: AnyMiddleware) -> bool:
    """Return True if ``handler`` is not the second parameter, but one that is given by name."""
    try:
        parameters = [*inspect.signature(middleware).parameters.values()]
    except (TypeError, ValueError):
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [parameter.name for parameter in parameters]
    return "handler" in names and (
        names[:2].count("handler") == 0 or parameters[names.index("handler")].kind not in positional
    )


def _by_keyword(middleware: Callable[..., Awaitable[StreamResponse]]) -> AnyMiddleware:
    """Return a middleware that calls another one as aiohttp does."""
    return lambda request, handler: middleware(request, handler=handler)


def _switching(
    handler: AnyHandler,
    during: AbstractApplication,
    after: AbstractApplication,
    context_of: ContextOf,
) -> AnyHandler:
    """Make ``during`` the current application while ``handler`` runs, and ``after`` behind it."""

    async def call(request: object) -> StreamResponse:
        context = context_of(request)
        context.current = during
        try:
            return await handler(request)
        finally:
            context.current = after

    return functools.update_wrapper(call, handler)
