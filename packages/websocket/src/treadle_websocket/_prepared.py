"""One message for many sessions, encoded once.

A ``PreparedMessage`` holds the frame that every session without compression sends, and makes the
compressed frame once for each window size that sessions agreed on. Give it to
``WebSocketSession.send_prepared()``: a thousand sessions then share one bytes object.
"""

from typing import Final, final

from ._deflate import PerMessageDeflate, deflate_once
from ._errors import wrong_type
from ._frames import FIN, RSV1, encode_frame

__all__ = ["PreparedMessage"]

_TEXT: Final = 1
_BINARY: Final = 2


@final
class PreparedMessage:
    """A text (``str``) or binary (``bytes``) message; raises ``WSMessageTypeError`` for others."""

    __slots__ = ("_compressed", "_opcode", "payload", "plain")

    def __init__(self, data: str | bytes) -> None:
        self.payload: bytes
        if isinstance(data, str):
            self._opcode = _TEXT
            self.payload = data.encode()
        elif isinstance(data, bytes):
            self._opcode = _BINARY
            self.payload = data
        else:
            raise wrong_type("a prepared message", "str or bytes", data)
        self.plain: bytes = encode_frame(FIN | self._opcode, self.payload)
        self._compressed: dict[tuple[int, int, int], bytes] = {}

    @property
    def is_text(self) -> bool:
        """True if the message is text."""
        return self._opcode == _TEXT

    def compressed(self, agreed: PerMessageDeflate) -> bytes:
        """Return the frame for sessions with this agreement; it is made on first use.

        It starts from an empty window. A session with context takeover must reset its own window
        after sending it; ``send_prepared()`` does so.
        """
        key = (agreed.server_max_window_bits, agreed.level, agreed.mem_level)
        frame = self._compressed.get(key)
        if frame is None:
            data = deflate_once(agreed, self.payload)
            frame = self._compressed[key] = encode_frame(FIN | RSV1 | self._opcode, data)
        return frame
