"""Frames, RFC 6455 section 5: decode bytes to parts of payload, and encode payload to frames.

A session calls ``FrameDecoder.decode()`` once for each read of the transport and gets the parts of
frames in it. The decoder refuses a frame at the first byte that decides: it checks a header before
any payload, so it never stores bytes for a frame that will be refused. It returns the payload of
data frames as it arrives; the only bytes that it keeps are an incomplete header or an incomplete
control frame, at most 130 of them. It does not look into payloads: ``_assembler`` and ``_close``
check UTF-8, compressed data and close codes.

This module is the hot path. It stays plain typed Python that mypyc can compile: final classes,
slots, integers and bytes only.
"""

from typing import Final, final

from ._errors import WebSocketError, WSLimitError
from ._mask import unmask

__all__ = [
    "FIN",
    "RSV1",
    "SHORT_TEXT",
    "FrameDecoder",
    "FramePart",
    "encode_frame",
]

FIN: Final = 0x80
RSV1: Final = 0x40

_CONTINUATION: Final = 0x0
_TEXT: Final = 0x1
_BINARY: Final = 0x2
_CONTROL: Final = 0x8  # the bit that all control opcodes share
_PONG: Final = 0xA
# A text or binary message in one frame, uncompressed.
_FIN_TEXT: Final = 0x81
_FIN_BINARY: Final = 0x82

# Frames of an unfinished message that need not bring a byte. Honest peers send none or, between
# their fragments, a few pings.
_FREE_FRAMES: Final = 1024

_PROTOCOL_ERROR: Final = 1002
_MESSAGE_TOO_BIG: Final = 1009

# A part of a frame: the first byte of its header (FIN, RSV1-3, opcode), unmasked payload, and True
# if the frame ends with it. Control frames always come in one part.
FramePart = tuple[int, bytes | bytearray, bool]

#: The headers of text messages of up to 125 bytes, the most frequent frames. With this table
#: ``encode_frame`` takes 0.56 of the time for a text of 64 bytes (``bench:websocket --alone`` sends
#: such).
SHORT_TEXT: Final = tuple(bytes((_FIN_TEXT, size)) for size in range(126))


def encode_frame(head: int, payload: bytes | bytearray) -> bytes:
    """Return an unmasked frame; ``head`` is the first byte of its header.

    Servers do not mask (section 5.1). Lengths take the shortest form (section 5.2).
    """
    size = len(payload)
    if size < 126:
        if head == _FIN_TEXT:
            return SHORT_TEXT[size] + payload
        return (head << 8 | size).to_bytes(2, "big") + payload
    if size < 1 << 16:
        return (head << 24 | 126 << 16 | size).to_bytes(4, "big") + payload
    return (head << 72 | 127 << 64 | size).to_bytes(10, "big") + payload


