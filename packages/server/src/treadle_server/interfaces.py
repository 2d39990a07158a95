"""The interfaces for other transports of HTTP: requests that come from elsewhere than a socket.

A program that only serves applications needs none of them; they are for packages that bring
requests in another way (ASGI, a test client in memory, another version of HTTP) or that answer them
in another way than with an application. ``_http.interfaces`` says what a transport must provide.
"""

import typing as _typing

from ._app.bare import bare_application as bare_application
from ._app.mounting import ASGIMounted as ASGIMounted
from ._app.mounting import MountingRouter as MountingRouter
from ._app.mounting import WSGIMounted as WSGIMounted
from ._body.stream import EMPTY_PAYLOAD as EMPTY_PAYLOAD
from ._body.stream import RequestBody as RequestBody
from ._core.errors import BodyDiscardedError as BodyDiscardedError
from ._core.keywords import check_keywords as check_keywords
from ._core.logs import log_debug as log_debug
from ._core.logs import log_error as log_error
from ._core.logs import log_given as log_given
from ._core.logs import log_warning as log_warning
from ._core.logs import printable as printable
from ._core.logs import shown as shown
from ._core.trusted_proxies import ProxyAddress as ProxyAddress
from ._core.trusted_proxies import TrustedProxies as TrustedProxies
from ._core.types import ConnectionInfo as ConnectionInfo
from ._core.types import ProxiedInfo as ProxiedInfo
from ._files.response import FileSender as FileSender
from ._http.access_log import AccessLogClass as AccessLogClass
from ._http.exchange import Exchange as Exchange
from ._http.interfaces import Connection as Connection
from ._http.interfaces import DirectFactory as DirectFactory
from ._http.interfaces import RequestFactory as RequestFactory
from ._http.interfaces import ResponseChannel as ResponseChannel
from ._http.interfaces import TrailerSender as TrailerSender
from ._http.logged import make_exchange as make_exchange
from ._http.options import RunnerOptions as RunnerOptions
from ._http.state import ServerState as ServerState
from ._http.streams import OpenStreams as OpenStreams
from ._routing.mistakes import is_not_async as is_not_async
from ._routing.mistakes import wrong_signature as wrong_signature
from ._routing.mounts import MountedPath as MountedPath
from ._routing.mounts import MountResource as MountResource
from ._routing.options import MountOptions as MountOptions
from ._routing.options import WSGIMountOptions as WSGIMountOptions
from ._run.arguments import add_server_arguments as add_server_arguments
from ._run.arguments import check_server_arguments as check_server_arguments
from ._run.arguments import read_seconds as read_seconds
from ._run.arguments import serve_with_arguments as serve_with_arguments
from ._run.listeners import bind_tcp as bind_tcp
from ._run.listeners import bind_unix as bind_unix
from ._run.loops import LoopName as LoopName
from ._run.loops import new_loop as new_loop
from ._run.options import RunOptions as RunOptions
from ._run.ports import default_port as default_port
from ._run.shared import SharedSite as SharedSite
from ._transport.blocking import BlockingCalls as BlockingCalls
from ._transport.deadlines import NEVER as NEVER
from ._transport.files import OpenFile as OpenFile
from ._transport.files import open_file as open_file
from ._transport.upgrade import Upgraded as Upgraded
from ._transport.upgrade import UpgradeOwner as UpgradeOwner
from ._workers.worker import UnusableError as UnusableError

if _typing.TYPE_CHECKING:
    from ._websocket.channel import SessionState as SessionState
    from ._websocket.channel import WebSocketChannel as WebSocketChannel
    from ._websocket.channel import WebSocketOpener as WebSocketOpener
    from ._websocket.channel import too_late as too_late
    from ._websocket.messages import websocket_channel as websocket_channel
    from ._websocket.queue import AnyMessage as AnyMessage
    from ._websocket.reader import MessageReader as MessageReader

__all__ = [
    "EMPTY_PAYLOAD",
    "NEVER",
    "ASGIMounted",
    "AccessLogClass",
    "AnyMessage",
    "BlockingCalls",
    "BodyDiscardedError",
    "Connection",
    "ConnectionInfo",
    "DirectFactory",
    "Exchange",
    "FileSender",
    "LoopName",
    "MessageReader",
    "MountOptions",
    "MountResource",
    "MountedPath",
    "MountingRouter",
    "OpenFile",
    "OpenStreams",
    "ProxiedInfo",
    "ProxyAddress",
    "RequestBody",
    "RequestFactory",
    "ResponseChannel",
    "RunOptions",
    "RunnerOptions",
    "ServerState",
    "SessionState",
    "SharedSite",
    "TrailerSender",
    "TrustedProxies",
    "UnusableError",
    "UpgradeOwner",
    "Upgraded",
    "WSGIMountOptions",
    "WSGIMounted",
    "WebSocketChannel",
    "WebSocketOpener",
    "add_server_arguments",
    "bare_application",
    "bind_tcp",
    "bind_unix",
    "check_keywords",
    "check_server_arguments",
    "default_port",
    "is_not_async",
    "log_debug",
    "log_error",
    "log_given",
    "log_warning",
    "make_exchange",
    "new_loop",
    "open_file",
    "printable",
    "read_seconds",
    "serve_with_arguments",
    "shown",
    "too_late",
    "websocket_channel",
    "wrong_signature",
]

# Those of WebSockets are imported when they are first used: most programs have none.
if not _typing.TYPE_CHECKING:
    _LAZY = {
        "AnyMessage": "queue",
        "MessageReader": "reader",
        "SessionState": "channel",
        "WebSocketChannel": "channel",
        "WebSocketOpener": "channel",
        "too_late": "channel",
        "websocket_channel": "messages",
    }

    def __getattr__(name: str) -> object:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import importlib

        module = importlib.import_module(f"._websocket.{_LAZY[name]}", __package__)
        value = globals()[name] = getattr(module, name)
        return value
