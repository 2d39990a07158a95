"""The names of ``aiohttp.web_middlewares``."""

from treadle_server import Handler, Middleware, middleware, normalize_path_middleware

__all__ = [
    "Handler",
    "Middleware",
    "middleware",
    "normalize_path_middleware",
]
