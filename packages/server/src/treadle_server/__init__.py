"""The asyncio HTTP server of treadle: connections, requests, applications, runners.

>>> from treadle_server import Application, Request, RouteDef
>>> from treadle_responses import Response
>>> async def hello(request: Request) -> Response:
...     return Response(text="Hello, world")
>>> app = Application()
>>> app.add_routes([RouteDef("GET", "/", hello)])
[<ResourceRoute [GET] ...>]

Most programs use it through ``from treadle import web``, which adds the names of the leaf packages.
Without an application, ``Server`` serves any function from a request to a response.
"""

import typing as _typing

from ._app.subapps import AbstractRuleMatching as AbstractRuleMatching
from ._app.subapps import Domain as Domain
from ._app.subapps import MaskDomain as MaskDomain
from ._app.subapps import MatchedSubAppResource as MatchedSubAppResource
from ._app.table import RouteDecorator as RouteDecorator
from ._body.stream import EMPTY_PAYLOAD as EMPTY_PAYLOAD
from ._body.stream import StreamReader as StreamReader
from ._core.errors import ClientConnectionResetError as ClientConnectionResetError
from ._core.errors import access_logger as access_logger
from ._core.errors import server_logger as server_logger
from ._core.errors import web_logger as web_logger
from ._core.signals import FrozenList as FrozenList
from ._core.signals import Signal as Signal
from ._core.state import ChainMapProxy as ChainMapProxy
from ._core.types import HttpVersion as HttpVersion
from ._core.types import HttpVersion10 as HttpVersion10
from ._core.types import HttpVersion11 as HttpVersion11
from ._routing.handlers import AbstractView as AbstractView
from ._routing.interfaces import AbstractMatchInfo as AbstractMatchInfo
from ._routing.interfaces import AbstractRouter as AbstractRouter
from ._routing.interfaces import RouteInfo as RouteInfo
from ._routing.interfaces import SupportsAddRoute as SupportsAddRoute
from ._routing.match_info import MatchInfoError as MatchInfoError
from ._routing.options import PathValue as PathValue
from ._routing.options import RouteOptions as RouteOptions
from ._routing.options import StaticOptions as StaticOptions
from ._routing.resources import PrefixResource as PrefixResource
from ._version import __version__ as __version__
from .web import *

if _typing.TYPE_CHECKING:
    from ._body.data_queue import DataQueue as DataQueue
    from ._body.data_queue import EofStream as EofStream
    from ._body.payload import StreamReaderPayload as StreamReaderPayload
    from ._core.access_json import JSONAccessFormatter as JSONAccessFormatter
    from ._core.config import SERVER_SOFTWARE as SERVER_SOFTWARE
    from ._core.config import ServerConfig as ServerConfig
    from ._core.request_ids import RequestIdFilter as RequestIdFilter
    from ._core.trusted_proxies import TrustedProxies as TrustedProxies
    from ._events.response import EventSourceResponse as EventSourceResponse
    from ._events.response import sse_response as sse_response
    from ._files.content_types import CONTENT_TYPES as CONTENT_TYPES
    from ._files.content_types import FALLBACK_CONTENT_TYPE as FALLBACK_CONTENT_TYPE
    from ._files.response import FileResponse as FileResponse
    from ._files.static import StaticResource as StaticResource
    from ._forms.multipart import BodyPartReader as BodyPartReader
    from ._forms.multipart import MultipartReader as MultipartReader
    from ._forms.payload import BodyPartReaderPayload as BodyPartReaderPayload
    from ._forms.uploads import FileField as FileField
    from ._forms.writer import MultipartWriter as MultipartWriter
    from ._http.access_log import AbstractAccessLogger as AbstractAccessLogger
    from ._http.access_log import AbstractAsyncAccessLogger as AbstractAsyncAccessLogger
    from ._http.access_log import AccessLogger as AccessLogger
    from ._http.handler import RequestHandler as RequestHandler
    from ._http.message import RawRequestMessage as RawRequestMessage
    from ._http.options import ServerOptions as ServerOptions
    from ._http.payload_writer import AbstractStreamWriter as AbstractStreamWriter
    from ._http.server import Server as Server
    from ._http.state import RawHandler as RawHandler
    from ._observe.health import Health as Health
    from ._observe.request_ids import REQUEST_ID as REQUEST_ID
    from ._observe.request_ids import request_id_middleware as request_id_middleware
    from ._run.certificates import create_ssl_context as create_ssl_context
    from ._run.cli import command_line as command_line
    from ._run.run_app import run_app as run_app
    from ._run.runner import AppRunner as AppRunner
    from ._run.runner import BaseRunner as BaseRunner
    from ._run.runner import BaseSite as BaseSite
    from ._run.runner import GracefulExit as GracefulExit
    from ._run.runner import ServerRunner as ServerRunner
    from ._run.shared import SharedSite as SharedSite
    from ._run.sites import NamedPipeSite as NamedPipeSite
    from ._run.sites import SockSite as SockSite
    from ._run.sites import TCPSite as TCPSite
    from ._run.sites import UnixSite as UnixSite
    from ._websocket.broadcast import broadcast as broadcast
    from ._websocket.response import WebSocketReady as WebSocketReady
    from ._websocket.response import WebSocketResponse as WebSocketResponse

