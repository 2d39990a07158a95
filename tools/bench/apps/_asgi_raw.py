"""A raw ASGI application that greets: one scope and two messages for each request."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

__all__ = ["app"]

Message = MutableMapping[str, Any]
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"13"),
    ],
}
BODY = {"type": "http.response.body", "body": b"Hello, World!"}


async def app(
    scope: Message,
    _receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    if scope["type"] != "http":
        raise ValueError(f"{scope['type']} is not supported")
    await send(START)
    await send(BODY)
