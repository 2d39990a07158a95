"""The names of ``aiohttp.web_app``."""

from treadle_responses import AppKey
from treadle_server import Application, CleanupError

from .helpers import DEBUG

__all__ = [
    "DEBUG",
    "AppKey",
    "Application",
    "CleanupError",
]
