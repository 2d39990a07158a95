"""An event stream that a browser takes up again where it was broken off.

Each event has an id. The server ends the stream after some events, as it does when it stops; the
browser connects again by itself, and says which event it has seen last.
"""

import asyncio
from collections.abc import AsyncIterator

from treadle import web

from . import pages

__all__ = ["routes"]

#: The events of one stream, and the pause before each of them in seconds.
_COUNT = 5
_PAUSE = 0.1
#: The milliseconds after which the browser connects again.
_RETRY = 300

routes = web.RouteTableDef()


@routes.get("/events", name="events")
async def events(request: web.Request) -> web.Response:
    """Show the page; its script listens to the stream below."""
    return web.Response(
        text=pages.events_page(str(request.app.router["numbers"].url_for())),
        content_type="text/html",
    )


async def _count(first: int) -> AsyncIterator[web.ServerSentEvent]:
    yield web.ServerSentEvent(retry=_RETRY)
    for number in range(first, first + _COUNT):
        await asyncio.sleep(_PAUSE)
        yield web.ServerSentEvent.from_json({"number": number}, event="number", id=str(number))


@routes.get("/events/numbers", name="numbers")
async def numbers(request: web.Request) -> web.EventSourceResponse:
    """Count on behind the last number that the browser has seen."""
    last = request.last_event_id or ""
    # Any client may send any id.
    known = last.isascii() and last.isdigit() and len(last) < 10
    return web.EventSourceResponse(_count(int(last) + 1 if known else 1))
