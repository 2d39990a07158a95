"""A WebSocket over the messages of ASGI.

``WebSocketScopeChannel`` answers the handshake: with an acceptance, or with an ordinary response,
which is ``websocket.http.response`` if the server has that extension and else a plain refusal
(403). ``MessageWebSocket`` is the WebSocket then. Frames, compression, pings and the close
handshake are the business of the server in front.
"""

import asyncio
from typing import Final, final

from multidict import CIMultiDict

from treadle_asgi._types import Message, Receive, Scope, Send
from treadle_responses import asgi_fields
from treadle_server.interfaces import AnyMessage, MessageReader, ServerState, too_late
from treadle_websocket import (
    WS_CLOSED_MESSAGE,
    WS_CLOSING_MESSAGE,
    PreparedMessage,
    SessionSettings,
    State,
    WebSocketError,
    WSMessageBinary,
    WSMessageClose,
    WSMessageError,
    WSMessageText,
    WSMessageTextBytes,
    WSMessageTypeError,
    WSMsgType,
    WSValueError,
    encode_close,
)

from .channel import ScopeChannel
from .intake import end_of

__all__ = ["MessageWebSocket", "WebSocketScopeChannel"]

_OPEN: Final = State.OPEN
_GOING_AWAY: Final = 1001
_NO_STATUS: Final = 1005
_ABNORMAL: Final = 1006
_TOO_BIG: Final = 1009
_INTERNAL_ERROR: Final = 1011
_MAX_CONTROL: Final = 125

Bytes = bytes | bytearray | memoryview


@final
class MessageSession:
    """The state of a WebSocket; the server in front speaks its protocol."""

    __slots__ = ("close_code", "deflate", "exception", "state")

    def __init__(self) -> None:
        self.state = _OPEN
        self.close_code: int | None = None
        self.exception: BaseException | None = None
        #: Compression is the server's.
        self.deflate: Final = None


