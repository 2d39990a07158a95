"""Undo the codings of a part: Content-Transfer-Encoding (RFC 2045) and Content-Encoding.

Bytes go in and an iterator of decoded pieces comes out, so that a part that inflates a
thousandfold is never in memory as a whole; the pieces are counted while they inflate.
``FormParser`` decodes transfer encodings, readers of multipart/mixed decode both (RFC 7578 has no
content encoding for form fields).
"""

import binascii
import re
import zlib
from collections.abc import Iterator
from typing import Protocol, final

from ._bytes import as_bytes
from ._errors import MalformedError, PartTooLargeError, UnknownCodingError
from ._limits import bound

__all__ = ["PartDecoder"]

# The largest piece that inflating returns at once.
_PIECE = 64 * 1024
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_MISREAD = re.compile(rb"=(?:=|\r(?!\n))")
_ESCAPE = re.compile(rb"=(?:([0-9A-Fa-f]{2})|\r?\n)")
_CUT_ESCAPE = re.compile(rb"=[0-9A-Fa-f\r]?\Z")
_NOT_BASE64 = bytes(byte for byte in range(256) if byte not in _BASE64)


class _Decoder(Protocol):
    def decode(self, data: bytes) -> Iterator[bytes]: ...
    def finish(self) -> bytes: ...


@final
class PartDecoder:
    """Decode the data of one part, fed in chunks of any size.

    Pass the values of the part's headers, None if absent. ``max_size`` limits the decoded bytes;
    ``field`` is for errors. Raises ``UnknownCodingError`` for an unknown coding.
    """

    __slots__ = ("_field", "_max_size", "_size", "_stages")

    def __init__(
        self,
        transfer_encoding: str | None = None,
        content_encoding: str | None = None,
        *,
        max_size: int | None = None,
        field: str | None = None,
    ) -> None:
        self._field = field
        self._max_size = bound(max_size)
        self._size = 0
        self._stages: list[_Decoder] = []
        coding = (transfer_encoding or "binary").strip().lower()
        if coding == "base64":
            self._stages.append(_Base64(field))
        elif coding == "quoted-printable":
            self._stages.append(_QuotedPrintable())
        elif coding not in ("7bit", "8bit", "binary"):
            raise UnknownCodingError(
                f"unknown content transfer encoding {coding[:40]!a}; "
                "send base64, quoted-printable or binary",
                field=field,
            )
        coding = (content_encoding or "identity").strip().lower()
        if coding in ("gzip", "x-gzip", "deflate"):
            self._stages.append(_Inflate(coding, field))
        elif coding != "identity":
            raise UnknownCodingError(
                f"unknown content encoding {coding[:40]!a}; send gzip, deflate or identity",
                field=field,
            )

    @property
    def identity(self) -> bool:
        """True if data passes unchanged."""
        return not self._stages

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Return the decoded pieces of ``data``. Use up the iterator before the next call.

        Raises ``MalformedError`` and, while inflating, ``PartTooLargeError``.
        """
        if type(data) is not bytes:
            data = as_bytes(data, "decode()")
        return self._counted(self._run(data, 0))

    def finish(self) -> Iterator[bytes]:
        """Return the last pieces. Raises ``MalformedError`` if the coded data is not complete."""
        for index, stage in enumerate(self._stages):
            rest = stage.finish()
            if rest:
                yield from self._counted(self._run(rest, index + 1))

    def _run(self, data: bytes, first: int) -> Iterator[bytes]:
        if first == len(self._stages):
            yield data
        else:
            for piece in self._stages[first].decode(data):
                yield from self._run(piece, first + 1)

    def _counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._size += len(piece)
            if self._size > self._max_size:
                raise PartTooLargeError(self._max_size, field=self._field)
            if piece:
                yield piece


@final
class _Base64:
    """RFC 2045 section 6.8: "All line breaks or other characters not found in Table 1 must be
    ignored by decoding software". Data after padding is refused: readers disagree about it."""

    __slots__ = ("_field", "_padded", "_rest")

    def __init__(self, field: str | None) -> None:
        self._field = field
        self._rest = b""
        self._padded = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        text = self._rest + data.translate(None, _NOT_BASE64)
        whole = len(text) & ~3
        self._rest = text[whole:]
        if text and self._padded:
            raise self._error("data follows the padding")
        if whole:
            self._padded = text[whole - 1] == 0x3D
            if self._padded and self._rest:
                raise self._error("data follows the padding")
            try:
                yield binascii.a2b_base64(text[:whole], strict_mode=True)
            except binascii.Error as exc:
                raise self._error(str(exc)) from exc

    def finish(self) -> bytes:
        if self._rest:
            raise self._error("the length is not a multiple of 4")
        return b""

    def _error(self, why: str) -> MalformedError:
        return MalformedError(f"bad base64 in a part: {why}", field=self._field)


@final
class _QuotedPrintable:
    """RFC 2045 section 6.7. An invalid escape passes unchanged, as that section suggests.

    Python's decoder does so with two exceptions: it drops the text from ``=`` and a CR without LF
    to the next LF, and one of two equals signs.
    """

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def decode(self, data: bytes) -> Iterator[bytes]:
        text = self._rest + data
        # An escape is three bytes; one that is cut off waits for the next chunk.
        cut = _CUT_ESCAPE.search(text, max(0, len(text) - 2))
        self._rest = b"" if cut is None else cut[0]
        yield self._decoded(text if cut is None else text[: cut.start()])

    def finish(self) -> bytes:
        # A soft line break may be the last line: its CRLF then belongs to the boundary.
        return b"" if self._rest in (b"=", b"=\r") else self._rest

    def _decoded(self, text: bytes) -> bytes:
        if not (text.endswith(b"=") or _MISREAD.search(text)):
            return binascii.a2b_qp(text)
        return _ESCAPE.sub(lambda match: bytes.fromhex((match[1] or b"").decode()), text)


@final
class _Inflate:
    """gzip and deflate, the latter with or without the zlib wrapper that RFC 9110 asks for."""

    __slots__ = ("_coding", "_field", "_inflater")

    def __init__(self, coding: str, field: str | None) -> None:
        self._coding = coding
        self._field = field
        self._inflater = None if coding == "deflate" else zlib.decompressobj(16 + zlib.MAX_WBITS)

    def decode(self, data: bytes) -> Iterator[bytes]:
        inflater = self._inflater
        if inflater is None:
            # The low four bits of a zlib header are 8; raw streams hardly ever start with them.
            wrapped = data[:1] and data[0] & 0x0F == 8
            inflater = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
            self._inflater = inflater
        while True:
            if inflater.eof:
                if data:
                    raise self._error("data follows the end of the stream")
                return
            try:
                piece = inflater.decompress(data, _PIECE)
            except zlib.error as exc:
                raise self._error(str(exc)) from exc
            yield piece
            data = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
            # After a full piece zlib may hold more output, even if all input is consumed.
            if not data and len(piece) < _PIECE:
                return

    def finish(self) -> bytes:
        if self._inflater is None or not self._inflater.eof:
            raise self._error("the stream is cut off")
        return b""

    def _error(self, why: str) -> MalformedError:
        return MalformedError(f"bad {self._coding} in a part: {why}", field=self._field)
