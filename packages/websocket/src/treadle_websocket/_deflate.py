"""permessage-deflate, RFC 7692: negotiation of its four parameters, and both directions.

``DeflatePolicy`` holds the server's wishes; ``negotiate()`` compares them with one offer and
returns the agreed ``PerMessageDeflate``, or None to decline. ``Deflater`` and ``Inflater`` serve
one session. zlib's contexts cost about 300 KiB and 40 KiB, so each is made when the first
compressed message needs it, and dropped after every message if takeover is off. The output is
counted while it is inflated: it never exceeds the limit by more than one byte.
"""

import zlib
from dataclasses import dataclass
from typing import Final, final

from ._errors import WebSocketError, WSLimitError, WSValueError, wrong_type
from ._fields import ExtensionOffer

__all__ = [
    "DeflatePolicy",
    "Deflater",
    "Deflation",
    "Inflater",
    "PerMessageDeflate",
    "deflate_once",
]

_NAME: Final = "permessage-deflate"
# The end of a flushed DEFLATE block, which the sender removes (section 7.2.1).
_TAIL: Final = b"\x00\x00\xff\xff"
# A message may hold several DEFLATE streams (final blocks, section 7.2.3.4); real peers send one.
# Each costs a new context for as little as two bytes, so their number is limited.
_MAX_STREAMS: Final = 16
_BITS: Final = {str(bits): bits for bits in range(8, 16)}


