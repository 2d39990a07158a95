"""Published advisories of peers that touch forms: what each did wrong, we do right.

One test per advisory or family, named by its ids.
"""

import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from testkit import assert_linear
from treadle_multipart import (
    HeaderTooLargeError,
    LimitError,
    MalformedError,
    MultipartEncoder,
    MultipartError,
    MultipartLimits,
    MultipartParser,
    PartDecoder,
    PartTooLargeError,
    TooManyFieldsError,
    TooManyHeadersError,
    TooManyPartsError,
    TotalTooLargeError,
    UrlencodedParser,
    UsageError,
    boundary_of,
    iter_events,
    parse_content_disposition,
    parse_form,
    parse_options_header,
    parse_urlencoded,
)

TYPE = "multipart/form-data; boundary=x"
A = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
UNLIMITED = MultipartLimits(
    max_total=None, max_part_size=None, max_memory=None, max_parts=None, max_files=None,
    max_fields=None, max_part_headers=None, max_header_size=None, max_name_length=None,
    max_depth=None,
)  # fmt: skip


def events_in_chunks(start: bytes, chunk: int = 4096) -> Callable[[bytes], None]:
    def call(data: bytes) -> None:
        parser = MultipartParser(b"x", UNLIMITED)
        parser.receive_data(start)
        for at in range(0, len(data), chunk):
            parser.receive_data(data[at : at + chunk])

    return call


@pytest.mark.parametrize("limit", ["max_total", "max_part_size", "max_memory"])
def test_GHSA_6jhg_GHSA_3wq7_CVE_2024_47874_size_is_limited_while_reading(limit: str) -> None:
    """aiohttp and Starlette kept a field without a file name in memory, however long."""
    limits = MultipartLimits(**{limit: 1000})
    taken = 0

    def flood() -> Iterator[bytes]:
        nonlocal taken
        yield A
        while True:
            taken += 100
            yield b"z" * 100

    with pytest.raises(LimitError) as caught:
        parse_form(TYPE, flood(), limits=limits)
    assert caught.value.limit_name == limit
    assert taken <= 1100


def test_CVE_2026_54283_urlencoded_has_the_same_limits() -> None:
    for limits, error in (
        (MultipartLimits(max_total=1000), TotalTooLargeError),
        (MultipartLimits(max_fields=10), TooManyFieldsError),
        (MultipartLimits(max_memory=500), LimitError),
    ):
        with pytest.raises(error):
            parse_form("application/x-www-form-urlencoded", [b"a=1&" * 300], limits=limits)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_GHSA_6mq8_CVE_2018_1000518_CVE_2026_1526_inflation_is_limited_as_it_goes(
    coding: str,
) -> None:
    bomb = zlib.compress(b"\0" * 50_000_000, 9)
    if coding == "gzip":
        packer = zlib.compressobj(9, wbits=31)
        bomb = packer.compress(b"\0" * 50_000_000) + packer.flush()
    decoder = PartDecoder(content_encoding=coding, max_size=200_000, field="f")
    size = 0

    def inflate() -> None:
        nonlocal size
        for piece in decoder.decode(bomb):
            size += len(piece)

    with pytest.raises(PartTooLargeError) as caught:
        inflate()
    assert caught.value.field == "f"
    assert size <= 200_000


@pytest.mark.parametrize(
    "body",
    [b"", b"--x", b"--x\r\n", A, A[:-2], b"--x\r\n\r\n", b"\r\n" * 50, b"--x\r\n--x\r\n--x--"],
)
def test_GHSA_5m98_GHSA_jj3x_malformed_bodies_end_in_400(body: bytes) -> None:
    """aiohttp looped for ever on an unfinished form (CVE-2024-30251)."""
    with pytest.raises(MalformedError) as caught:
        parse_form(TYPE, body)
    assert caught.value.status == 400


