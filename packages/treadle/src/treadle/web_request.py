"""The names of ``aiohttp.web_request``."""

from treadle_responses import ETag, RequestKey
from treadle_server import BaseRequest, FileField, HttpVersion, Request

from .helpers import DEBUG, DEFAULT_CHUNK_SIZE, ETAG_ANY

__all__ = [
    "DEBUG",
    "DEFAULT_CHUNK_SIZE",
    "ETAG_ANY",
    "BaseRequest",
    "ETag",
    "FileField",
    "HttpVersion",
    "Request",
    "RequestKey",
]
