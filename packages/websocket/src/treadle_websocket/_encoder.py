"""Encode the messages and control frames of a session, and queue its pongs.

``MessageEncoder`` takes payloads and returns the bytes to write, compressed if the handshake agreed
on that. It does not know the state of the close handshake: ``_session`` calls it only while frames
may be sent. Queued pongs go out before the next frame (RFC 6455 section 5.5.2: "as soon as is
practical"), so that a caller that writes every result in order needs to do nothing about them.
"""

from typing import Final, final

from ._deflate import Deflater, Deflation, PerMessageDeflate
from ._errors import WSValueError, wrong_type
from ._frames import FIN, RSV1, encode_frame
from ._prepared import PreparedMessage

__all__ = ["BytesLike", "MessageEncoder", "control_payload", "flatten"]

BytesLike = bytes | bytearray | memoryview

_MAX_CONTROL: Final = 125  # section 5.5
# Queued frames that are kept for a peer that does not read: 16 KiB at most.
_MAX_KEPT: Final = 128


@final
class MessageEncoder:
    """Encodes for one session; messages of at least ``compress_from`` bytes are compressed."""

    __slots__ = ("_compress_from", "_deflater", "plain_below", "queued")

    def __init__(self, agreed: PerMessageDeflate | None, compress_from: int) -> None:
        self._deflater = None if agreed is None else Deflater(agreed)
        self._compress_from = compress_from
        #: Smaller messages have a header of two bytes, and are not compressed unless asked for.
        self.plain_below: int = 126 if agreed is None else min(126, compress_from)
        #: Control frames that were not taken yet. One buffer: a read of 256 KiB can hold 43,000
        #: pings, and a pong is never longer than its ping.
        self.queued = bytearray()

    def encode_message(self, head: int, payload: bytes | bytearray, compress: bool | None) -> bytes:
        """Return a whole text or binary message; ``head`` is its first byte without RSV1."""
        if self._deflater is None and not self.queued:
            return encode_frame(head, payload)
        if self._deflater is not None and self._should_compress(len(payload), compress):
            frame = encode_frame(head | RSV1, self._deflater.deflate(payload))
        else:
            frame = encode_frame(head, payload)
        return self.take_queued(frame) if self.queued else frame

    def start_deflation(self, head: int, payload: bytes | bytearray) -> Deflation | None:
        """Return a message for compression by the caller; None if it would not be compressed."""
        if self._deflater is None or not payload:
            return None
        return Deflation(head | RSV1, payload, self._deflater.detach_context())

    def encode_deflated(self, deflation: Deflation) -> bytes:
        """Return the frame of a message that the caller has compressed."""
        if deflation.output is None:
            raise WSValueError("the message is not compressed yet: call its run() first")
        if self._deflater is not None:
            self._deflater.attach_context(deflation.context)
        return self.take_queued(encode_frame(deflation.head, deflation.output))

    def encode_prepared(self, message: PreparedMessage, compress: bool | None) -> bytes:
        """Return the frame of a message that many sessions share."""
        if self._deflater is not None and self._should_compress(len(message.payload), compress):
            self._deflater.reset_context()
            frame = message.compressed(self._deflater.agreed)
        else:
            frame = message.plain
        return self.take_queued(frame) if self.queued else frame

    def encode_control(self, opcode: int, payload: bytes | bytearray) -> bytes:
        """Return a control frame; ``WSValueError`` for more than 125 bytes."""
        if len(payload) > _MAX_CONTROL:
            raise WSValueError(f"payload of {len(payload)} bytes; a ping or pong holds at most 125")
        return self.take_queued(encode_frame(FIN | opcode, payload))

    def queue_control(self, opcode: int, payload: bytes | bytearray) -> None:
        """Queue a control frame for the next write."""
        self.queued += encode_frame(FIN | opcode, payload)

    def drop_oldest(self) -> None:
        """Keep the latest 128 queued frames, because the caller did not take them in time.

        Section 5.5.3: an endpoint that has not yet answered earlier pings "MAY elect to send a Pong
        frame for only the most recently processed Ping frame".
        """
        starts = []
        stop = 0
        while stop < len(self.queued):
            starts.append(stop)
            stop += 2 + self.queued[stop + 1]
        if len(starts) > _MAX_KEPT:
            del self.queued[: starts[-_MAX_KEPT]]

    def take_queued(self, frame: bytes = b"") -> bytes:
        """Return the queued frames, with ``frame`` behind them, and empty the queue."""
        if not self.queued:
            return frame
        data = bytes(self.queued) + frame
        self.queued.clear()
        return data

    def release(self) -> None:
        """Drop the compression context."""
        self._deflater = None

    def _should_compress(self, size: int, compress: bool | None) -> bool:
        # A flush of an empty message would give nothing to send: it is sent uncompressed.
        wanted = size >= self._compress_from if compress is None else compress
        return wanted and size > 0


def flatten(data: BytesLike) -> bytes | bytearray:
    """Return ``data`` so that ``len()`` counts bytes; that of a memoryview counts its items."""
    return bytes(data) if isinstance(data, memoryview) else data


def control_payload(method: str, data: str | BytesLike) -> bytes | bytearray:
    """Return the payload of a ping or pong; raises ``WSMessageTypeError`` for another type."""
    if isinstance(data, str):
        return data.encode()
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise wrong_type(method, "str, bytes, bytearray or memoryview", data)
    return flatten(data)
