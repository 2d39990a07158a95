"""Undo the Content-Encoding of a body in bounded steps (RFC 9110 section 8.4).

The caller feeds a coded body as it arrives and reads pieces of bounded size, so that memory holds
the input and one piece, however far the input would inflate. A body that inflates further than the
bodies of honest clients is refused while it inflates.

gzip and deflate are always available; br needs Brotli 1.2 or brotlicffi, zstd needs Python 3.14 or
backports.zstd. Each library is imported at its first use.
"""

import functools
import importlib
import zlib
from collections.abc import Callable
from typing import Final, Protocol, final

from ._bytes import as_bytes
from ._errors import ContentEncodingError

__all__ = ["ContentDecoder", "available_codings"]

#: Every body may inflate to this size: a small body that repeats itself is harmless.
_FREE_SIZE: Final = 1024 * 1024

#: The most streams in one body. gzip and zstd allow any number of them, one behind the other, and
#: empty ones would cost time without counting as output.
_MAX_MEMBERS: Final = 1000

#: RFC 9659 section 3: a zstd encoder may not use a larger window for HTTP, so a decoder need not
#: offer the memory (base-2 logarithm of 8 MiB).
_ZSTD_WINDOW_LOG: Final = 23

_CUT_OFF: Final = "The coded body ends too early."
_BROKEN: Final = "The body is not what its Content-Encoding says."


class _Codec(Protocol):
    """The decoder of one coding."""

    #: True if the input so far is whole streams and nothing else.
    complete: bool

    def feed(self, data: bytes) -> None: ...

    def read(self, limit: int) -> bytes: ...