def test_GHSA_jj3x_nothing_depends_on_assert() -> None:
    """The checks hold under ``python -O``, which removes assert statements."""
    program = (
        "from treadle_multipart import *\n"
        "for body in (b'', b'--x', b'--x\\r\\nA\\r\\n\\r\\n', b'--y--'):\n"
        "    try: parse_form('multipart/form-data; boundary=x', body)\n"
        "    except MalformedError: print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-O", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "refused\n" * 4


def test_CVE_2023_30798_CVE_2023_25577_GHSA_qjxf_parts_are_limited_by_default() -> None:
    body = b"--x\r\n\r\n\r\n" * 1_000_000
    with pytest.raises(TooManyPartsError) as caught:
        MultipartParser(b"x").receive_data(body)
    assert caught.value.limit == 1000
    with pytest.raises(TooManyFieldsError):
        parse_urlencoded(b"a&" * 1_000_000)


def test_GHSA_m5qp_CVE_2026_42561_CVE_2026_40347_part_headers_are_limited() -> None:
    with pytest.raises(TooManyHeadersError) as caught:
        MultipartParser(b"x").receive_data(b"--x\r\n" + b"A: b\r\n" * 50 + b"\r\n")
    assert caught.value.status == 431
    with pytest.raises(HeaderTooLargeError):
        MultipartParser(b"x").receive_data(b"--x\r\n" + b"A: b\r\n" * 1_000_000)
    with pytest.raises(HeaderTooLargeError):
        list(iter_events(MultipartParser(b"x"), [b"--x\r\nA: ", *[b"b" * 1000] * 1000]))


@pytest.mark.parametrize("unit", [b"\r", b"\n", b"\r\n", b"\r\n--", b"--", b"-", b"z"])
def test_CVE_2024_53981_floods_before_the_first_boundary_are_linear(unit: bytes) -> None:
    """python-multipart logged and looped over each CR and LF before the first boundary."""
    assert_linear(events_in_chunks(b""), unit, 200_000)


@pytest.mark.parametrize("unit", [b"\r", b"\n", b"\r\n", b"\r\n--", b"\r\n--xy", b"\r\n--x-"])
@pytest.mark.parametrize("chunk", [7, 4096, 10**7])
def test_CVE_2023_46136_floods_in_a_part_are_linear(unit: bytes, chunk: int) -> None:
    """Werkzeug searched a growing buffer again with every chunk of CR or LF."""
    assert_linear(events_in_chunks(A, chunk), unit, 10 * chunk if chunk == 7 else 100_000)


def test_floods_after_the_last_boundary_are_linear_and_ignored() -> None:
    assert_linear(events_in_chunks(b"--x--\r\n"), b"\r\n--x", 200_000)


def test_a_header_in_tiny_pieces_is_linear() -> None:
    assert_linear(events_in_chunks(b"--x\r\nA: ", 1), b"b", 20_000)


@pytest.mark.parametrize(
    "unit", [b"\\", b'\\"', b'"', b";", b"=", b" ", b"a", b";a", b'a="', b"; a=b", b"%", b"*0"]
)
@pytest.mark.parametrize("start", ["multipart/form-data; a=", 'form-data; name="', "a/b"])
def test_CVE_2024_24762_header_values_are_linear(unit: bytes, start: str) -> None:
    """python-multipart's pattern for Content-Type options took exponential time."""

    def call(data: bytes) -> None:
        value = start + data.decode()
        for parse in (parse_options_header, boundary_of):
            with suppress(MultipartError):
                parse(value)
        body = b"--x\r\nContent-Disposition: " + value.encode() + b"\r\n\r\n"
        for strict in (True, False):
            with suppress(MultipartError):
                MultipartParser(b"x", UNLIMITED, strict=strict).receive_data(body)

    assert_linear(call, unit, 20_000)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("unit", ["\\", '"', ";", "; a", "; a=b", ';a*0="', "'", "%", " "])
def test_GHSA_5rvq_GHSA_6jv3_parse_content_disposition_is_linear(unit: str) -> None:
    def call(data: bytes) -> None:
        parse_content_disposition("attachment; filename=" + data.decode())

    assert_linear(call, unit.encode(), 20_000)


@pytest.mark.parametrize("unit", [b"a", b"&", b"=", b"%", b"%41", b"+", b"a=1&", b"%f"])
def test_urlencoded_is_linear(unit: bytes) -> None:
    def call(data: bytes) -> None:
        parser = UrlencodedParser(UNLIMITED)
        for at in range(0, len(data), 1000):
            parser.receive_data(data[at : at + 1000])
        parser.receive_eof()

    assert_linear(call, unit, 100_000)


def test_CVE_2020_28473_semicolons_separate_no_fields() -> None:
    """bottle read ``a=1;b=2`` as two fields, caches in front of it as one."""
    assert parse_urlencoded(b"a=1;b=2&c=3") == [("a", "1;b=2"), ("c", "3")]


def test_PYSEC_2026_3041_filename_star_cannot_smuggle() -> None:
    """A filter that reads ``filename``, as RFC 7578 says, and we must see the same name."""
    start = b'--x\r\nContent-Disposition: form-data; name="f"'
    both = start + b"; filename=\"ok.txt\"; filename*=utf-8''evil.php\r\n\r\n\r\n--x--"
    for strict in (True, False):
        with parse_form(TYPE, both, strict=strict) as form:
            assert form.file("f").filename == "ok.txt"
    # A field to the filter must be no file to us.
    for other in (b"filename*=utf-8''evil.php", b"filename*0=evil.php", b"filename*0*=''evil"):
        with pytest.raises(MalformedError):
            parse_form(TYPE, start + b"; " + other + b"\r\n\r\n\r\n--x--")
    for twice in (b'name="g"', b'filename="a"; filename="b"'):
        with pytest.raises(MalformedError):
            parse_form(TYPE, start + b"; " + twice + b"\r\n\r\n\r\n--x--")


@pytest.mark.parametrize("char", ["\r", "\n", "\r\n", "\0", "\r\nX: y"])
def test_GHSA_m6qw_GHSA_2vrm_GHSA_mwh4_CVE_2026_35536_control_characters_in_headers(
    char: str,
) -> None:
    """Refused when written, escaped where a name has them, never a second header when read."""
    encoder = MultipartEncoder("mixed")
    for header in (("A", "b" + char), ("A" + char, "b")):
        with pytest.raises(UsageError):
            encoder.begin_part([header])
    with pytest.raises(UsageError):
        encoder.begin_field("a", content_type="a/b" + char)
    form_encoder = MultipartEncoder()
    if "\0" in char:
        with pytest.raises(UsageError):
            form_encoder.begin_field("a" + char)
    else:
        assert form_encoder.begin_field("a" + char).count(b"\r\n") == 3
    with pytest.raises(MalformedError):
        MultipartParser(b"x").receive_data(b"--x\r\nA: b\rc\0d\n\r\n\r\n")


@pytest.mark.parametrize("label", ["x" * 40, "rot13", "idna", "utf-7", "unicode_escape", "nope\0"])
def test_bad_charsets_are_415_never_500(label: str) -> None:
    """Found in aiohttp: 500 on a bad multipart charset."""
    head = b'--x\r\nContent-Disposition: form-data; name="a"\r\n'
    typed = head + b'Content-Type: text/plain; charset="%s"\r\n\r\nv\r\n--x--'
    if "\0" not in label:
        with pytest.raises(MultipartError) as caught:
            parse_form(TYPE, typed % label.encode())
        assert caught.value.status == 415
    named = head.replace(b'"a"', b'"_charset_"') + b"\r\n%s\r\n--x--"
    with pytest.raises(MultipartError) as caught:
        parse_form(TYPE, named % label.encode())
    assert caught.value.status == 415
