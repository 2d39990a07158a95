"""The keyword options of requests, of WebSockets and of test servers, for type checkers.

Those of ``TestClient`` go to aiohttp's client. Its own lists of them have private names.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from http.cookies import BaseCookie, Morsel
from ssl import SSLContext
from typing import TYPE_CHECKING, Any, TypedDict

from aiohttp import BasicAuth, ClientResponse, ClientTimeout, ClientWSTimeout, Fingerprint
from multidict import istr
from yarl import URL, Query

from treadle_server import ServerOptions

if TYPE_CHECKING:
    # Only newer versions of aiohttp have both.
    from aiohttp import ClientMiddlewareType, UploadTracker

__all__ = [
    "ListenOptions",
    "MemoryRequestOptions",
    "PlainHeaders",
    "RequestOptions",
    "SocketFactory",
    "StartOptions",
    "WebSocketOptions",
]

SocketFactory = Callable[[str, int, socket.AddressFamily], socket.socket]
PlainHeaders = Mapping[str, str] | Iterable[tuple[str, str]]

_Headers = Mapping[str, str] | Mapping[istr, str] | Iterable[tuple[str, str]]
_Cookie = str | BaseCookie[str] | Morsel[Any]
_Cookies = Mapping[str, _Cookie] | Iterable[tuple[str, _Cookie]] | BaseCookie[str]


class RequestOptions(TypedDict, total=False):
    """The options of a request of ``TestClient``: those of ``aiohttp.ClientSession.request``."""

    params: Query
    data: Any
    json: Any
    cookies: _Cookies | None
    headers: _Headers | None
    skip_auto_headers: Iterable[str] | None
    auth: BasicAuth | None
    allow_redirects: bool
    max_redirects: int
    compress: str | bool | None
    chunked: bool | None
    expect100: bool
    raise_for_status: bool | Callable[[ClientResponse], Awaitable[None]] | None
    read_until_eof: bool
    proxy: str | URL | None
    proxy_auth: BasicAuth | None
    timeout: ClientTimeout | None
    ssl: SSLContext | bool | Fingerprint
    server_hostname: str | None
    proxy_headers: _Headers | None
    trace_request_ctx: object
    read_bufsize: int | None
    auto_decompress: bool | None
    max_line_size: int | None
    max_field_size: int | None
    max_headers: int | None
    middlewares: "Sequence[ClientMiddlewareType] | None"
    upload_tracker: "UploadTracker | None"


class WebSocketOptions(TypedDict, total=False):
    """The options of ``TestClient.ws_connect`` beside ``decode_text``."""

    method: str
    protocols: Iterable[str]
    timeout: ClientWSTimeout
    receive_timeout: float | None
    autoclose: bool
    autoping: bool
    heartbeat: float | None
    auth: BasicAuth | None
    origin: str | None
    params: Query
    headers: _Headers | None
    proxy: str | URL | None
    proxy_auth: BasicAuth | None
    ssl: SSLContext | bool | Fingerprint
    verify_ssl: bool | None
    fingerprint: bytes | None
    ssl_context: SSLContext | None
    server_hostname: str | None
    proxy_headers: _Headers | None
    compress: int
    max_msg_size: int


class MemoryRequestOptions(TypedDict, total=False):
    """The options of a request of ``MemoryClient``."""

    params: Query | None
    headers: PlainHeaders | None
    data: object
    json: object
    cookies: Mapping[str, str] | None
    allow_redirects: bool


class ListenOptions(TypedDict, total=False):
    """The options of a test server beside its address."""

    loop: asyncio.AbstractEventLoop | None
    skip_url_asserts: bool
    socket_factory: SocketFactory


class StartOptions(ServerOptions, total=False):
    """The options of ``start_server`` of a test server."""

    shutdown_timeout: float
    handle_signals: bool
