"""Request heads: accepted ones, and refused ones with their status and sentence."""

from collections.abc import Callable

import pytest

from treadle_http_parser import EndOfMessage, Limits, Request, ServerConnection
from treadle_http_parser import _errors as messages
from treadle_http_parser._errors import RefusedError
from treadle_http_parser._limits import DEFAULT_LIMITS
from treadle_http_parser._parser import HeadParser

Outcome = list[tuple[object, ...]]
Read = Callable[..., Outcome]

HOST = b"Host: example.org\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: n\r\n\r\n"
NEXT_EVENTS: Outcome = [
    ("request", "GET", "/next", "n", (1, 1), ((b"Host", b"n"),)),
    ("end", ()),
]


def head(line: bytes, *fields: bytes) -> bytes:
    return b"".join(part + b"\r\n" for part in (line, b"Host: example.org", *fields)) + b"\r\n"


# Bytes; method, target, authority, version; the fields behind Host; True if another request may
# follow.
ACCEPTED = {
    "plain": (head(b"GET / HTTP/1.1"), ("GET", "/", "example.org", (1, 1)), (), True),
    "query": (
        head(b"GET /a?b=%20#"[:-1] + b" HTTP/1.1"),
        ("GET", "/a?b=%20", "example.org", (1, 1)),
        (),
        True,
    ),
    "every visible character": (
        head(b"GET /!\"$%&'()*+,-.;<=>@[\\]^_`{|}~ HTTP/1.1"),
        ("GET", "/!\"$%&'()*+,-.;<=>@[\\]^_`{|}~", "example.org", (1, 1)),
        (),
        True,
    ),
    "WebDAV": (head(b"PROPFIND /d HTTP/1.1"), ("PROPFIND", "/d", "example.org", (1, 1)), (), True),
    "a method with a hyphen": (
        head(b"M-SEARCH /d HTTP/1.1"),
        ("M-SEARCH", "/d", "example.org", (1, 1)),
        (),
        True,
    ),
    "double slash": (
        head(b"GET //a//b HTTP/1.1"),
        ("GET", "//a//b", "example.org", (1, 1)),
        (),
        True,
    ),
    "absolute-form": (
        head(b"GET http://h:99/p?q HTTP/1.1"),
        ("GET", "/p?q", "h:99", (1, 1)),
        (),
        True,
    ),
    "absolute-form without a path": (
        head(b"GET http://h HTTP/1.1"),
        ("GET", "/", "h", (1, 1)),
        (),
        True,
    ),
    "absolute-form with a query only": (
        head(b"GET HTTP://h?q HTTP/1.1"),
        ("GET", "/?q", "h", (1, 1)),
        (),
        True,
    ),
    "absolute-form, IPv6": (
        head(b"GET https://[::1]:8443/ HTTP/1.1"),
        ("GET", "/", "[::1]:8443", (1, 1)),
        (),
        True,
    ),
    "asterisk-form": (
        head(b"OPTIONS * HTTP/1.1"),
        ("OPTIONS", "*", "example.org", (1, 1)),
        (),
        True,
    ),
    "authority-form": (
        head(b"CONNECT h:443 HTTP/1.1"),
        ("CONNECT", "h:443", "h:443", (1, 1)),
        (),
        False,
    ),
    "authority-form, IPv6": (
        head(b"CONNECT [::1]:443 HTTP/1.1"),
        ("CONNECT", "[::1]:443", "[::1]:443", (1, 1)),
        (),
        False,
    ),
    "HTTP/1.0": (head(b"GET / HTTP/1.0"), ("GET", "/", "example.org", (1, 0)), (), False),
    "HTTP/1.0, kept alive": (
        head(b"GET / HTTP/1.0", b"Connection: keep-alive"),
        ("GET", "/", "example.org", (1, 0)),
        ((b"Connection", b"keep-alive"),),
        True,
    ),
    "HTTP/1.0 without Host": (b"GET / HTTP/1.0\r\n\r\n", ("GET", "/", "", (1, 0)), None, False),
    "close": (
        head(b"GET / HTTP/1.1", b"Connection: close"),
        ("GET", "/", "example.org", (1, 1)),
        ((b"Connection", b"close"),),
        False,
    ),
    "close wins over keep-alive": (
        head(b"GET / HTTP/1.1", b"Connection: keep-alive, Close"),
        ("GET", "/", "example.org", (1, 1)),
        ((b"Connection", b"keep-alive, Close"),),
        False,
    ),
    "empty lines before": (
        b"\r\n\r\n" + head(b"GET / HTTP/1.1"),
        ("GET", "/", "example.org", (1, 1)),
        (),
        True,
    ),
    "white space around values goes": (
        head(b"GET / HTTP/1.1", b"A: \t b c \t", b"B:", b"C: \t "),
        ("GET", "/", "example.org", (1, 1)),
        ((b"A", b"b c"), (b"B", b""), (b"C", b"")),
        True,
    ),
    "names keep their case, values their bytes": (
        head(b"GET / HTTP/1.1", b"x-UPPER: \xc3\xa9\xff", b"!#$%&'*+-.^_`|~0: 1"),
        ("GET", "/", "example.org", (1, 1)),
        ((b"x-UPPER", b"\xc3\xa9\xff"), (b"!#$%&'*+-.^_`|~0", b"1")),
        True,
    ),
    "repeated fields stay apart": (
        head(b"GET / HTTP/1.1", b"A: 1", b"a: 2"),
        ("GET", "/", "example.org", (1, 1)),
        ((b"A", b"1"), (b"a", b"2")),
        True,
    ),
    "an upgrade that is not taken": (
        head(b"GET / HTTP/1.1", b"Connection: Upgrade", b"Upgrade: h2c"),
        ("GET", "/", "example.org", (1, 1)),
        ((b"Connection", b"Upgrade"), (b"Upgrade", b"h2c")),
        True,
    ),
    "no body": (
        head(b"POST / HTTP/1.1", b"Content-Length: 0"),
        ("POST", "/", "example.org", (1, 1)),
        ((b"Content-Length", b"0"),),
        True,
    ),
}


