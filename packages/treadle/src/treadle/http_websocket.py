"""The names of ``aiohttp.http_websocket`` that a server has."""

from typing import Final, TypeAlias

from treadle_websocket import (
    WS_CLOSED_MESSAGE,
    WS_CLOSING_MESSAGE,
    Message,
    RawMessage,
    WebSocketError,
    WSCloseCode,
    WSHandshakeError,
    WSMessage,
    WSMessageTextBytes,
    WSMsgType,
)

__all__ = [
    "WS_CLOSED_MESSAGE",
    "WS_CLOSING_MESSAGE",
    "WS_KEY",
    "WSCloseCode",
    "WSHandshakeError",
    "WSMessage",
    "WSMessageDecodeText",
    "WSMessageNoDecodeText",
    "WSMessageTextBytes",
    "WSMsgType",
    "WebSocketError",
]

#: The bytes that a server adds to the client's key before it hashes it (RFC 6455 section 1.3).
WS_KEY: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

#: The union of the messages that a WebSocket receives; their ``type`` tells the type of ``data``.
WSMessageDecodeText: TypeAlias = Message
#: That union with ``decode_text=False``: text comes as bytes.
WSMessageNoDecodeText: TypeAlias = RawMessage
