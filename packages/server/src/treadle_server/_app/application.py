"""The application, its request and its router: the three classes whose types know each other.

A request knows its application, an application its router, and the router's handlers take requests;
so the three live in one module. Their machinery does not: see ``_http.request``,
``_routing.dispatcher``, ``_app.subapps``, ``_app.chain``, ``_core.state`` and ``_app.lifecycle``.
"""

import asyncio
import logging
import os
import sys
import warnings
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol, Unpack, cast

from treadle_responses import StreamResponse
from treadle_router import Converter, Match, MethodNotAllowed, NotFound
from treadle_server._core.errors import web_logger
from treadle_server._core.state import ChainMapProxy
from treadle_server._files.static import StaticResource
from treadle_server._http.request import BaseRequest, RequestHooks
from treadle_server._routing.definitions import AbstractRouteDef
from treadle_server._routing.dispatcher import Dispatcher, NeedsResolve
from treadle_server._routing.handlers import AnyHandler, check_size
from treadle_server._routing.interfaces import AbstractRoute, MatchInfoError, UrlMappingMatchInfo
from treadle_server._routing.options import StaticOptions

from .chain import compose
from .lifecycle import AppLife
from .subapps import AbstractApplication

__all__ = ["Application", "Handler", "Middleware", "Request", "UrlDispatcher"]


def _not_routed(what: str) -> RuntimeError:
    return RuntimeError(
        "The request is not routed yet: only handlers and middlewares of an application have "
        + what
    )


class Request(BaseRequest):
    """A request that an application handles."""

    # The application whose code runs; the first one of all until a sub-application is entered.
    _app: "Application | None" = None
    # All applications around the handler, the outermost first, if there are several.
    _apps: "tuple[Application, ...] | None" = None
    _match: Match[AbstractRoute] | None = None
    _match_info: UrlMappingMatchInfo | None = None

    @property
    def app(self) -> "Application":
        """The application whose handler or middleware is running, the innermost such."""
        if self._match_info is not None and self._match_info.apps:
            return cast("Application", self._match_info.current_app)
        if self._app is None:
            raise _not_routed("an app")
        return self._app

    @property
    def match_info(self) -> UrlMappingMatchInfo:
        """What routing found: the path's variables, as strings."""
        info = self._match_info
        if info is None:
            if self._match is None or self._app is None:
                raise _not_routed("a match_info")
            info = UrlMappingMatchInfo.of(self._match)
            for app in reversed(self._apps or (self._app,)):
                info.add_app(app)
            info.freeze()
            info.current_app = self._app
            self._match_info = info
        return info

    @property
    def config_dict(self) -> ChainMapProxy:
        """The state of ``app`` and of those around it; the innermost that has a key counts."""
        apps = self._around
        if not apps:
            raise _not_routed("a config_dict")
        return ChainMapProxy(apps[apps.index(self.app) :: -1])

    @property
    def client_max_size(self) -> int:
        """The most bytes that ``read`` takes: what the route says, else the outermost app."""
        own: int | None = self.__dict__.get("_client_max_size")
        if own is not None:
            return own
        route: AbstractRoute | None = None
        if self._match is not None:
            route = self._match.handler
        elif isinstance(self._match_info, UrlMappingMatchInfo):
            route = self._match_info.route
        if route is not None and route.client_max_size is not None:
            return route.client_max_size
        apps = self._around
        return apps[0]._client_max_size if apps else self._client_max_size

    @property
    def client_max_fields(self) -> int:
        """The most fields that ``post`` takes, the outermost app's setting; 0: any number."""
        own: int | None = self.__dict__.get("_client_max_fields")
        apps = self._around
        if own is not None or not apps:
            return self._client_max_fields
        return apps[0]._client_max_fields

    @property
    def _around(self) -> "tuple[Application, ...]":
        """The applications around the handler, the outermost first."""
        if self._match_info is not None and self._match_info.apps:
            return cast("tuple[Application, ...]", self._match_info.apps)
        return self._apps or (() if self._app is None else (self._app,))

    def _enter(self, apps: tuple[AbstractApplication, ...], current: AbstractApplication) -> None:
        self._apps = cast("tuple[Application, ...]", apps)
        self._switch(current)

    def _switch(self, current: AbstractApplication) -> None:
        self._app = cast("Application", current)
        if self._match_info is not None and current in self._match_info.apps:
            self._match_info.current_app = current