# Imported on first use: a program that has not begun to serve, or has no WebSockets, forms or
# files, does not pay for them. Type checkers see the imports above instead; mypy would take an
# ``__all__`` that it cannot evaluate for empty.
if not _typing.TYPE_CHECKING:
    import importlib as _importlib

    _LAZY = {
        "DataQueue": "_body.data_queue",
        "EofStream": "_body.data_queue",
        "StreamReaderPayload": "_body.payload",
        "JSONAccessFormatter": "_core.access_json",
        "SERVER_SOFTWARE": "_core.config",
        "ServerConfig": "_core.config",
        "RequestIdFilter": "_core.request_ids",
        "TrustedProxies": "_core.trusted_proxies",
        "FileResponse": "_files.response",
        "StaticResource": "_files.static",
        "AbstractAccessLogger": "_http.access_log",
        "AbstractAsyncAccessLogger": "_http.access_log",
        "AccessLogger": "_http.access_log",
        "RequestHandler": "_http.handler",
        "RawRequestMessage": "_http.message",
        "ServerOptions": "_http.options",
        "AbstractStreamWriter": "_http.payload_writer",
        "Server": "_http.server",
        "RawHandler": "_http.state",
        "run_app": "_run.run_app",
        "AppRunner": "_run.runner",
        "BaseRunner": "_run.runner",
        "BaseSite": "_run.runner",
        "GracefulExit": "_run.runner",
        "ServerRunner": "_run.runner",
        "SharedSite": "_run.shared",
        "NamedPipeSite": "_run.sites",
        "SockSite": "_run.sites",
        "TCPSite": "_run.sites",
        "UnixSite": "_run.sites",
        "CONTENT_TYPES": "_files.content_types",
        "FALLBACK_CONTENT_TYPE": "_files.content_types",
        "EventSourceResponse": "_events.response",
        "sse_response": "_events.response",
        "BodyPartReader": "_forms.multipart",
        "BodyPartReaderPayload": "_forms.payload",
        "FileField": "_forms.uploads",
        "Health": "_observe.health",
        "REQUEST_ID": "_observe.request_ids",
        "MultipartReader": "_forms.multipart",
        "MultipartWriter": "_forms.writer",
        "WebSocketReady": "_websocket.response",
        "WebSocketResponse": "_websocket.response",
        "broadcast": "_websocket.broadcast",
        "command_line": "_run.cli",
        "create_ssl_context": "_run.certificates",
        "request_id_middleware": "_observe.request_ids",
    }
    __all__ = [name for name in globals() if not name.startswith("_") and name != "web"]
    __all__ += ["__version__"]
    __all__ += list(_LAZY)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

    def __getattr__(name: str) -> object:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = _importlib.import_module(f".{_LAZY[name]}", __name__)
        value = globals()[name] = getattr(module, name)
        return value
