"""Resource views: all resources of a router, and those with a name."""

from treadle import web


async def handler(request: web.Request) -> web.Response:
    return web.Response(text="here")


async def overview(request: web.Request) -> web.Response:
    router = request.app.router
    return web.json_response(
        {
            "resources": [resource.canonical for resource in router.resources()],
            "named": {
                name: resource.canonical for name, resource in router.named_resources().items()
            },
            "routes": [f"{route.method} {route.name or ''}".strip() for route in router.routes()],
        }
    )


def init_func(argv: list[str]) -> web.Application:
    app = web.Application()
    app.router.add_get("/", overview, name="overview")
    app.router.add_get("/users/{id}", handler, name="user", allow_head=False)
    app.router.add_post("/unnamed", handler)
    return app
