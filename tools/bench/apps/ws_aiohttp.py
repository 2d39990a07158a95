"""A WebSocket echo on aiohttp: binds a free port, prints it, serves until it is told to stop."""

import socket

import uvloop
from aiohttp import WSMsgType, web


async def echo(request: web.Request) -> web.StreamResponse:
    websocket = web.WebSocketResponse()
    await websocket.prepare(request)
    async for message in websocket:
        if message.type is WSMsgType.TEXT:
            await websocket.send_str(message.data)
    return websocket


def main() -> None:
    app = web.Application()
    app.router.add_get("/", echo)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    loop = uvloop.new_event_loop()
    web.run_app(app, sock=listener, backlog=1024, access_log=None, print=None, loop=loop)


if __name__ == "__main__":
    main()
