"""One websocket conversation of an ASGI application, over ``WebSocketResponse``.

Until the application accepts, the request is one of HTTP: closing answers 403, and the messages of
``websocket.http.response`` are those of an ``HttpConversation``.
"""

import asyncio
import enum
from typing import Final, NamedTuple, final

from treadle_asgi._types import Message
from treadle_responses import HTTPForbidden, StreamResponse
from treadle_server import BaseRequest, ClientConnectionResetError, WebSocketResponse
from treadle_server.interfaces import shown
from treadle_websocket import WSMsgType

from .fields import decode_fields, encode_fields
from .http import HttpConversation, Step

__all__ = ["WebSocketConversation", "WebSocketSettings"]


@final
class WebSocketSettings(NamedTuple):
    """The settings of the WebSockets of one application."""

    #: Bytes of the largest message, after decompression; 0 for no limit. uvicorn's default: an
    #: application that was written for it gets the same messages.
    max_msg_size: int = 16 * 1024 * 1024
    #: Seconds of silence after which the client is pinged, None for no pings. Proxies cut silent
    #: connections after a minute or less.
    heartbeat: float | None = 20.0
    #: True to agree on permessage-deflate if the client offers it.
    compress: bool = True


@final
class _State(enum.Enum):
    """The progress of a WebSocket."""

    #: ``receive`` has not returned ``websocket.connect``.
    NEW = enum.auto()
    #: The application has not answered the handshake.
    CONNECTING = enum.auto()
    #: The application answers the handshake with a response of HTTP.
    DENYING = enum.auto()
    OPEN = enum.auto()
    #: The application has closed, or has refused the handshake.
    CLOSED = enum.auto()
    #: The application was told that the client has left.
    LOST = enum.auto()


_DENIAL: Final = "websocket.http.response."
#: Close codes: no close frame was sent, the connection was lost, and the server stops.
_NO_CODE: Final = 1005
_ABNORMAL: Final = 1006
_GOING_AWAY: Final = 1001


