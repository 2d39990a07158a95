"""The messages of a WebSocket, as a handler sends and receives them.

``WebSocketMessages`` is the part of ``WebSocketResponse`` that knows nothing of HTTP: it puts
messages into the connection and takes them out, and gives each the type that ``decode_text`` asked
for. The protocol is in ``treadle_websocket``, the transport in ``_websocket.connection``.
"""

import inspect
import json
import sys
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, Self, cast, overload

from treadle_websocket import (
    Message,
    PreparedMessage,
    RawMessage,
    WSCloseCode,
    WSMessageTypeError,
    WSMsgType,
)

from .channel import Bytes, WebSocketChannel
from .queue import AnyMessage

if TYPE_CHECKING:
    # A default for the parameter (PEP 696), so that ``WebSocketResponse`` alone means "decoded
    # text".
    from typing_extensions import TypeVar

    DecodeText_co = TypeVar("DecodeText_co", bound=bool, covariant=True, default=Literal[True])
else:
    from typing import TypeVar

    DecodeText_co = TypeVar("DecodeText_co", bound=bool, covariant=True)

__all__ = ["NOT_PREPARED", "Bytes", "DecodeText_co", "WebSocketMessages", "websocket_channel"]

NOT_PREPARED: Final = "The WebSocket is not open yet: await prepare(request) first"

_ENDS: Final = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED})


def websocket_channel(ws: "WebSocketMessages[bool]") -> WebSocketChannel:
    """Return the transport of an open WebSocket, to send without waiting and to hear of its end.

    Raises ``RuntimeError`` if the WebSocket was not prepared.
    """
    channel = ws._ws  # noqa: SLF001  # a function of this class, but not for its users
    if channel is None:
        raise RuntimeError(NOT_PREPARED)
    return channel


