"""The work on Starlette, for whichever server."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    JSONResponse,
    PlainTextResponse,
    Response,
)
from starlette.routing import Route

__all__ = ["app"]


async def hello(_request: Request) -> Response:
    return PlainTextResponse("Hello, World!")


async def as_json(_request: Request) -> Response:
    return JSONResponse({"message": "Hello, World!"})


async def user(request: Request) -> Response:
    return PlainTextResponse(request.path_params["name"])


async def echo(request: Request) -> Response:
    return Response(await request.body())


app = Starlette(
    routes=[
        Route("/", hello),
        Route("/json", as_json),
        Route("/user/{name}", user),
        Route("/echo", echo, methods=["POST"]),
    ]
)
