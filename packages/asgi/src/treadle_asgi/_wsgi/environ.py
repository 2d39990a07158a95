"""The environ of a request: the dictionary that a WSGI application gets (PEP 3333).

Texts of an environ are "bytes-as-unicode": each character is one byte (latin-1). Fields that could
be taken for others are left out:

- names with ``_``: ``X_Forwarded_For`` and ``X-Forwarded-For`` would have one key, and a proxy that
  replaces the second one passes the first one on;
- ``Proxy``: as ``HTTP_PROXY`` it is the setting of a proxy to programs that read it ("httpoxy").
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIEnvironment

from treadle_server import BaseRequest
from treadle_server.interfaces import ProxiedInfo

__all__ = ["MATCH_INFO", "base_environ"]

#: The variables of the path, decoded, as a mapping of ``str``.
MATCH_INFO: Final = "treadle.match_info"

#: Fields that were read by other means, or have no key.
_LEFT_OUT: Final = frozenset((b"host", b"proxy"))


def base_environ(
    request: BaseRequest,
    *,
    prefix: str,
    rest: str,
    match_info: Mapping[str, str],
    body_size: int | None,
    decoded: bool,
) -> WSGIEnvironment:
    """Return the keys of ``request``, without those of PEP 3333 that begin with ``wsgi.``.

    ``prefix`` and ``rest`` are the two parts of its path, as sent. ``body_size`` is the number of
    bytes of the body, None for a request that has none. With ``decoded`` the server has undone the
    coding of the body, so that the field which names it is left out.
    """
    raw_path = request.raw_path
    head = request.head
    info = request.connection_info
    peer = info.source if isinstance(info, ProxiedInfo) and info.source else info.peername
    server = info.sockname
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": _decoded(prefix),
        "PATH_INFO": _decoded(rest),
        "QUERY_STRING": raw_path.partition("?")[2],
        "REQUEST_URI": raw_path,
        # The name that gunicorn and Werkzeug know.
        "RAW_URI": raw_path,
        "SERVER_PROTOCOL": "HTTP/1.1" if head.version == (1, 1) else "HTTP/1.0",
        MATCH_INFO: dict(match_info),
    }
    secure = request.scheme == "https"
    if isinstance(server, (tuple, list)):
        environ["SERVER_NAME"], environ["SERVER_PORT"] = str(server[0]), str(server[1])
    else:
        # PEP 3333: both "can never be empty strings, and so are always required".
        environ["SERVER_NAME"], environ["SERVER_PORT"] = "localhost", "443" if secure else "80"
    remote = request.remote
    if remote is not None:
        environ["REMOTE_ADDR"] = remote
        if isinstance(peer, (tuple, list)) and str(peer[0]) == remote:
            environ["REMOTE_PORT"] = str(peer[1])
    if secure:
        environ["HTTPS"] = "on"
    if body_size is not None:
        # That of the body as it is read: a chunked one has a length now, a decoded one another.
        environ["CONTENT_LENGTH"] = str(body_size)
    if head.authority or request.host_is_given:
        # RFC 9112 section 3.2.2: the host of an absolute target replaces that of the field.
        environ["HTTP_HOST"] = request.host.encode("utf-8", "surrogateescape").decode("latin-1")
    _add_fields(environ, request.raw_headers, decoded=decoded)
    return environ


def _add_fields(
    environ: WSGIEnvironment, fields: tuple[tuple[bytes, bytes], ...], *, decoded: bool
) -> None:
    for raw_name, raw_value in fields:
        name = raw_name.lower()
        value = raw_value.decode("latin-1")
        if name == b"content-type":
            environ.setdefault("CONTENT_TYPE", value)
        elif name == b"content-length":
            # Without a body: a 0.
            environ.setdefault("CONTENT_LENGTH", value)
        elif name in _LEFT_OUT or b"_" in name or (decoded and name == b"content-encoding"):
            continue
        else:
            key = "HTTP_" + name.decode("ascii").upper().replace("-", "_")
            if key in environ:
                # RFC 9110 section 5.3; RFC 6265 section 5.4 for cookies.
                value = f"{environ[key]}{'; ' if name == b'cookie' else ', '}{value}"
            environ[key] = value


def _decoded(path: str) -> str:
    return unquote_to_bytes(path).decode("latin-1")