@final
class FrameDecoder:
    """Decodes the frames that a client sends.

    ``max_size`` limits the payload of a message over all its frames, in bytes; 0 disables the
    limit. ``compression`` is True if permessage-deflate was negotiated, so that RSV1 may be set on
    the first frame of a message (RFC 7692 section 6).

    The frames of a message pay for themselves. If ``max_fragments`` is None, a message may have
    1,024 frames and one more for each byte of its payload, and control frames between its fragments
    count: so ``max_size`` bounds the work for a message, and frames without payload cannot go on
    for ever. Any other ``max_fragments`` is a fixed number of data frames; 0 disables the limit.

    Check ``error`` after each ``decode()``: while it is set, nothing more is decoded.

    While ``between_messages`` is True, the caller may read unfragmented, uncompressed messages of
    up to ``short`` bytes from the beginning of the data by itself, and pass the rest: no other rule
    applies to them.
    """

    __slots__ = (
        "_bytes_left",
        "_compression",
        "_frames",
        "_head",
        "_key",
        "_max_fragments",
        "_max_size",
        "_message_head",
        "_pending",
        "_size",
        "between_messages",
        "error",
        "short",
    )

    def __init__(self, max_size: int, max_fragments: int | None, compression: bool) -> None:
        # Settings.
        self._max_size = max_size
        self._max_fragments = max_fragments
        self._compression = compression
        # The frame that has not fully arrived: bytes left, header byte, mask for the next byte.
        self._bytes_left = 0
        self._head = 0
        self._key = b""
        # The fragmented message that has not fully arrived: its first header byte, or -1.
        self._message_head = -1
        self._size = 0
        self._frames = 0
        # An incomplete header or control frame.
        self._pending = b""
        self.error: WebSocketError | None = None
        #: True if no frame and no message has begun, and no fault was found.
        self.between_messages: bool = True
        #: The payload of a message that takes one byte of length, and is within the limit.
        self.short: int = min(125, max_size) if max_size else 125

    def decode(self, data: bytes) -> list[FramePart]:
        """Return the parts in ``data``: any number for each frame, the last one marked."""
        parts: list[FramePart] = []
        if self.error is not None:
            return parts
        if self._pending:
            data = self._pending + data
            self._pending = b""
        end = len(data)
        pos = 0
        if self._bytes_left:
            pos = self._continue_frame(data, parts)
        while end - pos > 1:
            head = data[pos]
            length = data[pos + 1] - 128
            start = pos + 6
            # A short unfragmented message, the common frame, needs no other check than this.
            if not (
                0 <= length < 126
                and _FIN_TEXT <= head <= _FIN_BINARY
                and self._message_head < 0
                and (length <= self._max_size or not self._max_size)
            ):
                self.error = self._check_header(head, length)
                if self.error is not None:
                    break
                if length > 125:
                    start += 2 if length == 126 else 8
                    if end < start - 4:
                        break
                    length = int.from_bytes(data[pos + 2 : start - 4], "big")
                self.error = self._check_length(head, length, start - pos)
                if self.error is not None:
                    break
                if end < start or (head & _CONTROL and end < start + length):
                    break
                self._count_frame(head, length)
            elif end < start:
                break
            stop = start + length
            if stop > end:
                self._read_partial(head, stop - end, data[start - 4 : start], data, start, parts)
                self.between_messages = False
                return parts
            parts.append((head, unmask(data, start, stop, data[start - 4 : start]), True))
            pos = stop
        if pos < end and self.error is None:
            self._pending = data[pos:]
            self.between_messages = False
        else:
            self.between_messages = (
                self._message_head < 0 and not self._bytes_left and self.error is None
            )
        return parts

    # Payload that arrives in parts

    def _read_partial(
        self, head: int, left: int, key: bytes, data: bytes, start: int, parts: list[FramePart]
    ) -> None:
        end = len(data)
        turn = end - start & 3
        self._head = head
        self._bytes_left = left
        self._key = key[turn:] + key[:turn]
        if end > start:
            parts.append((head, unmask(data, start, end, key), False))

    def _continue_frame(self, data: bytes, parts: list[FramePart]) -> int:
        if len(data) < self._bytes_left:
            self._read_partial(self._head, self._bytes_left - len(data), self._key, data, 0, parts)
            return len(data)
        stop = self._bytes_left
        self._bytes_left = 0
        parts.append((self._head, unmask(data, 0, stop, self._key), True))
        return stop

    # Checks of a header; every rule is from section 5.2 unless a comment names another

    def _check_header(self, head: int, length: int) -> WebSocketError | None:
        opcode = head & 0xF
        if opcode > _PONG or _BINARY < opcode < _CONTROL:
            return _violation(f"opcode 0x{opcode:x} is not defined; use 0, 1, 2, 8, 9 or 10")
        if length < 0:
            # Section 5.1: "The server MUST close the connection upon receiving a frame that is
            # not masked."
            return _violation("frame is not masked; a client masks every frame")
        if head & 0x70:
            # RFC 7692 section 6: RSV1 only on the first fragment of a data message. Some clients
            # set it on control frames too once it is negotiated; those are never compressed, so
            # there it means nothing (https://github.com/aio-libs/aiohttp/issues/14007).
            may_be_set = opcode in (_TEXT, _BINARY) or (self._compression and opcode & _CONTROL)
            if head & 0x30 or not may_be_set:
                return _violation(f"reserved bits 0x{head & 0x70:x} on opcode 0x{opcode:x}")
            if not self._compression:
                return _violation("RSV1 is set, but permessage-deflate was not negotiated")
        if opcode & _CONTROL:
            if not head & FIN:
                return _violation(f"control frame 0x{opcode:x} is fragmented")  # section 5.5
            if length > 125:
                return _violation(f"control frame 0x{opcode:x} is longer than 125 bytes")
        elif opcode == _CONTINUATION:
            if self._message_head < 0:
                return _violation("continuation frame without a message to continue")
        elif self._message_head >= 0:
            return _violation(f"opcode 0x{opcode:x} inside a fragmented message; use opcode 0")
        return None

    def _check_length(self, head: int, length: int, header_size: int) -> WebSocketError | None:
        if length < (126 if header_size == 8 else 1 << 16 if header_size == 14 else 0):
            return _violation(f"length {length} is not written in its shortest form")
        if length >> 63:
            return _violation(f"length 0x{length:x} has its most significant bit set")
        error = self._check_number(head, length)
        if error is not None or head & _CONTROL:
            return error
        limit = self._max_size
        if limit and (self._message_head if self._message_head >= 0 else head) & RSV1:
            # Data that does not compress grows: zlib adds 5 bytes per stored block of 16 KiB and a
            # few at the end. ``Inflater`` keeps the exact limit; this one limits its input.
            limit += (limit >> 8) + 1024
        size = self._size + length
        if limit and size > limit:
            return WSLimitError(
                _MESSAGE_TOO_BIG,
                f"message of {size} bytes is over the limit of {self._max_size}",
                limit=self._max_size,
                size=size,
            )
        return None

    def _check_number(self, head: int, length: int) -> WSLimitError | None:
        limit = self._max_fragments
        if limit is None:
            limit = _FREE_FRAMES + self._size + (0 if head & _CONTROL else length)
        elif head & _CONTROL or not limit:
            return None
        if self._frames < limit:
            return None
        return WSLimitError(
            _MESSAGE_TOO_BIG,
            f"message has more than {limit} frames; send more payload in each",
            limit=limit,
            size=self._frames + 1,
        )

    def _count_frame(self, head: int, length: int) -> None:
        if head & _CONTROL:
            if self._message_head >= 0 and self._max_fragments is None:
                self._frames += 1
            return
        if head & FIN:
            self._message_head = -1
            self._size = 0
            self._frames = 0
            return
        if self._message_head < 0:
            self._message_head = head
        self._size += length
        self._frames += 1


def _violation(message: str) -> WebSocketError:
    return WebSocketError(_PROTOCOL_ERROR, message)
