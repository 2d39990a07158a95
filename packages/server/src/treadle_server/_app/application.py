"""The application, its request and its router.

A request has an application, an application a router, and the router's handlers take requests.
Their types form a circle, so the three are in one module. Most of their code is in
``_http.request``, ``_routing.dispatcher``, ``_app.subapps``, ``_app.chain``, ``_core.state`` and
``_app.lifecycle``.
"""

import asyncio
import logging
import os
import warnings
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Final, Protocol, Unpack, cast

from treadle_responses import StreamResponse
from treadle_router import Converter, Match, MethodNotAllowed, NotFound
from treadle_server._body.stream import StreamReader
from treadle_server._core.errors import web_logger
from treadle_server._core.keywords import suggest_keywords
from treadle_server._core.misuse import WrongTypeError, WrongValueError
from treadle_server._core.state import ChainMapProxy
from treadle_server._http.head import RequestHead
from treadle_server._http.interfaces import DirectFactory
from treadle_server._http.request import BaseRequest, RequestHooks
from treadle_server._routing.context import RouteContext
from treadle_server._routing.definitions import AbstractRouteDef
from treadle_server._routing.handlers import AnyHandler, check_size
from treadle_server._routing.interfaces import (
    AbstractRoute,
    AbstractRouter,
    NeedsResolve,
)
from treadle_server._routing.match_info import MatchInfoError, UrlMappingMatchInfo
from treadle_server._routing.options import StaticOptions

from .chain import compose
from .legacy import LegacyApplication
from .lifecycle import Progress
from .mounting import MountingRouter
from .routed import RoutedRequest, not_routed

if TYPE_CHECKING:
    # A program that only declares its application does not serve yet, and may have no files.
    from treadle_server._files.static import StaticResource
    from treadle_server._http.factories import AnyFactory
    from treadle_server._http.handler import RequestHandler
    from treadle_server._http.message import RawRequestMessage
    from treadle_server._http.payload_writer import AbstractStreamWriter
    from treadle_server._http.server import Server
    from treadle_server._http.state import RawHandler

__all__ = ["Application", "Handler", "Middleware", "Request", "UrlDispatcher"]


class Request(RoutedRequest["Application"]):
    """A request that an application handles."""

    # -1: the limit of the route or of the applications.
    _client_max_size = -1

    @property
    def app(self) -> "Application":
        """The application whose handler or middleware is running."""
        info = self._match_info
        if info is not None and self._decides(info):
            return cast("Application", info.current_app)
        context = self._route_context
        if context is None or context.current is None:
            raise not_routed("app")
        return cast("Application", context.current)

    @property
    def progress(self) -> Progress:
        """``starting``, ``serving`` or ``stopping``: the state of the outermost application."""
        apps = self._apps
        if not apps:
            raise not_routed("progress")
        return apps[0]._progress

    @property
    def config_dict(self) -> ChainMapProxy:
        """The state of ``app`` and of the applications around it; the innermost value counts."""
        apps = self._apps
        if not apps:
            raise not_routed("config_dict")
        return ChainMapProxy(apps[apps.index(self.app) :: -1])

    @property
    def client_max_size(self) -> int:
        """The largest body in bytes that ``read`` takes: the route's limit, or the outermost app's.

        0 means no limit.
        """
        own = self._client_max_size
        if own >= 0:
            return own
        routed = self._routed
        if type(routed) is tuple and self._match_info is None:
            # Fast path of echo in tools/bench/compare.py: no context is built for it.
            size = routed[1].handler.client_max_size
            return routed[0][0]._client_max_size if size is None else size
        route = self._matched_route
        if route is not None and route.client_max_size is not None:
            return route.client_max_size
        apps = self._apps
        return apps[0]._client_max_size if apps else BaseRequest._client_max_size

    @property
    def client_max_fields(self) -> int:
        """The most fields that ``post`` takes, a setting of the outermost app; 0 means no limit."""
        own: int | None = self.__dict__.get("_client_max_fields")
        apps = self._apps
        if own is not None or not apps:
            return self._client_max_fields
        return apps[0]._client_max_fields

    async def on_prepare(self, response: StreamResponse) -> None:
        """Run before a response's head is sent."""
        if self.made_by_hand and self._routed is None and self._match_info is not None:
            # No application has handled it: a test has given it its match info.
            await _send_prepare_signals(self, response)
        else:
            await super().on_prepare(response)


async def _send_prepare_signals(request: RequestHead, response: StreamResponse) -> None:
    assert isinstance(request, Request)
    # Receivers change these two as well: ``del response.headers["Server"]``.
    add_defaults = getattr(request.response_writer, "add_defaults", None)
    if add_defaults is not None:
        add_defaults(response.headers)
    for app in request._apps:
        if app.on_response_prepare:
            await app.on_response_prepare.send(request, response)
    if add_defaults is not None:
        response.headers.setdefault("Server", "")


def _context_of(request: Request) -> RouteContext:
    context = request._route_context
    assert context is not None
    return context


