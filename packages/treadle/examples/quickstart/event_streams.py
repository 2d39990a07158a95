"""Event streams: what one client says, all that listen hear."""

import asyncio
from collections.abc import AsyncIterator

from treadle import web

LISTENERS = web.AppKey("listeners", set[asyncio.Queue[web.ServerSentEvent]])


async def listen(
    listeners: set[asyncio.Queue[web.ServerSentEvent]],
) -> AsyncIterator[web.ServerSentEvent]:
    queue: asyncio.Queue[web.ServerSentEvent] = asyncio.Queue(100)
    listeners.add(queue)
    try:
        yield web.ServerSentEvent(comment="You hear what others say.")
        while True:
            yield await queue.get()
    finally:
        # The client has left, or the server stops.
        listeners.discard(queue)


async def events(request: web.Request) -> web.EventSourceResponse:
    return web.EventSourceResponse(listen(request.app[LISTENERS]))


async def say(request: web.Request) -> web.Response:
    # Encoded once, for all of them.
    event = web.ServerSentEvent(await request.text(), event="said")
    for queue in request.app[LISTENERS]:
        # A client that is 100 events behind misses this one.
        if not queue.full():
            queue.put_nowait(event)
    return web.Response(status=204)


def init_func(argv: list[str]) -> web.Application:
    app = web.Application()
    app[LISTENERS] = set()
    app.add_routes([web.get("/events", events), web.post("/say", say)])
    return app
