"""The names of ``aiohttp.web``, from treadle: ``from treadle import web``.

``python -m treadle.web [-H HOST] [-P PORT] [-U PATH] package.module:function`` serves the
application that the function returns.

Each name is written once: here, or where the module or package that is imported with ``*`` lists
it. ``X as X`` and ``*`` mean re-export to type checkers.
"""

import sys as _sys
import typing as _typing
from collections.abc import Sequence as _Sequence

from treadle_responses import PAYLOAD_REGISTRY as PAYLOAD_REGISTRY
from treadle_responses import AppKey as AppKey
from treadle_responses import ContentCoding as ContentCoding
from treadle_responses import ETag as ETag
from treadle_responses import NotAppKeyWarning as NotAppKeyWarning
from treadle_responses import Payload as Payload
from treadle_responses import RequestKey as RequestKey
from treadle_responses import Response as Response
from treadle_responses import ResponseKey as ResponseKey
from treadle_responses import StreamResponse as StreamResponse
from treadle_responses import get_payload as get_payload
from treadle_responses import html_response as html_response
from treadle_responses import json_bytes_response as json_bytes_response
from treadle_responses import json_response as json_response
from treadle_responses import payload_type as payload_type
from treadle_responses.exceptions import *
from treadle_router import Converter as Converter
from treadle_server.web import *

if _typing.TYPE_CHECKING:
    from argparse import ArgumentParser as ArgumentParser

    from treadle_multipart import MultipartLimits as MultipartLimits
    from treadle_multipart import SpoolPolicy as SpoolPolicy
    from treadle_responses import ServerSentEvent as ServerSentEvent
    from treadle_responses import content_disposition_header as content_disposition_header
    from treadle_server import REQUEST_ID as REQUEST_ID
    from treadle_server import AppRunner as AppRunner
    from treadle_server import BaseRunner as BaseRunner
    from treadle_server import BaseSite as BaseSite
    from treadle_server import EventSourceResponse as EventSourceResponse
    from treadle_server import FileField as FileField
    from treadle_server import FileResponse as FileResponse
    from treadle_server import GracefulExit as GracefulExit
    from treadle_server import Health as Health
    from treadle_server import JSONAccessFormatter as JSONAccessFormatter
    from treadle_server import NamedPipeSite as NamedPipeSite
    from treadle_server import RequestHandler as RequestHandler
    from treadle_server import RequestIdFilter as RequestIdFilter
    from treadle_server import Server as Server
    from treadle_server import ServerConfig as ServerConfig
    from treadle_server import ServerRunner as ServerRunner
    from treadle_server import SharedSite as SharedSite
    from treadle_server import SockSite as SockSite
    from treadle_server import StaticResource as StaticResource
    from treadle_server import TCPSite as TCPSite
    from treadle_server import TrustedProxies as TrustedProxies
    from treadle_server import UnixSite as UnixSite
    from treadle_server import WebSocketReady as WebSocketReady
    from treadle_server import WebSocketResponse as WebSocketResponse
    from treadle_server import broadcast as broadcast
    from treadle_server import create_ssl_context as create_ssl_context
    from treadle_server import request_id_middleware as request_id_middleware
    from treadle_server import run_app as run_app
    from treadle_server import sse_response as sse_response
    from treadle_websocket import AllowedOrigins as AllowedOrigins
    from treadle_websocket import DeflatePolicy as DeflatePolicy
    from treadle_websocket import PreparedMessage as PreparedMessage
    from treadle_websocket import WebSocketError as WebSocketError
    from treadle_websocket import WSCloseCode as WSCloseCode
    from treadle_websocket import WSMessage as WSMessage
    from treadle_websocket import WSMessageBinary as WSMessageBinary
    from treadle_websocket import WSMessageClose as WSMessageClose
    from treadle_websocket import WSMessageClosed as WSMessageClosed
    from treadle_websocket import WSMessageClosing as WSMessageClosing
    from treadle_websocket import WSMessageContinuation as WSMessageContinuation
    from treadle_websocket import WSMessageError as WSMessageError
    from treadle_websocket import WSMessagePing as WSMessagePing
    from treadle_websocket import WSMessagePong as WSMessagePong
    from treadle_websocket import WSMessageText as WSMessageText
    from treadle_websocket import WSMessageTextBytes as WSMessageTextBytes
    from treadle_websocket import WSMessageTypeError as WSMessageTypeError
    from treadle_websocket import WSMsgType as WSMsgType

    from .http_websocket import WSMessageDecodeText as WSMessageDecodeText
    from .http_websocket import WSMessageNoDecodeText as WSMessageNoDecodeText

