"""The types of ASGI 3 (https://asgi.readthedocs.io): applications, scopes, messages."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from treadle_server.interfaces import ASGIMounted

__all__ = ["ASGIApplication", "AnyASGIApplication", "Message", "Receive", "Scope", "Send"]

# ``Any``: the values of scopes and messages have no common type, and applications of all frameworks
# are annotated so.
#: The facts about a connection.
Scope = MutableMapping[str, Any]
#: An event, in either direction.
Message = MutableMapping[str, Any]
#: Returns the next event of the client.
Receive = Callable[[], Awaitable[Message]]
#: Sends an event to the client.
Send = Callable[[Message], Awaitable[None]]
#: An application of ASGI 3: a coroutine function of a scope, and of the two ends of a conversation.
ASGIApplication = Callable[[Scope, Receive, Send], Awaitable[None]]
#: The same, with whichever types its framework gives to scopes and messages: Django has dicts,
#: Litestar typed dicts. What can be mounted can be served.
AnyASGIApplication = ASGIMounted