@final
class MessageWebSocket(MessageReader[MessageSession]):
    """The ``WebSocketChannel`` of ASGI."""

    __slots__ = (
        "_channel", "_decode_text", "_max_size", "_resumed", "_settings", "_task", "_timer",
        "limit",
    )  # fmt: skip

    def __init__(
        self,
        channel: "WebSocketScopeChannel",
        loop: asyncio.AbstractEventLoop,
        settings: SessionSettings,
        *,
        decode_text: bool,
        limit: int,
    ) -> None:
        super().__init__(MessageSession(), loop)
        self._channel: Final = channel
        self._settings: Final = settings
        self._decode_text: Final = decode_text
        self.limit = limit
        # Set while the queue is full: the task waits for it.
        self._resumed: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        # The peer's end shows in what is received, so that the task runs from the beginning on.
        self._task: asyncio.Task[None] | None = loop.create_task(self._run())

    # Receiving.

    async def _run(self) -> None:
        receive = self._channel.receive
        try:
            while self.session.state is _OPEN:
                if self._resumed is not None:
                    await self._resumed
                    continue
                message = await receive()
                if message["type"] == "websocket.receive":
                    self._take(message)
                elif message["type"] == "websocket.disconnect":
                    self._disconnected(message.get("code"), message.get("reason") or "")
        except Exception as error:  # noqa: BLE001  # a server that gives nothing has no client
            self._channel.lose(error)

    def _take(self, message: Message) -> None:
        if self.session.state is not _OPEN:
            return
        text = message.get("text")
        size_limit = self._settings.max_msg_size
        received: AnyMessage
        if text is not None:
            # A character is up to three bytes of UTF-8, or four for two of UTF-16.
            if size_limit and len(text) * 4 > size_limit and len(text.encode()) > size_limit:
                self._fail_too_big(len(text.encode()))
                return
            if self._decode_text:
                received = WSMessageText(WSMsgType.TEXT, text)
            else:
                received = WSMessageTextBytes(WSMsgType.TEXT, text.encode())
        else:
            data = bytes(message.get("bytes") or b"")
            if size_limit and len(data) > size_limit:
                self._fail_too_big(len(data))
                return
            received = WSMessageBinary(WSMsgType.BINARY, data)
        self._add([received])

    def _fail_too_big(self, size: int) -> None:
        session = self.session
        limit = self._settings.max_msg_size
        error = WebSocketError(_TOO_BIG, f"message of {size} bytes is over the limit of {limit}")
        session.state, session.exception, session.close_code = State.FAILED, error, _TOO_BIG
        self._last = WSMessageError(WSMsgType.ERROR, error)
        self._wake()
        # The reader may still answer what came before; but not for ever.
        self._timer = self._loop.call_later(self._settings.close_timeout, self.answer_close)

    def _disconnected(self, code: int | None, reason: str) -> None:
        session = self.session
        session.close_code = _NO_STATUS if code is None else code
        if code == _ABNORMAL:
            session.state = State.CLOSED
            self._last = self._last or WS_CLOSED_MESSAGE
        else:
            # The server in front has answered; the reader has yet to hear of it.
            session.state = State.CLOSE_RECEIVED
            self._last = self._last or WSMessageClose(WSMsgType.CLOSE, session.close_code, reason)
        self._wake()
        self._run_close_callbacks()

    def _pause(self) -> None:
        if self._resumed is None:
            self._resumed = self._loop.create_future()

    def _read_on(self) -> None:
        if not self._queue.full:
            resumed, self._resumed = self._resumed, None
            if resumed is not None and not resumed.done():
                resumed.set_result(None)

    # Sending.

    @property
    def current_transport(self) -> asyncio.Transport | None:
        """An object that knows the addresses, None once the client is gone."""
        return None if self.session.state is State.CLOSED else self._channel.transport

    @property
    def behind(self) -> bool:
        """True while more than ``limit`` bytes wait for the server in front."""
        return self._channel.queued > self.limit

    async def drain(self) -> None:
        """Wait until the server has taken everything; raises ``ClientConnectionResetError``."""
        await self._channel.drain()

    def set_limit(self, limit: int) -> None:
        """Set the number of bytes that may wait."""
        self.limit = limit

    def _may_send(self) -> bool:
        """Return False if the peer has closed, which the reader has yet to hear of: drop it.

        So the reader gets what came before. Raises ``ClientConnectionResetError`` behind the end.
        """
        state = self.session.state
        if state is State.CLOSED or state is State.CLOSE_SENT:
            raise too_late(self.session)
        return state is not State.CLOSE_RECEIVED

    async def _send(self, message: Message, size: int) -> None:
        if not self._may_send():
            return
        self._channel.put(message, size)
        await self._channel.flush()
        if self._channel.is_lost:
            raise too_late(self.session)

    async def send_text(self, data: str, compress: bool | None) -> None:  # noqa: ARG002  # the server's
        """Send a text message."""
        if not isinstance(data, str):
            raise WSMessageTypeError(f"send_text() takes str, not {type(data).__name__}")
        if not data.isascii():
            # A lone surrogate raises here, and not in the server.
            data.encode()
        await self._send({"type": "websocket.send", "text": data}, len(data))

    async def send_bytes(self, data: Bytes, compress: bool | None) -> None:  # noqa: ARG002  # the server's
        """Send a binary message."""
        if not isinstance(data, Bytes):
            raise WSMessageTypeError(
                f"send_bytes() takes bytes, bytearray or memoryview, not {type(data).__name__}"
            )
        data = bytes(data)
        await self._send({"type": "websocket.send", "bytes": data}, len(data))

    async def send_frame(self, data: Bytes, opcode: WSMsgType, compress: bool | None) -> None:
        """Send a whole message from its payload; pings and pongs are the server's."""
        if opcode is WSMsgType.TEXT:
            await self.send_text(bytes(data).decode(), compress)
        elif opcode is WSMsgType.BINARY:
            await self.send_bytes(data, compress)
        elif opcode in (WSMsgType.PING, WSMsgType.PONG):
            await self.send_ping(data)
        else:
            raise WSValueError(f"send_frame sends no {opcode!r}; use TEXT, BINARY, PING, PONG")

    async def send_prepared(self, message: PreparedMessage, compress: bool | None) -> None:
        """Send a message that was encoded once for many."""
        if not self._may_send():
            return
        self.put(message, compress)
        await self._channel.flush()
        if self._channel.is_lost:
            raise too_late(self.session)

    async def send_ping(self, data: str | Bytes) -> None:
        """Check the payload, and send nothing: pings are the server's."""
        size = len(data.encode()) if isinstance(data, str) else len(bytes(data))
        if size > _MAX_CONTROL:
            raise WSValueError(f"a ping or pong of {size} bytes is over {_MAX_CONTROL}")
        self._may_send()

    async def send_pong(self, data: str | Bytes) -> None:
        """Check the payload, and send nothing: pongs are the server's."""
        await self.send_ping(data)

    def put(self, message: PreparedMessage, compress: bool | None) -> None:  # noqa: ARG002  # the server's
        """Queue ``message``, and have the callable send it."""
        payload = message.payload
        name, data = ("text", payload.decode()) if message.is_text else ("bytes", payload)
        self._channel.put({"type": "websocket.send", name: data}, len(payload))
        self._channel.kick()

    # The end.

    def close(self, code: int | None, reason: str | bytes = "") -> bool:
        """Begin to close; False if that has begun already or the peer is gone."""
        session = self.session
        payload = encode_close(code, reason)
        if session.state is State.FAILED:
            self.answer_close()
        elif session.state is State.CLOSE_RECEIVED:
            session.state = State.CLOSED
        elif session.state is _OPEN:
            session.state = State.CLOSE_SENT
            session.close_code = code
            self._queue.clear()
            self._read_on()
            self._put_close(code, payload[2:].decode())
            if self.waiter is not None:
                self._last = WS_CLOSING_MESSAGE
                self._wake()
        else:
            return False
        return True

    def _put_close(self, code: int | None, reason: str) -> None:
        message: Message = {"type": "websocket.close", "code": 1000 if code is None else code}
        if reason:
            message["reason"] = reason
        self._channel.put(message)
        self._channel.kick()

    def answer_close(self) -> None:
        """Close with the code of the peer's fault, if it has made one."""
        session = self.session
        if session.state is State.FAILED:
            session.state = State.CLOSED
            self._put_close(session.close_code, str(session.exception))
        elif session.state is State.CLOSE_RECEIVED:
            session.state = State.CLOSED

    async def wait_closed(self) -> None:
        """Wait until the server in front has the close: the handshake is its business."""
        await self._channel.flush()
        if self.session.state is not State.FAILED:
            self.session.state = State.CLOSED

    def handler_failed(self, error: BaseException | None) -> None:
        """Close, because the handler raised ``error`` or was cancelled (None)."""
        self.close(_GOING_AWAY if error is None else _INTERNAL_ERROR)

    def lost(self) -> None:
        """Note that the client is gone."""
        session = self.session
        if session.state is not State.CLOSED:
            if session.close_code is None:
                session.close_code = _ABNORMAL
            session.state = State.CLOSED
            self._last = self._last or WS_CLOSED_MESSAGE
        self._wake()
        self._run_close_callbacks()

    async def stop(self) -> None:
        """End the task that receives."""
        if self._timer is not None:
            self._timer.cancel()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await end_of(task)
        self._run_close_callbacks()


