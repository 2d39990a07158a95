"""ASGI in both directions: treadle's applications on other servers, others' on treadle's."""

from ._types import ASGIApplication, Message, Receive, Scope, Send
from ._version import __version__

__all__ = ["ASGIApplication", "Message", "Receive", "Scope", "Send", "__version__"]