#: An async function (or a View class) from a request to a response.
Handler = Callable[[Request], Awaitable[StreamResponse]]


class Middleware(Protocol):
    """An async function around a handler: it calls ``handler(request)`` or answers itself."""

    def __call__(self, request: Request, handler: Handler, /) -> Awaitable[StreamResponse]:
        """Answer ``request``."""


class UrlDispatcher(MountingRouter[Handler, Middleware]):
    """The router of an application."""

    if TYPE_CHECKING:
        # Below this module the class of requests is not known.
        async def resolve(
            self, request: Request
        ) -> "UrlMappingMatchInfo[Request, Application]": ...

    def add_static(
        self,
        prefix: str,
        path: str | os.PathLike[str],
        **options: Unpack[StaticOptions],
    ) -> "StaticResource":
        """Serve the files of the directory ``path`` below ``prefix``; see ``StaticResource``.

        Raises ``ValueError`` for a bad prefix or name and if there is no such directory,
        ``TypeError`` for an unknown option, and ``RuntimeError`` once frozen.
        """
        if not prefix.startswith("/"):
            raise WrongValueError(f"A prefix starts with `/`: '/{prefix}', not {prefix!r}")
        from treadle_server._files.static import StaticResource

        resource = StaticResource(prefix, path, converters=self.converters, **options)
        self.register_resource(resource)
        return resource


