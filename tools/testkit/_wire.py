"""Servers on free ports, and raw connections to them: bytes out, bytes in."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from treadle_responses import StreamResponse
from treadle_server import Application, AppRunner, Request, SockSite

__all__ = ["Peer", "connecting", "serve"]

#: The time of one step. It is for steps that hang: a busy machine may stand still for a while.
_SECONDS: Final = 25


class Peer:
    """A raw connection; everything that waits does so for a bounded time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def ask(self, data: bytes) -> bytes:
        """Send bytes and return everything up to the end of the connection."""
        await self.send(data)
        return await self.rest()

    async def rest(self) -> bytes:
        """Return everything up to the end of the connection."""
        return await asyncio.wait_for(self.reader.read(), _SECONDS)

    async def head(self) -> bytes:
        """Return the head of a response with its empty line."""
        return await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), _SECONDS)

    async def exactly(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        return await asyncio.wait_for(self.reader.readexactly(size), _SECONDS)

    async def response(self) -> tuple[int, bytes]:
        """Return status and body of one response with a Content-Length."""
        head = await self.head()
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return int(head.split(b" ", 2)[1]), await self.exactly(length)


#: Opens another connection to the server.
connecting = Callable[[], Awaitable[Peer]]


@contextlib.asynccontextmanager
async def serve(
    app: Application | Callable[[Request], Awaitable[StreamResponse]],
    *,
    shutdown_timeout: float = 2.0,
    **options: Any,
) -> AsyncIterator[connecting]:
    """Serve an application, or one handler for everything, and give a function that connects."""
    if not isinstance(app, Application):
        handler = app
        app = Application()
        app.router.add_route("*", "/{path:.*}", handler)
    runner = AppRunner(app, shutdown_timeout=shutdown_timeout, **options)
    await runner.setup()
    sock = socket.create_server(("127.0.0.1", 0))
    await SockSite(runner, sock).start()
    host, port = sock.getsockname()[:2]
    peers: list[Peer] = []

    async def connect() -> Peer:
        peer = Peer(*await asyncio.open_connection(host, port))
        peers.append(peer)
        return peer

    try:
        yield connect
    finally:
        for peer in peers:
            peer.writer.close()
        await runner.cleanup()
