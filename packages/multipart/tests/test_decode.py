"""Codings of parts, each against the library that encodes it."""

import base64
import gzip
import quopri
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_multipart import (
    MalformedError,
    PartDecoder,
    PartTooLargeError,
    UnknownCodingError,
    UnsupportedError,
)


def decode(data: bytes, size: int, transfer: str | None, content: str | None = None) -> bytes:
    decoder = PartDecoder(transfer, content, field="f")
    out: list[bytes] = []
    for at in range(0, len(data), size):
        out += decoder.decode(data[at : at + size])
    out += decoder.finish()
    assert all(out)
    return b"".join(out)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@settings(deadline=None, max_examples=100)
@given(data=st.binary(max_size=300), size=st.integers(1, 50))
def test_round_trips(data: bytes, size: int) -> None:
    assert decode(base64.b64encode(data), size, "Base64") == data
    assert decode(base64.encodebytes(data).replace(b"\n", b"\r\n"), size, "base64") == data
    assert decode(gzip.compress(data, mtime=0), size, None, "GZip") == data
    assert decode(zlib.compress(data), size, "binary", "deflate") == data
    assert decode(raw_deflate(data), size, "8bit", "deflate") == data
    assert decode(base64.b64encode(gzip.compress(data, mtime=0)), size, "base64", "gzip") == data
    assert decode(data, size, None, "identity") == data


@settings(deadline=None, max_examples=200)
@given(coded=st.text(st.sampled_from("=\r\n 4aG")).map(str.encode), size=st.integers(1, 9))
def test_quoted_printable_means_the_same_in_any_pieces(coded: bytes, size: int) -> None:
    assert decode(coded, size, "quoted-printable") == decode(coded, 99, "quoted-printable")


@settings(deadline=None, max_examples=100)
@given(data=st.binary(max_size=200), size=st.integers(1, 50), binary=st.booleans())
def test_quoted_printable(data: bytes, size: int, binary: bool) -> None:
    coded = quopri.encodestring(data, quotetabs=binary)
    assert decode(coded, size, "quoted-printable") == quopri.decodestring(coded)


@pytest.mark.parametrize(
    ("coded", "plain"),
    [
        (b"a=", b"a"),
        (b"a=\r\nb", b"ab"),
        (b"=zz", b"=zz"),
        (b"=C3=A4=3d", b"\xc3\xa4="),
        (b"", b""),
        # Python drops the text from ``=`` and CR to the next LF, and one of two equals signs.
        (b"a=\rb c\n", b"a=\rb c\n"),
        (b"==41", b"=A"),
        (b"==\r\nb", b"=b"),
        (b"=4", b"=4"),
        (b"=4x=", b"=4x"),
        (b"a=\r", b"a"),
    ],
)
def test_quoted_printable_as_it_comes(coded: bytes, plain: bytes) -> None:
    for size in (1, 2, 3, 99):
        assert decode(coded, size, "quoted-printable") == plain


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("base64", b"YQ"), ("base64", b"="), ("base64", b"YQ==YQ=="), ("base64", b"YQ==Y"),
        ("base64", b"YQ===="), ("base64", b"Y=Q="), ("base64", b"===="),
        ("gzip", b"no gzip"), ("gzip", gzip.compress(b"a", mtime=0)[:-1]),
        ("gzip", gzip.compress(b"a", mtime=0) * 2),
        ("gzip", b""), ("deflate", b""), ("deflate", zlib.compress(b"abc")[:-5]),
        ("deflate", zlib.compress(b"abc") + b"x"), ("deflate", b"\xff\xff"),
    ],
)  # fmt: skip
def test_malformed(coding: str, data: bytes) -> None:
    transfer, content = (coding, None) if coding == "base64" else (None, coding)
    for size in (1, 3, 99):
        with pytest.raises(MalformedError, match=coding) as caught:
            decode(data, size, transfer, content)
        assert caught.value.field == "f"


def test_other_characters_in_base64_are_ignored() -> None:
    assert decode(b" Y!\r\nQ=\t=\n", 1, "base64") == b"a"


@pytest.mark.parametrize(("transfer", "content"), [("x-uue", None), (None, "br"), ("", "x")])
def test_unknown_codings(transfer: str | None, content: str | None) -> None:
    with pytest.raises(UnknownCodingError) as caught:
        PartDecoder(transfer, content)
    assert isinstance(caught.value, UnsupportedError)


def test_identity() -> None:
    assert PartDecoder().identity
    assert PartDecoder("7bit", "identity").identity
    assert not PartDecoder("base64").identity


def test_size_is_counted_decoded() -> None:
    decoder = PartDecoder("base64", max_size=3)
    assert b"".join(decoder.decode(b"YWJj")) == b"abc"
    with pytest.raises(PartTooLargeError):
        list(decoder.decode(b"YWJj"))


def test_inflating_gives_bounded_pieces() -> None:
    decoder = PartDecoder(content_encoding="gzip")
    sizes = [len(piece) for piece in decoder.decode(gzip.compress(b"\0" * 1_000_000, mtime=0))]
    assert sum(sizes) == 1_000_000
    assert max(sizes) <= 65536
