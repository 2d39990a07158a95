"""The names of ``aiohttp.http_parser`` that a server has; the parser is ``treadle_http_parser``."""

from treadle_server import RawRequestMessage

from .helpers import (
    DEBUG,
    DEFAULT_CHUNK_SIZE,
    EMPTY_BODY_METHODS,
    EMPTY_BODY_STATUS_CODES,
)

__all__ = [
    "DEBUG",
    "DEFAULT_CHUNK_SIZE",
    "EMPTY_BODY_METHODS",
    "EMPTY_BODY_STATUS_CODES",
    "RawRequestMessage",
]