class Application(LegacyApplication["Application", Request, Middleware]):
    """A web application: routes, middlewares, signals, and state as a mapping.

    ``client_max_size`` is the largest body in bytes that ``request.read()`` takes,
    ``client_max_fields`` the most fields of a form; 0 means no limit. The limits of the outermost
    application apply to its sub-applications too; a route may have a ``client_max_size`` of its
    own. ``handler_args`` are options of the server (``ServerConfig``) that override the runner's.
    ``router``, ``loop`` and ``debug`` are deprecated: an application makes its own router, runs on
    the loop it is started on, and has that loop's debug mode. With ``auto_options``, a path
    without a route for OPTIONS answers it with 204 and ``Allow``. ``converters`` adds converters
    by name for the variables of this application's paths (``{"hex": Converter(...)}`` for
    ``/{colour!hex}``); a sub-application has its own. ``max_background_tasks`` bounds ``spawn``,
    here and in sub-applications. Use ``AppKey`` for typed state.
    """

    @suggest_keywords("Application()")
    def __init__(
        self,
        *,
        logger: logging.Logger = web_logger,
        router: "UrlDispatcher | None" = None,
        middlewares: Iterable[Middleware] = (),
        handler_args: Mapping[str, Any] | None = None,
        client_max_size: int = 1024**2,
        client_max_fields: int = 1000,
        loop: asyncio.AbstractEventLoop | None = None,
        debug: bool | EllipsisType | None = ...,
        auto_options: bool = False,
        converters: Mapping[str, Converter[object]] | None = None,
        max_background_tasks: int = 1000,
    ) -> None:
        super().__init__(middlewares, logger, max_background_tasks)
        for name, given, fix in (
            ("router", router is not None, "add routes to app.router"),
            ("loop", loop is not None, "an application runs on the loop it is started on"),
            ("debug", debug is not ..., "use the debug mode of the event loop"),
        ):
            if given:
                text = f"{name} argument is deprecated: {fix}"
                # Behind ``suggest_keywords``.
                warnings.warn(text, DeprecationWarning, stacklevel=3)
        if router is None:
            router = UrlDispatcher(converters=converters)
        elif not isinstance(router, AbstractRouter):
            raise WrongTypeError(f"router is an AbstractRouter like UrlDispatcher, not {router!r}")
        self._loop = loop
        self._router = router
        if auto_options:
            router.auto_options = True
        self._handler_args = handler_args
        self._debug = debug
        self._client_max_size = check_size(client_max_size, "the application") or 0
        self._client_max_fields = client_max_fields
        self._alone: Final[tuple[Application, ...]] = (self,)
        # For each route that was used: the applications around it, the outermost first, and its
        # handler inside the middlewares.
        self._chains: dict[AbstractRoute, tuple[tuple[Application, ...], AnyHandler]] = {}
        self._router.post_init(self)

    # The parts of an application.

    @property
    def router(self) -> UrlDispatcher:
        """The router."""
        return self._router

    def add_routes(self, routes: Iterable[AbstractRouteDef]) -> list[AbstractRoute]:
        """Add route definitions (``web.get(...)``, a ``RouteTableDef``) in their order."""
        return self._router.add_routes(routes)

    def __call__(self) -> "Application":
        """Return the application itself, for servers that expect a factory."""
        return self

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        warnings.warn(
            f"Inheritance class {cls.__name__} from web.Application is discouraged: keep state in "
            "the application's mapping, and functions around it",
            DeprecationWarning,
            stacklevel=3,
        )

    def _make_request(
        self,
        message: "RawRequestMessage",
        payload: StreamReader,
        protocol: "RequestHandler",
        writer: "AbstractStreamWriter",
        task: "asyncio.Task[Any] | None",
        _cls: type[Request] = Request,
    ) -> Request:
        """Return the request for a message; subclasses override it (Home Assistant)."""
        loop = asyncio.get_running_loop()
        # -1: the limit of the route or of the applications.
        fields = self._client_max_fields
        return _cls(
            message, payload, protocol, writer, task, loop,
            client_max_size=-1, client_max_fields=fields,
        )  # fmt: skip

    def _request_factory(self) -> "AnyFactory":
        """Return the factory of the server's requests: ``_make_request`` if it was overridden."""
        if (
            type(self)._make_request is Application._make_request
            and "_make_request" not in self.__dict__
        ):
            return DirectFactory(Request.received)
        return self._make_request

    def _server_options(self, options: Mapping[str, object]) -> dict[str, object]:
        """Return a runner's ``options``, overridden by those of the application."""
        merged = {"debug": self._debug_mode, **options}
        if self._debug is not ...:
            merged["debug"] = bool(self._debug)
        return {**merged, **(self._handler_args or {})}

    def _make_server(self, options: Mapping[str, object]) -> "Server":
        """Return a server with a runner's ``options``."""
        from treadle_server._http.server import Server

        handler = cast("RawHandler", self._handle)
        known: dict[str, Any] = {"loop": self._loop, **self._server_options(options)}
        return Server(handler, request_factory=self._request_factory(), **known)

    # Handling.

    def _handle(self, request: Request) -> Awaitable[StreamResponse]:
        """Route ``request`` and call its handler; raises 404 or 405 if it has no route."""
        head = request._head
        target = head.target
        if "?" in target:
            target = target[: target.index("?")]
        found = self._router.match(head.method, target)
        if self._has_prepare_hook:
            request.hooks = RequestHooks(_send_prepare_signals)
        if type(found) is Match:
            route = found.handler
            if self._calls_directly:
                request._routed = self._alone, found
                handler = route.checked_handler
            else:
                apps, handler = self._chains.get(route) or self._chain(found)
                request._routed = apps, found
            if head.framing.expect:
                return _handle_expecting(request, route, handler)
            return handler(request)
        if isinstance(found, NeedsResolve):
            return self._handle_resolved(request)
        return self._handle_unmatched(request, found, target)

    def _chain(self, found: Match[AbstractRoute]) -> "tuple[tuple[Application, ...], AnyHandler]":
        """Return the applications around a route and its handler in the middlewares; made once."""
        route = found.handler
        apps = self._apps_of(found)
        chain = apps, compose(route.handler, route.middlewares, apps, _context_of)
        if self._frozen:
            self._chains[route] = chain
        return chain

    def _apps_of(
        self, found: "Match[AbstractRoute] | NotFound | MethodNotAllowed"
    ) -> "tuple[Application, ...]":
        inside = self._router.apps_of(found)
        return (self, *cast("tuple[Application, ...]", inside)) if inside else self._alone

    def _handle_unmatched(
        self, request: Request, found: NotFound | MethodNotAllowed, path: str
    ) -> Awaitable[StreamResponse]:
        allowed = found.allowed if isinstance(found, MethodNotAllowed) else frozenset()
        apps = self._apps_of(found)
        error = self._router.error(request._head.method, path, allowed, apps[1:])
        if not self._run_middlewares and not self._has_prepare_hook:
            # No code of the application sees this request: it needs no context.
            request._unmatched = apps, error
            raise error
        request._routed = context = RouteContext(apps, apps[-1], None)
        request._match_info = info = MatchInfoError(error, context=context)
        # Composed for each request: paths that are not found must leave nothing behind.
        return compose(info.handler, (), apps, _context_of)(request)

    async def _handle_resolved(self, request: Request) -> StreamResponse:
        """Handle a request that only the router's ``resolve`` can match."""
        # Resources and rules may ask for ``request.app``.
        request._routed = RouteContext(self._alone, self, None)
        info = cast("UrlMappingMatchInfo", await self._router.resolve(request))
        info.add_app(self)
        info.freeze()
        request._match_info = info
        # A match info of another class keeps its applications itself.
        context: RouteContext = getattr(info, "route_context", RouteContext(info.apps, None, None))
        context.current = context.apps[-1]
        request._routed = context
        apps = request._apps
        route = getattr(info, "route", None)
        if not isinstance(route, AbstractRoute):
            handler = compose(info.handler, (), apps, _context_of)
        elif route in self._chains:
            handler = self._chains[route][1]
        else:
            handler = compose(info.handler, route.middlewares, apps, _context_of)
            # A resource of another class may make a route per request: do not keep those.
            if self._frozen and getattr(info, "is_compiled", False):
                self._chains[route] = apps, handler
        if request._head.framing.expect:
            response = await info.expect_handler(request)
            if response is not None:
                return response
        return await handler(request)

    def __repr__(self) -> str:
        return f"<Application 0x{id(self):x}>"


async def _handle_expecting(
    request: Request, route: AbstractRoute, handler: AnyHandler
) -> StreamResponse:
    response = await route.handle_expect_header(request)
    return await handler(request) if response is None else response
