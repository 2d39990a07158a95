"""Messages out of the pieces that ``_frames`` hands on, for everything but the simplest case.

A session turns a text or binary message of one whole frame into a message by itself; fragments,
partial frames and compressed messages come here. Text is validated piece by piece, so a message
is refused at its first bad byte and not when its end arrives; it is decoded once, at the end.
What is kept is the message so far, in one buffer of at most ``limit`` bytes.
"""

import codecs
from typing import Final, final

from ._deflate import Inflater
from ._errors import WebSocketError
from ._frames import FIN, RSV1, Piece

__all__ = ["Assembler"]

_utf8_decoder: Final = codecs.getincrementaldecoder("utf-8")


@final
class Assembler:
    """Collects one message at a time; ``limit`` is in bytes, 0 for none.

    ``busy`` is True from the first piece of a message to its last. The order of pieces was judged
    before: a message starts with opcode 1 or 2 and goes on with 0.
    """

    __slots__ = ("_buffer", "_compressed", "_inflater", "_limit", "_text", "busy", "is_text")

    def __init__(self, limit: int, inflater: Inflater | None) -> None:
        self._limit = limit
        self._inflater = inflater
        self._buffer = bytearray()
        self._text: codecs.IncrementalDecoder | None = None
        self._compressed = False
        self.busy = False
        # What the message that ``add()`` returned last is.
        self.is_text = False

    def add(self, piece: Piece) -> bytes | bytearray | None:
        """Take one piece; return the payload of the message that it completes, else None.

        Raises ``WebSocketError`` with 1007 for bad UTF-8 or bad DEFLATE, 1009 for too much.
        """
        head, data, ends_frame = piece
        if not self.busy:
            self.busy = True
            self.is_text = head & 0xF == 1
            self._text = _utf8_decoder() if self.is_text else None
            self._compressed = bool(head & RSV1)
        last = ends_frame and bool(head & FIN)
        if self._compressed:
            assert self._inflater is not None, "RSV1 passes the decoder only where negotiated"
            data = self._inflater.inflate(data, len(self._buffer), self._limit, last)
        if self._text is not None:
            self._validate(self._text, data, last)
        if not last:
            self._buffer += data
            return None
        self.busy = False
        if not self._buffer:
            return data
        self._buffer += data
        message = self._buffer
        self._buffer = bytearray()
        return message

    def _validate(
        self, decoder: codecs.IncrementalDecoder, data: bytes | bytearray, last: bool
    ) -> None:
        try:
            decoder.decode(data, last)
        except UnicodeDecodeError as exc:
            raise WebSocketError(1007, f"text is not UTF-8: {exc.reason}") from exc
        # CPython notices a surrogate (ED A0 80 to ED BF BF) at its third byte; RFC 3629 section 4
        # has no such second byte.
        waiting = decoder.getstate()[0]
        if len(waiting) == 2 and waiting[0] == 0xED and waiting[1] >= 0xA0:
            raise WebSocketError(1007, "text is not UTF-8: it holds a surrogate")

    def clear(self) -> None:
        """Let go of an unfinished message."""
        self._buffer = bytearray()
        self._inflater = None
