"""An ASGI application without a framework: ``uvicorn app_asgi:app``.

    $ curl -N http://localhost:8000/ticks

uvicorn drops what is sent to a client that has left: a task that ends with it sends the response.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

from treadle_responses import (
    ASGIReceive,
    ASGIScope,
    ASGISend,
    HTTPException,
    HTTPNotFound,
    OpenFileResponse,
    Response,
    StreamResponse,
    json_response,
)


async def ticks() -> AsyncIterator[bytes]:
    for number in itertools.count():
        yield b"data: %d\n\n" % number
        await asyncio.sleep(1)


def answer(path: str) -> StreamResponse:
    if path == "/":
        return json_response({"hello": "world"})
    if path == "/source":
        return OpenFileResponse(Path(__file__).open("rb"))
    if path == "/ticks":
        return Response(body=ticks(), content_type="text/event-stream")
    raise HTTPNotFound


async def until_the_client_leaves(receive: ASGIReceive, sending: "asyncio.Task[None]") -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    sending.cancel()  # which closes the body


async def app(scope: ASGIScope, receive: ASGIReceive, send: ASGISend) -> None:
    try:
        response = answer(str(scope.get("path", "/")))
    except HTTPException as error:
        response = error
    sending = asyncio.create_task(response.asgi(scope, receive, send, offload=asyncio.to_thread))
    watching = asyncio.create_task(until_the_client_leaves(receive, sending))
    try:
        await sending
    except asyncio.CancelledError:
        sending.cancel()  # the server may have cancelled this task
    finally:
        watching.cancel()
