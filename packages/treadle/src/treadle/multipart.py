"""Multipart bodies, part by part: the names of ``aiohttp.multipart`` that servers import."""

from treadle_multipart import (
    BadContentDispositionHeader,
    BadContentDispositionParam,
    content_disposition_filename,
    parse_content_disposition,
)
from treadle_server import BodyPartReader, BodyPartReaderPayload, MultipartReader, MultipartWriter

from .helpers import CHAR, DEFAULT_CHUNK_SIZE, TOKEN

__all__ = [
    "CHAR",
    "DEFAULT_CHUNK_SIZE",
    "TOKEN",
    "BadContentDispositionHeader",
    "BadContentDispositionParam",
    "BodyPartReader",
    "BodyPartReaderPayload",
    "MultipartReader",
    "MultipartWriter",
    "content_disposition_filename",
    "parse_content_disposition",
]
