"""A WebSocket echo on wsproto in a bare protocol, without tasks: what the engine itself costs."""

import asyncio
import socket
from typing import cast

import uvloop
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Request, TextMessage


class Echo(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not asyncio's by inheritance.
        self._transport = cast("asyncio.Transport", transport)
        self._core = WSConnection(ConnectionType.SERVER)
        self._parts: list[str] = []

    def data_received(self, data: bytes) -> None:
        core = self._core
        core.receive_data(data)
        for event in core.events():
            if isinstance(event, TextMessage):
                self._parts.append(event.data)
                if event.message_finished:
                    self._transport.write(core.send(TextMessage("".join(self._parts))))
                    self._parts.clear()
            elif isinstance(event, Request):
                self._transport.write(core.send(AcceptConnection()))
            elif isinstance(event, CloseConnection):
                self._transport.write(core.send(event.response()))
                self._transport.close()


async def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    server = await asyncio.get_running_loop().create_server(Echo, sock=listener, backlog=1024)
    print(listener.getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
