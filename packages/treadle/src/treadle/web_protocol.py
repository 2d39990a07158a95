"""The names of ``aiohttp.web_protocol``."""

from typing import Final

from treadle_server import PayloadAccessError, RequestHandler, RequestPayloadError

from .helpers import DEFAULT_CHUNK_SIZE

__all__ = [
    "DEFAULT_CHUNK_SIZE",
    "MAX_MSG_QUEUE_SIZE",
    "PayloadAccessError",
    "RequestHandler",
    "RequestPayloadError",
]

#: Requests of one connection that aiohttp keeps parsed while a handler runs; treadle keeps bytes.
MAX_MSG_QUEUE_SIZE: Final = 32
