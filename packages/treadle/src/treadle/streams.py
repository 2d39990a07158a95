"""The names of ``aiohttp.streams``."""

from treadle_server import EMPTY_PAYLOAD, DataQueue, EofStream, StreamReader

__all__ = [
    "EMPTY_PAYLOAD",
    "DataQueue",
    "EofStream",
    "StreamReader",
]
