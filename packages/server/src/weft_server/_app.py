"""The application, its request and its router: the three classes whose types know each other.

A request knows its application, an application its router, and the router's handlers take requests;
so the three live in one module.  Their machinery does not: see ``_request``, ``_dispatcher`` and
``_lifecycle``.
"""

import functools
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from typing import Any, Final, Protocol, TypeVar, overload

from weft_http_parser.hdrs import METH_ANY
from weft_responses import (
    AppKey,
    HTTPException,
    HTTPMethodNotAllowed,
    HTTPNoContent,
    HTTPNotFound,
    HTTPNotImplemented,
    StreamResponse,
)
from weft_router import AbstractRouteDef, Match, NotFound
from weft_router import RouteTableDef as _RouteTableDef

from ._dispatcher import (
    AbstractRoute,
    AbstractView,
    AnyHandler,
    Dispatcher,
    ExpectHandler,
    MatchInfoError,
    ResourceRoute,
    UrlMappingMatchInfo,
)
from ._errors import web_logger
from ._lifecycle import CleanupContext
from ._request import BaseRequest
from ._signals import FrozenList, Signal

__all__ = ["Application", "Handler", "Middleware", "Request", "RouteTableDef", "UrlDispatcher"]

_T = TypeVar("_T")

_REQUEST_WITHOUT_APP: Final = (
    "The request is not routed yet: only handlers and middlewares of an application have {}"
)


class Request(BaseRequest):
    """A request that an application handles."""

    _app: "Application | None" = None
    _match: Match[ResourceRoute] | None = None
    _match_info: UrlMappingMatchInfo | None = None

    @property
    def app(self) -> "Application":
        """The application that handles the request."""
        if self._app is None:
            raise RuntimeError(_REQUEST_WITHOUT_APP.format("an app"))
        return self._app

    @property
    def client_max_size(self) -> int:
        """The most bytes that :meth:`read` takes, the application's setting; 0: any number."""
        return self._client_max_size if self._app is None else self._app._client_max_size

    @property
    def client_max_fields(self) -> int:
        """The most fields that :meth:`post` takes, the application's setting; 0: any number."""
        return self._client_max_fields if self._app is None else self._app._client_max_fields

    @property
    def match_info(self) -> UrlMappingMatchInfo:
        """What routing found: the path's variables, as strings."""
        if self._match_info is None:
            if self._match is None:
                raise RuntimeError(_REQUEST_WITHOUT_APP.format("a match_info"))
            self._match_info = UrlMappingMatchInfo.of(self._match)
        return self._match_info

    async def _prepare_hook(self, response: StreamResponse) -> None:
        if self._app is not None:
            await self._app.on_response_prepare.send(self, response)


#: What answers requests: an async function (or a View class) from a request to a response.
Handler = Callable[[Request], Awaitable[StreamResponse]]


class Middleware(Protocol):
    """An async function around the handler: it calls ``handler(request)``, or answers by itself."""

    def __call__(self, request: Request, handler: Handler, /) -> Awaitable[StreamResponse]:
        """Answer ``request``."""


class RouteTableDef(_RouteTableDef[Handler]):
    """Route definitions collected by decorators: ``@routes.get("/")`` above a handler."""


class UrlDispatcher(Dispatcher):
    """The router of an application."""

    def add_route(
        self,
        method: str,
        path: str,
        handler: Handler,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
    ) -> AbstractRoute:
        """Add ``handler`` for ``method`` (``*``: every other one) under ``path``.

        Raises ``ValueError`` for a bad path, name or method, ``TypeError`` for something that is no
        handler, ``RuntimeError`` for a second handler of the method and once frozen.
        """
        resource = self.add_resource(path, name=name)
        return resource.add_route(method, handler, expect_handler=expect_handler)

    def add_get(
        self,
        path: str,
        handler: Handler,
        *,
        name: str | None = None,
        allow_head: bool = True,
        expect_handler: ExpectHandler | None = None,
    ) -> AbstractRoute:
        """Add ``handler`` for GET, and for HEAD unless ``allow_head`` is false."""
        resource = self.add_resource(path, name=name)
        if allow_head:
            resource.add_route("HEAD", handler, expect_handler=expect_handler)
        return resource.add_route("GET", handler, expect_handler=expect_handler)

    def add_head(
        self,
        path: str,
        handler: Handler,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
    ) -> AbstractRoute:
        """Add ``handler`` for HEAD."""
        return self.add_route("HEAD", path, handler, name=name, expect_handler=expect_handler)

    def add_options(
        self,
        path: str,
        handler: Handler,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
    ) -> AbstractRoute:
        """Add ``handler`` for OPTIONS."""
        return self.add_route("OPTIONS", path, handler, name=name, expect_handler=expect_handler)

    def add_post(
        self,
        path: str,
        handler: Handler,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
    ) -> AbstractRoute:
        """Add ``handler`` for POST."""
        return self.add_route("POST", path, handler, name=name, expect_handler=expect_handler)

    def add_put(
        self,
        path: str,
        handler: Handler,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
    ) -> AbstractRoute:
        """Add ``handler`` for PUT."""
        return self.add_route("PUT", path, handler, name=name, expect_handler=expect_handler)

    def add_patch(
        self,
        path: str,
        handler: Handler,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
    ) -> AbstractRoute:
        """Add ``handler`` for PATCH."""
        return self.add_route("PATCH", path, handler, name=name, expect_handler=expect_handler)

    def add_delete(
        self,
        path: str,
        handler: Handler,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
    ) -> AbstractRoute:
        """Add ``handler`` for DELETE."""
        return self.add_route("DELETE", path, handler, name=name, expect_handler=expect_handler)

    def add_view(
        self,
        path: str,
        handler: type[AbstractView],
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
    ) -> AbstractRoute:
        """Add a view class, which answers every method that it defines."""
        return self.add_route(METH_ANY, path, handler, name=name, expect_handler=expect_handler)

    def add_routes(self, routes: Iterable[AbstractRouteDef[Any]]) -> list[AbstractRoute]:
        """Add route definitions in their order and return the routes they made."""
        added: list[AbstractRoute] = []
        for definition in routes:
            added += definition.register(self)
        return added


