"""Abstract routes, resources and match infos, which third parties may implement.

A resource has routes, a route belongs to a resource, and a match info has a route. Their types form
a circle, so all three are here; ``_routing.resources`` has the framework's own classes.

The class of requests is defined above this module. Where user code overrides a method that takes a
request, the parameter is ``Any``, so that the override may write ``web.Request``.
"""

import abc
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sized
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol, TypedDict, TypeVar, Unpack, final

from yarl import URL

from treadle_responses import HTTPException, StreamResponse
from treadle_router import Converter, Item, Match, MethodNotAllowed, NotFound, canonical_method
from treadle_server._core.keywords import check_keywords
from treadle_server._core.state import AppState
from treadle_server._http.request import BaseRequest

from .handlers import (
    AnyHandler,
    AnyMiddleware,
    check_expect_handler,
    check_handler,
    check_middlewares,
    check_size,
    default_expect_handler,
)
from .options import PathValue, RouteOptions

__all__ = [
    "AbstractMatchInfo",
    "AbstractResource",
    "AbstractRoute",
    "AbstractRouter",
    "MatchFunction",
    "MatchableResource",
    "NeedsResolve",
    "RouteInfo",
    "SupportsAddRoute",
    "refer_to_resolve",
]


class RouteInfo(TypedDict, total=False):
    """The description of a route or resource: each kind has some of these keys."""

    # A path as it was declared, or one with variables and its regular expression.
    path: str
    formatter: str
    pattern: re.Pattern[str]
    # Files.
    directory: Path
    prefix: str
    routes: "Mapping[str, AbstractRoute]"
    # A ``web.Application``, which is defined above this module, and the rule that chooses it.
    app: Any
    rule: Any
    domain: str
    # The error of a request without a route.
    http_exception: HTTPException


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
        check_keywords(options, RouteOptions.__optional_keys__, f"{type(self).__name__}()")
        expect_handler = options.get("expect_handler")
        what = f"the route {method} {'' if resource is None else resource.canonical}".rstrip()
        self._method: Final = canonical_method(method)
        #: The handler as a plain attribute: the hot path has no time for a property.
        self.checked_handler: Final = check_handler(handler)
        check_expect_handler(expect_handler)
        self._expect_handler: Final = expect_handler
        self._resource: Final = resource
        self._middlewares: Final = check_middlewares(options.get("middlewares", ()), what)
        self._client_max_size: Final = check_size(options.get("client_max_size"), what)

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
    def get_info(self) -> RouteInfo:
        """Return a description of the route."""

    @abc.abstractmethod
    def url_for(self, **parts: PathValue) -> URL:
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
    def get_info(self) -> RouteInfo:
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
    def url_for(self, **parts: PathValue) -> URL:
        """Return the URL of the resource with ``parts`` for its variables."""

    @abc.abstractmethod
    async def resolve(self, request: Any) -> "tuple[AbstractMatchInfo | None, set[str]]":
        """Return the match info of ``request``, or None and the methods that the path has."""

    @abc.abstractmethod
    def add_prefix(self, prefix: str) -> None:
        """Put ``prefix`` before the path: the resource becomes part of a sub-application."""

    @abc.abstractmethod
    def get_info(self) -> RouteInfo:
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


@final
class NeedsResolve:
    """The result of ``match`` for a router that must be asked with ``resolve``."""

    __slots__ = ()


_NEEDS_RESOLVE: Final = NeedsResolve()

#: The function of a router that finds a route without a request: method and path in, result out.
MatchFunction = Callable[
    [str, str], Match[AbstractRoute] | NotFound | MethodNotAllowed | NeedsResolve
]


def refer_to_resolve(method: str, path: str) -> NeedsResolve:  # noqa: ARG001  # a ``MatchFunction``
    """Return the result that has the caller await ``resolve``."""
    return _NEEDS_RESOLVE


class AbstractRouter(abc.ABC):
    """A router: it finds the handler for a request."""

    #: The entry of the hot path; a router of another class has only its ``resolve``.
    match: MatchFunction = staticmethod(refer_to_resolve)

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
