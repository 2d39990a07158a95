"""Each coding, decoded by its own library: whole, and at the end of every piece."""

import gzip
import sys
import zlib
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_responses import _compressors as module
from treadle_responses import set_zlib_backend
from treadle_responses._compressors import available_codings, make_compressor

CODINGS = available_codings()


Decoder = Callable[[bytes], bytes]


def decoder(coding: str) -> Decoder:
    if coding in ("gzip", "deflate"):
        inflater = zlib.decompressobj(zlib.MAX_WBITS + (16 if coding == "gzip" else 0))
        decompress_piece: Callable[[bytes], bytes] = inflater.decompress
        return decompress_piece
    library: Any
    if coding == "br":
        library = module._first_of(*module._BROTLI_MODULES)
        process: Decoder = library.Decompressor().process
        return process
    library = module._first_of(*module._ZSTD_MODULES, module._OLD_ZSTD_MODULE)
    make = getattr(library.ZstdDecompressor(), "decompressobj", library.ZstdDecompressor)
    decompress: Decoder = make().decompress
    return decompress


def test_zlib_is_always_there() -> None:
    assert CODINGS[-2:] == ("gzip", "deflate")
    assert set(CODINGS) <= {"zstd", "br", "gzip", "deflate"}


@pytest.mark.parametrize("coding", CODINGS)
@settings(deadline=None, max_examples=30)
@given(pieces=st.lists(st.binary(min_size=1, max_size=300), max_size=5), end=st.binary())
def test_pieces_can_be_decoded_as_they_come(coding: str, pieces: list[bytes], end: bytes) -> None:
    compressor, decode = make_compressor(coding), decoder(coding)
    for piece in pieces:
        assert decode(compressor.piece(piece)) == piece
    assert decode(compressor.finish(end)) == end


@pytest.mark.parametrize("coding", CODINGS)
def test_it_gets_smaller(coding: str) -> None:
    data = b"the same again and again " * 400
    encoded = make_compressor(coding).finish(data)
    assert len(encoded) < 400
    assert decoder(coding)(encoded) == data


def test_formats() -> None:
    assert gzip.decompress(make_compressor("gzip").finish(b"x")) == b"x"
    # RFC 9110 section 8.4.1.2: with the zlib wrapper that some leave out.
    assert zlib.decompress(make_compressor("deflate").finish(b"x")) == b"x"


def test_strategy() -> None:
    data = b"abab" * 100
    plain = make_compressor("deflate").finish(data)
    huffman = make_compressor("deflate", zlib.Z_HUFFMAN_ONLY).finish(data)
    assert len(plain) < len(huffman)
    assert zlib.decompress(huffman) == data


@pytest.mark.parametrize("coding", ["identity", "compress", "", "GZIP"])
def test_unknown_codings(coding: str) -> None:
    with pytest.raises(ValueError, match=f"Cannot encode {coding!r}"):
        make_compressor(coding)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A process where no library but the standard one is installed."""
    for name in (*module._BROTLI_MODULES, *module._ZSTD_MODULES, module._OLD_ZSTD_MODULE):
        monkeypatch.setitem(sys.modules, name, None)
    caches: list[Callable[[], None]] = [
        module._first_of.cache_clear,
        module.available_codings.cache_clear,
    ]
    for clear in caches:
        clear()
    yield
    for clear in caches:
        clear()


def test_without_the_libraries(bare: None) -> None:
    assert module.available_codings() == ("gzip", "deflate")
    for coding in ("br", "zstd"):
        with pytest.raises(ValueError, match="this process has gzip, deflate"):
            module.make_compressor(coding)


def test_another_module_compresses_in_place_of_zlib() -> None:
    class Backend:
        calls: ClassVar[list[dict[str, int]]] = []

        def compressobj(self, *, wbits: int, strategy: int) -> object:
            self.calls.append({"wbits": wbits, "strategy": strategy})
            return zlib.compressobj(wbits=wbits, strategy=strategy)

    set_zlib_backend(Backend())
    try:
        assert gzip.decompress(make_compressor("gzip").finish(b"text")) == b"text"
    finally:
        set_zlib_backend(zlib)
    assert Backend.calls == [{"wbits": zlib.MAX_WBITS + 16, "strategy": zlib.Z_DEFAULT_STRATEGY}]
    assert zlib.decompress(make_compressor("deflate").finish(b"text")) == b"text"
    assert len(Backend.calls) == 1