@pytest.mark.parametrize("case", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(
    case: tuple[bytes, tuple[object, ...], tuple[tuple[bytes, bytes], ...] | None, bool],
    read_every_way: Read,
) -> None:
    data, parts, fields, goes_on = case
    all_fields = () if fields is None else ((b"Host", b"example.org"), *fields)
    events: Outcome = [("request", *parts, all_fields), ("end", ())]
    assert read_every_way(data) == events
    assert read_every_way(data + NEXT) == events + (NEXT_EVENTS if goes_on else [])


REFUSED = {
    # The request line.
    "a method that is not a token": (head(b"G@T / HTTP/1.1"), 400, messages.BAD_REQUEST_LINE),
    "a lower-case method": (head(b"get / HTTP/1.1"), 501, messages.UNKNOWN_METHOD),
    "an unknown method": (head(b"FOO / HTTP/1.1"), 501, messages.UNKNOWN_METHOD),
    "an unknown method that begins like one": (
        head(b"GETTER / HTTP/1.1"),
        501,
        messages.UNKNOWN_METHOD,
    ),
    "an unknown method with a hyphen": (head(b"X-FOO / HTTP/1.1"), 501, messages.UNKNOWN_METHOD),
    "a method of RTSP": (head(b"DESCRIBE / HTTP/1.1"), 501, messages.UNKNOWN_METHOD),
    "an endless method": (head(b"A" * 65 + b" / HTTP/1.1"), 400, messages.BAD_REQUEST_LINE),
    "HTTP/0.9": (b"GET /\r\n" + HOST + b"\r\n", 400, messages.HTTP_09),
    "HTTP/0.9 with its number": (head(b"GET / HTTP/0.9"), 505, messages.HTTP_VERSION),
    "HTTP/1.2": (head(b"GET / HTTP/1.2"), 505, messages.HTTP_VERSION),
    "HTTP/2.0": (head(b"GET / HTTP/2.0"), 505, messages.HTTP_VERSION),
    "HTTP/9.9": (head(b"GET / HTTP/9.9"), 505, messages.HTTP_VERSION),
    "HTTP/11.1": (head(b"GET / HTTP/11.1"), 400, messages.BAD_REQUEST_LINE),
    "HTTP/1.10": (head(b"GET / HTTP/1.10"), 400, messages.BAD_REQUEST_LINE),
    "HTTP/01.1": (head(b"GET / HTTP/01.1"), 400, messages.BAD_REQUEST_LINE),
    "http/1.1": (head(b"GET / http/1.1"), 400, messages.BAD_REQUEST_LINE),
    "ICE/1.0": (head(b"GET / ICE/1.0"), 400, messages.BAD_REQUEST_LINE),
    "RTSP/1.0": (head(b"GET / RTSP/1.0"), 400, messages.BAD_REQUEST_LINE),
    "two spaces after the method": (head(b"GET  / HTTP/1.1"), 400, messages.BAD_REQUEST_LINE),
    "two spaces before the version": (head(b"GET /  HTTP/1.1"), 400, messages.BAD_REQUEST_LINE),
    "a space behind the version": (head(b"GET / HTTP/1.1 "), 400, messages.BAD_REQUEST_LINE),
    "a space before the method": (head(b" GET / HTTP/1.1"), 400, messages.BAD_REQUEST_LINE),
    "tabs for spaces": (head(b"GET\t/\tHTTP/1.1"), 400, messages.BAD_REQUEST_LINE),
    "CONNECT to nothing": (head(b"CONNECT  HTTP/1.1"), 400, messages.BAD_REQUEST_LINE),
    "no target": (head(b"GET HTTP/1.1"), 400, messages.BAD_REQUEST_LINE),
    "a space in the target": (head(b"GET /a b HTTP/1.1"), 400, messages.BAD_REQUEST_LINE),
    "bare LF behind the request line": (
        b"GET / HTTP/1.1\nHost: a\r\n\r\n",
        400,
        messages.BAD_REQUEST_LINE,
    ),
    "bare CR behind the request line": (
        b"GET / HTTP/1.1\rHost: a\r\n\r\n",
        400,
        messages.BAD_REQUEST_LINE,
    ),
    "bare LF before the request": (b"\n" + head(b"GET / HTTP/1.1"), 400, messages.BAD_REQUEST_LINE),
    "bare CR before the request": (b"\r" + head(b"GET / HTTP/1.1"), 400, messages.BAD_REQUEST_LINE),
    "five empty lines": (b"\r\n" * 5 + head(b"GET / HTTP/1.1"), 400, messages.BAD_REQUEST_LINE),
    "a TLS hello": (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32),
        400,
        messages.TLS_ON_PLAIN_PORT,
    ),
    "the HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, messages.HTTP2_PREFACE),
    # The target.
    "raw UTF-8": (head("GET /é HTTP/1.1".encode()), 400, messages.BAD_TARGET),
    "raw Latin-1": (head(b"GET /\xe9 HTTP/1.1"), 400, messages.BAD_TARGET),
    "DEL in the target": (head(b"GET /\x7f HTTP/1.1"), 400, messages.BAD_REQUEST_LINE),
    "NUL in the target": (head(b"GET /\x00 HTTP/1.1"), 400, messages.BAD_REQUEST_LINE),
    "a control in the target": (head(b"GET /\x1f HTTP/1.1"), 400, messages.BAD_REQUEST_LINE),
    "a fragment": (head(b"GET /a#b HTTP/1.1"), 400, messages.BAD_TARGET),
    "no slash": (head(b"GET a HTTP/1.1"), 400, messages.BAD_TARGET),
    "asterisk with GET": (head(b"GET * HTTP/1.1"), 400, messages.BAD_TARGET),
    "another scheme": (head(b"GET ftp://h/ HTTP/1.1"), 400, messages.BAD_TARGET),
    "absolute-form with a fragment": (head(b"GET http://h/#f HTTP/1.1"), 400, messages.BAD_TARGET),
    "absolute-form without authority": (head(b"GET http:///p HTTP/1.1"), 400, messages.BAD_TARGET),
    "absolute-form with user": (head(b"GET http://u@h/ HTTP/1.1"), 400, messages.BAD_TARGET),
    "absolute-form with a bad port": (
        head(b"GET http://h:65536/ HTTP/1.1"),
        400,
        messages.BAD_TARGET,
    ),
    "absolute-form with bad IPv6": (head(b"GET http://[:::]/ HTTP/1.1"), 400, messages.BAD_TARGET),
    "origin-form with CONNECT": (head(b"CONNECT /p HTTP/1.1"), 400, messages.BAD_TARGET),
    "authority-form without a port": (head(b"CONNECT h HTTP/1.1"), 400, messages.BAD_TARGET),
    "authority-form with an empty port": (head(b"CONNECT h: HTTP/1.1"), 400, messages.BAD_TARGET),
    "authority-form with GET": (head(b"GET h:80 HTTP/1.1"), 400, messages.BAD_TARGET),
    # Host.
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400, messages.HOST_MISSING),
    "no Host, absolute-form": (b"GET http://h/ HTTP/1.1\r\n\r\n", 400, messages.HOST_MISSING),
    "Host twice": (head(b"GET / HTTP/1.1", b"Host: example.org"), 400, messages.HOST_REPEATED),
    "Host twice, HTTP/1.0": (head(b"GET / HTTP/1.0", b"host: b"), 400, messages.HOST_REPEATED),
    "Host with a path": (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, messages.HOST_INVALID),
    "Host with a space": (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, messages.HOST_INVALID),
    "an empty Host": (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, messages.HOST_INVALID),
    # Fields.
    "a space before the colon": (head(b"GET / HTTP/1.1", b"A : b"), 400, messages.BAD_FIELD),
    "a tab before the colon": (head(b"GET / HTTP/1.1", b"A\t: b"), 400, messages.BAD_FIELD),
    "a space before the name": (
        b"GET / HTTP/1.1\r\n A: b\r\n" + HOST + b"\r\n",
        400,
        messages.BAD_FIELD,
    ),
    "a folded line": (head(b"GET / HTTP/1.1", b"A: b", b" c"), 400, messages.BAD_FIELD),
    "a line folded with a tab": (head(b"GET / HTTP/1.1", b"A: b", b"\tc"), 400, messages.BAD_FIELD),
    "an empty name": (head(b"GET / HTTP/1.1", b": b"), 400, messages.BAD_FIELD),
    "no colon": (head(b"GET / HTTP/1.1", b"A b"), 400, messages.BAD_FIELD),
    "a name that is not a token": (head(b"GET / HTTP/1.1", b"A(b): c"), 400, messages.BAD_FIELD),
    "a name beyond ASCII": (head(b"GET / HTTP/1.1", b"\xc3\xa9: c"), 400, messages.BAD_FIELD),
    "NUL in a value": (head(b"GET / HTTP/1.1", b"A: b\x00c"), 400, messages.BAD_FIELD),
    "a control in a value": (head(b"GET / HTTP/1.1", b"A: b\x01c"), 400, messages.BAD_FIELD),
    "a form feed at the end of a value": (
        head(b"GET / HTTP/1.1", b"A: b\x0c"),
        400,
        messages.BAD_FIELD,
    ),
    "DEL in a value": (head(b"GET / HTTP/1.1", b"A: b\x7fc"), 400, messages.BAD_FIELD),
    "bare CR in a value": (head(b"GET / HTTP/1.1", b"A: b\rc"), 400, messages.BAD_FIELD),
    "bare LF in a value": (head(b"GET / HTTP/1.1", b"A: b\nc: d"), 400, messages.BAD_FIELD),
    "two CRs": (head(b"GET / HTTP/1.1", b"A: b\r"), 400, messages.BAD_FIELD),
    "an end of bare LFs": (
        b"GET / HTTP/1.1\r\nHost: a\n\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
        400,
        messages.BAD_FIELD,
    ),
    "an upgrade that ends in bare LFs": (
        b"CONNECT h:1 HTTP/1.1\r\nHost: a\n\nx\r\n\r\n",
        400,
        messages.BAD_FIELD,
    ),
    # Framing; the rest of these rules is in test_framing.
    "a signed length": (
        head(b"POST / HTTP/1.1", b"Content-Length: +3"),
        400,
        messages.LENGTH_INVALID,
    ),
    "length and coding": (
        head(b"POST / HTTP/1.1", b"Content-Length: 3", b"Transfer-Encoding: chunked"),
        400,
        messages.LENGTH_AND_CODING,
    ),
    "coding and length": (
        head(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked", b"Content-Length: 3"),
        400,
        messages.LENGTH_AND_CODING,
    ),
    "a coding that is not chunked": (
        head(b"POST / HTTP/1.1", b"Transfer-Encoding: gzip"),
        400,
        messages.CODING_NOT_CHUNKED,
    ),
    "a coding before chunked": (
        head(b"POST / HTTP/1.1", b"Transfer-Encoding: gzip, chunked"),
        501,
        messages.CODING_UNKNOWN,
    ),
    "a coding on HTTP/1.0": (
        head(b"POST / HTTP/1.0", b"Transfer-Encoding: chunked"),
        400,
        messages.CODING_BEFORE_11,
    ),
    "the old WebSocket draft": (
        head(
            b"GET / HTTP/1.1",
            b"Connection: Upgrade",
            b"Upgrade: WebSocket",
            b"Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5",
        ),
        400,
        messages.OLD_WEBSOCKET,
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refused(case: tuple[bytes, int, str], read_every_way: Read) -> None:
    data, status, reason = case
    refusal: Outcome = [("error", status, reason)]
    assert read_every_way(data) == refusal
    assert read_every_way(data + NEXT) == refusal
    # A mistake behind a valid request does not spoil its event.
    assert read_every_way(NEXT + data) == NEXT_EVENTS + refusal


SMALL = Limits(max_request_line=40, max_field_line=40, max_head=100, max_fields=4)


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"GET /" + b"a" * 26 + b" HTTP/1.1\r\nHost: a\r\n\r\n", None, ""),
        (b"GET /" + b"a" * 27 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, messages.LINE_TOO_LONG),
        (b"GET /" + b"a" * 300, 414, messages.LINE_TOO_LONG),
        (b"A" * 300, 414, messages.LINE_TOO_LONG),
        # A mistake within the bounds is found before the length.
        (b"GET /\x01" + b"a" * 300, 400, messages.BAD_REQUEST_LINE),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 37 + b"\r\n\r\n", None, ""),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 38 + b"\r\n\r\n",
            431,
            messages.FIELD_TOO_LONG,
        ),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: 1\r\n" * 3 + b"\r\n", None, ""),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: 1\r\n" * 4 + b"\r\n",
            431,
            messages.TOO_MANY_FIELDS,
        ),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 37 + b"\r\nB: " + b"b" * 26 + b"\r\n\r\n",
            None,
            "",
        ),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 37 + b"\r\nB: " + b"b" * 27 + b"\r\n\r\n",
            431,
            messages.HEAD_TOO_LONG,
        ),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 300, 431, messages.HEAD_TOO_LONG),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: \x01" + b"a" * 300, 400, messages.BAD_FIELD),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 100 + b"\x01\r\n\r\n",
            431,
            messages.HEAD_TOO_LONG,
        ),
    ],
)
def test_limits(data: bytes, status: int | None, reason: str, read_every_way: Read) -> None:
    outcome = read_every_way(data, SMALL)
    assert [event[1:] for event in outcome if event[0] == "error"] == (
        [] if status is None else [(status, reason)]
    )


