"""Reverse URLs: a route with a name builds its own URL."""

from treadle import web


async def root(request: web.Request) -> web.Response:
    return web.Response(text="root")


async def info(request: web.Request) -> web.Response:
    return web.Response(text=f"About {request.match_info['user']}")


async def links(request: web.Request) -> web.Response:
    router = request.app.router
    return web.json_response(
        {
            "with a query": str(router["root"].url_for().with_query({"a": "b", "c": "d"})),
            "with a part": str(router["user-info"].url_for(user="john_doe")),
            # What a value has of special characters is encoded, so that it comes back as it was.
            "with any part": str(router["user-info"].url_for(user="Ada & co/ltd")),
            "absolute": str(request.url.join(router["root"].url_for())),
        }
    )


def init_func(argv: list[str]) -> web.Application:
    app = web.Application()
    app.add_routes(
        [
            web.get("/root", root, name="root"),
            web.get("/{user}/info", info, name="user-info"),
            web.get("/links", links),
        ]
    )
    return app
