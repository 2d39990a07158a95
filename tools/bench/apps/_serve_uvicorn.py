"""Serve an ASGI application on uvicorn.

uvicorn's defaults (httptools, proxy headers, lifespan) but for the access log.
"""

import socket
from typing import Any

import uvicorn

__all__ = ["serve"]


def serve(app: Any) -> None:
    """Serve ``app`` on a free port, which is printed."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", access_log=False, log_level="warning", backlog=1024
    )
    uvicorn.Server(config).run(sockets=[listener])
