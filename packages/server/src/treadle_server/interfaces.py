"""The interfaces for other transports of HTTP: requests that come from elsewhere than a socket.

A program that only serves applications needs none of them; they are for packages that bring
requests in another way (ASGI, a test client in memory, another version of HTTP) or that answer them
in another way than with an application. ``_http.interfaces`` says what a transport must provide.
"""

from ._app.bare import bare_application as bare_application
from ._app.mounting import ASGIMounted as ASGIMounted
from ._app.mounting import MountingRouter as MountingRouter
from ._app.mounting import WSGIMounted as WSGIMounted
from ._body.stream import EMPTY_PAYLOAD as EMPTY_PAYLOAD
from ._body.stream import RequestBody as RequestBody
from ._core.keywords import check_keywords as check_keywords
from ._core.logs import log_debug as log_debug
from ._core.logs import log_error as log_error
from ._core.logs import log_given as log_given
from ._core.logs import log_warning as log_warning
from ._core.logs import printable as printable
from ._core.logs import shown as shown
from ._core.types import ConnectionInfo as ConnectionInfo
from ._core.types import ProxiedInfo as ProxiedInfo
from ._files.response import FileSender as FileSender
from ._http.exchange import Exchange as Exchange
from ._http.interfaces import Connection as Connection
from ._http.interfaces import DirectFactory as DirectFactory
from ._http.interfaces import RequestFactory as RequestFactory
from ._http.interfaces import ResponseChannel as ResponseChannel
from ._http.interfaces import TrailerSender as TrailerSender
from ._http.streams import OpenStreams as OpenStreams
from ._routing.mounts import MountedPath as MountedPath
from ._routing.mounts import MountResource as MountResource
from ._routing.options import MountOptions as MountOptions
from ._routing.options import WSGIMountOptions as WSGIMountOptions
from ._run.arguments import add_server_arguments as add_server_arguments
from ._run.arguments import check_server_arguments as check_server_arguments
from ._run.arguments import serve_with_arguments as serve_with_arguments
from ._run.options import RunOptions as RunOptions
from ._transport.files import OpenFile as OpenFile
from ._transport.files import open_file as open_file
from ._transport.upgrade import Upgraded as Upgraded
from ._transport.upgrade import UpgradeOwner as UpgradeOwner
from ._workers.worker import UnusableError as UnusableError

__all__ = [
    "EMPTY_PAYLOAD",
    "ASGIMounted",
    "Connection",
    "ConnectionInfo",
    "DirectFactory",
    "Exchange",
    "FileSender",
    "MountOptions",
    "MountResource",
    "MountedPath",
    "MountingRouter",
    "OpenFile",
    "OpenStreams",
    "ProxiedInfo",
    "RequestBody",
    "RequestFactory",
    "ResponseChannel",
    "RunOptions",
    "TrailerSender",
    "UnusableError",
    "UpgradeOwner",
    "Upgraded",
    "WSGIMountOptions",
    "WSGIMounted",
    "add_server_arguments",
    "bare_application",
    "check_keywords",
    "check_server_arguments",
    "log_debug",
    "log_error",
    "log_given",
    "log_warning",
    "open_file",
    "printable",
    "serve_with_arguments",
    "shown",
]
