"""A web framework for asyncio: ``from treadle import web`` replaces ``from aiohttp import web``.

>>> from treadle import web
>>> async def hello(request: web.Request) -> web.Response:
...     return web.Response(text="Hello, world")
>>> app = web.Application()
>>> app.add_routes([web.get("/", hello)])
[<ResourceRoute [HEAD] ...

``web.run_app(app)`` serves it.
"""

import typing as _typing

from treadle_responses import PAYLOAD_REGISTRY as PAYLOAD_REGISTRY
from treadle_responses import AsyncIterablePayload as AsyncIterablePayload
from treadle_responses import BufferedReaderPayload as BufferedReaderPayload
from treadle_responses import BytesIOPayload as BytesIOPayload
from treadle_responses import BytesPayload as BytesPayload
from treadle_responses import ETag as ETag
from treadle_responses import IOBasePayload as IOBasePayload
from treadle_responses import JsonPayload as JsonPayload
from treadle_responses import Payload as Payload
from treadle_responses import StringIOPayload as StringIOPayload
from treadle_responses import StringPayload as StringPayload
from treadle_responses import TextIOPayload as TextIOPayload
from treadle_responses import get_payload as get_payload
from treadle_responses import payload_type as payload_type
from treadle_responses import set_zlib_backend as set_zlib_backend
from treadle_server import EMPTY_PAYLOAD as EMPTY_PAYLOAD
from treadle_server import ChainMapProxy as ChainMapProxy
from treadle_server import ClientConnectionResetError as ClientConnectionResetError
from treadle_server import HttpVersion as HttpVersion
from treadle_server import HttpVersion10 as HttpVersion10
from treadle_server import HttpVersion11 as HttpVersion11
from treadle_server import StreamReader as StreamReader

from . import hdrs as hdrs
from ._version import __version__ as __version__

if _typing.TYPE_CHECKING:
    from treadle_http_parser.fields import encode_basic_auth as encode_basic_auth
    from treadle_multipart import BadContentDispositionHeader as BadContentDispositionHeader
    from treadle_multipart import BadContentDispositionParam as BadContentDispositionParam
    from treadle_multipart import content_disposition_filename as content_disposition_filename
    from treadle_multipart import parse_content_disposition as parse_content_disposition
    from treadle_server import BodyPartReader as BodyPartReader
    from treadle_server import DataQueue as DataQueue
    from treadle_server import EofStream as EofStream
    from treadle_server import MultipartReader as MultipartReader
    from treadle_server import MultipartWriter as MultipartWriter
    from treadle_websocket import WebSocketError as WebSocketError
    from treadle_websocket import WSCloseCode as WSCloseCode
    from treadle_websocket import WSMessage as WSMessage
    from treadle_websocket import WSMessageTypeError as WSMessageTypeError
    from treadle_websocket import WSMsgType as WSMsgType

    from ._auth import BasicAuth as BasicAuth
    from .worker import GunicornUVLoopWebWorker as GunicornUVLoopWebWorker
    from .worker import GunicornWebWorker as GunicornWebWorker

# Imported on first use, as in ``treadle.web``.
if not _typing.TYPE_CHECKING:
    import importlib as _importlib

    _LAZY = {
        "BasicAuth": "treadle._auth",
        "EofStream": "treadle_server",
        "DataQueue": "treadle_server",
        "encode_basic_auth": "treadle_http_parser.fields",
        "BadContentDispositionHeader": "treadle_multipart",
        "BadContentDispositionParam": "treadle_multipart",
        "content_disposition_filename": "treadle_multipart",
        "parse_content_disposition": "treadle_multipart",
        "BodyPartReader": "treadle_server",
        "MultipartReader": "treadle_server",
        "MultipartWriter": "treadle_server",
        "WebSocketError": "treadle_websocket",
        "WSCloseCode": "treadle_websocket",
        "WSMessage": "treadle_websocket",
        "WSMessageTypeError": "treadle_websocket",
        "WSMsgType": "treadle_websocket",
    }
    # Not in ``__all__``: they need gunicorn.
    _WORKERS = ("GunicornUVLoopWebWorker", "GunicornWebWorker")
    __all__ = [name for name in globals() if not name.startswith("_")]
    __all__ += ["__version__"]
    __all__ += list(_LAZY)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

    def __getattr__(name: str) -> object:
        if name in _WORKERS:
            return getattr(_importlib.import_module(".worker", __name__), name)
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(_importlib.import_module(_LAZY[name]), name)
        return value
