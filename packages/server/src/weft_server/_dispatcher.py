"""Resources and routes as applications see them, over the matcher of `weft_router`.

The router knows paths and methods; here they get what belongs to a web application: handlers that
are checked when they are added, URLs as ``yarl.URL``, the expectations of ``Expect``, and a match
that a request carries.  Nothing here knows the request's class: handlers are stored as they come,
and ``_app`` gives the methods that take them their precise types.
"""

import abc
import inspect
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping, Sized
from types import MappingProxyType
from typing import Any, Final, final

from yarl import URL

from weft_responses import HTTPException, HTTPExpectationFailed, StreamResponse
from weft_router import Match, MethodNotAllowed, NotFound, Router
from weft_router import Resource as RouterResource

from ._request import BaseRequest

__all__ = [
    "AbstractMatchInfo",
    "AbstractResource",
    "AbstractRoute",
    "AbstractView",
    "AnyHandler",
    "Dispatcher",
    "DynamicResource",
    "ExpectHandler",
    "PlainResource",
    "Resource",
    "ResourceRoute",
    "SystemRoute",
    "UrlMappingMatchInfo",
]

#: A handler before its request type is known; `web.Handler` is the precise type.
AnyHandler = Callable[[Any], Awaitable[StreamResponse]]
#: Answers `Expect: 100-continue`: a response refuses the body, None lets it come.
ExpectHandler = Callable[[Any], Awaitable[StreamResponse | None]]


class AbstractView(abc.ABC):
    """A class whose instances answer one request when they are awaited."""

    def __init__(self, request: BaseRequest) -> None:
        self._request = request

    @property
    def request(self) -> BaseRequest:
        """The request to answer."""
        return self._request

    @abc.abstractmethod
    def __await__(self) -> Generator[Any, None, StreamResponse]:
        """Return the generator that produces the response."""


def where(handler: object) -> str:
    """Return ``file:line`` of a function or class for an error message, or ``""``."""
    target = inspect.unwrap(handler) if callable(handler) else handler
    code = getattr(target, "__code__", None)
    if code is not None:
        return f" ({code.co_filename}:{code.co_firstlineno})"
    return ""


def check_handler(handler: object) -> AnyHandler:
    """Return ``handler`` as a function that can be awaited; raises ``TypeError`` with the fix."""
    if inspect.iscoroutinefunction(handler):
        return handler
    if isinstance(handler, type) and issubclass(handler, AbstractView):
        return handler
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


async def default_expect_handler(request: BaseRequest) -> None:
    """Let the body come for ``100-continue``, refuse any other expectation with 417.

    The server sends 100 Continue when the body is first read, so that a handler can still refuse
    it unseen (RFC 9110 section 10.1.1).
    """
    if request.headers.get("Expect", "").lower() != "100-continue":
        raise HTTPExpectationFailed


class AbstractRoute(abc.ABC):
    """A handler under a method."""

    def __init__(
        self,
        method: str,
        handler: AnyHandler,
        *,
        expect_handler: ExpectHandler | None = None,
        resource: "AbstractResource | None" = None,
    ) -> None:
        self._method: Final = method.upper()
        self._handler: Final = check_handler(handler)
        if expect_handler is not None and not inspect.iscoroutinefunction(expect_handler):
            raise TypeError(f"expect_handler must be an async function, not {expect_handler!r}")
        self._expect_handler: Final = expect_handler
        self._resource: Final = resource

    @property
    def method(self) -> str:
        """The HTTP method, ``*`` for any."""
        return self._method

    @property
    def handler(self) -> AnyHandler:
        """The function or view class."""
        return self._handler

    @property
    def resource(self) -> "AbstractResource | None":
        """The resource that the route belongs to."""
        return self._resource

    @property
    @abc.abstractmethod
    def name(self) -> str | None:
        """The name of the resource."""

    @abc.abstractmethod
    def get_info(self) -> Mapping[str, object]:
        """Return what describes the route."""

    @abc.abstractmethod
    def url_for(self, **parts: object) -> URL:
        """Return the URL that leads here."""

    async def handle_expect_header(self, request: BaseRequest) -> StreamResponse | None:
        """Act on a request's ``Expect`` field."""
        handler = self._expect_handler or default_expect_handler
        return await handler(request)


