"""The results of routing: the variables of a path and its route, or the error without one."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, final

from yarl import URL

from treadle_responses import HTTPException, StreamResponse, UnknownKeyError
from treadle_router import Match
from treadle_server._core.misuse import WrongMomentError
from treadle_server._core.state import AppState
from treadle_server._http.request import BaseRequest

from .context import RouteContext
from .interfaces import AbstractMatchInfo, AbstractRoute, RouteInfo
from .options import PathValue

__all__ = ["MatchInfoError", "SystemRoute", "UrlMappingMatchInfo", "template_of"]

if TYPE_CHECKING:
    # Defaults for the parameters (PEP 696), so that ``UrlMappingMatchInfo`` alone is a type.
    from typing_extensions import TypeVar

    Request_contra = TypeVar("Request_contra", contravariant=True, default=Any)
    App_co = TypeVar("App_co", bound=AppState, covariant=True, default=Any)
else:
    from typing import TypeVar

    Request_contra = TypeVar("Request_contra", contravariant=True)
    App_co = TypeVar("App_co", bound=AppState, covariant=True)

R = TypeVar("R", bound=AbstractRoute)


@final
class SystemRoute(AbstractRoute):
    """The route of a request without a match: its handler raises 404 or 405."""

    def __init__(self, http_exception: HTTPException) -> None:
        async def handler(request: BaseRequest) -> StreamResponse:  # noqa: ARG001
            raise http_exception

        super().__init__("*", handler)
        self._http_exception: Final = http_exception

    @property
    def name(self) -> str | None:
        """None: it has no resource."""
        return None

    @property
    def status(self) -> int:
        """The status of the error."""
        return self._http_exception.status

    @property
    def reason(self) -> str:
        """The reason phrase of the error."""
        return self._http_exception.reason

    def get_info(self) -> RouteInfo:
        """Return the exception."""
        return {"http_exception": self._http_exception}

    def url_for(self, **parts: PathValue) -> URL:
        """Raise ``RuntimeError``: no URL leads to an error."""
        raise RuntimeError(
            f".url_for() is not allowed for SystemRoute: a request without a route has no URL to "
            f"build from {parts}"
        )

    def __repr__(self) -> str:
        return f"<SystemRoute {self.status}: {self.reason}>"


def template_of(route: AbstractRoute | None) -> str | None:
    """Return the path of a route with its variables in braces, None without a route."""
    if route is None or isinstance(route, SystemRoute):
        return None
    resource = route.resource
    return None if resource is None else resource.canonical


class UrlMappingMatchInfo(dict[str, str], AbstractMatchInfo, Generic[Request_contra, App_co]):
    """The variables of a path as strings, and the matched route.

    Generic in the requests that the handler takes, and in the class of the applications.
    ``converted`` has the values of typed variables (``{id!int}``) converted.
    """

    # Unlike the attributes of other instances, those of a dict's class are not quick without this.
    __slots__ = ("_converted", "_frozen", "_route", "is_compiled", "route_context")

    def __init__(
        self,
        match_dict: Mapping[str, str],
        route: AbstractRoute,
        converted: Mapping[str, object] | None = None,
        context: RouteContext | None = None,
    ) -> None:
        """Make a match info; with ``context``, a frozen view of the applications in it."""
        super().__init__(match_dict)
        self._route = route
        self._converted = match_dict if converted is None else converted
        #: True if the route belongs to a compiled router, so that their number is bounded.
        self.is_compiled: bool = False
        #: The applications and the current one; the request has the same object.
        self.route_context: Final = RouteContext((), None, None) if context is None else context
        self._frozen = context is not None

    def __missing__(self, key: object) -> str:
        path = self._route.resource
        place = "the path" if path is None else f"the path {path.canonical!r}"
        raise UnknownKeyError(key, f"match_info of {place}", self)

    @classmethod
    def of(
        cls, found: Match[R], context: RouteContext | None = None
    ) -> "UrlMappingMatchInfo[Request_contra, App_co]":
        """Return the match info for a match of the router, over the ``context`` of a request."""
        return cls(found.raw_params, found.handler, found.params, context)

    @property
    def converted(self) -> Mapping[str, object]:
        """The variables, with the values of typed variables converted."""
        return self._converted

    @property
    def handler(self) -> Callable[[Request_contra], Awaitable[StreamResponse]]:
        """The handler to call."""
        return self._route.handler

    @property
    def route(self) -> AbstractRoute:
        """The route."""
        return self._route

    @property
    def expect_handler(self) -> Callable[[Any], Awaitable[StreamResponse | None]]:
        """The function that answers the request's ``Expect`` field."""
        return self._route.handle_expect_header

    @property
    def http_exception(self) -> HTTPException | None:
        """None: the request has a route."""
        return None

    def get_info(self) -> RouteInfo:
        """Return a description of the route."""
        return self._route.get_info()

    @property
    def apps(self) -> tuple[App_co, ...]:
        """The applications around the handler, the outermost first."""
        # Without ``cast``, which is a call.
        apps: Any = self.route_context.apps
        typed: tuple[App_co, ...] = apps
        return typed

    def add_app(self, app: AppState) -> None:
        """Add an application around those that were added before; the first one is current."""
        if self._frozen:
            raise RuntimeError("Cannot change apps stack after .freeze() call")
        context = self.route_context
        if context.current is None:
            context.current = app
        context.apps = (app, *context.apps)

    @property
    def current_app(self) -> App_co:
        """The application that handles the request now, the same as ``request.app``."""
        current: Any = self.route_context.current
        if current is None:
            raise WrongMomentError("The match has no application yet: add_app() gives it one")
        app: App_co = current
        return app

    @current_app.setter
    def current_app(self, app: AppState) -> None:
        apps = self.route_context.apps
        if sys.flags.dev_mode and app not in apps:
            raise RuntimeError(f"Expected one of the following apps {apps!r}, got {app!r}")
        self.route_context.current = app

    def freeze(self) -> None:
        """Refuse further applications."""
        self._frozen = True

    def __repr__(self) -> str:
        return f"<MatchInfo {dict.__repr__(self)}: {self._route!r}>"


@final
class MatchInfoError(UrlMappingMatchInfo):
    """The match info of a request without a route."""

    def __init__(
        self, http_exception: HTTPException, *, context: RouteContext | None = None
    ) -> None:
        super().__init__({}, SystemRoute(http_exception), context=context)
        self._exception: Final = http_exception

    @property
    def http_exception(self) -> HTTPException | None:
        """The error."""
        return self._exception

    def __repr__(self) -> str:
        return f"<MatchInfoError {self._exception.status}: {self._exception.reason}>"
