"""HTTP/1.1 for servers without I/O: bytes in, events out, and responses back to bytes.

>>> from treadle_http_parser import ServerConnection
>>> connection = ServerConnection()
>>> connection.receive_data(b"GET /hello HTTP/1.1\\r\\nHost: example.org\\r\\n\\r\\n")
[<Request GET /hello HTTP/1.1>, <EndOfMessage 0 trailers>]
>>> connection.send_head(200, [("Content-Length", "2")]) + connection.send_data(b"hi")
b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi'
>>> connection.send_end()
b''

httptools splits the head. This package checks everything that affects framing, and refuses a
request that two readers could understand differently. See ``ServerConnection`` for the caller's
duties.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ._errors import ContentEncodingError, LocalProtocolError, ProtocolError
from ._events import Data, EndOfMessage, Error, Event, Request
from ._framing import Fields, Framing, valid_authority
from ._version import __version__

__all__ = [
    "DEFAULT_LIMITS",
    "ContentDecoder",
    "ContentEncodingError",
    "Data",
    "EndOfMessage",
    "Error",
    "Event",
    "Fields",
    "Framing",
    "Limits",
    "LocalProtocolError",
    "ProtocolError",
    "Request",
    "ServerConnection",
    "__version__",
    "available_codings",
    "encode_fields",
    "reason_phrase",
    "status_line",
    "valid_authority",
]

if TYPE_CHECKING:
    from ._codings import ContentDecoder, available_codings
    from ._connection import ServerConnection
    from ._encode import encode_fields, reason_phrase, status_line
    from ._limits import DEFAULT_LIMITS, Limits

# Imported on first use: a program that declares routes has not begun to serve. Type checkers see
# the imports above instead.
if not TYPE_CHECKING:
    _LAZY = {
        "available_codings": "_codings",
        "ContentDecoder": "_codings",
        "ServerConnection": "_connection",
        "encode_fields": "_encode",
        "reason_phrase": "_encode",
        "status_line": "_encode",
        "DEFAULT_LIMITS": "_limits",
        "Limits": "_limits",
    }

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

    def __getattr__(name: str) -> object:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f".{_LAZY[name]}", __name__), name)
        return value