# The server, files, forms, WebSockets and event streams are imported on first use, so that programs
# without them do not pay for them. Type checkers see the imports above instead; mypy would take an
# ``__all__`` that it cannot evaluate for empty.
if not _typing.TYPE_CHECKING:
    import importlib as _importlib

    _LAZY = {
        "JSONAccessFormatter": "treadle_server",
        "ServerConfig": "treadle_server",
        "RequestIdFilter": "treadle_server",
        "TrustedProxies": "treadle_server",
        "FileResponse": "treadle_server",
        "StaticResource": "treadle_server",
        "RequestHandler": "treadle_server",
        "Server": "treadle_server",
        "run_app": "treadle_server",
        "AppRunner": "treadle_server",
        "BaseRunner": "treadle_server",
        "BaseSite": "treadle_server",
        "GracefulExit": "treadle_server",
        "ServerRunner": "treadle_server",
        "SharedSite": "treadle_server",
        "NamedPipeSite": "treadle_server",
        "SockSite": "treadle_server",
        "TCPSite": "treadle_server",
        "UnixSite": "treadle_server",
        "ServerSentEvent": "treadle_responses",
        "content_disposition_header": "treadle_responses",
        "MultipartLimits": "treadle_multipart",
        "SpoolPolicy": "treadle_multipart",
        "EventSourceResponse": "treadle_server",
        "FileField": "treadle_server",
        "Health": "treadle_server",
        "REQUEST_ID": "treadle_server",
        "request_id_middleware": "treadle_server",
        "WebSocketReady": "treadle_server",
        "WebSocketResponse": "treadle_server",
        "broadcast": "treadle_server",
        "create_ssl_context": "treadle_server",
        "sse_response": "treadle_server",
        "AllowedOrigins": "treadle_websocket",
        "DeflatePolicy": "treadle_websocket",
        "PreparedMessage": "treadle_websocket",
        "WebSocketError": "treadle_websocket",
        "WSCloseCode": "treadle_websocket",
        "WSMessage": "treadle_websocket",
        "WSMessageBinary": "treadle_websocket",
        "WSMessageClose": "treadle_websocket",
        "WSMessageClosed": "treadle_websocket",
        "WSMessageClosing": "treadle_websocket",
        "WSMessageContinuation": "treadle_websocket",
        "WSMessageError": "treadle_websocket",
        "WSMessagePing": "treadle_websocket",
        "WSMessagePong": "treadle_websocket",
        "WSMessageText": "treadle_websocket",
        "WSMessageTextBytes": "treadle_websocket",
        "WSMessageDecodeText": "treadle.http_websocket",
        "WSMessageNoDecodeText": "treadle.http_websocket",
        "WSMessageTypeError": "treadle_websocket",
        "WSMsgType": "treadle_websocket",
    }
    __all__ = [name for name in globals() if not name.startswith("_")]
    __all__ += list(_LAZY)

    # Beside those of ``__all__``, as in aiohttp.
    _LAZY["ArgumentParser"] = "argparse"

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

    def __getattr__(name: str) -> object:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(_importlib.import_module(_LAZY[name]), name)
        return value


# Names that aiohttp's module has beside those of ``__all__``; its tests replace them.
from importlib import import_module


def main(argv: _Sequence[str] | None = None) -> None:
    """Serve the application that the command line ``argv`` names, and exit."""
    from treadle_server import command_line

    # As an attribute: the name is imported on first use, and a program may have replaced it.
    module = _sys.modules[__name__]
    command_line(argv, import_module=import_module, run_app=module.run_app)


if __name__ == "__main__":
    main()
