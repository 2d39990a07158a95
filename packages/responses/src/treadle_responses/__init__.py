"""HTTP responses as values: bodies, headers, cookies and the exceptions that are responses.

>>> response = json_response({"answer": 42}, status=201)
>>> response.status, response.content_type, response.text
(201, 'application/json', '{"answer": 42}')
>>> response.set_cookie("seen", "yes", max_age=3600)

A response is an ASGI application (``await response(scope, receive, send)``), and has one for WSGI
(``return response.wsgi(environ, start_response)``). Any other server gives a ``ResponseWriter``
with each request (``RequestInfo``), and the response is sent through it.
"""

from . import exceptions
from ._accept import acceptable_codings
from ._asgi import ASGIReceive, ASGIRequest, ASGIScope, ASGISend, Offload, asgi_lines
from ._compression import ContentCoding, add_vary, is_compressed_type
from ._compressors import ZlibBackend, set_zlib_backend
from ._conditional import Verdict, evaluate, if_range_holds, parse_etags
from ._disposition import content_disposition_header
from ._error_pages import ErrorPage, error_page
from ._etag import ETag
from ._event_stream import ServerSentEvent
from ._fields import asgi_fields
from ._fileplan import FileFacts, FilePlan, Segment, apply_plan, plan_file
from ._head import LooseHeaders
from ._keys import AppKey, NotAppKeyWarning, RequestKey, ResponseKey, StateKey
from ._media_types import CODING_SUFFIXES, guess_content_type
from ._openfile import OpenFileResponse
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
from ._ranges import ByteRange, content_range, parse_range
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
from ._wsgi import StartResponse, WSGIEnviron
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
