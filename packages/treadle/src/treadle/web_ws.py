"""The names of ``aiohttp.web_ws``."""

from treadle_server import WebSocketReady, WebSocketResponse
from treadle_websocket import WebSocketError, WSCloseCode, WSMessage, WSMsgType

__all__ = [
    "WSCloseCode",
    "WSMessage",
    "WSMsgType",
    "WebSocketError",
    "WebSocketReady",
    "WebSocketResponse",
]
