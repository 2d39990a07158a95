"""Host, body length, persistence, Upgrade and Expect, judged from the fields alone."""

import pytest

from treadle_http_parser import Fields, Request, ServerConnection, _framing
from treadle_http_parser import _errors as messages
from treadle_http_parser._errors import RefusedError
from treadle_http_parser._framing import Framing, FramingFields, read_framing, valid_authority

HTTP_10 = (1, 0)
HTTP_11 = (1, 1)


def fields(text: str) -> Fields:
    pairs = (line.split(":", 1) for line in text.split("\n") if line)
    return tuple((name.encode(), value.strip(" ").encode("latin-1")) for name, value in pairs)


# Fields beside Host, version: content length (None is chunked), keep-alive, upgrade, expect.
FRAMED: list[tuple[str, tuple[int, int], tuple[int | None, bool, str, str]]] = [
    ("", HTTP_11, (0, True, "", "")),
    ("", HTTP_10, (0, False, "", "")),
    ("Content-Length: 0", HTTP_11, (0, True, "", "")),
    ("Content-Length: 5", HTTP_11, (5, True, "", "")),
    ("CONTENT-LENGTH: 005", HTTP_11, (5, True, "", "")),
    ("content-length: 999999999999999999", HTTP_11, (999999999999999999, True, "", "")),
    ("Content-Length: 5", HTTP_10, (5, False, "", "")),
    ("Transfer-Encoding: chunked", HTTP_11, (None, True, "", "")),
    ("transfer-encoding: CHUNKED", HTTP_11, (None, True, "", "")),
    ("Connection: keep-alive", HTTP_11, (0, True, "", "")),
    ("Connection: Keep-Alive", HTTP_11, (0, True, "", "")),
    ("Connection: keep-alive", HTTP_10, (0, True, "", "")),
    ("Connection: close", HTTP_11, (0, False, "", "")),
    ("Connection: CLOSE", HTTP_11, (0, False, "", "")),
    ("Connection: foo,\tclose , bar", HTTP_11, (0, False, "", "")),
    ("Connection: closed", HTTP_11, (0, True, "", "")),
    ("Connection: keep-alive\nConnection: close", HTTP_11, (0, False, "", "")),
    ("Connection: close\nConnection: keep-alive", HTTP_10, (0, False, "", "")),
    ("Connection: upgrade\nUpgrade: WebSocket", HTTP_11, (0, True, "websocket", "")),
    ("Upgrade: a\nUpgrade: B\nConnection: Upgrade", HTTP_11, (0, True, "a, b", "")),
    ("Upgrade: websocket", HTTP_11, (0, True, "", "")),
    ("Connection: upgrade", HTTP_11, (0, True, "", "")),
    # RFC 9110 section 7.8: never for HTTP/1.0.
    ("Connection: upgrade, keep-alive\nUpgrade: x", HTTP_10, (0, True, "", "")),
    ("Connection: upgrade\nUpgrade: x\nContent-Length: 3", HTTP_11, (3, True, "x", "")),
    ("Expect: 100-Continue\nContent-Length: 5", HTTP_11, (5, True, "", "100-continue")),
    ("Expect: a\nExpect: b", HTTP_11, (0, True, "", "a, b")),
    ("Accept: close\nCookie: chunked", HTTP_11, (0, True, "", "")),
]


@pytest.mark.parametrize(("text", "version", "expected"), FRAMED)
def test_framing(
    text: str, version: tuple[int, int], expected: tuple[int | None, bool, str, str]
) -> None:
    host, framing = read_framing(fields("Host: h:1\n" + text), version)
    assert host == "h:1"
    assert (
        framing.content_length, framing.keep_alive, framing.upgrade, framing.expect
    ) == expected  # fmt: skip
    assert framing.chunked is (framing.content_length is None)


REFUSED = [
    *(
        (f"Content-Length: {value}", HTTP_11, 400, messages.LENGTH_INVALID)
        for value in (
            "", "+3", "-3", "3,", "3, 3", "3,3", "3 3", "0x3", "1_0", "3.0", "3e1", "a", "\xb2",
            "1" + "0" * 18, "9" * 5000,
        )
    ),
    ("Content-Length: 3\nContent-Length: 3", HTTP_11, 400, messages.LENGTH_INVALID),
    ("Content-Length: 3\ncontent-length: 4", HTTP_11, 400, messages.LENGTH_INVALID),
    ("Content-Length: 3\nTransfer-Encoding: chunked", HTTP_11, 400, messages.LENGTH_AND_CODING),
    ("Transfer-Encoding: chunked\nContent-Length: 0", HTTP_11, 400, messages.LENGTH_AND_CODING),
    ("Transfer-Encoding: chunked", HTTP_10, 400, messages.CODING_BEFORE_11),
    *(
        (f"Transfer-Encoding: {value}", HTTP_11, 400, messages.CODING_NOT_CHUNKED)
        for value in (
            "", "gzip", "identity", "chunked, gzip", "chunked, chunked", "chunked,", "chunked;a=b",
            '"chunked"', "xchunked", "chunked identity", "\x0bchunked", "chun ked",
        )
    ),
    ("Transfer-Encoding: chunked\nTransfer-Encoding: gzip", HTTP_11, 400,
     messages.CODING_NOT_CHUNKED),
    ("Transfer-Encoding: chunked\nTransfer-Encoding: chunked", HTTP_11, 400,
     messages.CODING_NOT_CHUNKED),
    ("Transfer-Encoding: gzip, chunked", HTTP_11, 501, messages.CODING_UNKNOWN),
    ("Transfer-Encoding: gzip\nTransfer-Encoding: chunked", HTTP_11, 501, messages.CODING_UNKNOWN),
    ("Transfer-Encoding: , chunked", HTTP_11, 501, messages.CODING_UNKNOWN),
    ("Host: h:1", HTTP_11, 400, messages.HOST_REPEATED),
    ("HOST: other", HTTP_10, 400, messages.HOST_REPEATED),
    ("Sec-WebSocket-Key1: x", HTTP_11, 400, messages.OLD_WEBSOCKET),
]  # fmt: skip


