"""``MemoryWebSocket``: the client of a WebSocket in memory, over wsproto.

Its methods are those of aiohttp's client, so that a test can use either.
"""

import asyncio
import base64
import hashlib
import json
import os
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Self, final

from aiohttp import RequestInfo, WSServerHandshakeError
from multidict import CIMultiDict
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from treadle_server import ClientConnectionResetError
from treadle_websocket import WSMessage, WSMessageTypeError, WSMsgType

from ._response import MemoryResponse
from ._wire import MemoryConnection

__all__ = ["MemoryWebSocket", "handshake"]

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def handshake(
    fields: "CIMultiDict[str]", protocols: tuple[str, ...]
) -> tuple[str, Callable[[MemoryResponse, str], None]]:
    """Set the fields of an opening handshake; return its key and the check of the answer."""
    key = base64.b64encode(os.urandom(16)).decode()
    fields.setdefault("Connection", "Upgrade")
    fields.setdefault("Upgrade", "websocket")
    fields.setdefault("Sec-WebSocket-Version", "13")
    fields.setdefault("Sec-WebSocket-Key", key)
    if protocols:
        fields["Sec-WebSocket-Protocol"] = ",".join(protocols)
    return fields["Sec-WebSocket-Key"], _check


def _check(response: MemoryResponse, key: str) -> None:
    accept = base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()  # noqa: S324  # RFC 6455
    if response.status != 101:
        message = "Invalid response status"
    elif response.headers.get("Sec-WebSocket-Accept") != accept:
        message = "Invalid challenge response"
    else:
        return
    request = response.request_info
    raise WSServerHandshakeError(
        RequestInfo(request.url, request.method, request.headers, request.url),
        (),
        status=response.status,
        message=message,
        headers=CIMultiDict(response.headers),
    )


@final
class _Inbox:
    """The messages of the server, as they arrive."""

    def __init__(self, connection: MemoryConnection) -> None:
        self._connection: Final = connection
        self._frames: Final = Connection(ConnectionType.CLIENT)
        self._parts: Final[list[Any]] = []
        self._waiter: asyncio.Future[None] | None = None
        self.messages: Final[deque[WSMessage]] = deque()
        #: The code of the server's close frame; 1006 for a connection that was lost without one.
        self.close_code: int | None = None
        #: True once the connection is gone.
        self.is_lost = False

    def send(self, event: Event) -> None:
        """Send a frame; raises ``ClientConnectionResetError`` if the connection is closed."""
        try:
            data = self._frames.send(event)
        except LocalProtocolError:
            raise ClientConnectionResetError("Cannot write to closing transport") from None
        self._connection.transport.send(data)

    def receive(self, data: bytes) -> None:
        """Take bytes of the server."""
        self._frames.receive_data(data)
        try:
            for event in self._frames.events():
                self._take(event)
        except RemoteProtocolError as error:
            self._put(WSMessage(WSMsgType.ERROR, error, None))
            self._connection.transport.hang_up()

    def _take(self, event: Event) -> None:
        if isinstance(event, (TextMessage, BytesMessage)):
            self._parts.append(event.data)
            if event.message_finished:
                kind = WSMsgType.TEXT if isinstance(event, TextMessage) else WSMsgType.BINARY
                whole = self._parts[0][:0].join(self._parts)
                self._parts.clear()
                self._put(WSMessage(kind, whole, None))
        elif isinstance(event, Ping):
            self.send(event.response())
        elif isinstance(event, Pong):
            self._put(WSMessage(WSMsgType.PONG, bytes(event.payload), None))
        elif isinstance(event, CloseConnection):
            self.close_code = event.code
            self._put(WSMessage(WSMsgType.CLOSE, event.code, event.reason))
            if self._frames.state is ConnectionState.REMOTE_CLOSING:
                self._connection.transport.send(self._frames.send(event.response()))

    def lost(self) -> None:
        """Take the end of the connection."""
        self.is_lost = True
        if self.close_code is None:
            self.close_code = 1006
        self._put(WSMessage(WSMsgType.CLOSED, None, None))

    def _put(self, message: WSMessage) -> None:
        self.messages.append(message)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def get(self) -> WSMessage:
        """Return the next message; CLOSED for ever behind the end."""
        while not self.messages:
            if self.is_lost:
                return WSMessage(WSMsgType.CLOSED, None, None)
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self.messages.popleft()


@final
class MemoryWebSocket:
    """An open WebSocket: send, ``receive``, iterate, and ``close`` it."""

    def __init__(self, connection: MemoryConnection, response: MemoryResponse) -> None:
        self._connection: Final = connection
        self._inbox: Final = _Inbox(connection)
        self._closed = False
        #: The answer to the handshake.
        self.response: Final = response
        #: The subprotocol that the server has chosen.
        self.protocol: Final = response.headers.get("Sec-WebSocket-Protocol")
        connection.upgrade(self._inbox)

    @property
    def closed(self) -> bool:
        """True once either side has closed the WebSocket."""
        return self._closed or self._inbox.close_code is not None

    @property
    def close_code(self) -> int | None:
        """The close code of the server, 1006 for a connection that was lost."""
        return self._inbox.close_code

    async def send_str(self, data: str) -> None:
        """Send a text message."""
        await self._send(TextMessage(data=data))

    async def send_bytes(self, data: bytes | bytearray | memoryview) -> None:
        """Send a binary message."""
        await self._send(BytesMessage(data=bytes(data)))

    async def send_json(self, data: object, *, dumps: Callable[[Any], str] = json.dumps) -> None:
        """Send a value as JSON in a text message."""
        await self.send_str(dumps(data))

    async def ping(self, message: bytes = b"") -> None:
        """Send a ping; its pong is a message of ``receive``."""
        await self._send(Ping(payload=message))

    async def _send(self, event: Event) -> None:
        self._inbox.send(event)
        await self._connection.transport.drain()

    async def receive(self, timeout: float | None = None) -> WSMessage:  # aiohttp's
        """Return the next message; raises ``TimeoutError`` behind ``timeout`` seconds."""
        return await asyncio.wait_for(self._inbox.get(), timeout)

    async def _receive(self, kind: WSMsgType, timeout: float | None) -> Any:  # as above
        message = await self.receive(timeout)
        if message.type is not kind:
            raise WSMessageTypeError(
                f"Received message {message.type}:{message.data!r} is not {kind!r}"
            )
        return message.data

    async def receive_str(self, *, timeout: float | None = None) -> str:  # as above
        """Return the next message, which must be text (``WSMessageTypeError``)."""
        text: str = await self._receive(WSMsgType.TEXT, timeout)
        return text

    async def receive_bytes(self, *, timeout: float | None = None) -> bytes:  # as above
        """Return the next message, which must be binary (``WSMessageTypeError``)."""
        data: bytes = await self._receive(WSMsgType.BINARY, timeout)
        return bytes(data)

    async def receive_json(
        self,
        *,
        loads: Callable[[str], Any] = json.loads,
        timeout: float | None = None,  # as above
    ) -> Any:
        """Return the next message, which must be JSON in a text."""
        return loads(await self.receive_str(timeout=timeout))

    async def close(self, *, code: int = 1000, message: bytes = b"") -> bool:
        """Close with ``code`` and wait for the server; return False if it was closed before."""
        if self.closed:
            return False
        self._closed = True
        self._inbox.send(CloseConnection(code=code, reason=message.decode()))
        while not self._inbox.is_lost and self._inbox.close_code is None:
            await self._inbox.get()
        self._connection.transport.hang_up()
        return True

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> WSMessage:
        message = await self.receive()
        if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
            raise StopAsyncIteration
        return message
