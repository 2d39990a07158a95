"""Scopes: from a request of the server to the dictionary that an ASGI application gets."""

import re
import ssl
from collections.abc import MutableMapping
from typing import Any, Final
from urllib.parse import quote, unquote

from treadle_asgi._types import Scope
from treadle_server import BaseRequest
from treadle_server.interfaces import ConnectionInfo, ProxiedInfo

from .tls import tls_extension

__all__ = [
    "ASGI_VERSIONS", "Address", "add_root", "addresses", "http_scope", "is_websocket",
    "opens_websocket", "websocket_scope",
]  # fmt: skip

#: The versions of the specifications: ``send`` raises ``OSError`` when the client has left (2.4),
#: ``websocket.disconnect`` has a reason (2.5).
ASGI_VERSIONS: Final = {"version": "3.0", "spec_version": "2.5"}

_HTTP_EXTENSIONS: Final = (
    "http.response.early_hint", "http.response.pathsend", "http.response.trailers",
)  # fmt: skip
_WEBSOCKET_EXTENSIONS: Final = ("websocket.http.response",)

_WEBSOCKET: Final = re.compile(r"(?:^|,)[ \t]*websocket[ \t]*(?:,|$)")

Address = tuple[str, int | None]


def opens_websocket(request: BaseRequest) -> bool:
    """Return True if the client asks for a WebSocket."""
    return is_websocket(request.head.upgrade)


def is_websocket(upgrade: str) -> bool:
    """Return True if ``upgrade``, lower-cased, names the protocol of WebSockets."""
    return upgrade == "websocket" or (
        "websocket" in upgrade and _WEBSOCKET.search(upgrade) is not None
    )


def _address(address: object) -> Address | None:
    """Return an address of a socket as ASGI has it: ``(host, port)``, ``(path, None)`` or None."""
    if isinstance(address, (tuple, list)) and len(address) >= 2:
        return str(address[0]), int(address[1])
    if isinstance(address, bytes):
        address = address.decode("utf-8", "replace")
    return (address, None) if isinstance(address, str) and address else None


def addresses(info: ConnectionInfo) -> tuple[Address | None, Address | None]:
    """Return the client and the server of a connection."""
    client = info.source if isinstance(info, ProxiedInfo) and info.source else info.peername
    return _address(client), _address(info.sockname)


def _headers(request: BaseRequest) -> list[tuple[bytes, bytes]]:
    fields = request.head.lower_fields
    if request.host_is_given:
        # What a trusted proxy says is what the client has asked for.
        host = request.host.encode("utf-8", "surrogateescape")
        fields = [(b"host", host), *(field for field in fields if field[0] != b"host")]
    return fields


def _client(request: BaseRequest) -> Address | None:
    client = addresses(request.connection_info)[0]
    remote = request.remote
    if remote and (client is None or remote != client[0]):
        # From a field of a proxy, which has no port.
        return remote, 0
    return client


def add_root(root_path: str, raw_path: bytes) -> bytes:
    """Return ``raw_path`` behind the percent-encoded ``root_path``."""
    return quote(root_path, safe="/%:@!$&'()*+,;=~").encode() + raw_path if root_path else raw_path


def _base(
    request: BaseRequest,
    kind: str,
    names: tuple[str, ...],
    root_path: str,
    path: str | None,
    state: MutableMapping[str, Any] | None,
) -> Scope:
    head = request.head
    raw_path, _, query = head.target.partition("?")
    raw = raw_path.encode("ascii")
    if path is None:
        path = root_path + (unquote(raw_path) if "%" in raw_path else raw_path)
        raw = add_root(root_path, raw)
    extensions: dict[str, dict[str, object]] = {name: {} for name in names}
    tls = _tls(request)
    if tls is not None:
        extensions["tls"] = tls
    scope: Scope = {
        "type": kind,
        "asgi": dict(ASGI_VERSIONS),
        "http_version": "1.1" if head.version == (1, 1) else "1.0",
        "server": addresses(request.connection_info)[1],
        "client": _client(request),
        "scheme": request.scheme,
        "root_path": root_path,
        "path": path,
        "raw_path": raw,
        "query_string": query.encode("ascii"),
        "headers": _headers(request),
        "extensions": extensions,
    }
    if state is not None:
        # A copy for each request, as the specification of lifespans says; its values are shared.
        scope["state"] = dict(state)
    return scope


def _tls(request: BaseRequest) -> dict[str, object] | None:
    if request.connection_info.ssl_context is None:
        return None
    ssl_object = request.get_extra_info("ssl_object")
    if isinstance(ssl_object, (ssl.SSLObject, ssl.SSLSocket)):
        return tls_extension(ssl_object)
    return None


def http_scope(
    request: BaseRequest,
    *,
    root_path: str = "",
    path: str | None = None,
    state: MutableMapping[str, Any] | None = None,
) -> Scope:
    """Return the scope of a request.

    ``path`` is the decoded path with ``root_path`` before it; None for the path of the request
    behind ``root_path``, as a proxy that has taken ``root_path`` away leaves it.
    """
    scope = _base(request, "http", _HTTP_EXTENSIONS, root_path, path, state)
    # RFC 9110 section 9.1: methods are case-sensitive; the specification of ASGI wants upper case.
    scope["method"] = request.method.upper()
    return scope


def websocket_scope(
    request: BaseRequest,
    *,
    root_path: str = "",
    path: str | None = None,
    state: MutableMapping[str, Any] | None = None,
) -> Scope:
    """Return the scope of a WebSocket; see ``http_scope``."""
    scope = _base(request, "websocket", _WEBSOCKET_EXTENSIONS, root_path, path, state)
    scope["scheme"] = "wss" if request.scheme == "https" else "ws"
    scope["subprotocols"] = [
        name
        for line in request.headers.getall("Sec-WebSocket-Protocol", ())
        for part in line.split(",")
        if (name := part.strip())
    ]
    return scope
