"""Published advisories of similar servers that concern the wire; their ids name the tests.

"Linear" is tested by the time for one input against that for one four times as long.
"""

import subprocess
import sys
from collections.abc import Callable

import pytest

from treadle_http_parser import (
    Data,
    EndOfMessage,
    Error,
    Limits,
    LocalProtocolError,
    Request,
    ServerConnection,
    encode_fields,
    status_line,
)
from treadle_http_parser.fields import parse_content_type, parse_cookies

Outcome = list[tuple[object, ...]]
Read = Callable[..., Outcome]
Growth = Callable[[Callable[[int], Callable[[], object]], int], float]

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def head(*fields: bytes, line: bytes = b"POST / HTTP/1.1") -> bytes:
    return b"".join(part + b"\r\n" for part in (line, b"Host: a", *fields)) + b"\r\n"


def refused(outcome: Outcome, *statuses: int) -> None:
    """Check that the outcome ends in a refusal, and that nothing was read behind it."""
    assert outcome[-1][0] == "error"
    assert outcome[-1][1] in (statuses or (400,))
    assert [event for event in outcome if event[0] == "request" and event[2] == "/smuggled"] == []


@pytest.mark.parametrize("control", [b"\r", b"\n", b"\x00"])
@pytest.mark.parametrize(
    "data",
    [
        b"GET /%bx HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1%bHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a%b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX%bY: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX:%b b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: b%bContent-Length: 30\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n%b\r\n",
    ],
)
def test_ghsa_45c4_cve_2018_1000164_cve_2012_2374_cve_2019_12387_controls_in_a_head(
    data: bytes, control: bytes, read_every_way: Read
) -> None:
    refused(read_every_way(data % control + SMUGGLED))


@pytest.mark.parametrize("control", ["\r", "\n", "\r\n", "\x00", "\r\nSet-Cookie: a=b"])
def test_ghsa_45c4_ghsa_m6qw_ghsa_2vrm_ghsa_mwh4_cve_2020_7695_controls_in_an_answer(
    control: str,
) -> None:
    connection = ServerConnection()
    connection.receive_data(head(line=b"GET / HTTP/1.1"))
    for fields, reason in (
        ([("A", f"b{control}c")], None),
        ([(f"A{control}", "b")], None),
        ([], f"OK{control}"),
    ):
        with pytest.raises(LocalProtocolError):
            connection.send_head(200, fields, reason)
        with pytest.raises(LocalProtocolError):
            encode_fields(fields) + status_line(200, reason)
    with pytest.raises(LocalProtocolError):
        connection.send_informational(103, [("A", control)])
    connection.send_head(200)
    with pytest.raises(LocalProtocolError):
        connection.send_end([("A", control)])


