"""The names of ``aiohttp.web_app``."""

from treadle_responses import AppKey
from treadle_server import Application, CleanupError

__all__ = [
    "AppKey",
    "Application",
    "CleanupError",
]
