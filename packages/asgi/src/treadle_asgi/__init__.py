"""ASGI in both directions: treadle's applications on other servers, others' on treadle's."""

from ._callable.application import ApplicationCallable, ASGIOptions, asgi
from ._callable.conversation import BrokenResponseError
from ._types import ASGIApplication, Message, Receive, Scope, Send
from ._version import __version__

__all__ = [
    "ASGIApplication",
    "ASGIOptions",
    "ApplicationCallable",
    "BrokenResponseError",
    "Message",
    "Receive",
    "Scope",
    "Send",
    "__version__",
    "asgi",
]
