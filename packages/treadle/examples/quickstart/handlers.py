"""Handlers: an async function from a request to a response, registered for a method and a path."""

from treadle import web


async def read(request: web.Request) -> web.Response:
    return web.Response(text="read")


async def create(request: web.Request) -> web.Response:
    return web.Response(text="created: " + await request.text(), status=201)


async def replace(request: web.Request) -> web.Response:
    return web.Response(text="replaced")


def init_func(argv: list[str]) -> web.Application:
    app = web.Application()
    app.add_routes([web.get("/", read), web.post("/", create), web.put("/", replace)])
    return app
