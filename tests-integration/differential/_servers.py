"""Four readers behind one question: which whole requests do you see in these bytes?"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import aiohttp.web
import h11
import uvicorn

from treadle_responses import Response
from treadle_server import BaseRequest, Server

__all__ = ["PEERS", "Ask", "Seen", "asking"]

#: A request as a handler gets it: method, path with query, body.
Seen = tuple[str, str, bytes]
#: Bytes in; the whole requests, and what the server sent, out.
Ask = Callable[[bytes], Awaitable[tuple[list[Seen], bytes]]]

PEERS: Final = ("aiohttp", "h11", "uvicorn")

#: Turns of the event loop in which any of the servers has seen what it will see.
_TURNS: Final = 40
_SECONDS: Final = 10


def _path(target: str) -> str:
    """Return the path and query of a target, as treadle and uvicorn do; others give it as sent."""
    scheme, separator, rest = target.partition("://")
    if not separator or not scheme.isalpha():
        return target
    cut = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    return rest[cut:] if rest[cut : cut + 1] == "/" else "/" + rest[cut:]


def _treadle(seen: list[Seen]) -> Callable[[], asyncio.Protocol]:
    async def handler(request: BaseRequest) -> Response:
        seen.append((request.method, _path(request.raw_path), await request.read()))
        return Response(text="ok")

    return Server(handler)


def _aiohttp(seen: list[Seen]) -> Callable[[], asyncio.Protocol]:
    async def handler(request: aiohttp.web.BaseRequest) -> aiohttp.web.Response:
        seen.append((request.method, _path(request.raw_path), await request.read()))
        return aiohttp.web.Response(text="ok")

    return aiohttp.web.Server(handler, access_log=None)


def _uvicorn(seen: list[Seen]) -> Callable[[], asyncio.Protocol]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        query = b"?" + scope["query_string"] if scope["query_string"] else b""
        target = (scope["raw_path"] + query).decode("latin-1")
        seen.append((scope["method"], target, body))
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
        )
        await send({"type": "http.response.body", "body": b"ok"})

    config = uvicorn.Config(app, log_config=None, http="httptools", lifespan="off", ws="none")
    config.load()
    state = uvicorn.Server(config).server_state
    return lambda: config.http_protocol_class(config=config, server_state=state, app_state={})  # type: ignore[call-arg]  # uvicorn types its protocols loosely


@contextlib.asynccontextmanager
async def _listening(
    make: Callable[[list[Seen]], Callable[[], asyncio.Protocol]],
) -> AsyncIterator[Ask]:
    seen: list[Seen] = []
    sock = socket.create_server(("127.0.0.1", 0))
    server = await asyncio.get_running_loop().create_server(make(seen), sock=sock)
    address = sock.getsockname()

    async def ask(data: bytes) -> tuple[list[Seen], bytes]:
        seen.clear()
        answer = b""
        reader, writer = await asyncio.open_connection(*address[:2])
        with contextlib.suppress(ConnectionError):
            writer.write(data)
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            # Not earlier: some servers send no response after the end of input.
            writer.write_eof()
            answer = await asyncio.wait_for(reader.read(), _SECONDS)
        writer.close()
        return list(seen), answer

    try:
        yield ask
    finally:
        server.close()


async def _ask_h11(data: bytes) -> tuple[list[Seen], bytes]:
    connection = h11.Connection(h11.SERVER)
    seen: list[Seen] = []
    with contextlib.suppress(h11.RemoteProtocolError):
        connection.receive_data(data)
        request, body = None, b""
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                assert request is not None
                target = _path(request.target.decode("latin-1"))
                seen.append((request.method.decode(), target, body))
                body = b""
                connection.send(h11.Response(status_code=404, headers=[("Content-Length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE:
                    break
                connection.start_next_cycle()
            else:
                break
    return seen, b""


@contextlib.asynccontextmanager
async def asking() -> AsyncIterator[dict[str, Ask]]:
    """Start the servers and give the question for each of them, by name."""
    async with (
        _listening(_treadle) as treadle,
        _listening(_aiohttp) as aio,
        _listening(_uvicorn) as uvi,
    ):
        yield {"treadle": treadle, "aiohttp": aio, "h11": _ask_h11, "uvicorn": uvi}