@pytest.mark.parametrize(
    "fields",
    [
        (b"Content-Length: 3", b"Transfer-Encoding: chunked"),
        (b"Transfer-Encoding: chunked", b"Content-Length: 3"),
        (b"Content-Length: 3", b"Content-Length: 4"),
        (b"Content-Length: 3, 4",),
        (b"Content-Length: 3", b"content-length: 3"),
        (b"Transfer-Encoding: chunked, identity",),
        (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
        (b"Transfer-Encoding: identity, chunked, identity",),
        (b"Transfer-Encoding: xchunked",),
        (b'Transfer-Encoding: "chunked"',),
        (b"Transfer-Encoding: chunked\x0b",),
        (b"Transfer-Encoding : chunked",),
        (b"Transfer-Encoding:", b"Content-Length: 3"),
    ],
)
def test_ghsa_xx9p_cve_2020_10108_cve_2019_16786_cve_2024_1135_cve_2024_6827_two_lengths(
    fields: tuple[bytes, ...], read_every_way: Read
) -> None:
    refused(read_every_way(head(*fields) + b"0\r\n\r\n" + SMUGGLED))


@pytest.mark.parametrize(
    "number", [b"+3", b"-3", b"0x3", b"1_0", b"\xd9\xa3", b"\xef\xbc\x93", b"3 3"]
)
def test_ghsa_gfw2_ghsa_8qpw_ghsa_69f9_numbers(number: bytes, read_every_way: Read) -> None:
    refused(read_every_way(head(b"Content-Length: " + number) + b"abc" + SMUGGLED))
    refused(read_every_way(CHUNKED + number + b"\r\nabc\r\n0\r\n\r\n" + SMUGGLED))
    refused(read_every_way(head(line=b"GET http://a:%b/ HTTP/1.1" % number)))


@pytest.mark.parametrize(
    "name", [b"A B", b"A\t", b"", b"A(", b"A\xe9", b"A[", b"A\\", b"A@", b"A\x00"]
)
def test_ghsa_gfw2_field_names_are_tokens(name: bytes, read_every_way: Read) -> None:
    refused(read_every_way(head(name + b": b") + SMUGGLED))
    refused(read_every_way(CHUNKED + b"0\r\n" + name + b": b\r\n\r\n" + SMUGGLED))


@pytest.mark.parametrize(
    "body",
    [
        b"1;a\nb\r\nx\r\n0\r\n\r\n",
        b"1;\nx\r\n0\r\n\r\n",
        b"1\nx\r\n0\r\n\r\n",
        b"1\r\nx\n0\r\n\r\n",
        b"1\r\nxx\r\n0\r\n\r\n",
        b"1\r\nxyz0\r\n\r\n",
        b"0\r\nA: b\n\r\n",
        b"0\r\nA\r\n\r\n",
        b"0\n\r\n",
        b"0\r\n\n",
    ],
)
def test_ghsa_8495_ghsa_9548_cve_2025_43859_cve_2025_22871_cve_2019_16785_chunk_lines(
    body: bytes, read_every_way: Read
) -> None:
    refused(read_every_way(CHUNKED + body + SMUGGLED))


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c", b"tcp", b"foo"])
def test_ghsa_mfx4_the_body_of_a_request_whose_upgrade_is_ignored(
    protocol: bytes, read_every_way: Read
) -> None:
    upgrade = (b"Connection: Upgrade", b"Upgrade: " + protocol)
    sized = head(*upgrade, b"Content-Length: %d" % len(SMUGGLED)) + SMUGGLED
    chunked = head(*upgrade, b"Transfer-Encoding: chunked")
    chunked += b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)
    for data in (sized, chunked):
        outcome = read_every_way(data + head(line=b"GET /next HTTP/1.1"))
        assert [event[2] for event in outcome if event[0] == "request"] == ["/", "/next"]
        assert [event[1] for event in outcome if event[0] == "data"] == [SMUGGLED]


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a/../b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a?b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
        b"GET evil HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET @evil/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET ?a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET \\evil HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_ghsa_c427_cve_2026_48710_cve_2026_54282_host_and_path(
    data: bytes, read_every_way: Read
) -> None:
    refused(read_every_way(data + SMUGGLED))


def test_ghsa_w2fm_cve_2026_22815_ghsa_63hw_limits_do_not_depend_on_reads(
    read_every_way: Read,
) -> None:
    limits = Limits(max_request_line=100, max_field_line=100, max_head=300, max_fields=5)
    refused(read_every_way(head(line=b"GET /%b HTTP/1.1" % (b"a" * 100)), limits), 414)
    refused(read_every_way(head(b"A: " + b"a" * 100), limits), 431)
    refused(read_every_way(head(*[b"A: b"] * 5), limits), 431)
    refused(read_every_way(head(*[b"A: " + b"a" * 90] * 3), limits), 431)
    trailers = b"".join(b"A: %b\r\n" % (b"a" * 90) for _ in range(4))
    refused(read_every_way(CHUNKED + b"0\r\n" + trailers, limits), 431)


def test_ghsa_w2fm_cve_2025_67725_repeated_fields_are_linear(growth: Growth) -> None:
    limits = Limits(max_head=10**8, max_fields=10**8)

    def make(size: int) -> Callable[[], object]:
        data = head(*[b"Connection: a"] * size)
        return lambda: ServerConnection(limits).receive_data(data)

    assert growth(make, 2000) < 10


def test_ghsa_4fvr_cve_2023_46137_one_pipelined_request_at_a_time() -> None:
    connection = ServerConnection()
    data = b"".join(head(line=b"GET /%d HTTP/1.1" % number) for number in range(1000))
    events = connection.receive_data(data)
    for number in range(1000):
        request, end = events
        assert isinstance(request, Request)
        assert isinstance(end, EndOfMessage)
        assert request.target == f"/{number}"
        assert connection.receive_data(b"") == []
        connection.send_head(204)
        connection.send_end()
        events = connection.receive_data(b"")
    assert events == []


def test_ghsa_g84x_100000_chunks_of_one_byte(growth: Growth) -> None:
    body = b"1\r\nx\r\n" * 100_000
    connection = ServerConnection()
    connection.receive_data(CHUNKED)
    count = 0
    for at in range(0, len(body), 65536):
        count += len(connection.receive_data(body[at : at + 65536]))
    assert count == 100_000


def test_pysec_2026_3041_cve_2024_24762_content_type_is_linear(growth: Growth) -> None:
    def make(size: int) -> Callable[[], object]:
        values = ("a/b;" + " " * size + "c", 'a/b;c="' + "\\" * size, "a/b" + ";" * size)
        return lambda: [parse_content_type(value) for value in values]

    assert growth(make, 20_000) < 10


