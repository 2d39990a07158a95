"""A handler inside the middlewares of its route and of all applications around it.

``compose`` is called once per route, when it is first used. What it returns costs a call for
each middleware and, only where a request passes from one application with middlewares into another,
a coroutine that keeps ``request.app`` the one whose code is running.
"""

import functools
from collections.abc import Awaitable, Sequence
from typing import Protocol

from treadle_responses import StreamResponse
from treadle_server._routing.handlers import AnyHandler, AnyMiddleware

from .subapps import AbstractApplication

__all__ = ["compose"]


class RoutedRequest(Protocol):
    """What a chain does to a request."""

    _app: AbstractApplication | None
    _apps: tuple[AbstractApplication, ...] | None
    _match_info: object

    def _enter(
        self, apps: tuple[AbstractApplication, ...], current: AbstractApplication
    ) -> None: ...

    def _switch(self, current: AbstractApplication) -> None: ...


def compose(
    handler: AnyHandler,
    middlewares: Sequence[AnyMiddleware],
    apps: tuple[AbstractApplication, ...],
) -> AnyHandler:
    """Return ``handler`` inside ``middlewares`` and those of ``apps``, the outermost app first."""
    inside = _wrap_all(handler, middlewares)
    *outer, last = apps
    inside = _wrap_all(inside, last.middlewares)
    current: AbstractApplication = last
    for app in reversed(outer):
        if app.middlewares:
            inside = _wrap_all(_switching(inside, current, app), app.middlewares)
            current = app
    if not outer:
        return inside
    return _entering(inside, apps, current)


def _wrap_all(handler: AnyHandler, middlewares: Sequence[AnyMiddleware]) -> AnyHandler:
    for middleware in reversed(middlewares):
        handler = _wrap(middleware, handler)
    return handler


def _wrap(middleware: AnyMiddleware, handler: AnyHandler) -> AnyHandler:
    def call(request: RoutedRequest) -> Awaitable[StreamResponse]:
        return middleware(request, handler)

    # Middlewares may look at the function that they are around.
    return functools.update_wrapper(call, handler)


def _switching(
    handler: AnyHandler, inner: AbstractApplication, outer: AbstractApplication
) -> AnyHandler:
    """Make ``inner`` the current application while ``handler`` runs, ``outer`` again after it."""

    async def call(request: RoutedRequest) -> StreamResponse:
        request._switch(inner)
        try:
            return await handler(request)
        finally:
            request._switch(outer)

    return functools.update_wrapper(call, handler)


def _entering(
    handler: AnyHandler, apps: tuple[AbstractApplication, ...], first: AbstractApplication
) -> AnyHandler:
    """Tell the request its applications; ``first`` is the one whose code runs first.

    When all is done the innermost one is the current one, as signals will see it.
    """
    last = apps[-1]
    if first is last:

        def enter(request: RoutedRequest) -> Awaitable[StreamResponse]:
            # What ``_enter`` does, for the many routes that have no more around them than this.
            request._apps = apps
            request._app = last
            if request._match_info is not None:
                request._switch(last)
            return handler(request)

        return functools.update_wrapper(enter, handler)

    async def enter_and_leave(request: RoutedRequest) -> StreamResponse:
        request._enter(apps, first)
        try:
            return await handler(request)
        finally:
            request._switch(last)

    return functools.update_wrapper(enter_and_leave, handler)
