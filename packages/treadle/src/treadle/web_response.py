"""The names of ``aiohttp.web_response``."""

from http import HTTPStatus
from typing import Final

from treadle_responses import (
    ContentCoding,
    Response,
    ResponseKey,
    StreamResponse,
    json_bytes_response,
    json_response,
)

from .helpers import ETAG_ANY
from .http import SERVER_SOFTWARE

__all__ = [
    "CONTENT_CODINGS",
    "ETAG_ANY",
    "MAX_SYNC_CHUNK_SIZE",
    "REASON_PHRASES",
    "SERVER_SOFTWARE",
    "ContentCoding",
    "Response",
    "ResponseKey",
    "StreamResponse",
    "json_bytes_response",
    "json_response",
]

#: Bytes up to which a body is compressed in the event loop, as ``zlib_executor_size`` says.
MAX_SYNC_CHUNK_SIZE: Final = 4096

#: The reason phrase of each status code of ``http.HTTPStatus``.
REASON_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}

#: The content codings by their names.
CONTENT_CODINGS: Final = {coding.value: coding for coding in ContentCoding}
