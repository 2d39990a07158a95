"""The application that the target ``server`` runs: a handler for each kind of exchange.

Every handler ends by itself when time passes, whatever its client does, so that a connection that
does not end is the server's fault. Those that fail do so with ``OnPurposeError``.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from treadle_responses import HTTPForbidden, Response, StreamResponse
from treadle_server import Application, FileResponse, MultipartReader, Request, WebSocketResponse
from treadle_websocket import WSMsgType

__all__ = ["FAILING", "OnPurposeError", "make_app"]

#: Targets that begin with one of these may get half an answer.
FAILING: Final = ("/raise", "/late")

_PIECE: Final = b"0123456789abcdef" * 1024


class OnPurposeError(Exception):
    """The only error that may be logged."""


async def _hello(request: Request) -> Response:
    return Response(text="hello")


async def _read(request: Request) -> Response:
    return Response(body=await request.read())


async def _pieces(request: Request) -> Response:
    size = 0
    async for piece in request.content.iter_chunked(100):
        size += len(piece)
        await asyncio.sleep(0)
    return Response(text=str(size))


async def _ignore(request: Request) -> Response:
    return Response(status=401, text="no")


async def _form(request: Request) -> Response:
    return Response(text=" ".join(await request.post()))


async def _multipart(request: Request) -> Response:
    sizes = []
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if isinstance(part, MultipartReader):
            continue
        sizes.append(str(len(await part.read(decode=True))))
    return Response(text=" ".join(sizes))


async def _json(request: Request) -> Response:
    return Response(text=str(type(await request.json())))


async def _stream(request: Request) -> StreamResponse:
    response = StreamResponse()
    if "z" in request.query:
        response.enable_compression()
    await response.prepare(request)
    for _ in range(8):
        await response.write(_PIECE)
        await asyncio.sleep(0)
    await response.write_eof()
    return response


async def _generate() -> AsyncIterator[bytes]:
    for _ in range(5):
        yield _PIECE
        await asyncio.sleep(1)


async def _generator(request: Request) -> Response:
    return Response(body=_generate())


async def _wait(request: Request) -> Response:
    await asyncio.sleep(20)
    return Response(text="waited")


async def _raise(request: Request) -> Response:
    raise OnPurposeError


async def _forbid(request: Request) -> Response:
    raise HTTPForbidden(text="no")


async def _late(request: Request) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    await response.write(_PIECE)
    raise OnPurposeError


async def _file(request: Request) -> FileResponse:
    return FileResponse(Path(__file__))


async def _echo(request: Request) -> WebSocketResponse:
    ws = WebSocketResponse(heartbeat=20, writer_limit=4096, max_msg_size=100_000)
    await ws.prepare(request)
    async for message in ws:
        if message.type is WSMsgType.TEXT:
            await ws.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await ws.send_bytes(message.data)
    return ws


async def _quiet(request: Request) -> WebSocketResponse:
    """Send and do not receive; the heartbeat must not take that for the peer's silence."""
    ws = WebSocketResponse(heartbeat=4, autoping=False)
    await ws.prepare(request)
    await ws.send_str("first")
    await asyncio.sleep(15)
    await ws.close(code=4000, message=b"enough")
    return ws


def make_app() -> Application:
    """Return the application."""
    app = Application(client_max_size=200_000)
    for path, handler in {
        "/": _hello,
        "/read": _read,
        "/pieces": _pieces,
        "/ignore": _ignore,
        "/form": _form,
        "/multipart": _multipart,
        "/json": _json,
        "/stream": _stream,
        "/generator": _generator,
        "/wait": _wait,
        "/raise": _raise,
        "/forbid": _forbid,
        "/late": _late,
        "/file": _file,
        "/ws": _echo,
        "/quiet": _quiet,
    }.items():
        app.router.add_route("*", path, handler)
    app.router.add_get("/item/{number:\\d+}", _hello)
    app.router.add_static("/static", Path(__file__).parent / "corpus")
    return app