def test_cve_2024_52804_cve_2026_47287_cve_2024_7592_cookies_are_linear(growth: Growth) -> None:
    def make(size: int) -> Callable[[], object]:
        values = ("a;" * size + "b=c", 'a="' + "\\" * size, 'a="b;' * size, "=" * size)
        return lambda: [parse_cookies(value) for value in values]

    assert growth(make, 10_000) < 10


def test_cve_2023_23934_nameless_cookies_are_dropped() -> None:
    assert parse_cookies("=__Host-a=bad; __Host-a=good") == [("__Host-a", "good")]


@pytest.mark.parametrize(
    "authority", [b"[", b"[]", b"[:::]", b"[::1", b"::1", b"a:b", b"a:70000", b"[::1]:x", b"[v1.a]"]
)
def test_cve_2022_33124_a_bad_address_or_port(authority: bytes, read_every_way: Read) -> None:
    refused(read_every_way(head(line=b"GET http://%b/ HTTP/1.1" % authority)))
    refused(read_every_way(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % authority))
    refused(read_every_way(head(line=b"CONNECT %b HTTP/1.1" % authority)))


def test_cve_2026_42544_bytes_above_127_in_a_handshake(read_every_way: Read) -> None:
    fields = [
        b"Connection: Upgrade\xff",
        b"Upgrade: \xe9",
        b"Sec-WebSocket-Key: \x80\xfe",
        b"Expect: \xff",
    ]
    outcome = read_every_way(head(*fields, line=b"GET / HTTP/1.1"))
    assert [event[0] for event in outcome] == ["request", "end"]
    connection = ServerConnection()
    connection.receive_data(head(b"Connection: upgrade", b"Upgrade: \xe9", b"Expect: \xff"))
    assert connection.request is not None
    assert (connection.request.upgrade, connection.request.expect) == ("é", "ÿ")


def test_cve_2020_7694_sentences_never_echo() -> None:
    for data in (
        b"<x>\x1b[31m / HTTP/1.1\r\n\r\n",
        head(b"<x>\x1b: 1"),
        head(b"Content-Length: <x>"),
    ):
        (error,) = ServerConnection().receive_data(data)
        assert isinstance(error, Error)
        assert "<x>" not in error.reason + error.detail
        assert (error.reason + error.detail).isprintable()


# Traps seen on httptools elsewhere.


def test_trap_a_body_is_lost_behind_an_upgrade_that_is_no_websocket() -> None:
    connection = ServerConnection()
    events = connection.receive_data(
        head(b"Connection: Upgrade", b"Upgrade: foo", b"Content-Length: 3") + b"abc"
    )
    assert [type(event) for event in events] == [Request, Data, EndOfMessage]


def test_trap_white_space_behind_values_is_kept() -> None:
    connection = ServerConnection()
    connection.receive_data(head(b"A: b \t "))
    assert connection.request is not None
    assert connection.request.fields[-1] == (b"A", b"b")


def test_trap_no_limits_on_headers_or_trailers(read: Read) -> None:
    refused(read(head(*[b"A: b"] * 128)), 431)
    refused(read(head(*[b"A: " + b"b" * 8000] * 9)), 431)
    refused(read(CHUNKED + b"0\r\n" + b"A: b\r\n" * 128), 431)
    refused(read(CHUNKED + b"0\r\n" + (b"A: " + b"b" * 8000 + b"\r\n") * 9), 431)


def test_trap_a_missing_or_repeated_host_is_accepted(read_every_way: Read) -> None:
    refused(read_every_way(b"GET / HTTP/1.1\r\n\r\n"))
    refused(read_every_way(head(b"Host: a")))


def test_trap_chunks_and_100_continue_are_sent_to_http_10() -> None:
    connection = ServerConnection()
    connection.receive_data(head(b"Expect: 100-continue", line=b"POST / HTTP/1.0"))
    assert not connection.can_send_informational
    with pytest.raises(LocalProtocolError):
        connection.send_informational(100)
    assert b"chunked" not in connection.send_head(200)
    assert connection.send_data(b"abc") == b"abc"


@pytest.mark.parametrize("version", [b"", b" HTTP/0.9", b" HTTP/2.0", b" HTTP/3.0"])
def test_trap_other_versions_are_accepted(version: bytes, read_every_way: Read) -> None:
    refused(read_every_way(head(line=b"GET /" + version) + SMUGGLED), 400, 505)


def test_no_check_lives_in_an_assert() -> None:
    code = (
        "from treadle_http_parser import *\n"
        "(error,) = ServerConnection().receive_data(b'GET /\\n HTTP/1.1\\r\\n\\r\\n')\n"
        "connection = ServerConnection()\n"
        "connection.receive_data(b'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n')\n"
        "try:\n    connection.send_head(200, [('A', '\\n')])\n"
        "except LocalProtocolError:\n    print(error.status)\n"
    )
    run = subprocess.run(
        [sys.executable, "-O", "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout == "400\n"