class AbstractResource(Sized, abc.ABC):
    """A path with the routes under it."""

    def __init__(self, *, name: str | None = None) -> None:
        self._name = name

    @property
    def name(self) -> str | None:
        """The name for :meth:`UrlDispatcher.__getitem__`, or None."""
        return self._name

    @property
    @abc.abstractmethod
    def canonical(self) -> str:
        """The path with its variables in braces, without their patterns."""

    @abc.abstractmethod
    def url_for(self, **parts: object) -> URL:
        """Return the URL of the resource with ``parts`` for its variables."""

    @abc.abstractmethod
    def get_info(self) -> Mapping[str, object]:
        """Return what describes the resource."""

    @abc.abstractmethod
    def __iter__(self) -> Iterator[AbstractRoute]: ...


class Resource(AbstractResource):
    """A path of the application's own; made by the dispatcher."""

    def __init__(self, resource: "RouterResource[ResourceRoute]") -> None:
        super().__init__(name=resource.name)
        self._resource: Final = resource

    @property
    def canonical(self) -> str:
        """The path with its variables in braces, without their patterns."""
        return self._resource.canonical

    def add_route(
        self, method: str, handler: AnyHandler, *, expect_handler: ExpectHandler | None = None
    ) -> "ResourceRoute":
        """Add ``handler`` for ``method`` (``*``: every other one) and return the route.

        Raises ``RuntimeError`` for a second handler of the method, ``TypeError`` for something
        that is no handler, ``ValueError`` for a method that is no token.
        """
        route = ResourceRoute(method, handler, self, expect_handler=expect_handler)
        self._resource.add_route(method, route)
        return route

    def url_for(self, **parts: object) -> URL:
        """Return the relative URL with ``parts`` for the variables.

        Raises ``KeyError`` for a missing part, and ``ValueError`` for an unknown one or a value
        that the path would not match.
        """
        return URL(self._resource.build(**parts), encoded=True)

    def get_info(self) -> Mapping[str, object]:
        """Return ``path``, or ``formatter`` and ``pattern`` for a path with variables."""
        if self._resource.pattern is None:
            return {"path": self._resource.canonical}
        return {"formatter": self._resource.canonical, "pattern": self._resource.pattern}

    def __len__(self) -> int:
        return len(self._resource)

    def __iter__(self) -> "Iterator[ResourceRoute]":
        return (route.handler for route in self._resource)

    def __repr__(self) -> str:
        name = "" if self._name is None else f"'{self._name}' "
        return f"<{type(self).__name__} {name} {self.canonical}>"


@final
class PlainResource(Resource):
    """A path without variables."""


@final
class DynamicResource(Resource):
    """A path with variables."""


@final
class ResourceRoute(AbstractRoute):
    """A route of a resource."""

    def __init__(
        self,
        method: str,
        handler: AnyHandler,
        resource: AbstractResource,
        *,
        expect_handler: ExpectHandler | None = None,
    ) -> None:
        super().__init__(method, handler, expect_handler=expect_handler, resource=resource)
        self._home: Final = resource

    @property
    def name(self) -> str | None:
        """The name of the resource."""
        return self._home.name

    def get_info(self) -> Mapping[str, object]:
        """Return what describes the resource."""
        return self._home.get_info()

    def url_for(self, **parts: object) -> URL:
        """Return the URL of the resource with ``parts`` for its variables."""
        return self._home.url_for(**parts)

    def __repr__(self) -> str:
        return f"<ResourceRoute [{self._method}] {self._home!r} -> {self._handler!r}>"


@final
class SystemRoute(AbstractRoute):
    """The route of a request that matched none: its handler raises 404 or 405."""

    def __init__(self, http_exception: HTTPException) -> None:
        async def handler(request: BaseRequest) -> StreamResponse:  # noqa: ARG001
            raise http_exception

        super().__init__("*", handler)
        self._http_exception: Final = http_exception

    @property
    def name(self) -> str | None:
        """None: nobody has named it."""
        return None

    @property
    def status(self) -> int:
        """The status that the request gets."""
        return self._http_exception.status

    @property
    def reason(self) -> str:
        """The reason phrase that the request gets."""
        return self._http_exception.reason

    def get_info(self) -> Mapping[str, object]:
        """Return the exception."""
        return {"http_exception": self._http_exception}

    def url_for(self, **parts: object) -> URL:
        """Raise ``RuntimeError``: no URL leads to an error."""
        raise RuntimeError(f"A request without a route has no URL to build from {parts}")

    def __repr__(self) -> str:
        return f"<SystemRoute {self.status}: {self.reason}>"


