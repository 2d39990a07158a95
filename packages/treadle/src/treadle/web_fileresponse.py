"""The names of ``aiohttp.web_fileresponse``."""

from treadle_server import FileResponse

__all__ = [
    "FileResponse",
]
