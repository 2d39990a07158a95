"""A WebSocket echo on websockets: binds a free port, prints it, serves until it is told to stop."""

import asyncio
import socket

import uvloop
from websockets.asyncio.server import ServerConnection, serve


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    async with serve(echo, sock=listener, ping_interval=None) as server:
        print(listener.getsockname()[1], flush=True)
        await asyncio.wait([asyncio.ensure_future(server.serve_forever())])


if __name__ == "__main__":
    uvloop.run(main())
