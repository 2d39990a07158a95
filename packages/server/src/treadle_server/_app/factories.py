"""Middlewares of aiohttp's old style: async functions ``(app, handler)`` that return a handler.

``middleware`` marks those of the new style. An unmarked one is of the old style if its first
parameter is an application by name or type; aiohttp takes every unmarked one for that.
"""

import contextlib
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from treadle_responses import StreamResponse
from treadle_server._routing.handlers import AnyHandler, AnyMiddleware

from .subapps import AbstractApplication

__all__ = ["adapt_factory", "is_factory", "mark_new_style"]

#: The name that aiohttp and its users know.
_MARK: Final = "__middleware_version__"


def mark_new_style(function: object) -> None:
    """Mark a middleware ``(request, handler)``; a bound method cannot be marked."""
    with contextlib.suppress(AttributeError):
        setattr(function, _MARK, 1)


def is_factory(middleware: object) -> bool:
    """Return True if ``middleware`` is of the old style."""
    if getattr(middleware, _MARK, None) == 1 or not callable(middleware):
        return False
    try:
        parameters = [*inspect.signature(middleware).parameters.values()]
    except (TypeError, ValueError):
        return False
    if not parameters or parameters[0].kind is inspect.Parameter.VAR_POSITIONAL:
        return False
    name = parameters[0].name.strip("_").lower()
    annotation = parameters[0].annotation
    type_name = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return (
        name.startswith("app")
        or name.endswith("app")
        or type_name.strip("\"'").endswith("Application")
    )


def adapt_factory(
    middleware: AnyMiddleware, app: AbstractApplication, handler: AnyHandler
) -> AnyHandler:
    """Return ``handler`` inside a middleware of the old style, which is asked for each request."""
    factory = cast("Callable[[Any, Any], Awaitable[AnyHandler]]", middleware)

    async def call(request: object) -> StreamResponse:
        inside = await factory(app, handler)
        return await inside(request)

    return call
