"""Abstract routes, resources and match infos, which third parties may implement.

A resource has routes, a route belongs to a resource, and a match info has a route. Their types form
a circle, so all three are here; ``_routing.resources`` has the framework's own classes.

The class of requests is defined above this module. Where user code overrides a method that takes a
request, the parameter is ``Any``, so that the override may write ``web.Request``.
"""

import abc
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sized
from typing import Any, ClassVar, Final, Protocol, TypeVar, Unpack, final

from yarl import URL

from treadle_responses import HTTPException, StreamResponse
from treadle_router import Converter, Item, Match
from treadle_server._core.state import AppState
from treadle_server._http.request import BaseRequest

from .context import RouteContext
from .handlers import (
    AnyHandler,
    AnyMiddleware,
    check_expect_handler,
    check_handler,
    check_middlewares,
    check_size,
    default_expect_handler,
)
from .options import RouteOptions, check_options

__all__ = [
    "AbstractMatchInfo",
    "AbstractResource",
    "AbstractRoute",
    "AbstractRouter",
    "MatchInfoError",
    "MatchableResource",
    "SupportsAddRoute",
    "SystemRoute",
    "UrlMappingMatchInfo",
]


class AbstractRoute(abc.ABC):
    """A handler for a method; see ``RouteOptions`` for the options."""

    def __init__(
        self,
        method: str,
        handler: AnyHandler,
        *,
        resource: "AbstractResource | None" = None,
        **options: Unpack[RouteOptions[AnyMiddleware]],
    ) -> None:
        check_options(options, RouteOptions.__optional_keys__, f"{type(self).__name__}()")
        expect_handler = options.get("expect_handler")
        client_max_size = options.get("client_max_size")
        what = f"the route {method} {'' if resource is None else resource.canonical}".rstrip()
        self._method: Final = method.upper()
        #: The handler as a plain attribute: the hot path has no time for a property.
        self.checked_handler: Final = check_handler(handler)
        check_expect_handler(expect_handler)
        check_size(client_max_size, what)
        self._expect_handler: Final = expect_handler
        self._resource: Final = resource
        self._middlewares: Final = check_middlewares(options.get("middlewares", ()), what)
        self._client_max_size: Final = client_max_size

    @property
    def method(self) -> str:
        """The HTTP method, ``*`` for any."""
        return self._method

    @property
    def handler(self) -> AnyHandler:
        """The function or view class."""
        return self.checked_handler

    @property
    def resource(self) -> "AbstractResource | None":
        """The resource that the route belongs to."""
        return self._resource

    @property
    def middlewares(self) -> tuple[AnyMiddleware, ...]:
        """The middlewares around this handler only, the outermost first."""
        return self._middlewares

    @property
    def client_max_size(self) -> int | None:
        """The largest body in bytes that ``read()`` takes; None: the application's limit."""
        return self._client_max_size

    @property
    @abc.abstractmethod
    def name(self) -> str | None:
        """The name of the resource."""

    @abc.abstractmethod
    def get_info(self) -> Mapping[str, object]:
        """Return a description of the route."""

    @abc.abstractmethod
    def url_for(self, **parts: object) -> URL:
        """Return the URL of the route."""

    async def handle_expect_header(self, request: BaseRequest) -> StreamResponse | None:
        """Answer the request's ``Expect`` field; None accepts the body."""
        handler = self._expect_handler or default_expect_handler
        return await handler(request)


R = TypeVar("R", bound=AbstractRoute)
R_co = TypeVar("R_co", covariant=True)


class AbstractMatchInfo(abc.ABC):
    """The result of routing for one request.

    ``apps`` are the applications that the request goes through, the outermost first. A router adds
    the inner ones with ``add_app``; the outermost application adds itself and calls ``freeze``.
    """

    @property
    @abc.abstractmethod
    def handler(self) -> AnyHandler:
        """The handler to call."""

    @property
    @abc.abstractmethod
    def expect_handler(self) -> Callable[[Any], Awaitable[StreamResponse | None]]:
        """The function that answers the request's ``Expect`` field."""

    @property
    @abc.abstractmethod
    def http_exception(self) -> HTTPException | None:
        """The error of a request without a route, else None."""

    @abc.abstractmethod
    def get_info(self) -> Mapping[str, object]:
        """Return a description of the route."""

    @property
    @abc.abstractmethod
    def apps(self) -> tuple[AppState, ...]:
        """The applications around the handler, the outermost first."""

    @abc.abstractmethod
    def add_app(self, app: AppState) -> None:
        """Add an application around those that were added before."""

    @abc.abstractmethod
    def freeze(self) -> None:
        """Refuse further applications."""


