"""Serve an ASGI application on treadle, with its defaults but for the access log."""

import socket

from treadle_asgi import ASGIApplication, serve_asgi

__all__ = ["serve"]


def serve(app: ASGIApplication) -> None:
    """Serve ``app`` on a free port, which is printed."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    serve_asgi(app, sock=listener, loop="uvloop", access_log=None, print=None, backlog=1024)
