"""A WebSocket echo on treadle: binds a free port, prints it, serves until it is told to stop."""

import socket

import uvloop

from treadle import web
from treadle_server import WebSocketResponse
from treadle_websocket import WSMsgType


async def echo(request: web.Request) -> web.StreamResponse:
    websocket = WebSocketResponse()
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
    web.run_app(app, sock=listener, backlog=1024, print=None, loop=uvloop.new_event_loop())


if __name__ == "__main__":
    main()
