"""The names of ``aiohttp.web_response``."""

from treadle_responses import (
    ContentCoding,
    Response,
    ResponseKey,
    StreamResponse,
    json_bytes_response,
    json_response,
)

__all__ = [
    "ContentCoding",
    "Response",
    "ResponseKey",
    "StreamResponse",
    "json_bytes_response",
    "json_response",
]
