"""Frames, RFC 6455 section 5: bytes in, pieces of payload out, and the way back.

``FrameDecoder.decode()`` takes what the transport read and returns the pieces it holds; a session
calls it once per read. It refuses at the first byte that decides: a header is judged before any
of its payload is looked at, so nothing is ever stored for a frame that will be refused. Payload
of data frames is handed on as it comes and never kept here; the only bytes kept are an incomplete
header or an incomplete control frame, at most 131 of them. It does not look into payloads: UTF-8,
inflation and close codes are the business of ``_assembler`` and ``_close``.

This module is the hot path. It stays plain typed Python that mypyc can compile: final classes,
slots, integers and bytes only.
"""

from typing import Final, final

from ._errors import WebSocketError, WSLimitError

__all__ = [
    "FIN",
    "RSV1",
    "FrameDecoder",
    "Piece",
    "encode_frame",
    "unmask",
]

FIN: Final = 0x80
RSV1: Final = 0x40

_CONTINUATION: Final = 0x0
_TEXT: Final = 0x1
_BINARY: Final = 0x2
_CONTROL: Final = 0x8  # the bit that all control opcodes share
_PONG: Final = 0xA
_FIN_TEXT: Final = 0x81
_WHOLE: Final = (0x81, 0x82)  # a text or binary message in one frame, uncompressed

_PROTOCOL_ERROR: Final = 1002
_MESSAGE_TOO_BIG: Final = 1009

# One piece of a frame: the first byte of its header (FIN, RSV1-3, opcode), unmasked payload, and
# whether the frame ends with it. Control frames always come in one piece.
Piece = tuple[int, bytes | bytearray, bool]

# Below this many bytes one XOR of two big integers is fastest, above it four strided
# ``bytes.translate``; they cross at 400 to 900 bytes on CPython 3.11 to 3.13
# (tools/bench/bench_websocket.py --masks).
_STRIPES_FROM: Final = 512

_from_bytes: Final = int.from_bytes

# The headers of short text messages, which are what most programs send most.
_SHORT_TEXT: Final = tuple(bytes((_FIN_TEXT, size)) for size in range(126))

# ``_XOR[k]`` maps each byte b to b ^ k. 64 KiB, filled on the first large frame.
_XOR: Final[list[bytes]] = []


def unmask(data: bytes, start: int, stop: int, key: bytes) -> bytes | bytearray:
    """XOR ``data[start:stop]`` with the four bytes of ``key``, repeated (section 5.3).

    It masks just as well.
    """
    size = stop - start
    if size < _STRIPES_FROM:
        stream = (key * ((size + 3) >> 2))[:size]
        # Big-endian, which is the default: naming it costs a tenth of the whole.
        return (_from_bytes(data[start:stop]) ^ _from_bytes(stream)).to_bytes(size)
    if not _XOR:
        _XOR.extend(bytes(byte ^ k for byte in range(256)) for k in range(256))
    out = bytearray(size)
    out[0::4] = data[start:stop:4].translate(_XOR[key[0]])
    out[1::4] = data[start + 1 : stop : 4].translate(_XOR[key[1]])
    out[2::4] = data[start + 2 : stop : 4].translate(_XOR[key[2]])
    out[3::4] = data[start + 3 : stop : 4].translate(_XOR[key[3]])
    return out


def encode_frame(head: int, payload: bytes | bytearray) -> bytes:
    """Return an unmasked frame; ``head`` is the first byte of its header.

    Servers do not mask (section 5.1). Lengths are written in the shortest form (section 5.2).
    """
    size = len(payload)
    if size < 126:
        if head == _FIN_TEXT:
            return _SHORT_TEXT[size] + payload
        return (head << 8 | size).to_bytes(2, "big") + payload
    if size < 1 << 16:
        return (head << 24 | 126 << 16 | size).to_bytes(4, "big") + payload
    return (head << 72 | 127 << 64 | size).to_bytes(10, "big") + payload


