"""ASGI in both directions: treadle's applications on other servers, others' on treadle's."""

from ._callable.application import ApplicationCallable, ASGIOptions, asgi
from ._callable.conversation import BrokenResponseError
from ._mounts.mount import mount, mount_wsgi
from ._serving.cli import command_line
from ._serving.conversation import converse
from ._serving.hosting import HostOptions, host
from ._serving.lifespan import LifespanError
from ._serving.serve import ServeOptions, serve_asgi
from ._serving.websocket import WebSocketSettings
from ._types import AnyASGIApplication, ASGIApplication, Message, Receive, Scope, Send
from ._version import __version__

__all__ = [
    "ASGIApplication",
    "ASGIOptions",
    "AnyASGIApplication",
    "ApplicationCallable",
    "BrokenResponseError",
    "HostOptions",
    "LifespanError",
    "Message",
    "Receive",
    "Scope",
    "Send",
    "ServeOptions",
    "WebSocketSettings",
    "__version__",
    "asgi",
    "command_line",
    "converse",
    "host",
    "mount",
    "mount_wsgi",
    "serve_asgi",
]