class AbstractResource(Sized, Iterable[AbstractRoute]):
    """One or more paths with their routes.

    The dispatcher asks a resource of your own with ``resolve``, for every path that begins with the
    fixed part of ``canonical``. That part also determines its place in the order of dispatch.
    """

    #: True if it is asked before all other resources, whatever the path, as host rules are.
    is_rule: ClassVar[bool] = False

    def __init__(self, *, name: str | None = None) -> None:
        self._name = name

    @property
    def name(self) -> str | None:
        """The name for ``UrlDispatcher.__getitem__``, or None."""
        return self._name

    @property
    @abc.abstractmethod
    def canonical(self) -> str:
        """The path with its variables in braces, without their patterns."""

    @abc.abstractmethod
    def url_for(self, **parts: object) -> URL:
        """Return the URL of the resource with ``parts`` for its variables."""

    @abc.abstractmethod
    async def resolve(self, request: Any) -> "tuple[AbstractMatchInfo | None, set[str]]":
        """Return the match info of ``request``, or None and the methods that the path has."""

    @abc.abstractmethod
    def add_prefix(self, prefix: str) -> None:
        """Put ``prefix`` before the path: the resource becomes part of a sub-application."""

    @abc.abstractmethod
    def get_info(self) -> Mapping[str, object]:
        """Return a description of the resource."""

    @abc.abstractmethod
    def raw_match(self, path: str) -> bool:
        """Return True if ``path`` is the path as it was declared."""

    def freeze(self) -> None:
        """Refuse further routes."""

    @abc.abstractmethod
    def __len__(self) -> int: ...

    @abc.abstractmethod
    def __iter__(self) -> Iterator[AbstractRoute]: ...


class MatchableResource(AbstractResource):
    """A resource that may stand in a compiled matcher, so that ``resolve`` is not asked."""

    @abc.abstractmethod
    def matcher_item(self) -> Item[AbstractRoute] | None:
        """Return the item that matches for this resource; None if it has none."""

    @property
    @abc.abstractmethod
    def needs_resolve(self) -> bool:
        """True if ``resolve`` must be asked, because a subclass or add-on replaced it."""

    @abc.abstractmethod
    def add_prefix(
        self, prefix: str, *, converters: Mapping[str, Converter[object]] | None = None
    ) -> None:
        """Put ``prefix`` before the path; it is parsed with ``converters`` (None: the path's own).

        Raises ``ValueError`` for a bad prefix.
        """


class AbstractRouter(abc.ABC):
    """A router: it finds the handler for a request."""

    def __init__(self) -> None:
        self._frozen = False

    def post_init(self, app: AppState) -> None:  # noqa: B027  # a hook that few need
        """Take note of the application that owns the router; does nothing here."""

    @property
    def frozen(self) -> bool:
        """True if no more routes can be added."""
        return self._frozen

    def freeze(self) -> None:
        """Refuse further routes."""
        self._frozen = True

    @abc.abstractmethod
    async def resolve(self, request: Any) -> AbstractMatchInfo:
        """Return the match info of ``request``; without a match it has the error."""


class SupportsAddRoute(Protocol[R_co]):
    """A router as a definition needs it: ``add_route(method, path, handler, **options)``."""

    @property
    def add_route(self) -> Callable[..., R_co]:
        """The method that adds one route and returns it."""


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

    def get_info(self) -> Mapping[str, object]:
        """Return the exception."""
        return {"http_exception": self._http_exception}

    def url_for(self, **parts: object) -> URL:
        """Raise ``RuntimeError``: no URL leads to an error."""
        raise RuntimeError(f"A request without a route has no URL to build from {parts}")

    def __repr__(self) -> str:
        return f"<SystemRoute {self.status}: {self.reason}>"


class UrlMappingMatchInfo(dict[str, str], AbstractMatchInfo):
    """The variables of a path as strings, and the matched route.

    ``converted`` has the values of typed variables (``{id!int}``) converted.
    """

    def __init__(
        self,
        match_dict: Mapping[str, str],
        route: AbstractRoute,
        converted: Mapping[str, object] | None = None,
        *,
        context: RouteContext | None = None,
    ) -> None:
        """Make a match info; with ``context``, a frozen view of the applications in it."""
        super().__init__(match_dict)
        self._route = route
        self._converted = match_dict if converted is None else converted
        #: True if the route belongs to a compiled router, so that their number is bounded.
        self.is_compiled = False
        #: The applications and the current one; the request has the same object.
        self.route_context: Final = RouteContext((), None, None) if context is None else context
        self._frozen = context is not None

    @classmethod
    def of(cls, found: Match[R], context: RouteContext | None = None) -> "UrlMappingMatchInfo":
        """Return the match info for a match of the router, over the ``context`` of a request."""
        return cls(found.raw_params, found.handler, found.params, context=context)

    @property
    def converted(self) -> Mapping[str, object]:
        """The variables, with the values of typed variables converted."""
        return self._converted

    @property
    def handler(self) -> AnyHandler:
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

    def get_info(self) -> Mapping[str, object]:
        """Return a description of the route."""
        return self._route.get_info()

    @property
    def apps(self) -> tuple[AppState, ...]:
        """The applications around the handler, the outermost first."""
        return self.route_context.apps

    def add_app(self, app: AppState) -> None:
        """Add an application around those that were added before; the first one is current."""
        if self._frozen:
            raise RuntimeError("Cannot change apps stack after .freeze() call")
        context = self.route_context
        if context.current is None:
            context.current = app
        context.apps = (app, *context.apps)

    @property
    def current_app(self) -> AppState:
        """The application that handles the request now, the same as ``request.app``."""
        current = self.route_context.current
        if current is None:
            raise RuntimeError("The match has no application yet: add_app() gives it one")
        return current

    @current_app.setter
    def current_app(self, app: AppState) -> None:
        apps = self.route_context.apps
        if app not in apps:
            raise ValueError(f"Expected one of the following apps {apps!r}, got {app!r}")
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
