"""The work on treadle behind uvicorn: binds a free port, prints it, serves until told to stop.

uvicorn's settings are those of ``serve_starlette.py``.
"""

import socket

import uvicorn

from treadle import web
from treadle_asgi import asgi


async def hello(_request: web.Request) -> web.Response:
    return web.Response(text="Hello, World!")


async def as_json(_request: web.Request) -> web.Response:
    return web.json_response({"message": "Hello, World!"})


async def user(request: web.Request) -> web.Response:
    return web.Response(text=request.match_info["name"])


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


def main() -> None:
    app = web.Application()
    app.add_routes(
        [
            web.get("/", hello),
            web.get("/json", as_json),
            web.get("/user/{name}", user),
            web.post("/echo", echo),
        ]
    )
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(
        asgi(app),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        backlog=1024,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
