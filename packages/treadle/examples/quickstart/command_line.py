"""The command line: what ``python -m treadle.web`` does not know goes to the function.

python -m treadle.web -H localhost -P 8080 quickstart.command_line:init_func --name Ada
"""

import argparse

from treadle import web

NAME = web.AppKey("name", str)


async def hello(request: web.Request) -> web.Response:
    return web.Response(text=f"Hello, {request.app[NAME]}")


async def init_func(argv: list[str]) -> web.Application:
    parser = argparse.ArgumentParser(prog="command_line")
    parser.add_argument("--name", default="world")
    app = web.Application()
    app[NAME] = parser.parse_args(argv).name
    app.router.add_get("/", hello)
    return app
