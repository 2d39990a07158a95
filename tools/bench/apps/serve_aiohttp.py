"""The work on aiohttp: binds a free port, prints it, serves until it is told to stop."""

import socket

import uvloop
from aiohttp import web


async def hello(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="Hello, World!")


async def as_json(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"message": "Hello, World!"})


async def user(request: web.Request) -> web.StreamResponse:
    return web.Response(text=request.match_info["name"])


async def echo(request: web.Request) -> web.StreamResponse:
    return web.Response(body=await request.read())


def main() -> None:
    app = web.Application(client_max_size=4 << 20)
    app.router.add_get("/", hello)
    app.router.add_get("/json", as_json)
    app.router.add_get("/user/{name}", user)
    app.router.add_post("/echo", echo)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    loop = uvloop.new_event_loop()
    web.run_app(app, sock=listener, backlog=1024, access_log=None, print=None, loop=loop)


if __name__ == "__main__":
    main()