class AbstractMatchInfo(abc.ABC):
    """What routing found out about a request."""

    @property
    @abc.abstractmethod
    def handler(self) -> AnyHandler:
        """The handler to call."""

    @property
    @abc.abstractmethod
    def http_exception(self) -> HTTPException | None:
        """The error if there is no handler."""

    @abc.abstractmethod
    def get_info(self) -> Mapping[str, object]:
        """Return what describes the route."""


class UrlMappingMatchInfo(dict[str, str], AbstractMatchInfo):
    """The variables of the path as strings; ``converted`` has the typed ones as their types."""

    def __init__(
        self, match_dict: Mapping[str, str], route: AbstractRoute, converted: Mapping[str, object]
    ) -> None:
        super().__init__(match_dict)
        self._route: Final = route
        self.converted: Final[Mapping[str, object]] = MappingProxyType(dict(converted))

    @classmethod
    def of(cls, match: Match[ResourceRoute]) -> "UrlMappingMatchInfo":
        """Return the information for a match of the router."""
        return cls(match.raw_params, match.handler, match.params)

    @property
    def route(self) -> AbstractRoute:
        """The route that was found."""
        return self._route

    @property
    def handler(self) -> AnyHandler:
        """The handler of the route."""
        return self._route.handler

    @property
    def expect_handler(self) -> Callable[[BaseRequest], Awaitable[StreamResponse | None]]:
        """What acts on an ``Expect`` field."""
        return self._route.handle_expect_header

    @property
    def http_exception(self) -> HTTPException | None:
        """None: there is a handler."""
        return None

    def get_info(self) -> Mapping[str, object]:
        """Return what describes the route."""
        return self._route.get_info()

    def __repr__(self) -> str:
        return f"<MatchInfo {dict.__repr__(self)}: {self._route!r}>"


@final
class MatchInfoError(UrlMappingMatchInfo):
    """The information of a request that matched no route."""

    def __init__(self, http_exception: HTTPException) -> None:
        super().__init__({}, SystemRoute(http_exception), {})
        self._exception: Final = http_exception

    @property
    def http_exception(self) -> HTTPException | None:
        """The answer."""
        return self._exception


class Dispatcher(Mapping[str, AbstractResource]):
    """The resources of an application; as a mapping, the named ones by name."""

    def __init__(self) -> None:
        super().__init__()
        self._router: Final[Router[ResourceRoute]] = Router()
        self._resources: Final[list[AbstractResource]] = []
        self._by_router: Final[dict[RouterResource[ResourceRoute], Resource]] = {}
        # The hot path's way in; once frozen, the compiled matcher's own method.
        self.match: Callable[[str, str], Match[ResourceRoute] | NotFound | MethodNotAllowed]
        self.match = self._router.match

    @property
    def frozen(self) -> bool:
        """Whether resources can no longer be added."""
        return self._router.frozen

    def freeze(self) -> None:
        """Refuse further resources and routes."""
        self.match = self._router.freeze().match

    def add_resource(self, path: str, *, name: str | None = None) -> Resource:
        """Return the resource for ``path``: the last one added, if path and name are the same.

        Raises ``ValueError`` for a bad path or name or a name that is taken, ``RuntimeError`` once
        frozen.
        """
        inner = self._router.add_resource(path, name=name)
        resource = self._by_router.get(inner)
        if resource is None:
            kind = PlainResource if inner.pattern is None else DynamicResource
            resource = self._by_router[inner] = kind(inner)
            self._resources.append(resource)
        return resource

    def resources(self) -> tuple[AbstractResource, ...]:
        """Return all resources in the order of their registration."""
        return tuple(self._resources)

    def routes(self) -> tuple[AbstractRoute, ...]:
        """Return the routes of all resources."""
        return tuple(route for resource in self._resources for route in resource)

    def named_resources(self) -> Mapping[str, AbstractResource]:
        """Return the resources that have a name."""
        return MappingProxyType(
            {resource.name: resource for resource in self._resources if resource.name is not None}
        )

    def __getitem__(self, name: str) -> AbstractResource:
        return self._by_router[self._router.named_resources()[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._router.named_resources())

    def __len__(self) -> int:
        return len(self._router.named_resources())

    def __contains__(self, name: object) -> bool:
        return name in self._router.named_resources()

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} ({len(self._resources)} resources)>"
