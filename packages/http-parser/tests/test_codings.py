"""Content codings: whole bodies, pieces, damage, several streams, and bombs."""

import gzip
import importlib
import sys
import zlib
from collections.abc import Callable, Iterable

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_http_parser import ContentDecoder, ContentEncodingError, _codings, available_codings

zstd = importlib.import_module(
    "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
)


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


ENCODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "identity": ("identity", bytes),
    "none": ("", bytes),
    "gzip": ("gzip", gzipped),
    "x-gzip": (" X-GZip ", gzipped),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstd.compress),
}
CODED = [name for name in ENCODERS if name not in ("identity", "none")]
TEXT = b"".join(b"%d bottles of beer on the wall\n" % number for number in range(5000))


def decode(coding: str, pieces: Iterable[bytes], limit: int = 65536, max_ratio: int = 100) -> bytes:
    decoder = ContentDecoder(coding, max_ratio=max_ratio)
    decoded = bytearray()
    for piece in pieces:
        decoder.feed(piece)
        while data := decoder.read(limit):
            decoded += data
    decoder.finish()
    return bytes(decoded)


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("data", [b"", b"a", TEXT], ids=["empty", "short", "long"])
def test_whole_and_in_pieces(name: str, data: bytes) -> None:
    coding, encode = ENCODERS[name]
    coded = encode(data)
    assert decode(coding, [coded]) == data
    assert decode(coding, [*bytewise(coded[:20]), coded[20:]]) == data
    assert decode(coding, [coded[: len(coded) // 2], coded[len(coded) // 2 :]], limit=1000) == data


@pytest.mark.parametrize("name", CODED)
def test_byte_by_byte(name: str) -> None:
    coding, encode = ENCODERS[name]
    assert decode(coding, bytewise(encode(TEXT))) == TEXT


@given(st.sampled_from(CODED), st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 400))
@settings(deadline=None, max_examples=200)
def test_what_was_coded_is_decoded(name: str, parts: list[bytes], size: int) -> None:
    coding, encode = ENCODERS[name]
    coded = encode(b"".join(parts))
    pieces = [coded[at : at + size] for at in range(0, len(coded), size)]
    assert decode(coding, pieces, limit=64) == b"".join(parts)


@given(st.sampled_from(CODED), st.binary(min_size=1, max_size=200), st.data())
@settings(deadline=None, max_examples=300)
def test_damage_is_refused_or_gives_bytes(name: str, text: bytes, data: st.DataObject) -> None:
    coding, encode = ENCODERS[name]
    coded = bytearray(encode(text))
    coded[data.draw(st.integers(0, len(coded) - 1))] = data.draw(st.integers(0, 255))
    try:
        status, decoded = 200, decode(coding, [bytes(coded)])
    except ContentEncodingError as error:
        status, decoded = error.status, b""
    # Some damage changes nothing that the coding checks.
    assert status in (200, 400, 413)
    assert isinstance(decoded, bytes)


@pytest.mark.parametrize("name", CODED)
def test_no_bytes_are_an_empty_body(name: str) -> None:
    assert decode(ENCODERS[name][0], []) == b""


@pytest.mark.parametrize("name", CODED)
def test_a_body_that_ends_early(name: str) -> None:
    coding, encode = ENCODERS[name]
    coded = encode(TEXT)
    for end in (1, 2, len(coded) // 2, len(coded) - 1):
        with pytest.raises(ContentEncodingError, match="ends too early") as caught:
            decode(coding, [coded[:end]])
        assert caught.value.status == 400


@pytest.mark.parametrize("name", ["deflate", "raw deflate", "br"])
@pytest.mark.parametrize("together", [True, False])
def test_bytes_behind_the_end(name: str, together: bool) -> None:
    coding, encode = ENCODERS[name]
    coded = encode(b"abc")
    with pytest.raises(ContentEncodingError, match="not what its Content-Encoding says") as caught:
        decode(coding, [coded + b"x"] if together else [coded, b"x"])
    assert caught.value.status == 400


@pytest.mark.parametrize("name", ["gzip", "zstd"])
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_streams_behind_each_other_are_one_body(name: str, step: int) -> None:
    coding, encode = ENCODERS[name]
    coded = encode(b"abc") + encode(b"") + encode(TEXT)
    assert decode(coding, [coded[at : at + step] for at in range(0, len(coded), step)]) == (
        b"abc" + TEXT
    )
    with pytest.raises(ContentEncodingError, match="not what"):
        decode(coding, [encode(b"abc") + b"rubbish, and enough of it to see that"])


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_streams_behind_each_other_are_bounded(name: str) -> None:
    coding, encode = ENCODERS[name]
    assert decode(coding, [encode(b"") * 1000]) == b""
    with pytest.raises(ContentEncodingError) as caught:
        decode(coding, [encode(b"") * 1001])
    assert caught.value.status == 400


@pytest.mark.parametrize("name", CODED)
def test_junk_is_refused(name: str) -> None:
    with pytest.raises(ContentEncodingError) as caught:
        decode(ENCODERS[name][0], [b"\xff\xff this is not coded at all" * 3])
    assert caught.value.status == 400


@pytest.mark.parametrize("name", CODED)
def test_a_bomb_is_refused_while_it_inflates(name: str) -> None:
    coding, encode = ENCODERS[name]
    bomb = encode(bytes(30_000_000))
    decoder = ContentDecoder(coding)
    decoder.feed(bomb)
    size = 0
    with pytest.raises(ContentEncodingError, match="more than 100 times its size") as caught:  # noqa: PT012
        while piece := decoder.read(65536):
            # One step is bounded (brotli's bound is rough), so that memory is.
            assert len(piece) <= 1024 * 1024
            size += len(piece)
    assert caught.value.status == 413
    assert size <= max(1024 * 1024, 100 * len(bomb))


@pytest.mark.parametrize("name", CODED)
def test_the_ratio_may_be_lifted_and_small_bodies_pass(name: str) -> None:
    coding, encode = ENCODERS[name]
    assert decode(coding, [encode(bytes(1_000_000))]) == bytes(1_000_000)
    assert decode(coding, [encode(bytes(3_000_000))], max_ratio=0) == bytes(3_000_000)


def test_a_zstd_window_larger_than_http_allows() -> None:
    parameter = zstd.CompressionParameter
    options = {parameter.window_log: 24, parameter.enable_long_distance_matching: 1}
    compressor = zstd.ZstdCompressor(options=options)
    coded = compressor.compress(TEXT) + compressor.flush()
    with pytest.raises(ContentEncodingError) as caught:
        decode("zstd", [coded])
    assert caught.value.status == 400


@pytest.mark.parametrize("coding", ["compress", "gzip, br", "gzip,gzip", "x", "g\x00zip", "br;q=1"])
def test_codings_that_are_not_known(coding: str) -> None:
    with pytest.raises(ContentEncodingError, match=r"are: gzip, deflate, br, zstd\.$") as caught:
        ContentDecoder(coding)
    assert caught.value.status == 415


def test_codings_whose_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    monkeypatch.setattr(_codings, "_known_codecs", _codings._known_codecs.__wrapped__)
    assert available_codings() == ("gzip", "deflate")
    with pytest.raises(ContentEncodingError):
        ContentDecoder("br")


def test_a_brotli_that_cannot_bound_its_output_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    class Old:
        Decompressor = type("Decompressor", (), {})

    monkeypatch.setattr(importlib, "import_module", lambda name: Old)
    assert _codings._make_brotli() is None
