"""A web framework for asyncio: ``from treadle import web`` replaces ``from aiohttp import web``.

>>> from treadle import web
>>> async def hello(request: web.Request) -> web.Response:
...     return web.Response(text="Hello, world")
>>> app = web.Application()
>>> app.add_routes([web.get("/", hello)])
[<ResourceRoute [HEAD] ...

``web.run_app(app)`` serves it.
"""

from typing import TYPE_CHECKING

from treadle_responses import ETag
from treadle_server import (
    ClientConnectionResetError,
    HttpVersion,
    HttpVersion10,
    HttpVersion11,
    StreamReader,
)

from ._version import __version__

if TYPE_CHECKING:
    from treadle_multipart import (
        BadContentDispositionHeader,
        BadContentDispositionParam,
        content_disposition_filename,
        parse_content_disposition,
    )
    from treadle_server import BodyPartReader, MultipartReader, MultipartWriter
    from treadle_websocket import (
        WebSocketError,
        WSCloseCode,
        WSMessage,
        WSMessageTypeError,
        WSMsgType,
    )

__all__ = [
    "BadContentDispositionHeader",
    "BadContentDispositionParam",
    "BodyPartReader",
    "ClientConnectionResetError",
    "ETag",
    "HttpVersion",
    "HttpVersion10",
    "HttpVersion11",
    "MultipartReader",
    "MultipartWriter",
    "StreamReader",
    "WSCloseCode",
    "WSMessage",
    "WSMessageTypeError",
    "WSMsgType",
    "WebSocketError",
    "__version__",
    "content_disposition_filename",
    "parse_content_disposition",
]

# Imported when first asked for, as in ``treadle.web``.
if not TYPE_CHECKING:
    import importlib

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

    def __getattr__(name: str) -> object:
        if name in __all__:
            for package in ("treadle_multipart", "treadle_server", "treadle_websocket"):
                module = importlib.import_module(package)
                if name in module.__all__:
                    value = globals()[name] = getattr(module, name)
                    return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
