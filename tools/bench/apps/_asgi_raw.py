"""The work as a raw ASGI application: no framework between the server and the two messages."""

import json
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
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    if scope["type"] != "http":
        raise ValueError(f"{scope['type']} is not supported")
    path = scope["path"]
    if path == "/":
        await send(START)
        await send(BODY)
        return
    media_type = b"text/plain; charset=utf-8"
    if path == "/json":
        body = json.dumps({"message": "Hello, World!"}).encode()
        media_type = b"application/json"
    elif path == "/echo":
        body, more = b"", True
        while more:
            message = await receive()
            body += message["body"]
            more = message["more_body"]
        media_type = b"application/octet-stream"
    else:
        body = path.rpartition("/")[2].encode()
    headers = [(b"content-type", media_type), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
