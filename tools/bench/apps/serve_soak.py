"""A server for ``soak.py`` and ``slow.py``: a handler per kind of exchange, and ``/facts`` of it.

Arguments: the event loop (asyncio or uvloop) and the seconds of every deadline; then, for worker
processes, their number and the requests after which one is replaced.
"""

import asyncio
import gc
import logging
import os
import socket
import sys
from collections import Counter
from pathlib import Path

# A program has its own folder on the path, but the modules beside it are imported as ``bench.x``.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench._account import rss_bytes
from treadle import web

_LARGE = bytes(1 << 20)
_PIECE = bytes(16 * 1024)


async def hello(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="Hello, World!")


async def echo(request: web.Request) -> web.StreamResponse:
    return web.Response(body=await request.read())


async def large(request: web.Request) -> web.StreamResponse:
    return web.Response(body=_LARGE[: int(request.query.get("size", len(_LARGE)))])


async def upload(request: web.Request) -> web.StreamResponse:
    size = 0
    async for piece in request.content.iter_any():
        size += len(piece)
    return web.Response(text=str(size))


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(64):
        await response.write(_PIECE)
    return response


async def fail(_request: web.Request) -> web.StreamResponse:
    raise LookupError("on purpose")


async def socket_echo(request: web.Request) -> web.StreamResponse:
    ws = web.WebSocketResponse(heartbeat=5)
    await ws.prepare(request)
    async for message in ws:
        if message.type is web.WSMsgType.TEXT:
            await ws.send_str(message.data)
    return ws


async def facts(_request: web.Request) -> web.StreamResponse:
    """Count what must be where it was when all clients have left."""
    gc.collect()
    objects = Counter(type(item).__qualname__ for item in gc.get_objects())
    return web.json_response(
        {
            "descriptors": len(os.listdir("/proc/self/fd")),  # noqa: PTH208  # names alone
            "tasks": len(asyncio.all_tasks()),
            "rss": rss_bytes([os.getpid()]),
            "objects": objects,
        }
    )


def main() -> None:
    # The errors on purpose would fill the log.
    logging.disable(logging.ERROR)
    app = web.Application(client_max_size=4 << 20)
    app.router.add_get("/", hello)
    app.router.add_post("/echo", echo)
    app.router.add_get("/large", large)
    app.router.add_post("/upload", upload)
    app.router.add_get("/stream", stream)
    app.router.add_get("/fail", fail)
    app.router.add_get("/ws", socket_echo)
    app.router.add_get("/facts", facts)
    seconds = float(sys.argv[2])
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    # Connections inherit it: what a slow client does not read waits in the server, not the kernel.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
    print(listener.getsockname()[1], flush=True)
    workers, max_requests = map(int, sys.argv[3:] or (0, 0))
    web.run_app(
        app,
        sock=listener,
        backlog=4096,
        print=None,
        loop="uvloop" if sys.argv[1] == "uvloop" else "asyncio",
        workers=workers or None,
        max_requests=max_requests,
        keepalive_timeout=seconds,
        head_timeout=seconds,
        body_timeout=seconds,
        write_timeout=seconds,
        # Less than a tick of the server's clock, which then ends it.
        lingering_time=min(seconds, 0.9),
    )


if __name__ == "__main__":
    main()
