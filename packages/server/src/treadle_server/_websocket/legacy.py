"""Names of aiohttp's WebSocket that programs use beyond its interface, each with its user."""

from typing import Final, final

from treadle_websocket import WSMsgType

from .channel import Bytes, WebSocketChannel
from .messages import DecodeText_co, WebSocketMessages

__all__ = ["LegacyWebSocket", "WebSocketWriter"]


@final
class WebSocketWriter:
    """The sending side under aiohttp's name: ``ws._writer`` (Home Assistant's WebSocket API)."""

    def __init__(self, messages: WebSocketMessages[bool], ws: WebSocketChannel) -> None:
        self._messages: Final = messages
        self._ws: Final = ws

    @property
    def _limit(self) -> int:
        """The bytes that may wait for a slow peer before a sender waits (Home Assistant)."""
        return self._ws.limit

    @_limit.setter
    def _limit(self, limit: int) -> None:
        self._ws.set_limit(limit)

    @property
    def transport(self) -> object:
        """The connection's transport, None once it is lost."""
        return self._ws.current_transport

    async def send_frame(self, message: Bytes, opcode: int, compress: bool | None = None) -> None:
        """Send a whole message, a ping or a pong from its payload, or close the WebSocket."""
        if opcode == WSMsgType.CLOSE:
            self._ws.close(int.from_bytes(message[:2], "big") or 1000, bytes(message[2:]))
        else:
            await self._messages.send_frame(message, WSMsgType(opcode), compress)

    async def close(self, code: int = 1000, message: str | Bytes = b"") -> None:
        """Close the WebSocket."""
        data = message.encode() if isinstance(message, str) else bytes(message)
        await self._messages.close(code=code, message=data)


class LegacyWebSocket(WebSocketMessages[DecodeText_co]):
    """The names; ``WebSocketResponse`` inherits them."""

    @property
    def _writer(self) -> WebSocketWriter | None:
        """None until the WebSocket is open."""
        return None if self._ws is None else WebSocketWriter(self, self._ws)