@final
@dataclass(frozen=True, slots=True)
class PerMessageDeflate:
    """The parameters agreed with one client. Window sizes are base-2 logarithms, 8 to 15."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = 15
    client_max_window_bits: int = 15
    level: int = zlib.Z_BEST_SPEED
    mem_level: int = 8
    # True if the client offered client_max_window_bits, so that it knows it (section 7.1.2.2).
    limits_client: bool = False

    def __str__(self) -> str:
        """Return the element of Sec-WebSocket-Extensions for the response."""
        parts = [_NAME]
        if self.server_no_context_takeover:
            parts.append("server_no_context_takeover")
        if self.client_no_context_takeover:
            parts.append("client_no_context_takeover")
        if self.server_max_window_bits < 15:
            parts.append(f"server_max_window_bits={self.server_max_window_bits}")
        if self.limits_client and self.client_max_window_bits < 15:
            parts.append(f"client_max_window_bits={self.client_max_window_bits}")
        return "; ".join(parts)


@final
@dataclass(frozen=True, slots=True)
class DeflatePolicy:
    """The server's wishes for compression; a client's offer can only make them stricter.

    ``level`` is zlib's, 0 to 9 (1, because chat-sized messages gain little from more),
    ``mem_level`` its 1 to 9. Smaller windows and no takeover trade compression for memory per
    connection. Raises ``WSValueError`` for a number out of range.
    """

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = 15
    client_max_window_bits: int = 15
    level: int = zlib.Z_BEST_SPEED
    mem_level: int = 8

    def __post_init__(self) -> None:
        # zlib cannot write with a window of 8 bits (it would use 9), so 9 is the least to promise.
        for name, value, least, most in (
            ("server_max_window_bits", self.server_max_window_bits, 9, 15),
            ("client_max_window_bits", self.client_max_window_bits, 8, 15),
            ("level", self.level, 0, 9),
            ("mem_level", self.mem_level, 1, 9),
        ):
            if not isinstance(value, int):
                raise wrong_type(name, "an int", value)
            if not least <= value <= most:
                raise WSValueError(f"{name}={value} must be from {least} to {most}")

    def negotiate(self, offer: ExtensionOffer) -> PerMessageDeflate | None:
        """Return the agreement for ``offer``, or None to decline it.

        Section 7.1 demands that a server declines an offer with a parameter that is unknown, given
        twice, invalid, or impossible for the server.
        """
        parameters = dict(offer.parameters)
        if offer.name != _NAME or len(parameters) != len(offer.parameters):
            return None
        server_bits = self.server_max_window_bits
        client_bits = self.client_max_window_bits
        limits_client = False
        for name, value in parameters.items():
            bits = None if value is None else _BITS.get(value)
            if name in ("server_no_context_takeover", "client_no_context_takeover"):
                if value is not None:
                    return None
            elif name == "server_max_window_bits":
                if bits is None or bits == 8:
                    return None
                server_bits = min(server_bits, bits)
            elif name == "client_max_window_bits":
                if value is not None and bits is None:
                    return None
                client_bits = min(client_bits, bits or 15)
                limits_client = True
            else:
                return None
        return PerMessageDeflate(
            self.server_no_context_takeover or "server_no_context_takeover" in parameters,
            self.client_no_context_takeover or "client_no_context_takeover" in parameters,
            server_bits,
            # A client that does not know the parameter uses the full window.
            client_bits if limits_client else 15,
            self.level,
            self.mem_level,
            limits_client,
        )


@final
class Deflater:
    """Compresses the messages of one session."""

    __slots__ = ("_context", "agreed")

    def __init__(self, agreed: PerMessageDeflate) -> None:
        self.agreed = agreed
        self._context: zlib._Compress | None = None

    def deflate(self, data: bytes | bytearray) -> bytes:
        """Compress one whole message, which must not be empty (section 7.2.1)."""
        context = self._context
        if context is None:
            context = self._context = _new_context(self.agreed)
        out = context.compress(data) + context.flush(zlib.Z_SYNC_FLUSH)
        if self.agreed.server_no_context_takeover:
            self._context = None
        return out[:-4]

    def detach_context(self) -> "zlib._Compress":
        """Return the context for one message that the caller compresses.

        The caller gives it back with ``attach_context()``. Until then the next message starts from
        an empty window.
        """
        context, self._context = self._context, None
        return _new_context(self.agreed) if context is None else context

    def attach_context(self, context: "zlib._Compress") -> None:
        """Continue with ``context`` after its output was sent."""
        if not self.agreed.server_no_context_takeover:
            self._context = context

    def reset_context(self) -> None:
        """Start from an empty window, because the peer got data of another compressor.

        The output of a new context refers only to itself, so the peer can read it with any window.
        """
        self._context = None


def deflate_once(agreed: PerMessageDeflate, data: bytes) -> bytes:
    """Compress one non-empty message so that any peer with this window size can read it."""
    context = _new_context(agreed)
    return (context.compress(data) + context.flush(zlib.Z_SYNC_FLUSH))[:-4]


def _new_context(agreed: PerMessageDeflate) -> "zlib._Compress":
    bits = -agreed.server_max_window_bits
    return zlib.compressobj(agreed.level, zlib.DEFLATED, bits, agreed.mem_level)


@final
class Deflation:
    """One large message that the caller compresses, for example in a thread.

    Any thread may call ``run()``: it uses only this object, and zlib releases the interpreter's
    lock. No compressed message may be sent between ``start_deflation()`` and ``send_deflated()``. A
    message that is never sent costs only the window.
    """

    __slots__ = ("_data", "context", "head", "output")

    def __init__(self, head: int, data: bytes | bytearray, context: "zlib._Compress") -> None:
        self.head: int = head
        self._data = data
        self.context: zlib._Compress = context
        self.output: bytes | None = None

    def run(self) -> None:
        """Compress the message; call it once."""
        context = self.context
        self.output = (context.compress(self._data) + context.flush(zlib.Z_SYNC_FLUSH))[:-4]


@final
class Inflater:
    """Decompresses the messages of one session, part by part."""

    __slots__ = ("_agreed", "_context", "_streams")

    def __init__(self, agreed: PerMessageDeflate) -> None:
        self._agreed = agreed
        self._context: zlib._Decompress | None = None
        self._streams = 0

    def inflate(self, data: bytes | bytearray, size: int, limit: int, last: bool) -> bytes:
        """Return ``data`` inflated; ``size`` is the inflated size of the message before it.

        Raises ``WSLimitError`` (1009) as soon as the message exceeds ``limit`` bytes (0: no limit)
        and ``WebSocketError`` (1007) for data that is not DEFLATE.
        """
        out = self._decompress(data, size, limit)
        if last:
            out += self._decompress(_TAIL, size + len(out), limit)
            self._streams = 0
            if self._agreed.client_no_context_takeover:
                self._context = None
        return out

    def _decompress(self, data: bytes | bytearray, size: int, limit: int) -> bytes:
        out = b""
        while data:
            context = self._context
            if context is None:
                context = self._context = self._new_stream()
            # One byte more than allowed distinguishes "too big" from "exactly the limit".
            room = limit - size - len(out) + 1 if limit else 0
            try:
                out += context.decompress(data, room)
            except zlib.error as exc:
                raise WebSocketError(1007, f"compressed message is broken: {exc}") from exc
            if limit and size + len(out) > limit:
                raise WSLimitError(
                    1009,
                    f"message inflates to more than the limit of {limit} bytes",
                    limit=limit,
                    size=size + len(out),
                )
            data = context.unused_data
            if context.eof:
                self._context = None
        return out

    def _new_stream(self) -> "zlib._Decompress":
        self._streams += 1
        if self._streams > _MAX_STREAMS:
            raise WSLimitError(
                1009,
                f"compressed message has more than {_MAX_STREAMS} DEFLATE streams",
                limit=_MAX_STREAMS,
                size=self._streams,
            )
        # zlib has no raw window of 8 bits; a larger window reads the data of a smaller one.
        return zlib.decompressobj(-max(self._agreed.client_max_window_bits, 9))
