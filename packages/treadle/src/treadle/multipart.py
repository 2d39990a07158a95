"""Multipart bodies, part by part: the names of ``aiohttp.multipart`` that servers import."""

from treadle_multipart import (
    BadContentDispositionHeader,
    BadContentDispositionParam,
    content_disposition_filename,
    parse_content_disposition,
)
from treadle_server import BodyPartReader, MultipartReader, MultipartWriter

__all__ = [
    "BadContentDispositionHeader",
    "BadContentDispositionParam",
    "BodyPartReader",
    "MultipartReader",
    "MultipartWriter",
    "content_disposition_filename",
    "parse_content_disposition",
]
