"""The work on Sanic: binds a free port, prints it, serves until told to stop.

One process, Sanic's ``single_process``, without its access log; it takes uvloop by itself.
"""

import logging
import socket

# A peer, installed in the bench environment only.
from sanic import (  # type: ignore[import-not-found]  # bench only
    HTTPResponse,
    Request,
    Sanic,
)
from sanic.response import json, raw, text  # type: ignore[import-not-found]  # bench only


async def hello(_request: Request) -> HTTPResponse:
    return text("Hello, World!")


async def as_json(_request: Request) -> HTTPResponse:
    return json({"message": "Hello, World!"})


async def user(_request: Request, name: str) -> HTTPResponse:
    return text(name)


async def echo(request: Request) -> HTTPResponse:
    return raw(request.body)


def main() -> None:
    logging.disable(logging.WARNING)
    app = Sanic("bench", configure_logging=False)
    app.add_route(hello, "/")
    app.add_route(as_json, "/json")
    app.add_route(user, "/user/<name:str>", unquote=True)
    app.add_route(echo, "/echo", methods=["POST"])
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    app.run(sock=listener, single_process=True, access_log=False, motd=False, backlog=1024)


if __name__ == "__main__":
    main()
