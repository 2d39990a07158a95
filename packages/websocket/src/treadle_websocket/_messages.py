"""The values that a session returns: message types, close codes and one class per message.

Every class is a tuple ``(type, data, extra)``. Its ``type`` is a literal, so in
``if msg.type is WSMsgType.TEXT:`` a type checker knows that ``msg.data`` is a ``str``. ``Message``
is the union of messages if text is decoded, ``RawMessage`` the one if it is left as bytes.
"""

import json
from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final, Literal, NamedTuple, TypeAlias, final

from ._errors import WebSocketError
from ._msg_type import WSMsgType

__all__ = [
    "WS_CLOSED_MESSAGE",
    "WS_CLOSING_MESSAGE",
    "Message",
    "RawMessage",
    "WSCloseCode",
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
    "WSMsgType",
]


class WSCloseCode(IntEnum):
    """Close codes of RFC 6455 section 7.4.1 and of IANA's registry.

    1005 and 1015 are missing on purpose: they stand for "no code" and "TLS failed", and a server
    never gives them as its reason. 1006 is never sent; it means that no close frame arrived.
    """

    OK = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    ABNORMAL_CLOSURE = 1006
    INVALID_TEXT = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014


class WSMessage(NamedTuple):
    """Any message: the base of the classes below, and the class for code that builds messages.

    ``data`` is ``Any`` here because programs that annotate with this class use it as text or bytes
    without narrowing; annotate with ``Message`` to have the type checked.
    """

    type: WSMsgType
    data: Any
    extra: str | None = None

    def json(self, *, loads: Callable[[Any], Any] = json.loads) -> Any:
        """Return ``loads(data)``; its exceptions pass (``ValueError`` of ``json.loads``)."""
        return loads(self.data)


@final
class WSMessageContinuation(WSMessage):
    """A fragment, for programs that handle fragments; a session delivers whole messages."""

    __slots__ = ()
    type: Literal[WSMsgType.CONTINUATION]
    data: bytes


@final
class WSMessageText(WSMessage):
    """A text message, decoded."""

    __slots__ = ()
    type: Literal[WSMsgType.TEXT]
    data: str


@final
class WSMessageTextBytes(WSMessage):
    """A text message as its bytes, which are valid UTF-8."""

    __slots__ = ()
    type: Literal[WSMsgType.TEXT]
    data: bytes


@final
class WSMessageBinary(WSMessage):
    """A binary message."""

    __slots__ = ()
    type: Literal[WSMsgType.BINARY]
    data: bytes


@final
class WSMessagePing(WSMessage):
    """A ping of the peer; returned only if pings are not answered automatically."""

    __slots__ = ()
    type: Literal[WSMsgType.PING]
    data: bytes


@final
class WSMessagePong(WSMessage):
    """A pong of the peer; returned only if pings are not answered automatically."""

    __slots__ = ()
    type: Literal[WSMsgType.PONG]
    data: bytes


@final
class WSMessageClose(WSMessage):
    """The peer's close frame: ``data`` is its code, 1005 without one; ``extra`` its reason."""

    __slots__ = ()
    type: Literal[WSMsgType.CLOSE]
    data: int


@final
class WSMessageClosing(WSMessage):
    """This side is closing; for a reader that waits while another task closes."""

    __slots__ = ()
    type: Literal[WSMsgType.CLOSING]
    data: None


@final
class WSMessageClosed(WSMessage):
    """The end: no message follows."""

    __slots__ = ()
    type: Literal[WSMsgType.CLOSED]
    data: None


@final
class WSMessageError(WSMessage):
    """The session failed: ``data`` is a ``WebSocketError`` or a ``TimeoutError``."""

    __slots__ = ()
    type: Literal[WSMsgType.ERROR]
    data: WebSocketError | TimeoutError


_Rest: TypeAlias = (
    WSMessageContinuation
    | WSMessageBinary
    | WSMessagePing
    | WSMessagePong
    | WSMessageClose
    | WSMessageClosing
    | WSMessageClosed
    | WSMessageError
)
#: A message as a handler receives it; its text is a ``str``.
Message: TypeAlias = WSMessageText | _Rest
#: The same with text as ``bytes``, for ``decode_text=False``.
RawMessage: TypeAlias = WSMessageTextBytes | _Rest

#: Received while the connection closes.
WS_CLOSING_MESSAGE: Final = WSMessageClosing(WSMsgType.CLOSING, None)
#: Received when the connection has closed.
WS_CLOSED_MESSAGE: Final = WSMessageClosed(WSMsgType.CLOSED, None)
