"""Heads that one expression reads: each as ``HeadParser`` reads it, or not at all.

So does a connection that knows a head: it reads the next one as a fresh connection does.
"""

from collections.abc import Callable, Iterable

import pytest

from treadle_http_parser import (
    DEFAULT_LIMITS,
    Data,
    EndOfMessage,
    Error,
    Event,
    Limits,
    Request,
    ServerConnection,
)
from treadle_http_parser import _errors as messages
from treadle_http_parser._framing import _READ, _REFUSED
from treadle_http_parser._ordinary import _METHODS, _MOST_FIELDS, ordinary_size, read_ordinary
from treadle_http_parser._parser import HeadParser

Outcome = list[tuple[object, ...]]
Read = Callable[..., Outcome]
Growth = Callable[[Callable[[int], Callable[[], object]], int], float]

# Methods of ordinary heads, and others.
METHODS = [*_METHODS.values(), "CONNECT", "M-SEARCH", "PRI", "FOO", "get", "G@T", "SOURCE", ""]
TARGETS = [
    "/", "/a/b?c=d&e", "//a", "*", "http://h:1/p?q", "http://h", "https://h?q", "ftp://h/", "h:1",
    "h", "a", "/a#b", "/a b", "/\x7f", "/é", "",
]  # fmt: skip
VERSIONS = ["HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1", ""]

# Fields behind which another request can follow, and the body that they announce.
FIELDS = {
    "Host": (b"Host: a\r\n", b""),
    "no body": (b"Host: a\r\nContent-Length: 0\r\n", b""),
    "a sized body": (b"Content-Length: 3\r\nHost: a\r\n", b"abc"),
    "a chunked body": (b"Host: a\r\nTransfer-Encoding: chunked\r\n", b"1\r\nx\r\n0\r\n\r\n"),
    "keep-alive": (b"Host: a\r\nConnection: keep-alive\r\n", b""),
    "an upgrade": (b"Host: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n", b""),
    "an upgrade with a body": (
        b"Host: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n",
        b"abc",
    ),
    "an expectation": (b"Host: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n", b"x"),
    "a coded body": (b"Host: a\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n", b"x"),
    "fields of the application": (b"Host: a:80\r\nAccept: */*\r\nX-A: \xff\r\n", b""),
}


def facts(events: Iterable[Event]) -> Outcome:
    """Return everything that events hold."""
    found: Outcome = []
    for event in events:
        if isinstance(event, Request):
            framing = event.framing
            values = (getattr(framing, name) for name in framing.__slots__)
            parts = (event.method, event.target, event.authority, event.version, event.fields)
            found.append((*parts, *values))
        elif isinstance(event, Data):
            found.append((event.data, event.chunk_end))
        elif isinstance(event, EndOfMessage):
            found.append((event.trailers,))
        else:
            found.append((event.status, event.reason, event.detail, event.limit))
    return found


def connection_after(data: bytes, limits: Limits = DEFAULT_LIMITS) -> ServerConnection:
    """Return a connection on which ``data`` was read and answered."""
    connection = ServerConnection(limits)
    assert isinstance(connection.receive_data(data)[-1], EndOfMessage)
    connection.send_head(204)
    connection.send_end()
    assert connection.is_idle
    return connection


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", FIELDS.values(), ids=FIELDS)
def test_a_second_head_is_read_as_a_first_one(case: tuple[bytes, bytes], method: str) -> None:
    fields, body = case
    rest = b"\r\n" + fields + b"\r\n" + body
    for before in (b"GET /before HTTP/1.1", b"PUT /x HTTP/1.1"):
        for target in TARGETS:
            for version in VERSIONS:
                data = f"{method} {target} {version}".encode() + rest
                fresh = facts(ServerConnection().receive_data(data))
                assert facts(connection_after(before + rest).receive_data(data)) == fresh


@pytest.mark.parametrize("place", ["/{}", "/a?{}"])
def test_targets_of_every_byte(place: str) -> None:
    start, end = place.encode().split(b"{}")
    rest = b" HTTP/1.1\r\nHost: a\r\n\r\n"
    accepted = []
    for byte in range(256):
        data = b"GET " + start + bytes([byte]) + end + rest
        fresh = ServerConnection().receive_data(data)
        assert facts(connection_after(b"GET /before" + rest).receive_data(data)) == facts(fresh)
        if isinstance(fresh[0], Request):
            accepted.append(byte)
    assert accepted == [byte for byte in range(0x21, 0x7F) if byte != ord("#")]


