"""The content codings: bytes in, encoded bytes out (RFC 9110 section 8.4.1).

zlib is always available. Brotli and Zstandard are available if one of their libraries is installed;
it is imported when a coding is first needed. All codings have the same interface (``Compressor``).
"""

import functools
import importlib
import zlib
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final, Protocol, final

__all__ = [
    "Compressor",
    "ZlibBackend",
    "available_codings",
    "make_compressor",
    "set_zlib_backend",
]

# Levels for content that is compressed while the client waits: beyond them more time saves little
# (Brotli's and Zstandard's for content on the fly; zlib's default is one).
_BROTLI_QUALITY: Final = 4
_ZSTD_LEVEL: Final = 3

_BROTLI_MODULES: Final = ("brotli", "brotlicffi")
_ZSTD_MODULES: Final = ("compression.zstd", "backports.zstd")
_OLD_ZSTD_MODULE: Final = "zstandard"


class Compressor(Protocol):
    """Encodes one body."""

    def piece(self, data: bytes) -> bytes:
        """Return encoded bytes from which the client can decode up to the end of ``data``."""

    def finish(self, data: bytes) -> bytes:
        """Return the encoded end of the body; ``data`` is its last piece."""


class ZlibBackend(Protocol):
    """The part of the module ``zlib`` that a faster one (zlib-ng, isal) must have."""

    @property
    def compressobj(self) -> Callable[..., Any]:
        """Return an object with the methods ``compress(data)`` and ``flush(mode)``."""


_zlib: ZlibBackend = zlib


def set_zlib_backend(new_zlib_backend: ZlibBackend) -> None:
    """Compress responses with another module than ``zlib``, which has the same functions.

    Bodies of requests and WebSocket messages are always read with ``zlib``: their limits depend on
    it.
    """
    global _zlib  # noqa: PLW0603  # one for the process, as in aiohttp
    _zlib = new_zlib_backend


@final
class _Zlib:
    __slots__ = ("_coder",)

    def __init__(self, wbits: int, strategy: int) -> None:
        # The level is the backend's default: isal has other levels.
        self._coder: Final = _zlib.compressobj(wbits=wbits, strategy=strategy)

    def piece(self, data: bytes) -> bytes:
        return bytes(self._coder.compress(data) + self._coder.flush(zlib.Z_SYNC_FLUSH))

    def finish(self, data: bytes) -> bytes:
        return bytes(self._coder.compress(data) + self._coder.flush())


@final
class _Brotli:
    __slots__ = ("_coder",)

    def __init__(self, module: ModuleType) -> None:
        self._coder: Final = module.Compressor(quality=_BROTLI_QUALITY)

    def piece(self, data: bytes) -> bytes:
        return bytes(self._coder.process(data) + self._coder.flush())

    def finish(self, data: bytes) -> bytes:
        return bytes(self._coder.process(data) + self._coder.finish())


@final
class _Zstd:
    __slots__ = ("_coder", "_module")

    def __init__(self, module: ModuleType) -> None:
        self._module: Final = module.ZstdCompressor
        self._coder: Final = module.ZstdCompressor(level=_ZSTD_LEVEL)

    def piece(self, data: bytes) -> bytes:
        return bytes(self._coder.compress(data, self._module.FLUSH_BLOCK))

    def finish(self, data: bytes) -> bytes:
        return bytes(self._coder.compress(data, self._module.FLUSH_FRAME))


@final
class _OldZstd:
    """The API of the package ``zstandard``."""

    __slots__ = ("_block", "_coder", "_end")

    def __init__(self, module: ModuleType) -> None:
        self._coder: Final = module.ZstdCompressor(level=_ZSTD_LEVEL).compressobj()
        self._block: Final = module.COMPRESSOBJ_FLUSH_BLOCK
        self._end: Final = module.COMPRESSOBJ_FLUSH_FINISH

    def piece(self, data: bytes) -> bytes:
        return bytes(self._coder.compress(data) + self._coder.flush(self._block))

    def finish(self, data: bytes) -> bytes:
        return bytes(self._coder.compress(data) + self._coder.flush(self._end))


@functools.cache
def _first_of(*names: str) -> ModuleType | None:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


@functools.cache
def available_codings() -> tuple[str, ...]:
    """Return the available codings in the order of preference: zstd, br, gzip, deflate."""
    found = []
    if _first_of(*_ZSTD_MODULES, _OLD_ZSTD_MODULE) is not None:
        found.append("zstd")
    if _first_of(*_BROTLI_MODULES) is not None:
        found.append("br")
    return (*found, "gzip", "deflate")


def make_compressor(coding: str, strategy: int | None = None) -> Compressor:
    """Return a compressor for ``coding``; ``strategy`` is only for the two codings of zlib.

    Raises ``ValueError`` if the coding is unknown or its library is not installed.
    """
    if coding in ("gzip", "deflate"):
        # RFC 9110 section 8.4.1.2: ``deflate`` is the zlib format around a deflate stream.
        wbits = zlib.MAX_WBITS + 16 if coding == "gzip" else zlib.MAX_WBITS
        return _Zlib(wbits, zlib.Z_DEFAULT_STRATEGY if strategy is None else strategy)
    if coding == "br" and (module := _first_of(*_BROTLI_MODULES)) is not None:
        return _Brotli(module)
    if coding == "zstd":
        if (module := _first_of(*_ZSTD_MODULES)) is not None:
            return _Zstd(module)
        if (module := _first_of(_OLD_ZSTD_MODULE)) is not None:
            return _OldZstd(module)
    raise ValueError(
        f"Cannot encode {coding!r}: this process has {', '.join(available_codings())} "
        "(install Brotli for 'br', backports.zstd for 'zstd')"
    )
