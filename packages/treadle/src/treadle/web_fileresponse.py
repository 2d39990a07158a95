"""The names of ``aiohttp.web_fileresponse``."""

import os
from types import MappingProxyType
from typing import Final

from treadle_server import CONTENT_TYPES, FALLBACK_CONTENT_TYPE, FileResponse

from .helpers import DEFAULT_CHUNK_SIZE, ETAG_ANY

__all__ = [
    "ADDITIONAL_CONTENT_TYPES",
    "CONTENT_TYPES",
    "DEFAULT_CHUNK_SIZE",
    "ENCODING_EXTENSIONS",
    "ETAG_ANY",
    "FALLBACK_CONTENT_TYPE",
    "NOSENDFILE",
    "FileResponse",
]

#: True if files are read and written rather than handed to the kernel. treadle decides that for
#: each connection, so that setting it has no effect.
NOSENDFILE: Final = bool(os.environ.get("AIOHTTP_NOSENDFILE"))

#: The media types of compressed files, and their extensions.
ADDITIONAL_CONTENT_TYPES: Final = MappingProxyType(
    {
        "application/gzip": ".gz",
        "application/x-brotli": ".br",
        "application/x-bzip2": ".bz2",
        "application/x-compress": ".Z",
        "application/x-xz": ".xz",
    }
)

#: The extensions of compressed siblings that aiohttp knows, and their codings.
ENCODING_EXTENSIONS: Final = MappingProxyType({".br": "br", ".gz": "gzip"})
