"""The work on Starlette and uvicorn: binds a free port, prints it, serves until told to stop.

uvicorn's defaults (httptools, proxy headers, lifespan) but for the access log.
"""

import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    JSONResponse,
    PlainTextResponse,
    Response,
)
from starlette.routing import Route


async def hello(_request: Request) -> Response:
    return PlainTextResponse("Hello, World!")


async def as_json(_request: Request) -> Response:
    return JSONResponse({"message": "Hello, World!"})


async def user(request: Request) -> Response:
    return PlainTextResponse(request.path_params["name"])


async def echo(request: Request) -> Response:
    return Response(await request.body())


def main() -> None:
    app = Starlette(
        routes=[
            Route("/", hello),
            Route("/json", as_json),
            Route("/user/{name}", user),
            Route("/echo", echo, methods=["POST"]),
        ]
    )
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", access_log=False, log_level="warning", backlog=1024
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
