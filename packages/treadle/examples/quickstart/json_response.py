"""JSON: out with ``json_response``, in with ``request.json()``."""

import json
from datetime import UTC, datetime
from functools import partial

from treadle import web


async def status(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok", "items": [1, 2, 3]})


async def total(request: web.Request) -> web.Response:
    # A body that is not JSON gets 400 with its line and column before the next line runs.
    numbers = await request.json()
    if not isinstance(numbers, list) or not all(isinstance(number, int) for number in numbers):
        raise web.HTTPUnprocessableEntity(text="Send a list of whole numbers")
    return web.json_response({"total": sum(numbers)})


async def now(request: web.Request) -> web.Response:
    # ``dumps`` is any function from a value to a text.
    dumps = partial(json.dumps, default=datetime.isoformat)
    return web.json_response({"now": datetime.now(UTC)}, dumps=dumps)


def init_func(argv: list[str]) -> web.Application:
    app = web.Application()
    app.add_routes([web.get("/", status), web.post("/total", total), web.get("/now", now)])
    return app
