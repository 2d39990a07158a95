"""``host``: an ASGI application as an ``Application``, for everything that runs applications.

Its every request goes to one handler, which makes the scope and runs the conversation. This is the
fast path of treadle-asgi in tools/bench/compare.py: what the requests of one connection share is
kept with the connection, and a head that was seen before is not read again.
"""

from collections.abc import AsyncIterator, Awaitable
from typing import Any, Final, TypedDict, Unpack, final
from urllib.parse import unquote

from treadle_asgi._types import AnyASGIApplication, ASGIApplication, Scope
from treadle_http_parser import Request as Head
from treadle_responses import StreamResponse
from treadle_server import Application, BaseRequest
from treadle_server.interfaces import bare_application

from .check import as_application
from .conversation import converse_http, converse_websocket
from .lifespan import Lifespan, LifespanMode
from .scope import add_root, http_scope, is_websocket, websocket_scope
from .websocket import WebSocketSettings

__all__ = ["HostOptions", "host"]


class HostOptions(TypedDict, total=False):
    """The options of an application that is hosted."""

    lifespan: LifespanMode
    root_path: str
    max_body_size: int
    ws_max_msg_size: int
    ws_heartbeat: float | None
    ws_compress: bool


@final
class _Kept:
    """The scope of the last request of a connection, and what it was made from."""

    __slots__ = ("extensions", "head", "headers", "host", "scope")

    def __init__(self, host: "_Host", scope: Scope) -> None:
        self.host: Final = host
        self.head: Head | None = None
        # A dictionary, whose copy is the scope of the next request.
        self.scope: dict[str, Any] = dict(scope)
        self.extensions: Final[dict[str, Any]] = scope["extensions"]
        self.headers: list[tuple[bytes, bytes]] = []


@final
class _Host:
    """The handler of a server that serves one ASGI application."""

    def __init__(
        self, app: ASGIApplication, root_path: str, max_body_size: int, ws: WebSocketSettings
    ) -> None:
        self._app: Final = app
        self._root_path: Final = root_path
        self._max_body_size: Final = max_body_size
        self._websockets: Final = ws
        #: The state of the lifespan.
        self.state: Final[dict[str, Any]] = {}

    def handle(self, request: BaseRequest) -> Awaitable[StreamResponse]:
        """Return the coroutine that answers ``request``."""
        head = request.head
        upgrade = head.framing.upgrade
        if upgrade and is_websocket(upgrade):
            scope = websocket_scope(request, root_path=self._root_path, state=self.state)
            return converse_websocket(self._app, request, scope, self._websockets)
        if request.believed:
            scope = http_scope(request, root_path=self._root_path, state=self.state)
        else:
            scope = self._scope(request, head)
        return converse_http(self._app, request, scope, self._max_body_size)

    def _scope(self, request: BaseRequest, head: Head) -> Scope:
        info = request.connection_info
        kept = info.kept
        if type(kept) is not _Kept or kept.host is not self:
            scope = http_scope(request, root_path=self._root_path, state=self.state)
            info.kept = kept = _Kept(self, scope)
        if kept.head is not head:
            self._read(kept, head)
        scope = kept.scope.copy()
        # The application may change what it gets.
        scope["asgi"] = scope["asgi"].copy()
        scope["headers"] = kept.headers.copy()
        scope["extensions"] = kept.extensions.copy()
        scope["state"] = self.state.copy()
        return scope

    def _read(self, kept: _Kept, head: Head) -> None:
        """Put the values of another head into the scope that is kept."""
        path, _, query = head.target.partition("?")
        scope = kept.scope
        raw_path = path.encode("ascii")
        if "%" in path:
            path = unquote(path)
        root_path = self._root_path
        if root_path:
            path = root_path + path
            raw_path = add_root(root_path, raw_path)
        scope["method"] = head.method.upper()
        scope["http_version"] = "1.1" if head.version == (1, 1) else "1.0"
        scope["path"] = path
        scope["raw_path"] = raw_path
        scope["query_string"] = query.encode("ascii")
        kept.headers = head.lower_fields
        kept.head = head


def host(app: AnyASGIApplication, **options: Unpack[HostOptions]) -> Application:
    """Return an ``Application`` whose every request ``app``, an ASGI application, answers.

    ``run_app``, ``AppRunner``, gunicorn's worker and test clients run it like any other; it has no
    routes. ``lifespan``: ``"auto"`` tells the application of start and end if it supports that,
    ``"on"`` refuses to start otherwise, ``"off"`` does not tell. ``root_path`` is where a proxy has
    put the application: it comes before each path. ``max_body_size`` bounds the bytes of the body
    of a request; 0, the default, leaves that to the application. ``ws_max_msg_size``,
    ``ws_heartbeat`` and ``ws_compress`` are those of ``WebSocketSettings``.

    Raises ``TypeError`` for an object that is no application of ASGI 3 and for unknown options, and
    ``ValueError`` for an option out of its range.
    """
    app = as_application(app)
    known = {*HostOptions.__annotations__}
    unknown = [name for name in options if name not in known]
    if unknown:
        raise TypeError(f"host() got unknown options: {', '.join(unknown)}")
    lifespan = options.get("lifespan", "auto")
    if lifespan not in ("auto", "on", "off"):
        raise ValueError(f"lifespan is 'auto', 'on' or 'off', not {lifespan!r}")
    root_path = options.get("root_path", "")
    if root_path and not root_path.startswith("/"):
        raise ValueError(f"root_path starts with `/`: '/{root_path}', not {root_path!r}")
    max_body_size = options.get("max_body_size", 0)
    if max_body_size < 0:
        raise ValueError(f"max_body_size={max_body_size!r} must be at least 0, for any number")
    defaults = WebSocketSettings()
    websockets = WebSocketSettings(
        options.get("ws_max_msg_size", defaults.max_msg_size),
        options.get("ws_heartbeat", defaults.heartbeat),
        options.get("ws_compress", defaults.compress),
    )
    hosted = _Host(app, root_path.rstrip("/"), max_body_size, websockets)

    async def live(_app: Application) -> AsyncIterator[None]:
        hosted.state.clear()
        life = Lifespan(app, lifespan, hosted.state)
        await life.startup()
        yield
        await life.shutdown()

    return bare_application(hosted.handle, cleanup_ctx=live)
