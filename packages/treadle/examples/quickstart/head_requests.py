"""HEAD: a route for GET answers it too, with the same head and no body, unless it must not."""

from treadle import web


async def page(request: web.Request) -> web.Response:
    return web.Response(text="a page", headers={"X-Pages": "1"})


def init_func(argv: list[str]) -> web.Application:
    app = web.Application()
    app.add_routes(
        [
            web.get("/both", page),
            web.get("/only-get", page, allow_head=False),
        ]
    )
    return app
