"""The names of ``aiohttp.streams``."""

from treadle_server import EMPTY_PAYLOAD, DataQueue, EofStream, StreamReader

from .helpers import DEFAULT_CHUNK_SIZE

__all__ = [
    "DEFAULT_CHUNK_SIZE",
    "EMPTY_PAYLOAD",
    "DataQueue",
    "EofStream",
    "StreamReader",
]
