"""A web framework for asyncio: ``from weft import web`` where you had ``from aiohttp import web``.

>>> from weft import web
>>> async def hello(request: web.Request) -> web.Response:
...     return web.Response(text="Hello, world")
>>> app = web.Application()
>>> app.add_routes([web.get("/", hello)])
[<ResourceRoute [HEAD] ...

``web.run_app(app)`` serves it.
"""

from weft_responses import ETag
from weft_server import (
    ClientConnectionResetError,
    HttpVersion,
    HttpVersion10,
    HttpVersion11,
    StreamReader,
)

from ._version import __version__

__all__ = [
    "ClientConnectionResetError",
    "ETag",
    "HttpVersion",
    "HttpVersion10",
    "HttpVersion11",
    "StreamReader",
    "__version__",
]
