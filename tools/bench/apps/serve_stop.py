"""A server for ``stop.py``: WebSockets, event streams, answers, and a handler that takes a while.

Arguments: the event loop, the number of workers (0 for none) and the seconds of ``/slow``.
"""

import asyncio
import sys
from collections.abc import AsyncIterator

from treadle import web


async def hello(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="Hello, World!")


async def slow(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(float(sys.argv[3]))
    return web.Response(text="slow")


async def events(_request: web.Request) -> web.StreamResponse:
    async def stream() -> AsyncIterator[str]:
        yield "hello"
        await asyncio.get_running_loop().create_future()

    return web.EventSourceResponse(stream())


async def websocket(request: web.Request) -> web.StreamResponse:
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for _message in ws:
        pass
    return ws


def make_app() -> web.Application:
    app = web.Application()
    app.add_routes([
        web.get("/", hello), web.get("/slow", slow), web.get("/events", events),
        web.get("/ws", websocket),
    ])  # fmt: skip
    return app


if __name__ == "__main__":
    web.run_app(
        make_app, host="127.0.0.1", port=0, access_log=None, workers=int(sys.argv[2]) or None,
        loop="uvloop" if sys.argv[1] == "uvloop" else None, backlog=4096,
    )  # fmt: skip
