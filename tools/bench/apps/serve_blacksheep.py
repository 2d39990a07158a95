"""The work on BlackSheep and Granian: finds a free port, prints it, serves until told to stop.

Granian binds the port itself, in this process, and serves in a child: one worker, one thread of
its Rust runtime.
"""

import socket
from pathlib import Path

# Peers, installed in the bench environment only.
from blacksheep import (  # type: ignore[import-not-found]  # bench only
    Application,
    Content,
    Request,
    Response,
    Router,
    json,
    text,
)
from granian.constants import HTTPModes, Interfaces, Loops
from granian.server import Server


async def hello(_request: Request) -> Response:
    return text("Hello, World!")


async def as_json(_request: Request) -> Response:
    return json({"message": "Hello, World!"})


async def user(request: Request) -> Response:
    return text(request.route_values["name"])


async def echo(request: Request) -> Response:
    return Response(200, content=Content(b"application/octet-stream", await request.read()))


def build() -> Application:
    """Return the application; called in the worker."""
    # A router of its own: the default one is shared by every application of the process.
    app = Application(router=Router())
    app.router.add_get("/", hello)
    app.router.add_get("/json", as_json)
    app.router.add_get("/user/{name}", user)
    app.router.add_post("/echo", echo)
    return app


def main() -> None:
    # Bound, but not listening: keeps the port from others until Granian, which asks for the same
    # kind of sharing, has it.
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.bind(("127.0.0.1", 0))
    port = holder.getsockname()[1]
    print(port, flush=True)
    server = Server(
        f"{Path(__file__).stem}:build",
        factory=True,
        port=port,
        interface=Interfaces.ASGI,
        workers=1,
        runtime_threads=1,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        log_enabled=False,
        working_dir=Path(__file__).parent,
    )
    server.serve()


if __name__ == "__main__":
    main()