@final
class FrameDecoder:
    """Decodes the frames that a client sends.

    ``max_size``: bytes of payload that a message may have over all its frames, 0 for no limit.
    ``max_fragments``: frames that it may have, 0 for no limit. ``compression``: permessage-deflate
    was negotiated, so RSV1 may be set on the first frame of a message (RFC 7692 section 6).

    After each ``decode()`` look at ``fault``: once it is set nothing more is decoded.
    """

    __slots__ = (
        "_compression",
        "_fragments",
        "_head",
        "_key",
        "_left",
        "_max_fragments",
        "_max_size",
        "_message",
        "_rest",
        "_size",
        "fault",
    )

    def __init__(self, max_size: int, max_fragments: int, compression: bool) -> None:
        # Settings.
        self._max_size = max_size
        self._max_fragments = max_fragments
        self._compression = compression
        # The frame whose payload is still coming: bytes left, header byte, mask for the next one.
        self._left = 0
        self._head = 0
        self._key = b""
        # The fragmented message that is still coming: its first header byte, or -1.
        self._message = -1
        self._size = 0
        self._fragments = 0
        # An incomplete header or control frame.
        self._rest = b""
        self.fault: WebSocketError | None = None

    def decode(self, data: bytes) -> list[Piece]:
        """Return the pieces in ``data``: any number for each frame, the last one marked."""
        pieces: list[Piece] = []
        if self.fault is not None:
            return pieces
        if self._rest:
            data = self._rest + data
            self._rest = b""
        end = len(data)
        pos = 0
        if self._left:
            pos = self._continue(data, pieces)
        while end - pos > 1:
            head = data[pos]
            length = data[pos + 1] - 128
            start = pos + 6
            # The common frame, a short whole message, needs no more judgement than this line.
            if not (
                0 <= length < 126
                and head in _WHOLE
                and self._message < 0
                and (length <= self._max_size or not self._max_size)
            ):
                self.fault = self._judge_start(head, length)
                if self.fault is not None:
                    break
                if length > 125:
                    start += 2 if length == 126 else 8
                    if end < start - 4:
                        break
                    length = int.from_bytes(data[pos + 2 : start - 4], "big")
                self.fault = self._judge_length(head, length, start - pos)
                if self.fault is not None:
                    break
                if end < start or (head & _CONTROL and end < start + length):
                    break
                self._admit(head, length)
            elif end < start:
                break
            stop = start + length
            if stop > end:
                self._begin(head, stop - end, data[start - 4 : start], data, start, pieces)
                return pieces
            pieces.append((head, unmask(data, start, stop, data[start - 4 : start]), True))
            pos = stop
        if pos < end and self.fault is None:
            self._rest = data[pos:]
        return pieces

    def decode_text(self, data: bytes) -> bytes | None:
        """Return the payload if ``data`` is one short text message and nothing else, else None.

        That is what most reads of most programs are; it costs a third of what ``decode()`` does.
        """
        size = len(data)
        if (
            5 < size < 132
            and data[0] == _FIN_TEXT
            and data[1] == size + 122
            and self._message < 0
            and not self._left
            and not self._rest
            and self.fault is None
            and (size - 6 <= self._max_size or not self._max_size)
        ):
            # What ``unmask`` does, without another call.
            stream = (data[2:6] * 32)[: size - 6]
            return (_from_bytes(data[6:]) ^ _from_bytes(stream)).to_bytes(size - 6)
        return None

    # Payload that comes in pieces

    def _begin(
        self, head: int, left: int, key: bytes, data: bytes, start: int, pieces: list[Piece]
    ) -> None:
        end = len(data)
        turn = end - start & 3
        self._head = head
        self._left = left
        self._key = key[turn:] + key[:turn]
        if end > start:
            pieces.append((head, unmask(data, start, end, key), False))

    def _continue(self, data: bytes, pieces: list[Piece]) -> int:
        if len(data) < self._left:
            self._begin(self._head, self._left - len(data), self._key, data, 0, pieces)
            return len(data)
        stop = self._left
        self._left = 0
        pieces.append((self._head, unmask(data, 0, stop, self._key), True))
        return stop

    # Judging a header; every rule is of section 5.2 unless its line says otherwise

    def _judge_start(self, head: int, length: int) -> WebSocketError | None:
        opcode = head & 0xF
        if opcode > _PONG or _BINARY < opcode < _CONTROL:
            return _violation(f"opcode 0x{opcode:x} is not defined; use 0, 1, 2, 8, 9 or 10")
        if length < 0:
            # Section 5.1: "The server MUST close the connection upon receiving a frame that is
            # not masked."
            return _violation("frame is not masked; a client masks every frame")
        if head & 0x70:
            # RFC 7692 section 6: RSV1 only on the first fragment of a data message.
            if head & 0x30 or opcode not in (_TEXT, _BINARY):
                return _violation(f"reserved bits 0x{head & 0x70:x} on opcode 0x{opcode:x}")
            if not self._compression:
                return _violation("RSV1 is set, but permessage-deflate was not negotiated")
        if opcode & _CONTROL:
            if not head & FIN:
                return _violation(f"control frame 0x{opcode:x} is fragmented")  # section 5.5
            if length > 125:
                return _violation(f"control frame 0x{opcode:x} is longer than 125 bytes")
        elif opcode == _CONTINUATION:
            if self._message < 0:
                return _violation("continuation frame without a message to continue")
        elif self._message >= 0:
            return _violation(f"opcode 0x{opcode:x} inside a fragmented message; use opcode 0")
        return None

    def _judge_length(self, head: int, length: int, header_size: int) -> WebSocketError | None:
        if length < (126 if header_size == 8 else 1 << 16 if header_size == 14 else 0):
            return _violation(f"length {length} is not written in its shortest form")
        if length >> 63:
            return _violation(f"length 0x{length:x} has its most significant bit set")
        if head & _CONTROL:
            return None
        if self._fragments >= self._max_fragments > 0:
            return WSLimitError(
                _MESSAGE_TOO_BIG,
                f"message has more than {self._max_fragments} fragments",
                limit=self._max_fragments,
                size=self._fragments + 1,
            )
        limit = self._max_size
        if limit and (self._message if self._message >= 0 else head) & RSV1:
            # What does not compress grows: zlib needs 5 bytes more per stored block of 16 KiB and
            # a few at the end. The true limit is kept while inflating, this one bounds the input.
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

    def _admit(self, head: int, length: int) -> None:
        if head & _CONTROL:
            return
        if head & FIN:
            self._message = -1
            self._size = 0
            self._fragments = 0
            return
        if self._message < 0:
            self._message = head
        self._size += length
        self._fragments += 1


def _violation(message: str) -> WebSocketError:
    return WebSocketError(_PROTOCOL_ERROR, message)