def test_the_defaults_are_the_limits() -> None:
    fill = b"a" * (8 * 1024 - len("GET / HTTP/1.1"))
    connection = ServerConnection()
    assert len(connection.receive_data(head(b"GET /" + fill + b" HTTP/1.1"))) == 2
    (error,) = ServerConnection().receive_data(head(b"GET /a" + fill + b" HTTP/1.1"))
    assert repr(error) == "<Error 414 'The request line is longer than the server allows.'>"


def test_a_pipelined_head_is_found_behind_one_that_came_with_it() -> None:
    connection = ServerConnection()
    data = head(b"GET / HTTP/1.1")
    assert len(connection.receive_data(data + data[:20])) == 2
    connection.send_head(204)
    connection.send_end()
    assert connection.receive_data(b"") == []
    assert connection.has_pending
    assert len(connection.receive_data(data[20:])) == 2


def test_refusals_carry_the_finding_of_the_parser() -> None:
    (error,) = ServerConnection().receive_data(head(b"GET / HTTP/1.1", b"A: \x01"))
    assert getattr(error, "detail", "") == "Invalid header value char"


def test_one_parser_serves_many_heads() -> None:
    parser = HeadParser(DEFAULT_LIMITS)
    data = head(b"GET / HTTP/1.1", b"A: b")
    first = parser.finish(data, data)
    parser.feed(data[:30], data[:30])
    second = parser.finish(data[30:], data)
    assert (first.fields, first.target) == (second.fields, second.target)
    with pytest.raises(RefusedError):
        parser.finish(b"\x01", b"\x01")


