"""HTTP responses as values: bodies, headers, cookies and the exceptions that are responses.

>>> response = json_response({"answer": 42}, status=201)
>>> response.status, response.content_type, response.text
(201, 'application/json', '{"answer": 42}')
>>> response.set_cookie("seen", "yes", max_age=3600)

A response is an ASGI application (``await response(scope, receive, send)``), and has one for WSGI
(``return response.wsgi(environ, start_response)``). Any other server gives a ``ResponseWriter``
with each request (``RequestInfo``), and the response is sent through it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from . import exceptions
from ._accept import acceptable_codings
from ._compression import ContentCoding, add_vary, is_compressed_type
from ._compressors import ZlibBackend, set_zlib_backend
from ._error_pages import ErrorPage, error_page
from ._etag import ETag
from ._head import LooseHeaders
from ._keys import AppKey, NotAppKeyWarning, RequestKey, ResponseKey, StateKey
from ._media_types import CODING_SUFFIXES, guess_content_type
from ._payload import (
    TOO_LARGE_BYTES_BODY,
    BytesPayload,
    JsonBytesPayload,
    JsonPayload,
    Payload,
    StringIOPayload,
    StringPayload,
)
from ._payload_streams import (
    AsyncIterablePayload,
    BufferedReaderPayload,
    BytesIOPayload,
    IOBasePayload,
    IteratorPayload,
    TextIOPayload,
)
from ._registry import (
    PAYLOAD_REGISTRY,
    Order,
    PayloadLookupError,
    PayloadRegistry,
    get_payload,
    payload_type,
    register_payload,
)
from ._response import Body, Response
from ._shortcuts import html_response, json_bytes_response, json_response
from ._state import KeyedState, UnknownKeyError
from ._stream import RequestInfo, StreamResponse
from ._types import ResponseWriter, WholeFileSender, run_blocking
from ._version import __version__
from .exceptions import *

__all__ = [
    "CODING_SUFFIXES",
    "PAYLOAD_REGISTRY",
    "TOO_LARGE_BYTES_BODY",
    "ASGIReceive",
    "ASGIRequest",
    "ASGIScope",
    "ASGISend",
    "AppKey",
    "AsyncIterablePayload",
    "Body",
    "BufferedReaderPayload",
    "ByteRange",
    "BytesIOPayload",
    "BytesPayload",
    "ContentCoding",
    "ETag",
    "ErrorPage",
    "FileFacts",
    "FilePlan",
    "IOBasePayload",
    "IteratorPayload",
    "JsonBytesPayload",
    "JsonPayload",
    "KeyedState",
    "LooseHeaders",
    "NotAppKeyWarning",
    "Offload",
    "OpenFileResponse",
    "Order",
    "Payload",
    "PayloadLookupError",
    "PayloadRegistry",
    "RequestInfo",
    "RequestKey",
    "Response",
    "ResponseKey",
    "ResponseWriter",
    "Segment",
    "ServerSentEvent",
    "StartResponse",
    "StateKey",
    "StreamResponse",
    "StringIOPayload",
    "StringPayload",
    "TextIOPayload",
    "UnknownKeyError",
    "Verdict",
    "WSGIEnviron",
    "WholeFileSender",
    "ZlibBackend",
    "__version__",
    "acceptable_codings",
    "add_vary",
    "apply_plan",
    "asgi_fields",
    "asgi_lines",
    "content_disposition_header",
    "content_range",
    "error_page",
    "evaluate",
    "get_payload",
    "guess_content_type",
    "html_response",
    "if_range_holds",
    "is_compressed_type",
    "json_bytes_response",
    "json_response",
    "parse_etags",
    "parse_range",
    "payload_type",
    "plan_file",
    "register_payload",
    "run_blocking",
    "set_zlib_backend",
]
__all__ += exceptions.__all__

if TYPE_CHECKING:
    from ._asgi import ASGIReceive, ASGIRequest, ASGIScope, ASGISend, Offload, asgi_lines
    from ._conditional import Verdict, evaluate, if_range_holds, parse_etags
    from ._disposition import content_disposition_header
    from ._event_stream import ServerSentEvent
    from ._fields import asgi_fields
    from ._fileplan import FileFacts, FilePlan, Segment, apply_plan, plan_file
    from ._openfile import OpenFileResponse
    from ._ranges import ByteRange, content_range, parse_range
    from ._wsgi import StartResponse, WSGIEnviron

# Imported on first use: a program that sends no files, and through no other server, does not pay
# for them. Type checkers see the imports above instead.
if not TYPE_CHECKING:
    _LAZY = {
        "ASGIReceive": "_asgi",
        "ASGIRequest": "_asgi",
        "ASGIScope": "_asgi",
        "ASGISend": "_asgi",
        "Offload": "_asgi",
        "asgi_lines": "_asgi",
        "evaluate": "_conditional",
        "if_range_holds": "_conditional",
        "parse_etags": "_conditional",
        "Verdict": "_conditional",
        "content_disposition_header": "_disposition",
        "ServerSentEvent": "_event_stream",
        "asgi_fields": "_fields",
        "apply_plan": "_fileplan",
        "FileFacts": "_fileplan",
        "FilePlan": "_fileplan",
        "plan_file": "_fileplan",
        "Segment": "_fileplan",
        "OpenFileResponse": "_openfile",
        "ByteRange": "_ranges",
        "content_range": "_ranges",
        "parse_range": "_ranges",
        "StartResponse": "_wsgi",
        "WSGIEnviron": "_wsgi",
    }

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

    def __getattr__(name: str) -> object:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f".{_LAZY[name]}", __name__), name)
        return value
