"""File uploads: whole with ``post()``, or as they arrive with ``multipart()``."""

from treadle import BodyPartReader, web

PAGE = """<!doctype html>
<form action="/store" method="post" enctype="multipart/form-data">
  <input type="file" name="file"> <input name="comment"> <button>Upload</button>
</form>
"""


async def form(request: web.Request) -> web.Response:
    return web.Response(text=PAGE, content_type="text/html")


async def store(request: web.Request) -> web.Response:
    """Take a file of at most ``client_max_size``: it waits on disk, not in memory."""
    data = await request.post()
    upload = data.get("file")
    if not isinstance(upload, web.FileField):
        raise web.HTTPBadRequest(text="Choose a file")
    content = upload.file.read()
    return web.json_response(
        {
            "filename": upload.filename,
            "type": upload.content_type,
            "size": len(content),
            "comment": str(data.get("comment", "")),
        }
    )


async def stream(request: web.Request) -> web.Response:
    """Take files of any size: no more than a piece of one is in memory."""
    sizes = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise web.HTTPBadRequest(text="A form has no nested parts")
        size = 0
        while chunk := await part.read_chunk():
            size += len(chunk)
        sizes[part.name or ""] = size
    return web.json_response(sizes)


def init_func(argv: list[str]) -> web.Application:
    app = web.Application(client_max_size=16 * 1024**2)
    app.add_routes([web.get("/", form), web.post("/store", store), web.post("/stream", stream)])
    return app