def can_be_followed(data: bytes) -> bool:
    """Return True if ``data`` is one whole request and another one may follow."""
    connection = ServerConnection()
    events = connection.receive_data(data)
    whole = [type(event) for event in events] == [Request, EndOfMessage]
    return whole and connection.keep_alive and not connection.has_pending


def field_lines(data: bytes) -> bytes:
    return data[data.find(b"\r\n") :] if b"\r\n" in data else data


HEADS = {
    **{name: case[0] for name, case in ACCEPTED.items()},
    **{name: case[0] for name, case in REFUSED.items()},
}
# Each case of both tables, behind a valid request that has the same fields.
REPEATED = {
    f"{name} behind {line.decode()}": (line + field_lines(data), data)
    for name, data in HEADS.items()
    for line in (b"GET /before HTTP/1.1", b"GET / HTTP/1.0", b"PUT /x HTTP/1.1")
    if can_be_followed(line + field_lines(data))
}


@pytest.mark.parametrize(("before", "data"), REPEATED.values(), ids=REPEATED)
def test_repeated_field_lines_change_nothing(before: bytes, data: bytes, read: Read) -> None:
    expected = read(before) + read(data)
    assert read(before + data) == expected
    assert read(before + data, (len(before),)) == expected


def test_the_tables_have_fields_to_repeat() -> None:
    assert len(REPEATED) > 100
