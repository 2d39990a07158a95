"""A tour of what the notes do not need: a path parameter, JSON, a stream, events with ids."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from treadle import web

from .pages import page

__all__ = ["routes"]

#: The events of one stream, and the pause before each of them in seconds.
_COUNT = 5
_PAUSE = 0.1
#: The milliseconds after which the browser connects again.
_RETRY = 300

routes = web.RouteTableDef()


@routes.get("/tour", name="tour")
async def tour(request: web.Request) -> web.Response:
    """Show a page with links that are built from the names of the routes."""
    return page(request, "tour.html")


@routes.get("/hello/{name}", name="hello")
async def hello(request: web.Request) -> web.Response:
    """Show a path parameter."""
    return page(request, "hello.html", name=request.match_info["name"])


@routes.get("/api/time", name="time")
async def time(request: web.Request) -> web.Response:
    """Return JSON, with a query parameter."""
    zone = request.query.get("zone", "utc")
    if zone != "utc":
        raise web.HTTPBadRequest(text=f"400: the only zone is 'utc', not {zone!r}")
    return web.json_response({"time": datetime.now(UTC).isoformat(), "zone": zone})


@routes.get(r"/count/{to:[0-9]{1,4}}", name="count")
async def count(request: web.Request) -> web.StreamResponse:
    """Send a response in pieces; the path has a regular expression."""
    response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
    await response.prepare(request)
    for number in range(1, int(request.match_info["to"]) + 1):
        await response.write(f"{number}\n".encode())
    return response


@routes.get("/events", name="events")
async def events(request: web.Request) -> web.Response:
    """Show the page whose script listens to the stream below."""
    return page(request, "events.html")


@routes.get("/events/numbers", name="numbers")
async def numbers(request: web.Request) -> web.EventSourceResponse:
    """Count on behind the last number that the browser has seen.

    The server ends the stream after some events, as it does when it stops; the browser connects
    again by itself, and says which event it has seen last.
    """
    last = request.last_event_id or ""
    # Any client may send any id.
    known = last.isascii() and last.isdigit() and len(last) < 10
    return web.EventSourceResponse(_count(int(last) + 1 if known else 1))


async def _count(first: int) -> AsyncIterator[web.ServerSentEvent]:
    yield web.ServerSentEvent(retry=_RETRY)
    for number in range(first, first + _COUNT):
        await asyncio.sleep(_PAUSE)
        yield web.ServerSentEvent.from_json({"number": number}, event="number", id=str(number))


@routes.get("/broken", name="broken")
async def broken(request: web.Request) -> web.Response:
    """Fail, as a mistake of ours would."""
    raise RuntimeError("This handler fails on purpose: it shows the page of a 500")
