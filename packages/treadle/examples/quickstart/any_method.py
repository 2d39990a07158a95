"""The wildcard method: one handler for every method of a path."""

from treadle import web


async def echo_method(request: web.Request) -> web.Response:
    return web.Response(text=request.method)


def init_func(argv: list[str]) -> web.Application:
    app = web.Application()
    app.add_routes([web.route("*", "/path", echo_method)])
    return app