@pytest.mark.parametrize("case", FIELDS.values(), ids=FIELDS)
def test_an_equal_head_is_the_same_request(case: tuple[bytes, bytes]) -> None:
    fields, body = case
    data = b"PUT /a HTTP/1.1\r\n" + fields + b"\r\n" + body
    connection = connection_after(data)
    first = connection.request
    events = connection.receive_data(data)
    assert connection.request is first
    assert facts(events) == facts(ServerConnection().receive_data(data))


@pytest.mark.parametrize("name", ["Host", "a sized body", "an upgrade"])
def test_a_second_head_in_two_pieces(name: str) -> None:
    fields, body = FIELDS[name]
    rest = b"\r\n" + fields + b"\r\n"
    data = b"POST /second?a HTTP/1.1" + rest
    fresh = facts(ServerConnection().receive_data(data + body))
    for cut in range(1, len(data)):
        connection = connection_after(b"GET / HTTP/1.1" + rest + body)
        events = connection.receive_data(data[:cut])
        assert facts([*events, *connection.receive_data(data[cut:] + body)]) == fresh


AGENT = b"User-Agent: test\r\nAccept: */*\r\n\r\n"


@pytest.mark.parametrize(
    ("lines", "authorities"),
    [
        # The authority of a target is that request's only.
        (["GET http://other:1/a", "GET /b", "GET /a"], ["other:1", "a", "a"]),
        (["GET /a", "GET http://other:1/a", "GET /b"], ["a", "other:1", "a"]),
        (["GET /a", "OPTIONS *", "GET /a"], ["a", "a", "a"]),
    ],
)
def test_an_authority_is_not_repeated(lines: list[str], authorities: list[str], read: Read) -> None:
    wire = b"".join(f"{line} HTTP/1.1\r\nHost: a\r\n".encode() + AGENT for line in lines)
    assert [event[3] for event in read(wire) if event[0] == "request"] == authorities


GOOD = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    ("limits", "limit", "reason"),
    [
        (Limits(max_request_line=40), "max_request_line", messages.LINE_TOO_LONG),
        (Limits(max_head=50), "max_head", messages.HEAD_TOO_LONG),
    ],
)
def test_limits_apply_to_a_repeated_head(limits: Limits, limit: str, reason: str) -> None:
    long = GOOD.replace(b"/a", b"/" + b"a" * 30)
    # The line is known to connections that allow more.
    assert len(ServerConnection().receive_data(long)) == 2
    (error,) = connection_after(GOOD, limits).receive_data(long)
    assert isinstance(error, Error)
    assert (error.reason, error.limit) == (reason, limit)


def test_a_large_head_is_read_each_time() -> None:
    data = b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 3000 + b"\r\n\r\n"
    connection = connection_after(data)
    first = connection.request
    connection.receive_data(data)
    second = connection.request
    assert first is not None
    assert second is not None
    assert first.fields == second.fields
    assert first.fields is not second.fields


HEAD = b"GET /a?b HTTP/1.1\r\nHost: a\r\n%bX: y\r\n\r\n"


LENGTH = b"Content-Length: 2\r\n"


def parsed(head: bytes) -> Outcome:
    return facts([HeadParser(DEFAULT_LIMITS).finish(head, head)])


@pytest.mark.parametrize("byte", range(256))
@pytest.mark.parametrize("line", [b"A%bB: c", b"A: b%bc", b"%bA: b", b"A%b: b", b"A: b%b", b"A:%b"])
def test_fields_of_every_byte(line: bytes, byte: int) -> None:
    head = HEAD % (line % bytes([byte]) + b"\r\n")
    request = read_ordinary(head)
    if request is None:
        # Nothing valid is left to ``HeadParser`` but names that look like Sec-WebSocket-Key1.
        (event, *_) = ServerConnection().receive_data(head)
        assert isinstance(event, Error) or byte == ord("1")
    else:
        assert facts([request]) == parsed(head)


