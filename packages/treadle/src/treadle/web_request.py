"""The names of ``aiohttp.web_request``."""

from treadle_responses import ETag, RequestKey
from treadle_server import BaseRequest, FileField, HttpVersion, Request

__all__ = [
    "BaseRequest",
    "ETag",
    "FileField",
    "HttpVersion",
    "Request",
    "RequestKey",
]
