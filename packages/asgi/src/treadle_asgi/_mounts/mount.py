"""``mount`` and ``mount_wsgi``: what ``app.router`` has under these names, as functions."""

from collections.abc import AsyncIterator
from typing import Any, Final, Unpack, final
from urllib.parse import unquote

from treadle_asgi._serving.conversation import converse_http, converse_websocket
from treadle_asgi._serving.lifespan import LifespanMode
from treadle_asgi._serving.scope import http_scope, opens_websocket, websocket_scope
from treadle_asgi._serving.websocket import WebSocketSettings
from treadle_asgi._types import ASGIApplication, Scope
from treadle_asgi._wsgi.handler import DEFAULT_MAX_WAITING, DEFAULT_THREADS, WSGIHandler
from treadle_responses import HTTPRequestEntityTooLarge, StreamResponse
from treadle_server import BaseRequest, Middleware, RouteOptions, UrlDispatcher
from treadle_server.interfaces import (
    ASGIMounted,
    MountedPath,
    MountOptions,
    MountResource,
    RequestBody,
    WSGIMounted,
    WSGIMountOptions,
    check_keywords,
)

from .check import check_asgi, check_wsgi
from .lifespans import running_lifespan

__all__ = ["mount", "mount_wsgi"]


def mount(
    router: UrlDispatcher,
    prefix: str,
    app: ASGIMounted,
    /,
    **options: Unpack[MountOptions[Middleware]],
) -> MountResource:
    """Have the ASGI application ``app`` answer for ``prefix`` and everything below it.

    ``router.mount`` is this function; it says what it raises.
    """
    check_keywords(options, MountOptions.__optional_keys__, f"mount({prefix!r})")
    lifespan = options.get("lifespan", "auto")
    if lifespan not in ("auto", "on", "off"):
        raise ValueError(f"lifespan is 'auto', 'on' or 'off', not {lifespan!r}")
    default = WebSocketSettings()
    mounted = _ASGIMount(
        check_asgi(app),
        lifespan,
        WebSocketSettings(
            options.get("ws_max_msg_size", default.max_msg_size),
            options.get("ws_heartbeat", default.heartbeat),
            options.get("ws_compress", default.compress),
        ),
    )
    resource = MountResource(
        prefix,
        app,
        mounted.answer,
        name=options.get("name"),
        converters=router.converters,
        **_route_options(options),
    )
    router.register_mount(resource, None if lifespan == "off" else mounted.running)
    return resource


def mount_wsgi(
    router: UrlDispatcher,
    prefix: str,
    app: WSGIMounted,
    /,
    **options: Unpack[WSGIMountOptions[Middleware]],
) -> MountResource:
    """Have the WSGI application ``app`` answer for ``prefix`` and everything below it.

    ``router.mount_wsgi`` is this function; it says what it raises.
    """
    check_keywords(options, WSGIMountOptions.__optional_keys__, f"mount_wsgi({prefix!r})")
    handler = WSGIHandler(
        check_wsgi(app),
        name=f"wsgi {prefix}",
        threads=options.get("threads", DEFAULT_THREADS),
        max_waiting=options.get("max_waiting", DEFAULT_MAX_WAITING),
        spool=options.get("spool"),
    )

    async def answer(request: BaseRequest, path: MountedPath) -> StreamResponse:
        return await handler.handle(request, path.prefix, path.rest, path.match_info)

    async def running(_app: object) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await handler.close()

    resource = MountResource(
        prefix,
        app,
        answer,
        name=options.get("name"),
        converters=router.converters,
        **_route_options(options),
    )
    router.register_mount(resource, running)
    return resource


def _route_options(
    options: MountOptions[Middleware] | WSGIMountOptions[Middleware],
) -> RouteOptions[Middleware]:
    """Return the options that are those of every route."""
    kept: RouteOptions[Middleware] = {}
    if "expect_handler" in options:
        kept["expect_handler"] = options["expect_handler"]
    if "middlewares" in options:
        kept["middlewares"] = options["middlewares"]
    if "client_max_size" in options:
        kept["client_max_size"] = options["client_max_size"]
    return kept


@final
class _ASGIMount:
    """Answers the requests of one mount."""

    def __init__(
        self, app: ASGIApplication, lifespan: LifespanMode, websockets: WebSocketSettings
    ) -> None:
        self._app: Final = app
        self._lifespan: Final = lifespan
        self._websockets: Final = websockets
        # That of the lifespan while the application runs; None without one.
        self._state: dict[str, Any] | None = None

    async def running(self, _app: object) -> AsyncIterator[None]:
        """Start the application, and end it: a cleanup context."""
        async with running_lifespan(self._app, self._lifespan) as self._state:
            yield

    async def answer(self, request: BaseRequest, path: MountedPath) -> StreamResponse:
        """Have the application answer, and return its response, which is sent already."""
        # As text: an application compares and joins the two.
        root_path = unquote(path.prefix)
        whole = root_path + unquote(path.rest)
        if opens_websocket(request):
            scope = websocket_scope(request, root_path=root_path, path=whole, state=self._state)
            scope["path_params"] = dict(path.match_info)
            return await converse_websocket(self._app, request, scope, self._websockets)
        limit = request.client_max_size
        announced = request.head.framing.content_length
        if limit and announced is not None and announced > limit:
            raise HTTPRequestEntityTooLarge(limit, announced)
        scope = http_scope(request, root_path=root_path, path=whole, state=self._state)
        scope["path_params"] = dict(path.match_info)
        content = request.content
        if isinstance(content, RequestBody) and content.decodes:
            _leave_out_coding(scope)
        return await converse_http(self._app, request, scope, limit)


def _leave_out_coding(scope: Scope) -> None:
    """Leave out the fields that describe the body as it was sent: the server has decoded it."""
    scope["headers"] = [
        (name, value)
        for name, value in scope["headers"]
        if name not in (b"content-encoding", b"content-length")
    ]
