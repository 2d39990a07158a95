"""The interfaces for other transports of HTTP: requests that come from elsewhere than a socket.

A program that only serves applications needs none of them; they are for packages that bring
requests in another way (ASGI, a test client in memory, another version of HTTP) or that answer them
in another way than with an application. ``_http.interfaces`` says what a transport must provide.
"""

from ._body.stream import EMPTY_PAYLOAD as EMPTY_PAYLOAD
from ._body.stream import RequestBody as RequestBody
from ._core.types import ConnectionInfo as ConnectionInfo
from ._http.exchange import Exchange as Exchange
from ._http.interfaces import Connection as Connection
from ._http.interfaces import DirectFactory as DirectFactory
from ._http.interfaces import RequestFactory as RequestFactory
from ._http.interfaces import ResponseChannel as ResponseChannel
from ._http.streams import OpenStreams as OpenStreams
from ._transport.upgrade import Upgraded as Upgraded
from ._transport.upgrade import UpgradeOwner as UpgradeOwner

__all__ = [
    "EMPTY_PAYLOAD",
    "Connection",
    "ConnectionInfo",
    "DirectFactory",
    "Exchange",
    "OpenStreams",
    "RequestBody",
    "RequestFactory",
    "ResponseChannel",
    "UpgradeOwner",
    "Upgraded",
]
