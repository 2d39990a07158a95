"""Variable resources: parts of the path in braces, with a regular expression where it matters."""

from treadle import web


async def hello(request: web.Request) -> web.Response:
    return web.Response(text=f"Hello, {request.match_info['name']}")


async def user(request: web.Request) -> web.Response:
    return web.Response(text=f"User number {int(request.match_info['number'])}")


async def file(request: web.Request) -> web.Response:
    return web.Response(text=f"File {request.match_info['tail']}")


def init_func(argv: list[str]) -> web.Application:
    app = web.Application()
    app.add_routes(
        [
            # One segment of any characters.
            web.get("/a/{name}/c", hello),
            # Digits only; every other path is not found.
            web.get(r"/users/{number:\d+}", user),
            # With slashes.
            web.get("/files/{tail:.*}", file),
        ]
    )
    return app
