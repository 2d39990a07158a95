"""A server: one handler under one path, and ``run_app``."""

import sys

from treadle import web


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="Hello, world")


def init_func(argv: list[str]) -> web.Application:
    app = web.Application()
    app.add_routes([web.get("/", hello)])
    return app


if __name__ == "__main__":
    web.run_app(init_func([]), host="localhost", port=int(sys.argv[1]))
