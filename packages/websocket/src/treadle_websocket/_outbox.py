"""What a session sends: frames, compressed where that was agreed, and answers that wait.

Takes payloads, returns the bytes to write. It knows nothing of the close handshake: ``_session``
asks it only while something may be sent. Pongs wait here until anything else is written and then
go first (RFC 6455 section 5.5.2: "as soon as is practical"), so a caller that writes every result
in order needs to think of nothing else.
"""

from typing import Final, final

from ._deflate import Deflater, Deflation, PerMessageDeflate
from ._errors import WSValueError
from ._frames import FIN, RSV1, encode_frame
from ._prepared import PreparedMessage

__all__ = ["BytesLike", "Outbox", "flat"]

BytesLike = bytes | bytearray | memoryview

_MAX_CONTROL: Final = 125  # section 5.5
# Frames that wait: a caller that does not write while its peer does not read keeps 16 KiB at most,
# however many pings come.
_MAX_WAITING: Final = 128


@final
class Outbox:
    """Encodes for one session; messages of at least ``compress_from`` bytes are compressed."""

    __slots__ = ("_compress_from", "_deflater", "_waiting")

    def __init__(self, agreed: PerMessageDeflate | None, compress_from: int) -> None:
        self._deflater = None if agreed is None else Deflater(agreed)
        self._compress_from = compress_from
        self._waiting: list[bytes] = []

    def message(self, head: int, payload: bytes | bytearray, compress: bool | None) -> bytes:
        """Return a whole text or binary message; ``head`` is its first byte without RSV1."""
        if self._deflater is None and not self._waiting:
            return encode_frame(head, payload)
        if self._deflater is not None and self._compresses(len(payload), compress):
            frame = encode_frame(head | RSV1, self._deflater.deflate(payload))
        else:
            frame = encode_frame(head, payload)
        return self.take(frame) if self._waiting else frame

    def start_deflation(self, head: int, payload: bytes | bytearray) -> Deflation | None:
        """Return a message to be compressed elsewhere; None where it would not be compressed."""
        if self._deflater is None or not payload:
            return None
        return Deflation(head | RSV1, payload, self._deflater.lend())

    def deflated(self, deflation: Deflation) -> bytes:
        """Return the frame of a message that was compressed elsewhere."""
        if deflation.output is None:
            raise WSValueError("the message is not compressed yet: call its run() first")
        if self._deflater is not None:
            self._deflater.give_back(deflation.context)
        return self.take(encode_frame(deflation.head, deflation.output))

    def prepared(self, message: PreparedMessage, compress: bool | None) -> bytes:
        """Return a frame that other sessions share."""
        if self._deflater is not None and self._compresses(len(message.payload), compress):
            self._deflater.forget()
            frame = message.compressed(self._deflater.agreed)
        else:
            frame = message.plain
        return self.take(frame) if self._waiting else frame

    def control(self, opcode: int, data: str | BytesLike) -> bytes:
        """Return a control frame; ``WSValueError`` for more than 125 bytes."""
        payload = data.encode() if isinstance(data, str) else flat(data)
        if len(payload) > _MAX_CONTROL:
            raise WSValueError(f"payload of {len(payload)} bytes; a ping or pong holds at most 125")
        return self.take(encode_frame(FIN | opcode, payload))

    def queue(self, opcode: int, payload: bytes | bytearray) -> None:
        """Let a control frame wait for the next write; of many only the latest wait."""
        if len(self._waiting) >= _MAX_WAITING:
            # Section 5.5.3: an endpoint that has not yet answered earlier pings "MAY elect to send
            # a Pong frame for only the most recently processed Ping frame".
            del self._waiting[0]
        self._waiting.append(encode_frame(FIN | opcode, payload))

    def take(self, frame: bytes = b"") -> bytes:
        """Return what waits, once, and ``frame`` after it."""
        if not self._waiting:
            return frame
        data = b"".join((*self._waiting, frame))
        self._waiting.clear()
        return data

    def release(self) -> None:
        """Let go of the compression context."""
        self._deflater = None

    def _compresses(self, size: int, compress: bool | None) -> bool:
        # An empty message cannot be flushed into anything; it travels as it is.
        wanted = size >= self._compress_from if compress is None else compress
        return wanted and size > 0


def flat(data: BytesLike) -> bytes | bytearray:
    """Return ``data`` as an object whose length is in bytes; a memoryview counts items."""
    return bytes(data) if isinstance(data, memoryview) else data
