"""The names of ``aiohttp.web_protocol``."""

from treadle_server import PayloadAccessError, RequestHandler, RequestPayloadError

__all__ = [
    "PayloadAccessError",
    "RequestHandler",
    "RequestPayloadError",
]
