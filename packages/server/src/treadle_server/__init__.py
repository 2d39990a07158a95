"""The asyncio HTTP server of treadle: connections, requests, applications, runners.

>>> from treadle_server import Application, Request, RouteDef
>>> from treadle_responses import Response
>>> async def hello(request: Request) -> Response:
...     return Response(text="Hello, world")
>>> app = Application()
>>> app.add_routes([RouteDef("GET", "/", hello)])
[<ResourceRoute [GET] ...>]

Most people use it through ``from treadle import web``, which adds the names of the leaf packages.
Without an application, ``Server`` serves any function from a request to a response.
"""

from typing import TYPE_CHECKING

from ._app.application import (
    Application,
    Handler,
    Middleware,
    Request,
    UrlDispatcher,
)
from ._app.middleware import middleware, normalize_path_middleware
from ._app.subapps import (
    AbstractRuleMatching,
    Domain,
    MaskDomain,
    MatchedSubAppResource,
    PrefixedSubAppResource,
)
from ._app.view import View
from ._body.stream import StreamReader
from ._core.cleanup import CleanupError
from ._core.config import SERVER_SOFTWARE, ServerConfig
from ._core.errors import ClientConnectionResetError, PayloadAccessError, RequestPayloadError
from ._core.signals import FrozenList, Signal
from ._core.state import ChainMapProxy
from ._core.types import HttpVersion, HttpVersion10, HttpVersion11
from ._files.response import FileResponse
from ._files.static import StaticResource
from ._http.request import BaseRequest
from ._http.server import Server
from ._http.state import RawHandler
from ._routing.definitions import (
    AbstractRouteDef,
    RouteDef,
    StaticDef,
    SupportsAddRoute,
    delete,
    get,
    head,
    options,
    patch,
    post,
    put,
    route,
    static,
    view,
)
from ._routing.handlers import AbstractView
from ._routing.interfaces import (
    AbstractMatchInfo,
    AbstractResource,
    AbstractRoute,
    AbstractRouter,
    MatchInfoError,
    SystemRoute,
    UrlMappingMatchInfo,
)
from ._routing.options import RouteOptions, StaticOptions
from ._routing.resources import (
    DynamicResource,
    PlainResource,
    PrefixResource,
    Resource,
    ResourceRoute,
)
from ._routing.table import RouteDecorator, RouteTableDef
from ._run.run_app import run_app
from ._run.runner import (
    AppRunner,
    BaseRunner,
    BaseSite,
    GracefulExit,
    ServerRunner,
    SockSite,
    TCPSite,
    UnixSite,
)
from ._version import __version__

if TYPE_CHECKING:
    from ._forms.multipart import BodyPartReader, MultipartReader
    from ._forms.uploads import FileField
    from ._forms.writer import MultipartWriter
    from ._websocket.broadcast import broadcast
    from ._websocket.response import WebSocketReady, WebSocketResponse

__all__ = [
    "SERVER_SOFTWARE",
    "AbstractMatchInfo",
    "AbstractResource",
    "AbstractRoute",
    "AbstractRouteDef",
    "AbstractRouter",
    "AbstractRuleMatching",
    "AbstractView",
    "AppRunner",
    "Application",
    "BaseRequest",
    "BaseRunner",
    "BaseSite",
    "BodyPartReader",
    "ChainMapProxy",
    "CleanupError",
    "ClientConnectionResetError",
    "Domain",
    "DynamicResource",
    "FileField",
    "FileResponse",
    "FrozenList",
    "GracefulExit",
    "Handler",
    "HttpVersion",
    "HttpVersion10",
    "HttpVersion11",
    "MaskDomain",
    "MatchInfoError",
    "MatchedSubAppResource",
    "Middleware",
    "MultipartReader",
    "MultipartWriter",
    "PayloadAccessError",
    "PlainResource",
    "PrefixResource",
    "PrefixedSubAppResource",
    "RawHandler",
    "Request",
    "RequestPayloadError",
    "Resource",
    "ResourceRoute",
    "RouteDecorator",
    "RouteDef",
    "RouteOptions",
    "RouteTableDef",
    "Server",
    "ServerConfig",
    "ServerRunner",
    "Signal",
    "SockSite",
    "StaticDef",
    "StaticOptions",
    "StaticResource",
    "StreamReader",
    "SupportsAddRoute",
    "SystemRoute",
    "TCPSite",
    "UnixSite",
    "UrlDispatcher",
    "UrlMappingMatchInfo",
    "View",
    "WebSocketReady",
    "WebSocketResponse",
    "__version__",
    "broadcast",
    "delete",
    "get",
    "head",
    "middleware",
    "normalize_path_middleware",
    "options",
    "patch",
    "post",
    "put",
    "route",
    "run_app",
    "static",
    "view",
]

# Imported when first asked for: a program without WebSockets or forms does not pay for them. Type
# checkers see the imports above instead, and so still know which names there are.
if not TYPE_CHECKING:
    import importlib

    _LAZY = {
        "BodyPartReader": "_forms.multipart",
        "FileField": "_forms.uploads",
        "MultipartReader": "_forms.multipart",
        "MultipartWriter": "_forms.writer",
        "WebSocketReady": "_websocket.response",
        "WebSocketResponse": "_websocket.response",
        "broadcast": "_websocket.broadcast",
    }

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

    def __getattr__(name: str) -> object:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = importlib.import_module(f".{_LAZY[name]}", __name__)
        value = globals()[name] = getattr(module, name)
        return value
