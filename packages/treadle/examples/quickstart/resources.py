"""Resources: a path has one, with a handler for each method; equal paths in a row share it."""

from treadle import web


async def read(request: web.Request) -> web.Response:
    return web.Response(text="read")


async def write(request: web.Request) -> web.Response:
    return web.Response(text="written")


def init_func(argv: list[str]) -> web.Application:
    app = web.Application()
    resource = app.router.add_resource("/explicit", name="explicit")
    resource.add_route("GET", read)
    resource.add_route("POST", write)
    # The same as above: the second line adds a route to the resource of the first.
    app.router.add_get("/merged", read, name="merged")
    app.router.add_post("/merged", write, name="merged")
    return app
