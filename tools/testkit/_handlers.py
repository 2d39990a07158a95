"""Handlers for tests: one that greets; for WebSockets one that echoes, one that keeps messages."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from treadle_responses import Response
from treadle_server import BaseRequest, Request, WebSocketResponse
from treadle_websocket import Message, WSMsgType

__all__ = ["GET", "Act", "Recorder", "doing", "echo_messages", "hello"]

#: The smallest request.
GET: Final = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"

#: One step of a handler with an open WebSocket.
Act = Callable[[WebSocketResponse], Awaitable[object]]


async def hello(request: BaseRequest) -> Response:
    """Answer "hello"."""
    return Response(text="hello")


async def echo_messages(request: Request) -> WebSocketResponse:
    ws = WebSocketResponse()
    await ws.prepare(request)
    async for message in ws:
        if message.type is WSMsgType.TEXT:
            await ws.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await ws.send_bytes(message.data)
    return ws


class Recorder:
    """A handler that keeps what it received, and a server side to look at."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.received: list[Message] = []
        self.done = asyncio.Event()
        self.ws: WebSocketResponse = WebSocketResponse(**options)

    async def __call__(self, request: Request) -> WebSocketResponse:
        ws = self.ws
        await ws.prepare(request)
        try:
            while not self.received or self.received[-1].type not in (
                WSMsgType.CLOSE,
                WSMsgType.CLOSING,
                WSMsgType.CLOSED,
                WSMsgType.ERROR,
            ):
                self.received.append(await ws.receive())
        finally:
            self.done.set()
        return ws


def doing(act: Act, **options: Any) -> Callable[[Request], Awaitable[WebSocketResponse]]:
    """Return a handler that opens a WebSocket, does one thing and returns."""

    async def handler(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse(**options)
        await ws.prepare(request)
        await act(ws)
        return ws

    return handler
