"""The work on aiohttp: binds a free port, prints it, serves until it is told to stop."""

import logging
import os
import socket
import sys
import tempfile

import uvloop
from aiohttp import BodyPartReader, web
from aiohttp.typedefs import Handler

# The size at which an upload overwrites itself from the start, so that it fills no disk.
MOST_ON_DISK = 64 << 20


async def hello(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="Hello, World!")


async def as_json(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"message": "Hello, World!"})


async def user(request: web.Request) -> web.StreamResponse:
    return web.Response(text=request.match_info["name"])


async def echo(request: web.Request) -> web.StreamResponse:
    return web.Response(body=await request.read())


async def upload(request: web.Request) -> web.StreamResponse:
    size = 0
    async for piece in request.content.iter_any():
        size += len(piece)
    return web.Response(text=str(size))


async def parts(request: web.Request) -> web.StreamResponse:
    size = 0
    chunk_size = int(request.query.get("chunk", 8192))
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        with tempfile.TemporaryFile() as file:
            while chunk := await part.read_chunk(chunk_size):
                size += file.write(chunk)
                if file.tell() > MOST_ON_DISK:
                    file.seek(0)
    return web.Response(text=str(size))


@web.middleware
async def first(request: web.Request, handler: Handler) -> web.StreamResponse:
    return await handler(request)


@web.middleware
async def second(request: web.Request, handler: Handler) -> web.StreamResponse:
    return await handler(request)


@web.middleware
async def third(request: web.Request, handler: Handler) -> web.StreamResponse:
    return await handler(request)


def main() -> None:
    wants_middlewares = sys.argv[1:] == ["--middlewares"]
    app = web.Application(
        client_max_size=4 << 20, middlewares=[first, second, third] if wants_middlewares else []
    )
    app.router.add_get("/", hello)
    app.router.add_get("/json", as_json)
    app.router.add_get("/user/{name}", user)
    app.router.add_post("/echo", echo)
    app.router.add_post("/upload", upload)
    app.router.add_post("/parts", parts)
    sub = web.Application()
    sub.router.add_get("/hello", hello)
    app.add_subapp("/sub", sub)
    logged = sys.argv[1:] == ["--access-log"]
    if logged:
        sink = open(os.devnull, "w")  # noqa: SIM115, PTH123  # to the end of the process
        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sink)
    elif sys.argv[1:] and not sys.argv[1].startswith("--"):
        app.router.add_static("/files", sys.argv[1])
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    log = logging.getLogger("access") if logged else None
    loop = uvloop.new_event_loop()
    web.run_app(app, sock=listener, backlog=1024, access_log=log, print=None, loop=loop)


if __name__ == "__main__":
    main()