@final
class WebSocketScopeChannel(ScopeChannel):
    """The answer to a handshake, and the WebSocket behind it: a ``WebSocketOpener``."""

    _prefix = "websocket.http.response."

    def __init__(self, scope: Scope, receive: Receive, send: Send, state: ServerState) -> None:
        super().__init__(scope, receive, send, state)
        #: The WebSocket, once it is accepted.
        self.websocket: MessageWebSocket | None = None

    @property
    def receive(self) -> Receive:
        """The messages of the client."""
        return self._receive

    @property
    def client_left(self) -> bool:
        """True once the client is gone, as far as the WebSocket knows."""
        return self.is_lost or (
            self.websocket is not None and self.websocket.session.state is State.CLOSED
        )

    async def accept_websocket(
        self,
        subprotocol: str | None,
        headers: CIMultiDict[str],
        settings: SessionSettings,
        *,
        decode_text: bool,
        writer_limit: int,
    ) -> MessageWebSocket:
        """Accept the handshake."""
        self._check_connected()
        fields = asgi_fields(headers, keep_connection=False)
        message: Message = {
            "type": "websocket.accept",
            "headers": [each for each in fields if each[0] != b"sec-websocket-protocol"],
        }
        if subprotocol is not None:
            message["subprotocol"] = subprotocol
        if not self.withdraw():
            raise RuntimeError("There is a response already: the handshake is answered")
        # The response is the WebSocket: it has begun, and needs no end.
        self.head_sent = self.response_ended = True
        self.put(message)
        await self.flush()
        self._check_connected()
        self.websocket = MessageWebSocket(
            self, self._state.loop, settings, decode_text=decode_text, limit=writer_limit
        )
        return self.websocket

    def lose(self, error: BaseException | None = None) -> None:
        """Note that the client is gone."""
        super().lose(error)
        if self.websocket is not None:
            self.websocket.lost()

    def shut_down(self) -> None:
        """Close the WebSocket, because the application stops."""
        if self.websocket is not None:
            self.websocket.close(_GOING_AWAY)

    def fail(self, error: BaseException | None) -> None:
        """Close the WebSocket; without one cut the response off."""
        if self.websocket is None:
            super().fail(error)
        else:
            self.websocket.handler_failed(error)

    async def close(self) -> None:
        """End the task that receives."""
        if self.websocket is not None:
            await self.websocket.stop()
        await super().close()

    # Refusals.

    @property
    def _refuses_with_response(self) -> bool:
        return "websocket.http.response" in self._extensions

    def put_whole(self, status: int, fields: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Keep the messages of a refusal."""
        self.whole = (
            {"type": "websocket.http.response.start", "status": status, "headers": fields},
            {"type": "websocket.http.response.body", "body": body},
        )
        if not self._refuses_with_response:
            self.whole = ({"type": "websocket.close"},)

    def put(self, message: Message, size: int = 0) -> None:
        """Queue a message; a response that the server cannot send becomes a refusal."""
        kind = message["type"]
        if kind.startswith("websocket.http.") and not self._refuses_with_response:
            if self._start is None and not kind.endswith(".start"):
                return
            self._start = None
            message, size = {"type": "websocket.close"}, 0
        super().put(message, size)
