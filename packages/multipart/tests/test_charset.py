"""Charset labels."""

import codecs
import encodings
import subprocess
import sys
from encodings.aliases import aliases

import pytest

from testkit import assert_linear
from treadle_multipart import UnknownCharsetError, UnsupportedError, text_codec
from treadle_multipart._charset import _ALLOWED


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("utf-8", "utf-8"), ("UTF8", "utf-8"), (" Utf-8 ", "utf-8"), ("us-ascii", "ascii"),
        ("ISO-8859-1", "iso8859-1"), ("latin1", "iso8859-1"), ("windows-1252", "cp1252"),
        ("Shift_JIS", "shift_jis"), ("gb2312", "gb2312"), ("EUC-KR", "euc_kr"),
        ("utf-16", "utf-16"), ("KOI8-R", "koi8-r"), ("x-sjis", "shift_jis"), ("X-GBK", "gbk"),
        ("windows-874", "cp874"), ("ISO-8859-8-I", "iso8859-8"), ("x-mac-roman", "mac-roman"),
        ("x-mac-cyrillic", "mac-cyrillic"), ("IBM850", "cp850"), ("cp437", "cp437"),
    ],
)  # fmt: skip
def test_charsets(label: str, codec: str) -> None:
    assert text_codec(label) == codec


@pytest.mark.parametrize(
    "label",
    [
        "", "nope", "rot13", "zlib", "base64", "hex", "idna", "punycode", "unicode_escape", "utf-7",
        "raw_unicode_escape", "undefined", "mbcs", "utf-8\0", "utf-8\n", "\xe4", "u" * 10_000,
        "../../etc", "utf_8_sig", "x-", "x-punycode", "x_x_gbk",
    ],
)  # fmt: skip
def test_refused(label: str) -> None:
    with pytest.raises(UnknownCharsetError) as caught:
        text_codec(label, field="f")
    # As ``bytes.decode`` says it.
    assert isinstance(caught.value, LookupError)
    assert (caught.value.status, caught.value.field) == (415, "f")
    assert len(str(caught.value)) < 200


def test_the_names_are_those_of_the_codecs() -> None:
    assert {codecs.lookup(name).name for name in _ALLOWED} == _ALLOWED
    assert len(_ALLOWED) == 65


@pytest.mark.parametrize("label", sorted({*aliases, *aliases.values(), *_ALLOWED}))
def test_labels_mean_what_python_makes_of_them(label: str) -> None:
    try:
        codec = codecs.lookup(label).name
    except LookupError:
        codec = ""
    if codec in _ALLOWED:
        assert text_codec(label.upper().replace("_", "-")) == codec
    else:
        with pytest.raises(UnsupportedError):
            text_codec(label)


def test_labels_of_peers_are_not_remembered() -> None:
    cache: dict[str, object] = vars(encodings)["_cache"]
    text_codec("utf-8")
    before = len(cache)
    for number in range(100):
        with pytest.raises(UnsupportedError):
            text_codec(f"unknown-{number}")
        assert text_codec("utf" + "-" * (number % 20 + 1) + "8") == "utf-8"
    assert len(cache) == before


def test_codecs_are_imported_when_they_are_asked_for() -> None:
    code = "import sys, treadle_multipart; sys.exit('encodings.koi8_r' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("unit", [b"\xff", b"\x00", b"a-", b"\x1b$B", b"\xe3\x81\x82"])
def test_every_codec_is_linear(unit: bytes) -> None:
    """300 kB took the codec ``punycode`` 3.8 seconds."""

    def call(data: bytes) -> None:
        for codec in _ALLOWED:
            data.decode(codec, "replace")

    assert_linear(call, unit, 10_000)
