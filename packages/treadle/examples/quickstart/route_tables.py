"""Route tables: decorators above the handlers, like those of Flask."""

from treadle import web

routes = web.RouteTableDef()


@routes.get("/")
async def read(request: web.Request) -> web.Response:
    return web.Response(text="read")


@routes.post("/items")
async def create(request: web.Request) -> web.Response:
    return web.Response(text="created", status=201)


# One handler under several paths and methods.
@routes.put("/items/{name}")
@routes.patch("/items/{name}")
async def change(request: web.Request) -> web.Response:
    return web.Response(text=f"{request.method} {request.match_info['name']}")


def init_func(argv: list[str]) -> web.Application:
    app = web.Application()
    app.add_routes(routes)
    return app
