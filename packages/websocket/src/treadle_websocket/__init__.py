"""The server side of WebSockets (RFC 6455, RFC 7692) without I/O.

``ServerHandshake`` accepts or rejects a request, ``WebSocketSession`` turns bytes into messages and
messages into bytes:

>>> from treadle_websocket import ServerHandshake, WebSocketSession, WSMsgType
>>> request = [
... ("Host", "example.com"),
... ("Upgrade", "websocket"),
... ("Connection", "Upgrade"),
... ("Sec-WebSocket-Version", "13"),
... ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
... ]
>>> decision = ServerHandshake().parse(request)
>>> decision.status, dict(decision.headers)["Sec-WebSocket-Accept"]
(101, 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
>>> session = WebSocketSession(deflate=decision.deflate)
>>> for message in session.receive_data(bytes.fromhex("818537fa213d7f9f4d5158")):
...     if message.type is WSMsgType.TEXT:
...         print(message.data, session.send_text(message.data))
Hello b'\\x81\\x05Hello'
"""

from ._close import encode_close
from ._decision import Accept, Decision, Reject
from ._deflate import DeflatePolicy, Deflation, PerMessageDeflate
from ._errors import (
    WebSocketError,
    WSError,
    WSHandshakeError,
    WSLimitError,
    WSMessageTypeError,
    WSStateError,
    WSValueError,
)
from ._handshake import ServerHandshake
from ._head import HandshakeReader, HandshakeRequest
from ._keepalive import KeepAlive, Verdict
from ._messages import (
    WS_CLOSED_MESSAGE,
    WS_CLOSING_MESSAGE,
    Message,
    RawMessage,
    WSCloseCode,
    WSMessage,
    WSMessageBinary,
    WSMessageClose,
    WSMessageClosed,
    WSMessageClosing,
    WSMessageContinuation,
    WSMessageError,
    WSMessagePing,
    WSMessagePong,
    WSMessageText,
    WSMessageTextBytes,
    WSMsgType,
)
from ._origins import AllowedOrigins
from ._prepared import PreparedMessage
from ._session import WebSocketSession
from ._settings import SessionSettings
from ._state import State
from ._version import __version__

__all__ = [
    "WS_CLOSED_MESSAGE",
    "WS_CLOSING_MESSAGE",
    "Accept",
    "AllowedOrigins",
    "Decision",
    "DeflatePolicy",
    "Deflation",
    "HandshakeReader",
    "HandshakeRequest",
    "KeepAlive",
    "Message",
    "PerMessageDeflate",
    "PreparedMessage",
    "RawMessage",
    "Reject",
    "ServerHandshake",
    "SessionSettings",
    "State",
    "Verdict",
    "WSCloseCode",
    "WSError",
    "WSHandshakeError",
    "WSLimitError",
    "WSMessage",
    "WSMessageBinary",
    "WSMessageClose",
    "WSMessageClosed",
    "WSMessageClosing",
    "WSMessageContinuation",
    "WSMessageError",
    "WSMessagePing",
    "WSMessagePong",
    "WSMessageText",
    "WSMessageTextBytes",
    "WSMessageTypeError",
    "WSMsgType",
    "WSStateError",
    "WSValueError",
    "WebSocketError",
    "WebSocketSession",
    "__version__",
    "encode_close",
]
