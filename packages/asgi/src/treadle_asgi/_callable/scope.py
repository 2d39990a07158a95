"""The scope of a request as the head and the connection that a treadle request is made of.

Functions from values to values. The server in front has parsed and checked the request; what it
passes on is brought into the form that ``treadle_http_parser`` gives: an ASCII target, the framing
of the body, and fields as pairs of bytes.
"""

import functools
import re
from collections.abc import Iterable
from typing import Any, Final, final
from urllib.parse import quote, unquote_to_bytes

from treadle_asgi._types import Scope
from treadle_http_parser import Framing, Request, valid_authority
from treadle_server.interfaces import ConnectionInfo

__all__ = ["BODILESS", "PLAIN", "BadHostError", "ScopeInfo", "read_head", "read_mount"]

#: The framing of a request that says nothing of a body.
PLAIN: Final = Framing(keep_alive=True)
#: The framing of a request of HTTP/2 that does not say if a body follows.
_UNKNOWN: Final = Framing(True, None)
_WEBSOCKET: Final = Framing(keep_alive=True, upgrade="websocket")

#: The fields that frame a body, and their sizes: a server makes new bytes for each request, and to
#: hash the names of all fields would be 3 % of a hello (``uvicorn + treadle`` in tools/bench).
_FRAMING: Final = frozenset(
    (b"content-length", b"transfer-encoding", b"content-encoding", b"expect")
)
_SIZES: Final = frozenset((*map(len, _FRAMING), len(b"host")))

#: The characters of a path and of a query that need no percent-encoding; with ``%`` those of a part
#: that is encoded already (RFC 3986 section 3.3).
_SAFE: Final = "/:@!$&'()*+,;=~"
_SAFE_ENCODED: Final = _SAFE + '%?[]{}|^`"<>\\#'
_UNSAFE: Final = re.compile(rb"[^\x21-\x7e]")

_HTTP_11: Final = (1, 1)
_HTTP_2: Final = (2, 0)
_VERSIONS: Final[dict[object, tuple[int, int]]] = {
    "1.1": (1, 1),
    "1.0": (1, 0),
    "2": (2, 0),
    "3": (3, 0),
}

#: Methods whose requests have a body only if they say so: with HTTP/1 all are so, and a server of
#: HTTP/2 need not say it.
BODILESS: Final = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "CONNECT"))


class BadHostError(ValueError):
    """The Host field is not valid; the request gets a 400."""


def read_head(scope: Scope) -> Request:
    """Return the head of a request or of a WebSocket's handshake.

    ``content_length`` is None for a body of unknown length. Raises ``BadHostError``.
    """
    fields = scope["headers"]
    if type(fields) is not list or (fields and type(fields[0]) is not tuple):
        fields = [(bytes(name), bytes(value)) for name, value in fields]
    authority = ""
    framed = False
    for name, value in fields:
        if len(name) in _SIZES:
            if name == b"host":
                authority = authority or _authority(value)
            elif name in _FRAMING:
                framed = True
    version = _VERSIONS.get(scope.get("http_version"), _HTTP_11)
    if scope["type"] == "websocket":
        method, framing = "GET", _WEBSOCKET
        # A WebSocket of HTTP/2 begins with CONNECT (RFC 8441); the server has seen to that.
        version = max(version, _HTTP_11)
    else:
        method = scope["method"]
        if framed:
            framing = _read_framing(fields, method, version)
        elif version < _HTTP_2 or method in BODILESS:
            framing = PLAIN
        else:
            framing = _UNKNOWN
    target = _read_target(scope)
    return Request(method, target, authority, version, tuple(fields), framing)


@functools.lru_cache(256)
def _authority(value: bytes) -> str:
    authority = valid_authority(value)
    if authority is None:
        # An HTTP/1.0 client may send an empty one.
        if not value:
            return ""
        raise BadHostError(f"The Host field is not a host: {value[:80]!r}")
    return authority


def _read_framing(
    fields: Iterable[tuple[bytes, bytes]], method: str, version: tuple[int, int]
) -> Framing:
    values: dict[bytes, bytes] = {}
    for name, value in fields:
        if name in _FRAMING:
            values.setdefault(name, value)
    length: int | None = 0 if version < _HTTP_2 or method in BODILESS else None
    if b"transfer-encoding" in values:
        length = None
    elif (digits := values.get(b"content-length", b"")).isdigit():
        length = int(digits)
    return Framing(
        True,
        length,
        "",
        values.get(b"expect", b"").decode("latin-1").lower(),
        values.get(b"content-encoding", b"").decode("latin-1").lower(),
    )


def _read_target(scope: Scope) -> str:
    """Return path and query, percent-encoded, without ``root_path``."""
    raw = scope.get("raw_path")
    root = scope.get("root_path")
    if raw:
        path: str = raw.decode("latin-1")
        if "?" in path:
            # Older servers do not cut the query off.
            path = path.partition("?")[0]
        if root:
            path = _strip_encoded(path, root)
    else:
        path = str(scope["path"])
        if root:
            path = _strip(path, root)
        path = quote(path, _SAFE)
    if (not path or path[0] != "/") and path != "*":
        path = _origin_form(path)
    query = scope.get("query_string")
    if query:
        path = f"{path}?{query.decode('latin-1')}"
    if path.isascii() and path.isprintable() and " " not in path:
        return path
    return _UNSAFE.sub(lambda found: b"%%%02X" % found[0][0], path.encode("latin-1")).decode()


def _strip(path: str, root: str) -> str:
    """Return ``path`` without ``root`` in front; servers of ASGI before 2.4 leave it out."""
    root = root.rstrip("/")
    if path.startswith(root) and (len(path) == len(root) or path[len(root)] == "/"):
        return path[len(root) :] or "/"
    return path


def _strip_encoded(path: str, root: str) -> str:
    """Return the encoded ``path`` without the decoded ``root`` in front."""
    root = root.rstrip("/")
    end = 0
    for _ in range(root.count("/")):
        end = path.find("/", end + 1)
        if end < 0:
            end = len(path)
            break
    front = path[:end].encode("latin-1")
    if root and unquote_to_bytes(front) == root.encode("utf-8", "surrogatepass"):
        return path[end:] or "/"
    return path


def _origin_form(path: str) -> str:
    """Return the path of a target in absolute form (RFC 9112 section 3.2.2)."""
    scheme, separator, rest = path.partition("://")
    if not separator or "/" in scheme:
        return f"/{path}"
    cut = rest.find("/")
    return "/" if cut < 0 else rest[cut:]


@functools.lru_cache(64)
def read_mount(root_path: str) -> str:
    """Return ``root_path`` percent-encoded, without a slash at its end."""
    return quote(root_path.rstrip("/"), _SAFE)


@final
class ScopeInfo(ConnectionInfo):
    """The addresses of a scope, read when they are asked for; a Unix socket's is its path."""

    __slots__ = ("scope",)

    ssl_context = None
    handler = None

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.kept = None

    @property
    def peername(self) -> object:  # type: ignore[override]  # made on demand: nothing sets it
        """The address of the client."""
        return _address(self.scope.get("client"))

    @property
    def sockname(self) -> object:  # type: ignore[override]  # as above
        """The address that the client has reached."""
        return _address(self.scope.get("server"))


def _address(given: Any) -> object:
    if given is None:
        return None
    return given[0] if given[1] is None else tuple(given)