async def _send_prepare_signals(request: BaseRequest, response: StreamResponse) -> None:
    assert isinstance(request, Request)
    for app in request._around:
        if app._on_response_prepare:
            await app._on_response_prepare.send(request, response)


#: What answers requests: an async function (or a View class) from a request to a response.
Handler = Callable[[Request], Awaitable[StreamResponse]]


class Middleware(Protocol):
    """An async function around the handler: it calls ``handler(request)``, or answers by itself."""

    def __call__(self, request: Request, handler: Handler, /) -> Awaitable[StreamResponse]:
        """Answer ``request``."""


class UrlDispatcher(Dispatcher[Handler, Middleware]):
    """The router of an application."""

    def add_static(
        self,
        prefix: str,
        path: str | os.PathLike[str],
        **options: Unpack[StaticOptions],
    ) -> StaticResource:
        """Serve the files of the directory ``path`` below ``prefix``; see ``StaticResource``.

        Raises ``ValueError`` for a bad prefix or name and if there is no such directory,
        ``TypeError`` for an unknown option, and ``RuntimeError`` once frozen.
        """
        resource = StaticResource(prefix, path, converters=self.converters, **options)
        self.register_resource(resource)
        return resource


class Application(AppLife["Application", Request, Middleware]):
    """A web application: routes, middlewares, signals, and state as a mapping.

    ``client_max_size`` is the most bytes of a body that ``request.read()`` takes (0: any number),
    ``client_max_fields`` the most fields of a form; what an application says counts for those in it
    too, a route may have a ``client_max_size`` of its own. ``handler_args`` are options of the
    server (``ServerConfig``) that override the runner's; ``debug`` is one of them, by default
    whether the event loop is in debug mode. With ``auto_options``, OPTIONS for a path that has
    routes but none for it is answered with 204 and ``Allow``. Use ``AppKey`` for typed state.
    """

    def __init__(
        self,
        *,
        logger: logging.Logger = web_logger,
        router: None = None,
        middlewares: Iterable[Middleware] = (),
        handler_args: Mapping[str, Any] | None = None,
        client_max_size: int = 1024**2,
        client_max_fields: int = 1000,
        loop: asyncio.AbstractEventLoop | None = None,
        debug: bool | None = None,
        auto_options: bool = False,
        converters: Mapping[str, Converter[object]] | None = None,
    ) -> None:
        super().__init__(middlewares)
        if loop is not None:
            warnings.warn(
                "loop= of Application is ignored: an application runs on the loop it is started on",
                DeprecationWarning,
                stacklevel=2,
            )
        if router is not None:
            raise TypeError(
                f"router={router!r}: an application makes its own router; add routes to app.router"
            )
        check_size(client_max_size, "the application")
        self._logger = logger
        self._router = UrlDispatcher(converters=converters)
        self._router.auto_options = auto_options
        self._handler_args = handler_args
        self._debug = debug
        self._client_max_size = client_max_size
        self._client_max_fields = client_max_fields
        # Routes' handlers in their middlewares, made when a route is first used.
        self._entries: dict[AbstractRoute, AnyHandler] = {}
        self._router.post_init(self)

    # What an application is made of.

    @property
    def router(self) -> UrlDispatcher:
        """The router."""
        return self._router

    @property
    def logger(self) -> logging.Logger:
        """The application's logger."""
        return self._logger

    @property
    def debug(self) -> bool:
        """Whether error pages show tracebacks: as given, else whether the loop is in debug mode."""
        if self._debug is not None:
            return self._debug
        try:
            return asyncio.get_running_loop().get_debug()
        except RuntimeError:
            return sys.flags.dev_mode

    def add_routes(self, routes: Iterable[AbstractRouteDef]) -> list[AbstractRoute]:
        """Add route definitions (``web.get(...)``, a ``RouteTableDef``) in their order."""
        return self._router.add_routes(routes)

    def __call__(self) -> "Application":
        """Return the application itself: servers that want a factory get one."""
        return self

    def _set_loop(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Do nothing: there is no loop to keep. Some add-ons call it."""

    def _server_options(self, options: Mapping[str, object]) -> dict[str, object]:
        """Return a runner's ``options`` with what the application says instead."""
        merged = {"debug": self.debug, **options}
        if self._debug is not None:
            merged["debug"] = self._debug
        return {**merged, **(self._handler_args or {})}

    # Handling.

    def _handle(self, request: Request) -> Awaitable[StreamResponse]:
        """Route ``request`` and call its handler; raises the 404 or 405 of one without."""
        head = request._head
        target = head.target
        query = target.find("?")
        found = self._router.match(head.method, target if query < 0 else target[:query])
        request._app = self
        if self._has_prepare_hook:
            request.hooks = RequestHooks(_send_prepare_signals)
        if type(found) is Match:
            request._match = found
            route = found.handler
            if head.framing.expect:
                return self._handle_expecting(request, found)
            if self._calls_directly:
                return route._handler(request)
            return (self._entries.get(route) or self._entry(found))(request)
        if isinstance(found, NeedsResolve):
            return self._handle_resolved(request)
        return self._handle_unmatched(request, found)

    def _entry(self, found: Match[AbstractRoute]) -> AnyHandler:
        """Return the handler of what was found in its middlewares, made once."""
        route = found.handler
        entry = compose(route.handler, route.middlewares, self._apps_of(found))
        if self._frozen:
            self._entries[route] = entry
        return entry

    def _apps_of(
        self, found: "Match[AbstractRoute] | NotFound | MethodNotAllowed"
    ) -> "tuple[Application, ...]":
        return (self, *cast("tuple[Application, ...]", self._router.apps_of(found)))

    async def _handle_expecting(
        self, request: Request, found: Match[AbstractRoute]
    ) -> StreamResponse:
        apps = self._apps_of(found)
        request._enter(apps, apps[-1])
        response = await found.handler.handle_expect_header(request)
        if response is not None:
            return response
        return await self._entry(found)(request)

    def _handle_unmatched(
        self, request: Request, found: NotFound | MethodNotAllowed
    ) -> Awaitable[StreamResponse]:
        allowed = found.allowed if isinstance(found, MethodNotAllowed) else frozenset()
        apps = self._apps_of(found)
        path = request._head.target.partition("?")[0]
        error = self._router.error(request.method, path, allowed, apps[1:])
        if not self._run_middlewares and not self._has_prepare_hook:
            raise error
        info = MatchInfoError(error)
        for app in reversed(apps):
            info.add_app(app)
        info.freeze()
        request._match_info = info
        request._enter(apps, apps[-1])
        # Not kept: what is not found must leave nothing behind.
        return compose(info.handler, (), apps)(request)

    async def _handle_resolved(self, request: Request) -> StreamResponse:
        """Handle a request that only the router's ``resolve`` can tell about."""
        info = cast("UrlMappingMatchInfo", await self._router.resolve(request))
        info.add_app(self)
        info.freeze()
        request._match_info = info
        apps = cast("tuple[Application, ...]", info.apps)
        request._enter(apps, apps[-1])
        if request._head.framing.expect:
            response = await info.expect_handler(request)
            if response is not None:
                return response
        route = getattr(info, "route", None)
        if not isinstance(route, AbstractRoute):
            return await compose(info.handler, (), apps)(request)
        entry = self._entries.get(route)
        if entry is None:
            entry = compose(info.handler, route.middlewares, apps)
            # Not of a resource that may make a route per request.
            if self._frozen and getattr(info, "is_compiled", False):
                self._entries[route] = entry
        return await entry(request)

    def __repr__(self) -> str:
        return f"<Application 0x{id(self):x}>"
