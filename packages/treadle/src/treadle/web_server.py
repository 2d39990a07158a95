"""The names of ``aiohttp.web_server``."""

from treadle_server import RequestHandler, Server

__all__ = [
    "RequestHandler",
    "Server",
]