@pytest.mark.parametrize("name", sorted(_READ | _REFUSED.keys()))
@pytest.mark.parametrize("place", [b"%b%b", LENGTH + b"%b%b", b"%b%b" + LENGTH])
def test_what_frames_a_request_is_not_ordinary_in_any_spelling(name: bytes, place: bytes) -> None:
    spellings = {name, name.upper(), name.title(), name.swapcase().title().swapcase()}
    spellings |= {name[:at].upper() + name[at:] for at in range(len(name))}
    for spelling in spellings:
        twice = b"keep-alive\r\n" + name + b": close"
        for value in (b"1", b"a", b"close", b"keep-alive, x", twice):
            head = HEAD % (place % (spelling, b": " + value + b"\r\n"))
            # The one exception is the field that the expression reads itself.
            own = spelling.lower() == b"content-length" and value == b"1" and place == b"%b%b"
            request = read_ordinary(head)
            assert request is None or (own and request.content_length == 1)


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        (b"", 0),
        (b"Connection: keep-alive\r\n", 0),
        (b"connection: Keep-Alive\r\n", 0),
        (b"Content-Length: 0\r\n", 0),
        (b"content-length:\t 17\r\n", 17),
        (b"Content-Type: a/b\r\nContent-Length: 000000000000000005\r\nCookie: c\r\n", 5),
        (b"Upgrade-Insecure-Requests: 1\r\nTE: trailers\r\nTraceparent: 0\r\n", 0),
        (b"A:\r\nB:  \t\r\nC: \xe9 \t\r\n", 0),
    ],
)
def test_ordinary_heads(lines: bytes, length: int) -> None:
    head = HEAD % lines
    request = read_ordinary(head)
    assert request is not None
    assert request.content_length == length
    assert facts([request]) == parsed(head)


@pytest.mark.parametrize(
    "head",
    [
        GOOD.replace(b"1.1", b"1.0"),
        GOOD.replace(b"Host", b"HOST"),
        GOOD.replace(b": a", b": a/b"),
        GOOD.replace(b": a", b": a:99999"),
        GOOD.replace(b": a", b": a\r\nHost: a"),
        GOOD.replace(b"GET", b"FETCH"),
        GOOD.replace(b"\r\n\r\n", b"\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"),
        GOOD.replace(b"\r\n\r\n", b"\r\nContent-Length: 1234567890123456789\r\n\r\n"),
        GOOD + b"\r\n",
    ],
)
def test_other_heads_are_left_to_the_parser(head: bytes) -> None:
    assert read_ordinary(head) is None


def test_the_size_of_ordinary_heads_exceeds_no_limit() -> None:
    assert ordinary_size(Limits(max_request_line=40, max_field_line=30, max_head=50)) == 30
    assert ordinary_size(Limits(max_fields=_MOST_FIELDS)) == 8192
    assert ordinary_size(Limits(max_fields=_MOST_FIELDS - 1)) == 0
    field = b"a:\r\n"
    for before, after, behind, ordinary in [
        (16, 60, 16, True), (17, 0, 0, False), (0, 61, 0, False), (0, 0, 17, False)
    ]:  # fmt: skip
        lines = field * before + b"Host: a\r\n" + field * after + b"Content-Length: 1\r\n"
        head = b"GET / HTTP/1.1\r\n" + lines + field * behind + b"\r\n"
        request = read_ordinary(head)
        assert (request is not None) is ordinary
        assert request is None or len(request.fields) == _MOST_FIELDS


def test_a_head_that_is_not_ordinary_is_left_in_linear_time(growth: Growth) -> None:
    def read(size: int) -> Callable[[], object]:
        start = b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 16 + b"Host: a\r\n" + b"c: d\r\n" * 59
        ends = [b"x" * size, b"e: " + b"x" * size + b"\x00", b"e: f\r\nConnection: " + b"x" * size]
        heads = [start + end + b"\r\n\r\n" for end in ends]
        assert [read_ordinary(head) for head in heads] == [None, None, None]
        return lambda: [read_ordinary(head) for head in heads]

    assert growth(read, 4000) < 7
