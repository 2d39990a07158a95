"""The names of ``aiohttp.http_parser`` that a server has; the parser is ``treadle_http_parser``."""

from treadle_server import RawRequestMessage

__all__ = [
    "RawRequestMessage",
]
