"""An application that shows the features of treadle in a browser.

    python -m treadle.web -H localhost -P 8080 treadle_example.app:init_func

With ``--workers 2 --redis redis://localhost:6379/0`` behind it, the tabs of both workers chat.
Each handler is a few lines and shows one thing; state lives in the application under typed keys.
"""

import argparse
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

from treadle import web

from . import chat, events, pages, uploads

__all__ = ["init_func", "make_app"]

#: The entries of guests, the newest first; bounded, because any visitor may write.
GUESTBOOK = web.AppKey("guestbook", deque[tuple[str, str]])
_MAX_ENTRIES = 100
_MAX_LENGTH = 500

#: The style sheet and the picture of the pages.
_STATIC = Path(__file__).parent / "static"

routes = web.RouteTableDef()


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, content_type="text/html", status=status)


@routes.get("/", name="home")
async def home(request: web.Request) -> web.Response:
    """Return a page with links that are built from the names of the routes."""
    router = request.app.router
    return _html(
        pages.home_page(
            {
                "A path parameter": (
                    str(router["hello"].url_for(name="Ada Lovelace")),
                    "a value in the path, decoded and escaped",
                ),
                "A form": (
                    str(router["guestbook"].url_for()),
                    "read, checked, redirected",
                ),
                "JSON": (
                    str(router["time"].url_for().with_query(zone="utc")),
                    "an answer for programs",
                ),
                "Uploads": (
                    str(router["upload"].url_for()),
                    "files of any size, read as they arrive",
                ),
                "A chat": (str(router["chat"].url_for()), "WebSockets between several tabs"),
                "Events": (
                    str(router["events"].url_for()),
                    "a stream that the browser takes up again where it was broken off",
                ),
                "A stream": (str(router["count"].url_for(to=20)), "written piece by piece"),
                "Files": (
                    str(router["static"].url_for(filename="")),
                    "a directory: its list, ranges, and 304 for cached files",
                ),
                "A dead end": ("/nowhere", "a 404 that a middleware turns into a page"),
            }
        )
    )


@routes.get("/hello/{name}", name="hello")
async def hello(request: web.Request) -> web.Response:
    """Show a path parameter."""
    return _html(pages.greeting_page(request.match_info["name"]))


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


def _text(value: str | bytes | web.FileField | None) -> str:
    """Return the text of a field; a foreign form may have a file there, or no such field."""
    return value.strip() if isinstance(value, str) else ""


@routes.view("/guestbook", name="guestbook")
class Guestbook(web.View):
    """Show a form with GET, and read it with POST."""

    async def get(self) -> web.Response:
        """Show the entries."""
        book = self.request.app[GUESTBOOK]
        return _html(pages.guestbook_page(book))

    async def post(self) -> web.Response:
        """Add an entry and send the browser back, so that a reload does not add it again."""
        form = await self.request.post()
        name = _text(form.get("name"))
        message = _text(form.get("message"))
        book = self.request.app[GUESTBOOK]
        if not name or not message:
            error = "Please give a name and a message."
            return _html(pages.guestbook_page(book, name, message, error), status=422)
        if len(name) > _MAX_LENGTH or len(message) > _MAX_LENGTH:
            error = f"Please stay under {_MAX_LENGTH} characters."
            return _html(pages.guestbook_page(book, name, message, error), status=422)
        book.appendleft((name, message))
        raise web.HTTPSeeOther(self.request.app.router["guestbook"].url_for())


@web.middleware
async def error_pages(request: web.Request, handler: web.Handler) -> web.StreamResponse:
    """Answer 404 with a page."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return _html(pages.not_found_page(request.path), status=404)


def make_app(redis: str | None = None) -> web.Application:
    """Return a new application, whose chat goes over the Redis of a URL or stays in the process."""
    app = web.Application(middlewares=[error_pages])
    app[GUESTBOOK] = deque(maxlen=_MAX_ENTRIES)
    app.add_routes(routes)
    chat.setup(app, redis)
    app.add_routes(events.routes)
    app.add_routes(uploads.routes)
    # Browsers keep the files, and ask each time if they have changed.
    app.router.add_static(
        "/static", _STATIC, name="static", show_index=True, cache_control="no-cache"
    )
    return app


def init_func(arguments: list[str]) -> web.Application:  # the CLI's signature
    """Return the application for ``python -m treadle.web``."""
    parser = argparse.ArgumentParser(prog="treadle_example")
    parser.add_argument("--redis", metavar="URL", help="chat over this Redis, between workers")
    return make_app(parser.parse_args(arguments).redis)
