"""Responses as bytes, and values that are refused."""

from collections.abc import Callable
from http import HTTPStatus
from typing import cast

import pytest

from treadle_http_parser import (
    LocalProtocolError,
    encode_fields,
    reason_phrase,
    status_line,
)
from treadle_http_parser._encode import bodiless_head, chunk, last_chunk

CONTROLS = [chr(code) for code in range(32) if code != 9] + ["\x7f"]


@pytest.mark.parametrize(
    ("status", "reason", "line"),
    [
        (200, None, b"HTTP/1.1 200 OK\r\n"),
        (200, "OK", b"HTTP/1.1 200 OK\r\n"),
        (200, "Fine", b"HTTP/1.1 200 Fine\r\n"),
        (200, "", b"HTTP/1.1 200 \r\n"),
        (413, None, b"HTTP/1.1 413 Content Too Large\r\n"),
        (422, None, b"HTTP/1.1 422 Unprocessable Content\r\n"),
        (599, None, b"HTTP/1.1 599 \r\n"),
        (999, "x", b"HTTP/1.1 999 x\r\n"),
        (404, "Não\tachado", "HTTP/1.1 404 Não\tachado\r\n".encode()),
        (404, "\udcff", b"HTTP/1.1 404 \xff\r\n"),
    ],
)
def test_status_line(status: int, reason: str | None, line: bytes) -> None:
    assert status_line(status, reason) == line


def test_reasons_are_those_of_the_standard_library_or_newer() -> None:
    newer = {413, 414, 416, 422}
    for status in HTTPStatus:
        assert reason_phrase(status) == status.phrase or status in newer
    assert reason_phrase(599) == ""


@pytest.mark.parametrize("status", [0, 99, 1000, -200])
def test_status_has_three_digits(status: int) -> None:
    with pytest.raises(LocalProtocolError, match=f"three digits, got {status}"):
        status_line(status)


@pytest.mark.parametrize("control", CONTROLS)
def test_controls_are_refused(control: str) -> None:
    text = f"a{control}b"
    # Twice, because valid names are remembered.
    for _ in range(2):
        with pytest.raises(LocalProtocolError):
            status_line(200, text)
        with pytest.raises(LocalProtocolError):
            encode_fields([("A", text)])
        with pytest.raises(LocalProtocolError):
            encode_fields([(text, "a")])
        with pytest.raises(LocalProtocolError):
            last_chunk([("A", text)])
        with pytest.raises(LocalProtocolError):
            bodiless_head(103, [("A", text)])


def test_refusals_name_value_and_place() -> None:
    with pytest.raises(LocalProtocolError, match=r"'X-A'.*'\\r' at position 3: 'abc\\r\\n'"):
        encode_fields([("X-A", "abc\r\n")])
    with pytest.raises(LocalProtocolError, match=r"reason phrase 'a\\n'.*'\\n' at 1"):
        status_line(200, "a\n")
    with pytest.raises(LocalProtocolError, match="'A B' is not a header field name"):
        encode_fields([("A B", "")])


@pytest.mark.parametrize("name", ["", " ", "A ", " A", "A:", "A\t", "é", "A(", "A/B", "\u212a"])
def test_names_are_tokens(name: str) -> None:
    with pytest.raises(LocalProtocolError):
        encode_fields([(name, "a")])


@pytest.mark.parametrize("code", [0xD800, 0xDFFF, 0xDC0A, 0xDC0D])
def test_half_a_surrogate_pair_is_refused(code: int) -> None:
    text = chr(code)
    with pytest.raises(LocalProtocolError, match="surrogate"):
        encode_fields([("A", text)])
    with pytest.raises(LocalProtocolError, match="surrogate"):
        status_line(200, text)


def test_fields() -> None:
    assert encode_fields([]) == b""
    assert encode_fields([("b-B", "1"), ("A", ""), ("b-B", "x\ty"), ("!#$%&'*+-.^_`|~0", "é")]) == (
        b"b-B: 1\r\nA: \r\nb-B: x\ty\r\n!#$%&'*+-.^_`|~0: \xc3\xa9\r\n"
    )
    # Bytes of a peer that are not UTF-8 are sent unchanged (PEP 383).
    assert (
        encode_fields([("A", b"\xe9\x80".decode("utf-8", "surrogateescape"))]) == b"A: \xe9\x80\r\n"
    )


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_chunk(kind: type[bytes] | type[bytearray] | type[memoryview]) -> None:
    assert chunk(kind(b"x" * 26)) == b"1a\r\n" + b"x" * 26 + b"\r\n"


def test_last_chunk() -> None:
    assert last_chunk() == b"0\r\n\r\n"
    assert last_chunk([("A", "b")]) == b"0\r\nA: b\r\n\r\n"


def test_bodiless_head() -> None:
    assert bodiless_head(103, iter([("Link", "</a>")])) == (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    )
    for name in ("Content-Length", "transfer-encoding"):
        with pytest.raises(LocalProtocolError, match=f"status 103 must not have '{name}'"):
            bodiless_head(103, [(name, "0")])


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (("Content-Length", 5), "The value of 'Content-Length' must be a str, got 5"),
        (("A", b"x"), "The value of 'A' must be a str, got b'x'"),
        (("A", None), "The value of 'A' must be a str, got None"),
        ((b"A", "x"), "A header field name must be a str, got b'A'"),
        ((1, "x"), "A header field name must be a str, got 1"),
    ],
)
def test_fields_that_are_not_text(field: tuple[str, str], message: str) -> None:
    with pytest.raises(LocalProtocolError, match=message):
        encode_fields([field])
    with pytest.raises(LocalProtocolError, match=message):
        bodiless_head(103, [("B", "b"), field])


@pytest.mark.parametrize(
    "use",
    [
        lambda: encode_fields([("A", "\n" + "a" * 100_000)]),
        lambda: encode_fields([("A\n" + "a" * 100_000, "x")]),
        lambda: encode_fields([("A", cast("str", b"a" * 100_000))]),
        lambda: status_line(200, "\n" + "a" * 100_000),
    ],
)
def test_an_error_does_not_repeat_all_of_a_value(use: Callable[[], object]) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        use()
    assert 100 < len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)