class WebSocketMessages(Generic[DecodeText_co]):
    """Sends and receives messages; a subclass opens ``_ws`` and sets the options."""

    # None until it is open. No default of the class, which would make each access ten times slower:
    # the interpreter does not specialize those of an attribute that hides another.
    _ws: WebSocketChannel | None
    # Seconds that receive() waits, None for ever; True to answer the peer's close frame.
    _receive_timeout: float | None
    _autoclose: bool

    def _open(self) -> WebSocketChannel:
        return websocket_channel(self)

    # Sending. Each method waits while more than ``writer_limit`` bytes wait for the peer. It raises
    # RuntimeError before prepare(), TypeError for data of another type, and
    # ClientConnectionResetError once the WebSocket is closed.

    def send_str(self, data: str, compress: bool | None = None) -> Coroutine[Any, Any, None]:
        """Send a text message; ``compress`` overrides the choice by size."""
        ws = self._ws
        return _not_prepared() if ws is None else ws.send_text(data, compress)

    def send_bytes(self, data: Bytes, compress: bool | None = None) -> Coroutine[Any, Any, None]:
        """Send a binary message; ``compress`` overrides the choice by size."""
        ws = self._ws
        return _not_prepared() if ws is None else ws.send_bytes(data, compress)

    async def send_json(
        self,
        data: Any,
        compress: bool | None = None,
        *,
        dumps: Callable[[Any], str] = json.dumps,
    ) -> None:
        """Send ``dumps(data)`` as text."""
        await self.send_str(dumps(data), compress)

    async def send_json_bytes(
        self, data: Any, compress: bool | None = None, *, dumps: Callable[[Any], bytes]
    ) -> None:
        """Send ``dumps(data)``, which is bytes, as a binary message."""
        await self.send_bytes(dumps(data), compress)

    async def send_frame(
        self, message: Bytes, opcode: WSMsgType, compress: bool | None = None
    ) -> None:
        """Send a whole message from its payload; ``opcode`` is TEXT, BINARY, PING or PONG."""
        await self._open().send_frame(message, opcode, compress)

    async def send_prepared(self, message: PreparedMessage, compress: bool | None = None) -> None:
        """Send a message that was encoded once for many; ``broadcast`` sends it to all."""
        await self._open().send_prepared(message, compress)

    async def ping(self, message: str | Bytes = b"") -> None:
        """Send a ping of at most 125 bytes (``ValueError``)."""
        await self._open().send_ping(message)

    async def pong(self, message: str | Bytes = b"") -> None:
        """Send a pong of at most 125 bytes (``ValueError``)."""
        await self._open().send_pong(message)

    # Receiving.

    @overload
    def receive(
        self: "WebSocketMessages[Literal[True]]", timeout: float | None = None
    ) -> Coroutine[Any, Any, Message]: ...
    @overload
    def receive(
        self: "WebSocketMessages[Literal[False]]", timeout: float | None = None
    ) -> Coroutine[Any, Any, RawMessage]: ...
    @overload
    def receive(
        self: "WebSocketMessages[bool]", timeout: float | None = None
    ) -> Coroutine[Any, Any, Message | RawMessage]: ...
    def receive(self, timeout: float | None = None) -> Coroutine[Any, Any, Any]:
        """Return the next message; for one task at a time, ``RuntimeError`` for another.

        Raises ``TimeoutError`` after ``timeout`` seconds (None: ``receive_timeout``). Cancelling it
        loses no message. The end is a message too: CLOSE if the peer closes (answered if
        ``autoclose``), ERROR if it broke the protocol (answered with the code) or fell silent,
        CLOSED if it is gone, CLOSING if another task closes. Every further call returns CLOSED,
        and the fifth raises ``RuntimeError``.
        """
        return self._receive(timeout)

    @overload
    def __anext__(
        self: "WebSocketMessages[Literal[True]]",
    ) -> Coroutine[Any, Any, Message]: ...
    @overload
    def __anext__(
        self: "WebSocketMessages[Literal[False]]",
    ) -> Coroutine[Any, Any, RawMessage]: ...
    @overload
    def __anext__(
        self: "WebSocketMessages[bool]",
    ) -> Coroutine[Any, Any, Message | RawMessage]: ...
    def __anext__(self) -> Coroutine[Any, Any, Any]:
        """Return the next message as ``receive`` does; ends with CLOSE, CLOSING and CLOSED."""
        ws = self._ws
        if ws is None:
            raise RuntimeError(NOT_PREPARED)
        # By position: names cost each message 30 ns.
        return ws.receive(self._receive_timeout, self._autoclose, True)

    def __aiter__(self) -> Self:
        """Return this object: it iterates over the messages."""
        return self

    @overload
    async def receive_str(
        self: "WebSocketMessages[Literal[True]]", *, timeout: float | None = None
    ) -> str: ...
    @overload
    async def receive_str(
        self: "WebSocketMessages[Literal[False]]", *, timeout: float | None = None
    ) -> bytes: ...
    @overload
    async def receive_str(
        self: "WebSocketMessages[bool]", *, timeout: float | None = None
    ) -> str | bytes: ...
    async def receive_str(self, *, timeout: float | None = None) -> str | bytes:
        """Return the text of the next message; ``WSMessageTypeError`` if it is not text."""
        message = await self._next(timeout)
        if message.type is not WSMsgType.TEXT:
            raise _unexpected(message, "TEXT")
        return message.data

    async def receive_bytes(self, *, timeout: float | None = None) -> bytes:
        """Return the bytes of the next message; ``WSMessageTypeError`` if it is not binary."""
        message = await self._next(timeout)
        if message.type is not WSMsgType.BINARY:
            raise _unexpected(message, "BINARY")
        return message.data

    async def receive_json(
        self, *, loads: Callable[[Any], Any] = json.loads, timeout: float | None = None
    ) -> Any:
        """Return ``loads(text)`` of the next message; raises what it and ``receive_str`` raise."""
        message = await self._next(timeout)
        if message.type is not WSMsgType.TEXT:
            raise _unexpected(message, "TEXT")
        return loads(message.data)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Have iteration call ``receive`` of a subclass, if it has its own."""
        super().__init_subclass__(**kwargs)
        if "receive" in vars(cls) and "__anext__" not in vars(cls):
            cls.__anext__ = _next_received  # type: ignore[assignment]  # one for all overloads

    def _next(self, timeout: float | None) -> Coroutine[Any, Any, AnyMessage]:
        """Call ``receive``, which a subclass or an instrumentation may have replaced."""
        receive: Any = self.receive
        return cast("Coroutine[Any, Any, AnyMessage]", receive(timeout))

    def _receive(self, timeout: float | None) -> Coroutine[Any, Any, AnyMessage]:
        if timeout is None:
            timeout = self._receive_timeout
        return self._open().receive(timeout, autoclose=self._autoclose, iterating=False)

    # The end.

    async def close(
        self,
        *,
        code: int = WSCloseCode.OK,
        message: str | bytes = b"",
        drain: bool = True,  # noqa: ARG002  # aiohttp's; close() always drains
    ) -> bool:
        """Close the WebSocket, from any task; False if it is closed already or the peer is gone.

        Sends a close frame and waits at most ``timeout`` seconds for the peer's. If none comes,
        ``close_code`` is 1006. Messages that were not received yet are dropped. If another task
        waits in ``receive``, it gets CLOSING, and this call does not wait: the server does at the
        end of the handler. So an application that stops closes its WebSockets one by one, however
        many peers do not answer. Raises ``ValueError`` for a code that must not be sent, and for
        a message of more than 123 bytes.
        """
        ws = self._open()
        is_received = ws.waiter is not None
        if not ws.close(code, message):
            return False
        if not is_received:
            await ws.wait_closed()
        return True


async def _not_prepared() -> None:
    raise RuntimeError(NOT_PREPARED)


async def _next_received(ws: Any) -> AnyMessage:
    """Return what ``receive`` of a subclass returns, up to the end of the WebSocket."""
    message: AnyMessage = await ws.receive()
    if message.type in _ENDS:
        raise StopAsyncIteration
    return message


def _as_coroutine_function(function: Callable[..., Coroutine[Any, Any, Any]]) -> object:
    """Return the function such that ``inspect.iscoroutinefunction`` is true for it."""
    if sys.version_info >= (3, 12):
        return inspect.markcoroutinefunction(function)

    @wraps(function)
    async def as_coroutine_function(*args: Any, **kwargs: Any) -> Any:
        return await function(*args, **kwargs)

    return as_coroutine_function


# These return a coroutine without being coroutine functions, since a coroutine around another one
# costs each message 100 ns. But some ask before they await: python-engineio does not await a
# ``send_str`` that is no coroutine function, ``AsyncMock(spec=WebSocketResponse)`` would make an
# ordinary mock of it. Python 3.12 can mark a function; Python 3.11 pays for the coroutine.
for _name in ("send_str", "send_bytes", "receive", "__anext__"):
    setattr(WebSocketMessages, _name, _as_coroutine_function(getattr(WebSocketMessages, _name)))


def _unexpected(message: AnyMessage, wanted: str) -> WSMessageTypeError:
    # aiohttp's words, which programs match.
    return WSMessageTypeError(
        f"Received message {message.type}:{str(message.data)[:80]!r} is not WSMsgType.{wanted}"
    )
