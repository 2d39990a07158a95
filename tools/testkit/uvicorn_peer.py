"""Real uvicorn protocols on a socket of their own, for tests that compare with them.

Not in ``testkit`` itself: only the tests of ``treadle-asgi`` have uvicorn.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from testkit import Peer

__all__ = ["Connect", "on_uvicorn"]

Connect = Callable[[], Awaitable[Peer]]


@contextlib.asynccontextmanager
async def on_uvicorn(
    app: Callable[..., Any], ws: Literal["none", "wsproto"], *, ws_max_size: int = 16 * 1024 * 1024
) -> AsyncIterator[Connect]:
    """Serve an ASGI application, without its lifespan; yield a function that connects."""
    config = uvicorn.Config(
        app, access_log=False, log_config=None, lifespan="off", ws=ws, ws_max_size=ws_max_size
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    sock = socket.create_server(("127.0.0.1", 0))
    server = await loop.create_server(lambda: HttpToolsProtocol(config, state, {}), sock=sock)
    peers: list[Peer] = []

    async def connect() -> Peer:
        peer = Peer(*await asyncio.open_connection(*sock.getsockname()))
        peers.append(peer)
        return peer

    try:
        yield connect
    finally:
        for peer in peers:
            peer.writer.close()
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        while state.connections or state.tasks:  # noqa: ASYNC110  # uvicorn tells of neither
            await asyncio.sleep(0.01)