@final
class WebSocketConversation:
    """The application's ends of the messages of one WebSocket."""

    def __init__(self, request: BaseRequest, settings: WebSocketSettings) -> None:
        self._request: Final = request
        self._settings: Final = settings
        self._state = _State.NEW
        self._ws: WebSocketResponse | None = None
        self._denial: HttpConversation | None = None
        # Set when the application has answered the handshake, for a ``receive`` that waits.
        self._answered: asyncio.Event = asyncio.Event()
        self._end: Message = _disconnect(_ABNORMAL)
        # Keeps the task.
        self._closing: asyncio.Task[bool] | None = None

    async def check(self) -> None:
        """Raise the exception that refuses a handshake which is not valid."""
        ws = WebSocketResponse()
        if not ws.can_prepare(self._request):
            await ws.prepare(self._request)

    # Receiving.

    async def receive(self) -> Message:
        """Return the next message for the application."""
        if self._state is _State.NEW:
            self._state = _State.CONNECTING
            return {"type": "websocket.connect"}
        if self._state in (_State.CONNECTING, _State.DENYING):
            await self._wait_answer()
        ws = self._ws
        if self._state is _State.LOST or ws is None:
            return dict(self._end)
        message = await self._next(ws)
        if message is not None:
            return message
        if self._state is _State.OPEN:
            self._state = _State.LOST
        return dict(self._end)

    async def _wait_answer(self) -> None:
        """Wait until the application has answered the handshake, or the client has left."""
        loop = asyncio.get_running_loop()
        watch = loop.create_task(self._request.wait_disconnected())
        watch.add_done_callback(lambda _watch: self._answered.set())
        try:
            await self._answered.wait()
        finally:
            watch.cancel()

    async def _next(self, ws: WebSocketResponse) -> Message | None:
        """Return the next message of the client, None at the end."""
        while True:
            if self._state is _State.CLOSED:
                return None
            message = await ws.receive()
            if message.type is WSMsgType.TEXT:
                return {"type": "websocket.receive", "text": message.data}
            if message.type is WSMsgType.BINARY:
                return {"type": "websocket.receive", "bytes": message.data}
            if message.type is WSMsgType.CLOSE:
                self._end = _disconnect(message.data or _NO_CODE, str(message.extra or ""))
            elif message.type is WSMsgType.CLOSING:
                # Another task of the application has closed, or else the server stops.
                if not self.ended:
                    self._end = _disconnect(_GOING_AWAY)
            elif message.type is WSMsgType.ERROR:
                self._end = _disconnect(ws.close_code or _ABNORMAL)
            elif message.type is not WSMsgType.CLOSED:
                continue
            return None

    # Sending.

    async def send(self, message: Message) -> None:
        """Take a message of the application; wait while the client is behind with reading.

        Raises ``RuntimeError`` for a message that may not come now, ``TypeError`` and
        ``ValueError`` for wrong values, and ``ClientConnectionResetError``, an ``OSError``, when
        the client has left.
        """
        kind = message["type"]
        state = self._state
        if state is _State.OPEN or (state is _State.LOST and self._ws is not None):
            if kind == "websocket.send":
                await self._send_data(message)
                return
            if kind == "websocket.close":
                await self._close(message)
                return
        elif state in (_State.NEW, _State.CONNECTING):
            if kind == "websocket.accept":
                await self._accept(message)
                return
            if kind == "websocket.close":
                await self._deny({"type": _DENIAL + "start", "status": HTTPForbidden.status_code})
                await self._deny({"type": _DENIAL + "body"})
                return
            if kind == _DENIAL + "start":
                self._state = _State.DENYING
                await self._deny(message)
                return
        elif state is _State.DENYING and isinstance(kind, str) and kind.startswith(_DENIAL):
            await self._deny(message)
            return
        expected = {
            _State.NEW: "'websocket.accept', 'websocket.close' or 'websocket.http.response.start'",
            _State.DENYING: "'websocket.http.response.body'",
            _State.OPEN: "'websocket.send' or 'websocket.close'",
            _State.LOST: "nothing, because the client has left",
            _State.CLOSED: "nothing, because it has closed the WebSocket",
        }[_State.NEW if state is _State.CONNECTING else state]
        raise RuntimeError(
            f"The application has sent {shown(repr(kind))} in the WebSocket {self._named()}, where "
            f"ASGI expects {expected}"
        )

    async def _accept(self, message: Message) -> None:
        protocol = message.get("subprotocol")
        if protocol is not None and not isinstance(protocol, str):
            raise TypeError(f"A subprotocol is a str or None, not {shown(repr(protocol))}")
        settings = self._settings
        ws = WebSocketResponse(
            protocols=() if protocol is None else (protocol,),
            max_msg_size=settings.max_msg_size,
            heartbeat=settings.heartbeat,
            compress=settings.compress,
        )
        if protocol is not None and ws.can_prepare(self._request).protocol != protocol:
            raise ValueError(
                f"The client has not offered the subprotocol {shown(repr(protocol))}: accept with "
                "one of scope['subprotocols'], or None"
            )
        for name, value in decode_fields(encode_fields(message.get("headers", ()))[0]):
            if name.lower().startswith("sec-websocket-"):
                raise ValueError(
                    f"The server sends {name!r} itself: leave it out of the headers of "
                    "websocket.accept (the subprotocol has a key of its own)"
                )
            ws.headers.add(name, value)
        await ws.prepare(self._request)
        self._ws = ws
        self._state = _State.OPEN
        self._answered.set()

    async def _send_data(self, message: Message) -> None:
        ws = self._ws
        assert ws is not None
        text, data = message.get("text"), message.get("bytes")
        if (text is None) == (data is None):
            raise ValueError(
                "A websocket.send has either text or bytes, and the other one is None: got "
                f"{'both' if text is not None else 'neither'}"
            )
        if self._state is _State.LOST:
            raise ClientConnectionResetError("Cannot send: the WebSocket is closed")
        if text is not None:
            if not isinstance(text, str):
                raise TypeError(
                    f"The text of websocket.send is a str, not {shown(repr(text))}: bytes have the "
                    "key 'bytes'"
                )
            await ws.send_str(text)
        else:
            if not isinstance(data, (bytes, bytearray, memoryview)):
                raise TypeError(
                    f"The bytes of websocket.send are bytes, not {shown(repr(data))}: text has the "
                    "key 'text'"
                )
            await ws.send_bytes(data)

    async def _close(self, message: Message) -> None:
        ws = self._ws
        assert ws is not None
        code = message.get("code", 1000)
        reason = message.get("reason") or ""
        if self._state is _State.LOST:
            raise ClientConnectionResetError("Cannot close: the WebSocket is closed")
        closing = asyncio.get_running_loop().create_task(ws.close(code=code, message=reason))
        self._closing = closing
        # The close frame is on its way then, or was refused. The application does not wait for the
        # client's: the server does when it has returned.
        await asyncio.sleep(0)
        if closing.done():
            closing.result()
        self._end = _disconnect(code, reason)
        self._state = _State.CLOSED

    async def _deny(self, message: Message) -> None:
        """Answer the handshake with a response of HTTP."""
        if self._denial is None:
            self._denial = HttpConversation(self._request)
        denial = self._denial
        kind: str = message["type"]
        await denial.send({**message, "type": kind.removeprefix("websocket.")})
        if denial.step is Step.ENDED:
            self._state = _State.CLOSED
            self._answered.set()

    # The end.

    @property
    def ended(self) -> bool:
        """True if the application has closed the WebSocket or refused it."""
        return self._state is _State.CLOSED

    def _named(self) -> str:
        return shown(self._request.raw_path)

    def result(self) -> StreamResponse:
        """Return the response of an application that has returned.

        The server closes a WebSocket that is still open. Raises ``RuntimeError`` if the application
        did not answer the handshake.
        """
        if self._ws is not None:
            return self._ws
        if self._denial is not None and self._denial.step is Step.ENDED:
            return self._denial
        if self._denial is not None:
            raise self._denial.unfinished()
        if self._request.response_writer.client_left:
            raise ClientConnectionResetError("The client has left during the handshake")
        raise RuntimeError(
            "The application has returned without an answer to the handshake of the WebSocket "
            f"{self._named()}: send 'websocket.accept' or 'websocket.close'"
        )


def _disconnect(code: int, reason: str = "") -> Message:
    return {"type": "websocket.disconnect", "code": code, "reason": reason}
