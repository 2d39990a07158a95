"""Uploads: files of any size are read as they arrive and not kept.

The page works without its script; the script adds a progress bar.
"""

import hashlib

from treadle import BodyPartReader, web

from . import pages

__all__ = ["routes"]

#: All files of one upload together.
_MAX_SIZE = 1 << 30
_CHUNK = 64 * 1024

routes = web.RouteTableDef()


@routes.get("/upload", name="upload")
async def show(_request: web.Request) -> web.Response:
    """Show the form."""
    return web.html_response(pages.upload_page())


@routes.post("/upload")
async def receive(request: web.Request) -> web.Response:
    """Show the name, the size and the SHA-256 of each file."""
    received: list[tuple[str, int, str]] = []
    left = _MAX_SIZE
    async for part in await request.multipart():
        # A file input without a chosen file sends an empty name.
        if not isinstance(part, BodyPartReader) or not part.filename:
            continue
        size = 0
        digest = hashlib.sha256()
        while chunk := await part.read_chunk(_CHUNK):
            size += len(chunk)
            if size > left:
                raise web.HTTPRequestEntityTooLarge(_MAX_SIZE)
            digest.update(chunk)
        left -= size
        received.append((part.filename, size, digest.hexdigest()))
    return web.html_response(pages.upload_page(received))