@final
class ContentDecoder:
    """Decodes one body of the content coding ``coding``; ``""`` and ``identity`` pass unchanged.

    Feed bytes with ``feed``, then call ``read`` until it returns ``b""``, and call ``finish`` at
    the end. Each raises ``ContentEncodingError``: status 400 for bytes that are not of the coding,
    413 for a body of more than 1 MiB that is more than ``max_ratio`` times as large as its coded
    bytes (0 allows any size). The constructor raises it with status 415 for a coding that is not in
    ``available_codings``, and for a list of codings.
    """

    __slots__ = ("_codec", "_max_ratio", "_size", "_taken")

    def __init__(self, coding: str, *, max_ratio: int = 100) -> None:
        name = coding.strip().lower()
        make = _codec_for(name)
        if make is None:
            known = ", ".join(available_codings())
            raise ContentEncodingError(
                415, f"The body's Content-Encoding is not supported; these are: {known}."
            )
        self._codec: Final[_Codec] = make()
        self._max_ratio: Final = max_ratio
        self._taken = 0
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Take coded bytes; the output of earlier ones must have been read."""
        if type(data) is not bytes:
            data = as_bytes(data, "feed()")
        self._taken += len(data)
        self._codec.feed(data)

    def read(self, limit: int = 64 * 1024) -> bytes:
        """Return up to about ``limit`` decoded bytes, ``b""`` if more input is needed."""
        piece = self._codec.read(limit)
        self._size += len(piece)
        if self._max_ratio and self._size > max(_FREE_SIZE, self._max_ratio * self._taken):
            raise ContentEncodingError(
                413, f"The body inflates to more than {self._max_ratio} times its size."
            )
        return piece

    def finish(self) -> None:
        """Check that the body is complete; an empty body is complete."""
        if self._taken and not self._codec.complete:
            raise ContentEncodingError(400, _CUT_OFF)


@final
class _Identity:
    __slots__ = ("_data", "complete")

    def __init__(self) -> None:
        self.complete = True
        self._data = b""

    def feed(self, data: bytes) -> None:
        self._data = data

    def read(self, limit: int) -> bytes:  # noqa: ARG002  # returning all of it needs no more memory
        data, self._data = self._data, b""
        return data


@final
class _Zlib:
    """gzip, and deflate with or without the zlib wrapper that RFC 9110 section 8.4.1.2 asks for."""

    __slots__ = ("_full", "_gzip", "_inflater", "_input", "_members", "complete")

    def __init__(self, *, gzip: bool) -> None:
        self.complete = False
        self._gzip = gzip
        self._input = b""
        self._inflater = zlib.decompressobj(16 + zlib.MAX_WBITS) if gzip else None
        self._members = 1
        # True if zlib may hold output although it has taken all input.
        self._full = False

    def feed(self, data: bytes) -> None:
        self._input += data

    def read(self, limit: int) -> bytes:
        while self._input or self._full:
            inflater = self._inflater
            if inflater is None:
                if len(self._input) < 2:
                    return b""
                inflater = self._inflater = zlib.decompressobj(_deflate_bits(self._input))
            if inflater.eof:
                if not self._gzip:
                    raise ContentEncodingError(400, _BROKEN)
                inflater = self._next_member()
            try:
                piece = inflater.decompress(self._input, limit)
            except zlib.error as error:
                raise ContentEncodingError(400, _BROKEN) from error
            self._full = len(piece) >= limit and not inflater.eof
            self._input = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
            self.complete = inflater.eof and not self._input
            if piece:
                return piece
        return b""

    def _next_member(self) -> "zlib._Decompress":
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise ContentEncodingError(400, _BROKEN)
        self._inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
        return self._inflater


def _deflate_bits(start: bytes) -> int:
    # RFC 1950 section 2.2: method 8, and the two bytes are a multiple of 31 as one number.
    wrapped = start[0] & 0x0F == 8 and (start[0] << 8 | start[1]) % 31 == 0
    return zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS


class _BrotliDecompressor(Protocol):
    def process(self, data: bytes, *, output_buffer_limit: int) -> bytes: ...
    def can_accept_more_data(self) -> bool: ...
    def is_finished(self) -> bool: ...


@final
class _Brotli:
    __slots__ = ("_decompressor", "_error", "_input", "complete")

    def __init__(self, make: Callable[[], _BrotliDecompressor], error: type[Exception]) -> None:
        self.complete = False
        self._decompressor: Final = make()
        self._error: Final = error
        self._input = b""

    def feed(self, data: bytes) -> None:
        self._input += data

    def read(self, limit: int) -> bytes:
        decompressor = self._decompressor
        data, self._input = self._input, b""
        if self.complete:
            if data:
                raise ContentEncodingError(400, _BROKEN)
            return b""
        try:
            # While the library holds output, it accepts no input.
            held = not decompressor.can_accept_more_data()
            piece = decompressor.process(b"" if held else data, output_buffer_limit=limit)
            if held:
                self._input = data
        except self._error as error:
            raise ContentEncodingError(400, _BROKEN) from error
        self.complete = decompressor.is_finished()
        return piece


class _ZstdDecompressor(Protocol):
    eof: bool
    needs_input: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


@final
class _Zstd:
    __slots__ = ("_decompressor", "_error", "_input", "_make", "_members", "complete")

    def __init__(self, make: Callable[[], _ZstdDecompressor], error: type[Exception]) -> None:
        self.complete = False
        self._make: Final = make
        self._error: Final = error
        self._decompressor = make()
        self._input = b""
        self._members = 1

    def feed(self, data: bytes) -> None:
        self._input += data

    def read(self, limit: int) -> bytes:
        while self._input or not (self._decompressor.eof or self._decompressor.needs_input):
            decompressor = self._decompressor
            if decompressor.eof:
                self._members += 1
                if self._members > _MAX_MEMBERS:
                    raise ContentEncodingError(400, _BROKEN)
                decompressor = self._decompressor = self._make()
            data, self._input = self._input, b""
            try:
                piece = decompressor.decompress(data, limit)
            except self._error as error:
                raise ContentEncodingError(400, _BROKEN) from error
            if decompressor.eof:
                self._input = decompressor.unused_data
            self.complete = decompressor.eof and not self._input
            if piece:
                return piece
        return b""


def _make_brotli() -> Callable[[], _Codec] | None:
    for name in ("brotli", "brotlicffi"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        # Older releases cannot bound their output, which a server must.
        if hasattr(module.Decompressor, "can_accept_more_data"):
            return functools.partial(_Brotli, module.Decompressor, module.error)
    return None


def _make_zstd() -> Callable[[], _Codec] | None:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        options = {module.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
        make = functools.partial(module.ZstdDecompressor, options=options)
        return functools.partial(_Zstd, make, module.ZstdError)
    return None


# Imports of optional libraries are tried once.
@functools.cache
def _known_codecs() -> dict[str, Callable[[], _Codec]]:
    gzip = functools.partial(_Zlib, gzip=True)
    codecs: dict[str, Callable[[], _Codec]] = {
        "gzip": gzip,
        "deflate": functools.partial(_Zlib, gzip=False),
    }
    optional = {"br": _make_brotli(), "zstd": _make_zstd()}
    return codecs | {name: make for name, make in optional.items() if make is not None}


def _codec_for(name: str) -> Callable[[], _Codec] | None:
    if name in ("", "identity"):
        return _Identity
    # RFC 9110 section 8.4.1.3: "x-gzip" means gzip.
    return _known_codecs().get("gzip" if name == "x-gzip" else name)


def available_codings() -> tuple[str, ...]:
    """Return the content codings that ``ContentDecoder`` knows, for an Accept-Encoding field."""
    return tuple(_known_codecs())
