"""permessage-deflate, RFC 7692: negotiation of its four parameters, and both directions.

``DeflatePolicy`` is what a server wants; ``negotiate()`` holds it against one offer and returns the
agreed ``PerMessageDeflate``, or None to decline. ``Deflater`` and ``Inflater`` work for one
session. zlib's contexts cost about 300 KiB and 40 KiB, so each is made when the first compressed
message needs it and dropped after every message where takeover is off. Inflating counts what comes
out while it comes out: never more than one byte over the limit is produced.
"""

import zlib
from dataclasses import dataclass
from typing import Final, final

from ._errors import WebSocketError, WSLimitError, WSValueError
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
# The end of a flushed DEFLATE block, which messages leave out (section 7.2.1).
_TAIL: Final = b"\x00\x00\xff\xff"
# A message may hold several DEFLATE streams (final blocks, section 7.2.3.4); real peers send one.
# Each costs a new context for as little as two bytes, so they are capped.
_MAX_STREAMS: Final = 16
_BITS: Final = {str(bits): bits for bits in range(8, 16)}


@final
@dataclass(frozen=True, slots=True)
class PerMessageDeflate:
    """What was agreed with one client. Window sizes are base-2 logarithms, 8 to 15."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = 15
    client_max_window_bits: int = 15
    level: int = zlib.Z_BEST_SPEED
    mem_level: int = 8
    # Whether the client said that it understands client_max_window_bits (section 7.1.2.2).
    limits_client: bool = False

    def __str__(self) -> str:
        """Return the element of Sec-WebSocket-Extensions that tells the client."""
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
    """What the server asks for; a client's offer can only make it stricter.

    ``level`` is zlib's 0 to 9 (1: chat-sized messages gain little from more), ``mem_level`` its 1
    to 9. Smaller windows and no takeover trade compression for memory per connection.
    Raises ``WSValueError`` for a number out of range.
    """

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = 15
    client_max_window_bits: int = 15
    level: int = zlib.Z_BEST_SPEED
    mem_level: int = 8

    def __post_init__(self) -> None:
        # zlib cannot write a window of 8 bits (it would use 9), so 9 is the least we may promise.
        for name, value, least, most in (
            ("server_max_window_bits", self.server_max_window_bits, 9, 15),
            ("client_max_window_bits", self.client_max_window_bits, 8, 15),
            ("level", self.level, 0, 9),
            ("mem_level", self.mem_level, 1, 9),
        ):
            if not least <= value <= most:
                raise WSValueError(f"{name}={value} must be from {least} to {most}")

    def negotiate(self, offer: ExtensionOffer) -> PerMessageDeflate | None:
        """Return the agreement for ``offer``, or None to decline it.

        Section 7.1 has a server decline an offer with a parameter that is unknown, that is there
        twice or that has an invalid value, and one that the server cannot fulfil.
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

    def lend(self) -> "zlib._Compress":
        """Hand out the context, to compress one message elsewhere; ``give_back()`` it then."""
        context, self._context = self._context, None
        return _new_context(self.agreed) if context is None else context

    def give_back(self, context: "zlib._Compress") -> None:
        """Go on with ``context``, whose output was sent."""
        if not self.agreed.server_no_context_takeover:
            self._context = context

    def forget(self) -> None:
        """Start from an empty window: the peer got compressed data that did not come from here.

        What a new context writes refers only to its own output, so the peer, whose window went
        on, still reads it.
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
    """One large message on its way through zlib.

    ``run()`` needs nothing but itself, so any thread may call it: zlib lets go of the interpreter
    while it works. Nothing compressed may be sent between its making and its sending; one that
    is never sent costs the window and no more.
    """

    __slots__ = ("_data", "context", "head", "output")

    def __init__(self, head: int, data: bytes | bytearray, context: "zlib._Compress") -> None:
        self.head = head
        self._data = data
        self.context = context
        self.output: bytes | None = None

    def run(self) -> None:
        """Compress; once."""
        context = self.context
        self.output = (context.compress(self._data) + context.flush(zlib.Z_SYNC_FLUSH))[:-4]


@final
class Inflater:
    """Decompresses the messages of one session, piece by piece."""

    __slots__ = ("_agreed", "_context", "_streams")

    def __init__(self, agreed: PerMessageDeflate) -> None:
        self._agreed = agreed
        self._context: zlib._Decompress | None = None
        self._streams = 0

    def inflate(self, data: bytes | bytearray, size: int, limit: int, last: bool) -> bytes:
        """Return what ``data`` holds; ``size`` bytes of the message came before it.

        Raises ``WSLimitError`` (1009) as soon as the message is over ``limit`` bytes (0: no limit)
        and ``WebSocketError`` (1007) for data that is not DEFLATE.
        """
        out = self._run(data, size, limit)
        if last:
            out += self._run(_TAIL, size + len(out), limit)
            self._streams = 0
            if self._agreed.client_no_context_takeover:
                self._context = None
        return out

    def _run(self, data: bytes | bytearray, size: int, limit: int) -> bytes:
        out = b""
        while data:
            context = self._context
            if context is None:
                context = self._context = self._open()
            # One byte more than allowed tells "too big" from "exactly the limit".
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

    def _open(self) -> "zlib._Decompress":
        self._streams += 1
        if self._streams > _MAX_STREAMS:
            raise WSLimitError(
                1009,
                f"compressed message has more than {_MAX_STREAMS} DEFLATE streams",
                limit=_MAX_STREAMS,
                size=self._streams,
            )
        # zlib reads a window of 8 bits as 9 in raw mode; a larger window reads a smaller one.
        return zlib.decompressobj(-max(self._agreed.client_max_window_bits, 9))