@pytest.mark.parametrize(("text", "version", "status", "reason"), REFUSED)
def test_refused(text: str, version: tuple[int, int], status: int, reason: str) -> None:
    with pytest.raises(RefusedError) as caught:
        read_framing(fields("Host: h:1\n" + text), version)
    assert (caught.value.status, caught.value.reason) == (status, reason)


def test_host_may_be_missing_before_http_11() -> None:
    assert read_framing((), HTTP_10)[0] == ""
    with pytest.raises(RefusedError, match=messages.HOST_MISSING):
        read_framing((), HTTP_11)


AUTHORITIES = [
    "a", "example.org", "EXAMPLE.org.", "example.org:80", "example.org:", "h:65535", "h:0",
    "127.0.0.1", "127.0.0.1:8080", "a_b", "xn--bcher-kva.example", "%41.example", "a!$&'()*+,;=~",
    "[::1]", "[::1]:80", "[::]", "[2001:db8::1]:", "[::ffff:1.2.3.4]", "x" * 512,
]  # fmt: skip
NO_AUTHORITIES = [
    "", ":", ":80", "a:b", "a:-1", "a:+1", "a:65536", "a:99999", "a:000080", "a:80:80", "a b",
    " a", "a ", "a/b", "/", "a?b", "a#b", "u@h", "u:p@h", "a\\b", 'a"b', "a<b>", "a|b", "a^b",
    "a`b", "a{b}", "%", "%4", "%4g", "é", "a\x00b", "a\x7f", "[]", "[", "]", "[::1", "::1",
    "[::1]x", "[::1]:x", "[::1]:65536", "[:::]", "[::1::2]", "[1]", "[.]", "[1.2.3.4]",
    "[fe80::1%25eth0]",
    "[v1.a]", "[[::1]]", "[" + ":" * 45 + "]", "x" * 513,
]  # fmt: skip


@pytest.mark.parametrize("text", AUTHORITIES)
def test_authority(text: str) -> None:
    for _ in "the first time", "again":
        assert valid_authority(text.encode()) == text
        assert read_framing(((b"hOST", text.encode()),), HTTP_11)[0] == text


@pytest.mark.parametrize("text", NO_AUTHORITIES)
def test_no_authority(text: str) -> None:
    assert valid_authority(text.encode()) is None
    with pytest.raises(RefusedError, match=messages.HOST_INVALID):
        read_framing(((b"Host", text.encode()),), HTTP_11)


@pytest.mark.parametrize("name", sorted(_framing._READ - {b"host"}))
def test_every_framing_field_is_collected(name: bytes) -> None:
    empty, framing = FramingFields(), FramingFields()
    framing.add(name, b"1")
    slots = FramingFields.__slots__
    assert len([slot for slot in slots if getattr(framing, slot) != getattr(empty, slot)]) == 1


@pytest.mark.parametrize("name", sorted(_framing._READ | _framing._REFUSED.keys()))
def test_framing_fields_are_judged_in_every_spelling(name: bytes) -> None:
    # Names in this set are skipped.
    for spelling in (name, name.title(), name.upper()):
        assert spelling not in _framing._APPLICATION


def test_framing_defaults_to_no_body() -> None:
    framing = Framing(keep_alive=True)
    assert (framing.content_length, framing.chunked) == (0, False)


@pytest.mark.parametrize(
    ("lines", "coding"),
    [
        (b"", ""),
        (b"Content-Encoding: GZip\r\n", "gzip"),
        (b"Content-Encoding: gzip\r\ncontent-encoding: br\r\n", "gzip, br"),
        (b"Content-Encoding: \xff\r\n", "\xff"),
    ],
)
def test_content_codings(lines: bytes, coding: str) -> None:
    connection = ServerConnection()
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n" + lines + b"\r\n"
    event = connection.receive_data(head)[0]
    assert isinstance(event, Request)
    assert event.content_coding == coding
