"""The asyncio HTTP server of weft: connections, requests, applications, runners.

>>> from weft_server import Application, Request, RouteDef
>>> from weft_responses import Response
>>> async def hello(request: Request) -> Response:
...     return Response(text="Hello, world")
>>> app = Application()
>>> app.add_routes([RouteDef("GET", "/", hello)])
[<ResourceRoute [GET] ...>]

Most people use it through ``from weft import web``, which adds the names of the leaf packages.
Without an application, :class:`Server` serves any function from a request to a response.
"""

from ._app import Application, Handler, Middleware, Request, RouteTableDef, UrlDispatcher
from ._body import StreamReader
from ._config import ServerConfig
from ._dispatcher import (
    AbstractMatchInfo,
    AbstractResource,
    AbstractRoute,
    AbstractView,
    DynamicResource,
    PlainResource,
    Resource,
    ResourceRoute,
    SystemRoute,
    UrlMappingMatchInfo,
)
from ._errors import ClientConnectionResetError, PayloadAccessError, RequestPayloadError
from ._lifecycle import CleanupError
from ._middleware import middleware
from ._request import BaseRequest
from ._run import run_app
from ._runner import (
    AppRunner,
    BaseRunner,
    BaseSite,
    GracefulExit,
    ServerRunner,
    SockSite,
    TCPSite,
    UnixSite,
)
from ._server import Server
from ._shared import SERVER_SOFTWARE, RawHandler
from ._signals import FrozenList, Signal
from ._types import HttpVersion, HttpVersion10, HttpVersion11
from ._version import __version__
from ._view import View

__all__ = [
    "SERVER_SOFTWARE",
    "AbstractMatchInfo",
    "AbstractResource",
    "AbstractRoute",
    "AbstractView",
    "AppRunner",
    "Application",
    "BaseRequest",
    "BaseRunner",
    "BaseSite",
    "CleanupError",
    "ClientConnectionResetError",
    "DynamicResource",
    "FrozenList",
    "GracefulExit",
    "Handler",
    "HttpVersion",
    "HttpVersion10",
    "HttpVersion11",
    "Middleware",
    "PayloadAccessError",
    "PlainResource",
    "RawHandler",
    "Request",
    "RequestPayloadError",
    "Resource",
    "ResourceRoute",
    "RouteTableDef",
    "Server",
    "ServerConfig",
    "ServerRunner",
    "Signal",
    "SockSite",
    "StreamReader",
    "SystemRoute",
    "TCPSite",
    "UnixSite",
    "UrlDispatcher",
    "UrlMappingMatchInfo",
    "View",
    "__version__",
    "middleware",
    "run_app",
]
