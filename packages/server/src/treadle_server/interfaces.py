"""The interfaces for other transports of HTTP: requests that come from elsewhere than a socket.

A program that only serves applications needs none of them; they are for packages that bring
requests in another way (ASGI, a test client in memory, another version of HTTP) or that answer them
in another way than with an application. ``_http.interfaces`` says what a transport must provide.
"""

import typing as _typing

from ._body.stream import EMPTY_PAYLOAD as EMPTY_PAYLOAD
from ._body.stream import RequestBody as RequestBody
from ._core.errors import BodyDiscardedError as BodyDiscardedError
from ._core.trusted_proxies import ProxyAddress as ProxyAddress
from ._core.trusted_proxies import TrustedProxies as TrustedProxies
from ._core.types import ConnectionInfo as ConnectionInfo
from ._http.access_log import AccessLogClass as AccessLogClass
from ._http.exchange import Exchange as Exchange
from ._http.interfaces import Connection as Connection
from ._http.interfaces import DirectFactory as DirectFactory
from ._http.interfaces import RequestFactory as RequestFactory
from ._http.interfaces import ResponseChannel as ResponseChannel
from ._http.logged import make_exchange as make_exchange
from ._http.options import RunnerOptions as RunnerOptions
from ._http.state import ServerState as ServerState
from ._http.streams import OpenStreams as OpenStreams
from ._transport.blocking import BlockingCalls as BlockingCalls
from ._transport.deadlines import NEVER as NEVER
from ._transport.upgrade import Upgraded as Upgraded
from ._transport.upgrade import UpgradeOwner as UpgradeOwner

if _typing.TYPE_CHECKING:
    from ._websocket.channel import SessionState as SessionState
    from ._websocket.channel import WebSocketChannel as WebSocketChannel
    from ._websocket.channel import WebSocketOpener as WebSocketOpener
    from ._websocket.channel import too_late as too_late
    from ._websocket.queue import AnyMessage as AnyMessage
    from ._websocket.reader import MessageReader as MessageReader

__all__ = [
    "EMPTY_PAYLOAD",
    "NEVER",
    "AccessLogClass",
    "AnyMessage",
    "BlockingCalls",
    "BodyDiscardedError",
    "Connection",
    "ConnectionInfo",
    "DirectFactory",
    "Exchange",
    "MessageReader",
    "OpenStreams",
    "ProxyAddress",
    "RequestBody",
    "RequestFactory",
    "ResponseChannel",
    "RunnerOptions",
    "ServerState",
    "SessionState",
    "TrustedProxies",
    "UpgradeOwner",
    "Upgraded",
    "WebSocketChannel",
    "WebSocketOpener",
    "make_exchange",
    "too_late",
]

# Those of WebSockets are imported when they are first used: most programs have none.
_LAZY: _typing.Final = {
    "AnyMessage": "queue",
    "MessageReader": "reader",
    "SessionState": "channel",
    "WebSocketChannel": "channel",
    "WebSocketOpener": "channel",
    "too_late": "channel",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    module = importlib.import_module(f"._websocket.{_LAZY[name]}", __package__)
    value = globals()[name] = getattr(module, name)
    return value
