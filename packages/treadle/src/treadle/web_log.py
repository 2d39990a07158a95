"""The names of ``aiohttp.web_log``."""

from treadle_server import AccessLogger

from .abc import AbstractAccessLogger

__all__ = [
    "AbstractAccessLogger",
    "AccessLogger",
]
