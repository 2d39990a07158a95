"""The interfaces between ``WebSocketResponse`` and the transport of its messages.

Over HTTP/1.1 the transport has bytes: ``WebSocketConnection`` takes the connection over behind the
101, and speaks the protocol itself. Another transport may have messages, because a server in front
speaks the protocol (ASGI): its ``ResponseChannel`` is a ``WebSocketOpener`` too, which makes a
``WebSocketChannel`` of its own. The handshake is then one that the server in front has checked:
only Origin and subprotocols are left to decide.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, cast

from multidict import CIMultiDict

from treadle_server._core.errors import ClientConnectionResetError
from treadle_server._http.interfaces import ResponseChannel
from treadle_websocket import PreparedMessage, SessionSettings, State, WSMsgType

from .queue import AnyMessage

__all__ = [
    "Bytes", "SessionState", "WebSocketChannel", "WebSocketOpener", "extra_info",
    "opener_of", "too_late",
]  # fmt: skip

Bytes = bytes | bytearray | memoryview


class SessionState(Protocol):
    """The state of one WebSocket; a ``WebSocketSession`` has it."""

    state: State
    #: The peer's code, 1005 if it gave none, 1006 if it sent no close frame; None while open.
    close_code: int | None

    @property
    def exception(self) -> BaseException | None:
        """The error that ended the WebSocket, or None."""

    @property
    def deflate(self) -> object | None:
        """The agreed compression; None if nothing is compressed here."""


class WebSocketChannel(Protocol):
    """One open WebSocket, as ``WebSocketResponse`` and ``broadcast`` use it.

    The ``send_*`` methods wait while more than ``limit`` bytes wait for the peer. They raise
    ``WSMessageTypeError`` for data of another type, and ``ClientConnectionResetError`` once the
    WebSocket is closed.
    """

    #: The bytes that may wait for the peer before a sender waits.
    limit: int

    @property
    def session(self) -> SessionState:
        """The state of the WebSocket."""

    @property
    def waiter(self) -> object | None:
        """An object while a task waits in ``receive``, else None."""

    @property
    def current_transport(self) -> asyncio.Transport | None:
        """The connection's transport, None once it is lost."""

    @property
    def behind(self) -> bool:
        """True while more than ``limit`` bytes wait for the peer."""

    async def drain(self) -> None:
        """Wait while it is ``behind``; raises ``ClientConnectionResetError`` if it is gone."""

    def set_limit(self, limit: int) -> None:
        """Set ``limit``."""

    async def receive(self, timeout: float | None, autoclose: bool, iterating: bool) -> AnyMessage:
        """Return the next message; see ``WebSocketResponse.receive`` and its ``__anext__``."""

    async def send_text(self, data: str, compress: bool | None) -> None:
        """Send a text message."""

    async def send_bytes(self, data: Bytes, compress: bool | None) -> None:
        """Send a binary message."""

    async def send_frame(self, data: Bytes, opcode: WSMsgType, compress: bool | None) -> None:
        """Send a whole message from its payload: TEXT, BINARY, PING or PONG."""

    async def send_prepared(self, message: PreparedMessage, compress: bool | None) -> None:
        """Send a message that was encoded once for many."""

    async def send_ping(self, data: str | Bytes) -> None:
        """Send a ping, if this is not the business of the server in front."""

    async def send_pong(self, data: str | Bytes) -> None:
        """Send a pong, if this is not the business of the server in front."""

    def put(self, message: PreparedMessage, compress: bool | None) -> None:
        """Send ``message`` without waiting for the peer; the WebSocket is open."""

    def close(self, code: int | None, reason: str | bytes = "") -> bool:
        """Begin to close; False if that has begun already or the peer is gone.

        Raises ``WSValueError`` for a code or a reason that must not be sent.
        """

    async def wait_closed(self) -> None:
        """Wait until the WebSocket is closed."""

    def add_close_callback(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` once, in the event loop, when the WebSocket has closed.

        That is when the peer's close frame is answered, ours is answered or has had its time, or
        the connection is lost. Nothing can be sent any more, and often that is so before.
        """

    def remove_close_callback(self, callback: Callable[[], None]) -> None:
        """Do not call ``callback``; nothing happens if it is not there any more."""


class WebSocketOpener(Protocol):
    """A ``ResponseChannel`` whose transport has messages rather than bytes."""

    async def accept_websocket(
        self,
        subprotocol: str | None,
        headers: CIMultiDict[str],
        settings: SessionSettings,
        *,
        decode_text: bool,
        writer_limit: int,
    ) -> WebSocketChannel:
        """Accept the handshake with ``headers``; the response has begun then.

        Of ``settings`` the server in front has its own, but for the largest message. Raises
        ``ValueError`` for a field that cannot be sent, ``ClientConnectionResetError`` if the client
        is gone, and ``RuntimeError`` if the server in front opens no WebSocket for this request.
        """


def opener_of(channel: ResponseChannel) -> WebSocketOpener | None:
    """Return ``channel`` if it is a ``WebSocketOpener``, else None."""
    # No ``isinstance``: it would look at each member of the protocol.
    if getattr(channel, "accept_websocket", None) is None:
        return None
    return cast("WebSocketOpener", channel)


def too_late(session: SessionState) -> ClientConnectionResetError:
    """Return the error of a message that comes behind the end."""
    return ClientConnectionResetError(
        f"Cannot send: the WebSocket is {session.state.value} (code {session.close_code})"
    )


def extra_info(channel: WebSocketChannel | None, name: str, default: object) -> Any:
    """Return extra information of the transport; ``default`` if there is none or no transport."""
    transport = None if channel is None else channel.current_transport
    return default if transport is None else transport.get_extra_info(name, default)
