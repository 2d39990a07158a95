"""Assemble messages from the frame parts of ``_frames``, except in the simplest case.

A session itself makes a message of a text or binary frame that is whole and alone; fragments,
partial frames and compressed messages come here. Text is validated part by part, so that a message
is refused at its first bad byte and not when its end arrives: a part that is not ASCII is decoded
for that. The whole is decoded at the end. The message so far is kept in one buffer of at most
``limit`` bytes.
"""

import codecs
from typing import Final, final

from ._deflate import Inflater
from ._errors import WebSocketError
from ._frames import FIN, RSV1, FramePart

__all__ = ["Assembler"]

_utf8_decoder: Final = codecs.getincrementaldecoder("utf-8")


@final
class Assembler:
    """Collects one message at a time; ``limit`` is in bytes, 0 for no limit.

    ``in_message`` is True from the first part of a message to its last. ``FrameDecoder`` has
    checked their order: a message starts with opcode 1 or 2 and continues with 0.
    """

    __slots__ = (
        "_buffer",
        "_compressed",
        "_in_character",
        "_inflater",
        "_limit",
        "_text",
        "in_message",
        "is_text",
    )

    def __init__(self, limit: int, inflater: Inflater | None) -> None:
        self._limit = limit
        self._inflater = inflater
        self._buffer = bytearray()
        # Made for the first text that is not ASCII; True between two bytes of a character.
        self._text: codecs.IncrementalDecoder | None = None
        self._in_character = False
        self._compressed = False
        self.in_message = False
        # True if the message that ``add()`` returned last is text.
        self.is_text = False

    def add(self, part: FramePart) -> bytes | bytearray | None:
        """Take one part; return the payload of the message that it completes, else None.

        Raises ``WebSocketError`` with 1007 for bad UTF-8 or bad DEFLATE, 1009 for too many bytes.
        """
        head, data, ends_frame = part
        if not self.in_message:
            self.in_message = True
            self.is_text = head & 0xF == 1
            self._compressed = bool(head & RSV1)
        last = ends_frame and bool(head & FIN)
        if self._compressed:
            assert self._inflater is not None, "RSV1 passes the decoder only where negotiated"
            data = self._inflater.inflate(data, len(self._buffer), self._limit, last)
        # Most text is ASCII: finding that out takes a fraction of decoding it.
        if self.is_text and (self._in_character or not data.isascii()):
            self._validate(data, last)
        if not last:
            self._buffer += data
            return None
        self.in_message = False
        if not self._buffer:
            return data
        self._buffer += data
        message = self._buffer
        self._buffer = bytearray()
        return message

    def _validate(self, data: bytes | bytearray, last: bool) -> None:
        decoder = self._text
        if decoder is None:
            decoder = self._text = _utf8_decoder()
        try:
            decoder.decode(data, last)
        except UnicodeDecodeError as exc:
            raise WebSocketError(1007, f"text is not UTF-8: {exc.reason}") from exc
        # CPython detects a surrogate (ED A0 80 to ED BF BF) at its third byte, but its second byte
        # is already invalid (RFC 3629 section 4).
        waiting = decoder.getstate()[0]
        self._in_character = bool(waiting)
        if len(waiting) == 2 and waiting[0] == 0xED and waiting[1] >= 0xA0:
            raise WebSocketError(1007, "text is not UTF-8: it holds a surrogate")

    def clear(self) -> None:
        """Drop an unfinished message."""
        self._buffer = bytearray()
        self._inflater = None
