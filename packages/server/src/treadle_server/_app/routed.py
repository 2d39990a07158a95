"""The result of routing as a request has it: the match info and the applications around it.

``Request`` of ``_app.application`` adds the application and its settings.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Generic, ParamSpec, Self, TypeVar, cast

from treadle_responses import HTTPException
from treadle_router import Match
from treadle_server._http.request import BaseRequest
from treadle_server._routing.context import RouteContext
from treadle_server._routing.interfaces import AbstractRoute
from treadle_server._routing.match_info import (
    MatchInfoError,
    SystemRoute,
    UrlMappingMatchInfo,
    template_of,
)
from treadle_server._routing.mistakes import place_of, wrong_signature

from .subapps import AbstractApplication

__all__ = ["NotRoutedError", "RoutedRequest", "not_routed"]

P = ParamSpec("P")
AppT = TypeVar("AppT", bound=AbstractApplication)


class NotRoutedError(AssertionError, RuntimeError):
    """A request was asked for what only routing gives it; aiohttp asserts it."""


def not_routed(what: str) -> NotRoutedError:
    """Return the error for a request that has no ``what`` yet."""
    return NotRoutedError(
        f"The request is not routed yet, so it has no {what}: only handlers and middlewares of an "
        "application have one"
    )


class RoutedRequest(BaseRequest, Generic[AppT]):
    """A request that a router has matched, or will match."""

    # The context, or what it is made of when it is first asked for: the applications around the
    # handler and the match. Most handlers do not ask for it, and a pair costs 0.2 us less. None
    # until the request is routed.
    _routed: "RouteContext | tuple[tuple[AppT, ...], Match[AbstractRoute]] | None" = None
    # Made when it is first asked for; it reads and writes the applications of the context.
    # Programs set it too (maubot): then it says what the applications are.
    _match_info: UrlMappingMatchInfo | None = None
    # The applications that were asked and the error of a request without a route, which has no
    # context until it is asked for.
    _unmatched: "tuple[tuple[AppT, ...], HTTPException] | None" = None

    @property
    def match_info(self) -> UrlMappingMatchInfo[Self, AppT]:
        """The result of routing: the variables of the path, as strings, and the route."""
        info = self._match_info
        if info is None:
            context = self._route_context
            if context is not None and context.match is not None:
                info = self._match_info = UrlMappingMatchInfo.of(context.match, context)
            elif context is not None and self._unmatched is not None:
                error = self._unmatched[1]
                info = self._match_info = MatchInfoError(error, context=context)
            else:
                raise not_routed("match_info")
        return info

    def after_response(
        self,
        function: Callable[P, Coroutine[Any, Any, object]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Call the async ``function`` as a background task once this request has had its response.

        The task starts when the last byte of the response, whichever it is, has been given to the
        connection, or when there is no response because the client has left. It does not wait until
        the client has read it. Raises like ``Application.spawn``, but here and not then: there is
        room for the task.
        """
        apps = self._apps
        if not apps:
            raise not_routed("application to run a task in")
        self.add_cleanup(apps[0].background.reserve(function, *args, **kwargs))

    def _decides(self, info: UrlMappingMatchInfo) -> bool:
        """Return True if ``info`` knows the running application.

        Ours shares the context of the request, and one that a program has set has its own. That of
        an add-on's resource may know less than the context.
        """
        return self._routed is None or isinstance(info, UrlMappingMatchInfo)

    @property
    def found_route(self) -> AbstractRoute | None:
        """The route that was found, for those who look at each request: it makes no match info.

        It is a ``SystemRoute``, or None, if the request has no route.
        """
        routed = self._routed
        if type(routed) is tuple and self._match_info is None:
            # Fast path of tools/bench/observers.py.
            return routed[1].handler
        return self._matched_route

    @property
    def route_template(self) -> str | None:
        """The path of the route with its variables in braces, None without a route.

        It has the prefixes of the applications around it.
        """
        return template_of(self.found_route)

    def handler_place(self) -> str:
        """Return the name of the handler, its place in the source, and the middlewares around it.

        ``""`` without a route.
        """
        route = self._users_route()
        if route is None:
            return ""
        around = [middleware for app in self._apps for middleware in app.middlewares]
        return place_of(route.handler, [*around, *route.middlewares])

    def handler_advice(self) -> str | None:
        """Return a sentence if the handler of the route cannot be called with a request."""
        route = self._users_route()
        return None if route is None else wrong_signature(route.handler)

    def _users_route(self) -> AbstractRoute | None:
        route = self.found_route
        return None if isinstance(route, SystemRoute) else route

    @property
    def _route_context(self) -> RouteContext | None:
        """The applications around the handler and the running one; None until it is routed."""
        routed = self._routed
        if isinstance(routed, tuple):
            apps, match = routed
            routed = self._routed = RouteContext(apps, apps[-1], match)
        elif routed is None and self._unmatched is not None:
            apps = self._unmatched[0]
            routed = self._routed = RouteContext(apps, apps[-1], None)
        return routed

    @property
    def _apps(self) -> tuple[AppT, ...]:
        """The applications around the handler, the outermost first."""
        info = self._match_info
        if info is not None and self._decides(info):
            return cast("tuple[AppT, ...]", tuple(info.apps))
        context = self._route_context
        return () if context is None else cast("tuple[AppT, ...]", context.apps)

    @property
    def _matched_route(self) -> AbstractRoute | None:
        if isinstance(self._match_info, UrlMappingMatchInfo):
            return self._match_info.route
        context = self._route_context
        return None if context is None or context.match is None else context.match.handler

    def _carry_over(self, copy: Self) -> None:
        # One context and one match info for both.
        context = copy._routed = self._route_context
        copy._unmatched = self._unmatched
        if context is not None and (context.match is not None or self._unmatched is not None):
            copy._match_info = self.match_info
        else:
            copy._match_info = self._match_info
