"""The names of ``aiohttp.web_ws``."""

from typing import Final

from treadle_server import WebSocketReady, WebSocketResponse
from treadle_websocket import WebSocketError, WSCloseCode, WSMessage, WSMsgType

from .helpers import DEFAULT_CHUNK_SIZE
from .http_websocket import WS_KEY

__all__ = [
    "DEFAULT_CHUNK_SIZE",
    "THRESHOLD_CONNLOST_ACCESS",
    "WS_KEY",
    "WSCloseCode",
    "WSMessage",
    "WSMsgType",
    "WebSocketError",
    "WebSocketReady",
    "WebSocketResponse",
]

#: Writes to a lost connection after which aiohttp's ``send_*`` raise; treadle's do at the first.
THRESHOLD_CONNLOST_ACCESS: Final = 5