def _wrap(middleware: Middleware, handler: AnyHandler) -> AnyHandler:
    def call(request: Request) -> Awaitable[StreamResponse]:
        return middleware(request, handler)

    # Middlewares may look at the function that they are around.
    return functools.update_wrapper(call, handler)


class Application(MutableMapping[str | AppKey[Any], Any]):
    """A web application: routes, middlewares, signals, and state as a mapping.

    ``client_max_size`` is the most bytes of a body that ``request.read()`` takes (0: any number),
    ``client_max_fields`` the most fields of a form.  Use :class:`AppKey` for typed state.
    """

    def __init__(
        self,
        *,
        logger: logging.Logger = web_logger,
        middlewares: Iterable[Middleware] = (),
        client_max_size: int = 1024**2,
        client_max_fields: int = 1000,
    ) -> None:
        self._logger = logger
        self._router = UrlDispatcher()
        self._middlewares: FrozenList[Middleware] = FrozenList(middlewares, what="middlewares")
        self._client_max_size = client_max_size
        self._client_max_fields = client_max_fields
        self._state: dict[str | AppKey[Any], Any] = {}
        # Whether start-up is over, behind which routes and state stay as they are.
        self._started = False
        # Whether there are middlewares, which asking their list for its length would tell slower.
        self._has_middlewares = False
        # Handlers wrapped in the middlewares, made when a route is first used.
        self._chains: dict[AnyHandler, AnyHandler] = {}
        self._has_prepare_hook = False
        self._on_response_prepare: Signal[[Request, StreamResponse]] = Signal(
            what="on_response_prepare"
        )
        self._on_startup: Signal[[Application]] = Signal(what="on_startup")
        self._on_shutdown: Signal[[Application]] = Signal(what="on_shutdown")
        self._on_cleanup: Signal[[Application]] = Signal(what="on_cleanup")
        self._cleanup_ctx: CleanupContext[Application] = CleanupContext()

    # What an application is made of.

    @property
    def router(self) -> UrlDispatcher:
        """The router."""
        return self._router

    @property
    def middlewares(self) -> FrozenList[Middleware]:
        """The middlewares, the outermost first."""
        return self._middlewares

    @property
    def logger(self) -> logging.Logger:
        """The application's logger."""
        return self._logger

    @property
    def on_response_prepare(self) -> "Signal[[Request, StreamResponse]]":
        """Awaited with request and response before a response's head is sent."""
        return self._on_response_prepare

    @property
    def on_startup(self) -> "Signal[[Application]]":
        """Awaited with the application before it serves."""
        return self._on_startup

    @property
    def on_shutdown(self) -> "Signal[[Application]]":
        """Awaited with the application when it stops, before its handlers are waited for."""
        return self._on_shutdown

    @property
    def on_cleanup(self) -> "Signal[[Application]]":
        """Awaited with the application when the last handler has ended."""
        return self._on_cleanup

    @property
    def cleanup_ctx(self) -> "CleanupContext[Application]":
        """Functions that set up before their ``yield`` and clean up behind it."""
        return self._cleanup_ctx

    def add_routes(self, routes: Iterable[AbstractRouteDef[Any]]) -> list[AbstractRoute]:
        """Add route definitions (``web.get(...)``, a ``RouteTableDef``) in their order."""
        return self._router.add_routes(routes)

    # Life.

    @property
    def frozen(self) -> bool:
        """Whether routes, middlewares and signals can no longer be changed."""
        return self._on_cleanup.frozen

    def freeze(self) -> None:
        """Refuse further routes, middlewares and signal receivers."""
        if self.frozen:
            return
        if not self._router.frozen:
            self._router.freeze()
        self._middlewares.freeze()
        for signal in (self._on_startup, self._on_shutdown, self._on_cleanup):
            signal.freeze()
        self._on_response_prepare.freeze()
        self._cleanup_ctx.freeze()
        self._has_prepare_hook = bool(self._on_response_prepare)
        self._has_middlewares = bool(self._middlewares)

    async def startup(self) -> None:
        """Enter the cleanup contexts, then send :attr:`on_startup`."""
        # Start-up itself may still add routes and middlewares.
        self._on_startup.freeze()
        self._cleanup_ctx.freeze()
        await self._cleanup_ctx.enter(self)
        await self._on_startup.send(self)
        self.freeze()
        self._started = True

    async def shutdown(self) -> None:
        """Send :attr:`on_shutdown`."""
        self._on_shutdown.freeze()
        await self._on_shutdown.send(self)

    async def cleanup(self) -> None:
        """Send :attr:`on_cleanup`, then leave the cleanup contexts that were entered."""
        try:
            self._on_cleanup.freeze()
            await self._on_cleanup.send(self)
        finally:
            await self._cleanup_ctx.leave()

    def __call__(self) -> "Application":
        """Return the application itself: servers that want a factory get one."""
        return self

    # Handling.

    def _handle(self, request: Request) -> Awaitable[StreamResponse]:
        """Route ``request`` and call its handler; raises the 404 or 405 of one without."""
        head = request._head
        target = head.target
        query = target.find("?")
        found = self._router.match(head.method, target if query < 0 else target[:query])
        request._app = self
        if self._has_prepare_hook:
            request.has_prepare_hook = True
        if type(found) is Match:
            request._match = found
            route = found.handler
            if head.framing.expect:
                return self._handle_expecting(request, route)
            handler = route._handler
        else:
            allowed = None if isinstance(found, NotFound) else found.allowed
            error = self._no_route(request, allowed)
            if not self._has_middlewares:
                raise error
            request._match_info = MatchInfoError(error)
            return self._in_middlewares(request._match_info.handler)(request)
        if self._has_middlewares:
            handler = self._chain(handler)
        return handler(request)

    def _no_route(self, request: Request, allowed: "frozenset[str] | None") -> HTTPException:
        if request.raw_path == "*":
            # RFC 9110 section 9.3.7: OPTIONS * asks about the server, not about a resource.
            methods = {route.method for route in self._router.routes()} - {METH_ANY}
            return HTTPNoContent(headers={"Allow": ",".join(sorted(methods | {"OPTIONS"}))})
        if allowed is not None:
            return HTTPMethodNotAllowed(request.method, allowed)
        if request.method == "CONNECT":
            return HTTPNotImplemented(text="501: This server is not a proxy")
        return HTTPNotFound()

    async def _handle_expecting(self, request: Request, route: AbstractRoute) -> StreamResponse:
        response = await route.handle_expect_header(request)
        if response is not None:
            return response
        handler = route.handler
        if self._has_middlewares:
            handler = self._chain(handler)
        return await handler(request)

    def _chain(self, handler: AnyHandler) -> AnyHandler:
        """Return a route's ``handler`` inside the middlewares, made once."""
        chain = self._chains.get(handler)
        if chain is None:
            chain = self._chains[handler] = self._in_middlewares(handler)
        return chain

    def _in_middlewares(self, handler: AnyHandler) -> AnyHandler:
        for middleware in reversed(self._middlewares):
            handler = _wrap(middleware, handler)
        return handler

    # State.

    @overload
    def __getitem__(self, key: AppKey[_T]) -> _T: ...

    @overload
    def __getitem__(self, key: str) -> Any: ...

    def __getitem__(self, key: str | AppKey[_T]) -> Any:
        return self._state[key]

    @overload
    def __setitem__(self, key: AppKey[_T], value: _T) -> None: ...

    @overload
    def __setitem__(self, key: str, value: Any) -> None: ...

    def __setitem__(self, key: str | AppKey[_T], value: Any) -> None:
        self._check_not_started(key)
        self._state[key] = value

    def __delitem__(self, key: str | AppKey[Any]) -> None:
        self._check_not_started(key)
        del self._state[key]

    def _check_not_started(self, key: object) -> None:
        if self._started:
            raise RuntimeError(
                f"Cannot change {key!r} of a started application: store an object that changes "
                "before or at start-up, or use the request's state"
            )

    def __len__(self) -> int:
        return len(self._state)

    def __iter__(self) -> Iterator[str | AppKey[Any]]:
        return iter(self._state)

    def __bool__(self) -> bool:
        return True

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        return f"<Application 0x{id(self):x}>"
