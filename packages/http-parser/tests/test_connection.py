"""A connection: responses and their framing, the order of calls, and the caller's duties."""

import sys
from collections.abc import Callable, Iterable

import pytest

from treadle_http_parser import (
    Data,
    EndOfMessage,
    Error,
    LocalProtocolError,
    Request,
    ServerConnection,
    encode_fields,
    status_line,
)
from treadle_http_parser import _errors as messages

Growth = Callable[[Callable[[int], Callable[[], object]], int], float]

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
OLD = b"GET / HTTP/1.0\r\n\r\n"
OLD_KEPT = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
CLOSE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
CONNECT = b"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n"
UPGRADE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"

CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def received(data: bytes) -> ServerConnection:
    connection = ServerConnection()
    assert connection.receive_data(data)
    return connection


# The request; status, fields and pieces of the response; the wire; True if it is kept alive.
ANSWERS: dict[str, tuple[bytes, int, list[tuple[str, str]], list[bytes], bytes, bool]] = {
    "sized": (
        GET,
        200,
        [("Content-Length", "2")],
        [b"h", b"", b"i"],
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        True,
    ),
    "sized, nothing": (
        GET,
        200,
        [("content-length", "0")],
        [],
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        True,
    ),
    "chunked": (
        GET,
        200,
        [("A", "b")],
        [b"hello", b"", b"x"],
        (
            b"HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5\r\nhello\r\n1\r\nx\r\n0\r\n\r\n"
        ),
        True,
    ),
    "close": (
        CLOSE,
        200,
        [("Content-Length", "1")],
        [b"x"],
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
        False,
    ),
    "closed by us": (
        GET,
        200,
        [("Content-Length", "1"), ("Connection", "foo, Close")],
        [b"x"],
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: foo, close\r\n\r\nx",
        False,
    ),
    "keep-alive where it is true": (
        GET,
        200,
        [("Connection", "keep-alive"), ("Keep-Alive", "timeout=5"), ("Content-Length", "0")],
        [],
        (
            b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n"
            b"Connection: keep-alive\r\n\r\n"
        ),
        True,
    ),
    "keep-alive where it is not true": (
        OLD,
        200,
        [("Connection", "keep-alive"), ("Keep-Alive", "timeout=5"), ("Content-Length", "0")],
        [],
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        False,
    ),
    "keep-alive and close": (
        GET,
        200,
        [
            ("Connection", "keep-alive"),
            ("connection", "close"),
            ("Keep-Alive", "timeout=5"),
            ("Content-Length", "0"),
        ],
        [],
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        False,
    ),
    "keep-alive, and a body that ends with the connection": (
        OLD_KEPT,
        200,
        [("Connection", "keep-alive"), ("Keep-Alive", "timeout=5")],
        [b"x"],
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nx",
        False,
    ),
    "an offer to upgrade": (
        GET,
        426,
        [("Upgrade", "websocket"), ("Connection", "Upgrade, x-hop"), ("Content-Length", "0")],
        [],
        (
            b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 0\r\n"
            b"Connection: upgrade, x-hop\r\n\r\n"
        ),
        True,
    ),
    "an offer to upgrade, and the end": (
        OLD,
        426,
        [("Upgrade", "websocket"), ("Content-Length", "0")],
        [],
        (
            b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 0\r\n"
            b"Connection: upgrade, close\r\n\r\n"
        ),
        False,
    ),
    "205 has no content": (
        GET,
        205,
        [("Content-Length", "1")],
        [b"x"],
        b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
        True,
    ),
    "205 without a length": (
        OLD_KEPT,
        205,
        [],
        [b"x"],
        b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
        True,
    ),
    "codings are ours": (
        GET,
        200,
        [("Transfer-Encoding", "Chunked, identity"), ("Content-Length", "0")],
        [],
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        True,
    ),
    "HTTP/1.0, sized": (
        OLD,
        200,
        [("Content-Length", "1")],
        [b"x"],
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
        False,
    ),
    "HTTP/1.0, no chunks": (
        OLD,
        200,
        [],
        [b"x", b"y"],
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nxy",
        False,
    ),
    "HTTP/1.0, kept alive": (
        OLD_KEPT,
        200,
        [("Content-Length", "1")],
        [b"x"],
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nx",
        True,
    ),
    "HTTP/1.0, kept alive but without a length": (
        OLD_KEPT,
        200,
        [],
        [b"x"],
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nx",
        False,
    ),
    "HEAD, chunked": (HEAD, 200, [], [b"body"], b"HTTP/1.1 200 OK\r\n\r\n", True),
    "HEAD, sized": (
        HEAD,
        200,
        [("Content-Length", "9")],
        [b"body"],
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
        True,
    ),
    "204": (
        GET,
        204,
        [("Content-Length", "4")],
        [b"body"],
        b"HTTP/1.1 204 No Content\r\n\r\n",
        True,
    ),
    "304": (
        GET,
        304,
        [("Content-Length", "4"), ("ETag", '"a"')],
        [b"body"],
        b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 4\r\n\r\n',
        True,
    ),
    "304 without a length": (GET, 304, [], [b"body"], b"HTTP/1.1 304 Not Modified\r\n\r\n", True),
    "CONNECT, refused": (
        CONNECT,
        405,
        [("Content-Length", "2")],
        [b"no"],
        b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno",
        False,
    ),
    "CONNECT, 200 without a tunnel": (
        CONNECT,
        200,
        [("Content-Length", "4")],
        [b"body"],
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        False,
    ),
    "an upgrade that is refused": (
        UPGRADE,
        426,
        [("Content-Length", "0")],
        [],
        b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n",
        True,
    ),
}


@pytest.mark.parametrize("case", ANSWERS.values(), ids=ANSWERS)
def test_answers(
    case: tuple[bytes, int, list[tuple[str, str]], list[bytes], bytes, bool],
) -> None:
    data, status, fields, pieces, wire, goes_on = case
    connection = received(data)
    assert not connection.head_sent
    sent = connection.send_head(status, iter(fields))
    assert connection.head_sent
    sent += b"".join(map(connection.send_data, pieces)) + connection.send_end()
    assert sent == wire
    assert connection.must_close is not goes_on
    assert connection.is_idle is goes_on
    assert [type(event) for event in connection.receive_data(GET)] == (
        [Request, EndOfMessage] if goes_on else []
    )


@pytest.mark.parametrize("case", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("whole", [False, True])
def test_a_withdrawn_head_leaves_no_trace(
    case: tuple[bytes, int, list[tuple[str, str]], list[bytes], bytes, bool], whole: bool
) -> None:
    data, status, fields, pieces, wire, goes_on = case
    connection = received(data)
    connection.send_head(599, [("Content-Length", "1000"), ("X-First", "1")])
    connection.send_data(b"never written")
    connection.withdraw_head()
    assert not connection.head_sent
    assert not connection.response_ended
    if whole:
        sent = connection.send_response(status_line(status), b"A: b\r\n", b"hi", bodiless=True)
        assert sent.startswith(status_line(status) + b"A: b\r\n")
    else:
        sent = connection.send_head(status, iter(fields))
        sent += b"".join(map(connection.send_data, pieces)) + connection.send_end()
        assert sent == wire
        assert connection.must_close is not goes_on


def test_a_withdrawn_head_may_have_closed_the_connection() -> None:
    connection = received(GET)
    connection.send_head(200, [("Connection", "close")])
    connection.withdraw_head()
    assert b"Connection: close\r\n" in connection.send_head(500)


@pytest.mark.parametrize("data", [b"", GET])
def test_nothing_to_withdraw(data: bytes) -> None:
    connection = received(data) if data else ServerConnection()
    with pytest.raises(LocalProtocolError, match="withdrawal"):
        connection.withdraw_head()


def test_a_response_that_has_ended_is_not_withdrawn() -> None:
    connection = received(GET)
    connection.send_head(200)
    connection.send_end()
    with pytest.raises(LocalProtocolError, match="withdrawal"):
        connection.withdraw_head()


@pytest.mark.parametrize(
    ("request_", "status", "expected"),
    [(GET, 200, True), (GET, 204, False), (GET, 304, False), (HEAD, 200, False)],
)
def test_responses_with_a_body(request_: bytes, status: int, expected: bool) -> None:
    connection = received(request_)
    connection.send_head(status)
    assert connection.has_body is expected


WHOLE = [
    (GET, 200, False, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", True),
    (GET, 304, True, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", True),
    (HEAD, 200, False, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", True),
    (
        CLOSE,
        200,
        False,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
        False,
    ),
    (
        OLD_KEPT,
        200,
        False,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi",
        True,
    ),
    (
        CONNECT,
        200,
        False,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n",
        False,
    ),
    (
        CONNECT,
        501,
        False,
        b"HTTP/1.1 501 Not Implemented\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
        False,
    ),
    (
        b"GARBAGE\r\n\r\n",
        400,
        False,
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
        False,
    ),
]


@pytest.mark.parametrize(("data", "status", "bodiless", "wire", "goes_on"), WHOLE)
def test_whole_answers(
    data: bytes, status: int, bodiless: bool, wire: bytes, goes_on: bool
) -> None:
    connection = received(data)
    block = encode_fields([("Content-Length", "2")])
    assert connection.send_response(status_line(status), block, b"hi", bodiless=bodiless) == wire
    assert connection.must_close is not goes_on
    other = received(data)
    head, body = other.send_large_response(status_line(status), block, b"hi", bodiless=bodiless)
    assert head.endswith(b"\r\n\r\n")
    assert head + body == wire
    assert other.must_close is not goes_on


def test_trailers_go_out_behind_chunks_only() -> None:
    connection = received(GET)
    connection.send_head(200)
    assert connection.send_end([("A", "b")]) == b"0\r\nA: b\r\n\r\n"
    connection.receive_data(GET)
    connection.send_head(200, [("Content-Length", "0")])
    assert connection.send_end([("A", "b")]) == b""


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize(
    ("fields", "wire"),
    [([], b"6\r\nabcdef\r\n"), ([("Content-Length", "6")], b"abcdef")],
)
def test_bytes_of_any_kind(
    kind: type[bytes] | type[bytearray] | type[memoryview],
    fields: list[tuple[str, str]],
    wire: bytes,
) -> None:
    connection = received(GET)
    connection.send_head(200, fields)
    data = connection.send_data(kind(b"abcdef"))
    assert data == wire
    assert isinstance(data, bytes)


def test_wide_memoryviews_count_in_bytes() -> None:
    connection = received(GET)
    connection.send_head(200)
    assert connection.send_data(memoryview(b"abcdefgh").cast("I")) == b"8\r\nabcdefgh\r\n"


def test_a_body_longer_than_announced() -> None:
    connection = received(GET)
    connection.send_head(200, [("Content-Length", "3")])
    assert connection.send_data(b"ab") == b"ab"
    with pytest.raises(LocalProtocolError, match=r"longer than its Content-Length: 2 .* 1 left"):
        connection.send_data(b"cd")
    # The refused call changed nothing.
    assert connection.send_data(b"c") + connection.send_end() == b"c"
    assert not connection.must_close


def test_a_body_shorter_than_announced() -> None:
    connection = received(GET)
    connection.send_head(200, [("Content-Length", "3")])
    connection.send_data(b"ab")
    with pytest.raises(LocalProtocolError, match="1 bytes shorter than its Content-Length"):
        connection.send_end()
    assert not connection.keep_alive


REFUSED_HEADS: list[tuple[int, list[tuple[str, str]], str | None, str]] = [
    (100, [], None, "100 is not a final status; use send_informational"),
    (101, [], None, "101 is not a final status"),
    (1000, [], None, "three digits"),
    (200, [("A\n", "b")], None, "not a header field name"),
    (200, [("A", "b\r\nC: d")], None, "control character"),
    (200, [("A", "\x00")], None, "control character"),
    (200, [], "a\r\nB: c", "control character"),
    *(
        (200, [("Content-Length", value)], None, "once, in digits; got ")
        for value in ("", "-1", "+1", "1.0", "0x1", "1_0", " 1", "٣", "a")
    ),
    (200, [("Content-Length", "1"), ("content-length", "1")], None, "once, in digits"),
]


@pytest.mark.parametrize(("status", "fields", "reason", "message"), REFUSED_HEADS)
def test_refused_heads(
    status: int, fields: list[tuple[str, str]], reason: str | None, message: str
) -> None:
    connection = received(GET)
    with pytest.raises(LocalProtocolError, match=message):
        connection.send_head(status, fields, reason)
    assert not connection.head_sent
    assert connection.send_head(500, [("Content-Length", "0")]).startswith(b"HTTP/1.1 500 ")


def call_send_data(connection: ServerConnection) -> object:
    return connection.send_data(b"x")


def call_send_end(connection: ServerConnection) -> object:
    return connection.send_end()


def call_send_head(connection: ServerConnection) -> object:
    return connection.send_head(200)


def call_send_response(connection: ServerConnection) -> object:
    return connection.send_response(status_line(200), b"", b"", bodiless=False)


@pytest.mark.parametrize(
    "call", [call_send_data, call_send_end, call_send_head, call_send_response]
)
def test_no_answer_without_a_request(call: Callable[[ServerConnection], object]) -> None:
    connection = ServerConnection()
    with pytest.raises(LocalProtocolError):
        call(connection)
    connection.receive_data(GET[:20])
    with pytest.raises(LocalProtocolError):
        call(connection)


@pytest.mark.parametrize("call", [call_send_head, call_send_response])
def test_one_answer_for_each_request(call: Callable[[ServerConnection], object]) -> None:
    connection = received(GET)
    connection.send_head(200)
    with pytest.raises(LocalProtocolError):
        call(connection)
    connection.send_end()
    with pytest.raises(LocalProtocolError):
        call(connection)


# Informational answers.


def test_informational() -> None:
    connection = received(POST)
    assert connection.can_send_informational
    assert connection.send_informational(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert connection.send_informational(103, [("Link", "</a>")]) == (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    )
    connection.receive_data(b"1234")
    assert connection.send_informational(102) == b"HTTP/1.1 102 Processing\r\n\r\n"
    connection.send_head(204)
    assert not connection.can_send_informational
    with pytest.raises(LocalProtocolError):
        connection.send_informational(100)


@pytest.mark.parametrize("status", [99, 101, 200, 404])
def test_other_statuses_are_not_informational(status: int) -> None:
    with pytest.raises(LocalProtocolError, match=f"{status} is not an informational status"):
        received(GET).send_informational(status)


@pytest.mark.parametrize(
    "fields", [[("Content-Length", "0")], [("transfer-encoding", "chunked")], [("A", "\n")]]
)
def test_informational_fields(fields: list[tuple[str, str]]) -> None:
    connection = received(GET)
    with pytest.raises(LocalProtocolError):
        connection.send_informational(103, fields)
    assert connection.can_send_informational


def test_no_informational_for_http_10() -> None:
    for connection in (ServerConnection(), received(OLD), received(OLD_KEPT), received(b"G@\r\n")):
        assert not connection.can_send_informational
        with pytest.raises(LocalProtocolError):
            connection.send_informational(100)


def test_no_informational_after_the_peer_failed() -> None:
    connection = received(CHUNKED)
    assert connection.can_send_informational
    connection.receive_data(b"x")
    assert not connection.can_send_informational


# Switching protocols.


def test_switch() -> None:
    connection = received(UPGRADE + b"\x00tail")
    assert connection.has_pending
    assert connection.send_switch([("Connection", "upgrade"), ("Upgrade", "x")]) == (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
    )
    assert connection.take_tail() == b"\x00tail"
    assert connection.take_tail() == b""
    assert not connection.has_pending
    assert connection.receive_eof() == []


@pytest.mark.parametrize("cut", range(len(CONNECT), len(CONNECT) + 6))
def test_tunnel(cut: int) -> None:
    data = CONNECT + b"\x16tail!"
    connection = received(data[:cut])
    assert connection.receive_data(data[cut:]) == []
    assert connection.send_switch([], 200) == b"HTTP/1.1 200 OK\r\n\r\n"
    assert connection.receive_data(b"more") == []
    assert connection.take_tail() == b"\x16tail!more"


def test_bytes_behind_a_refused_tunnel_are_dropped() -> None:
    connection = received(CONNECT)
    connection.receive_data(GET)
    connection.send_head(405, [("Content-Length", "0")])
    connection.send_end()
    assert connection.must_close
    assert connection.receive_data(b"") == []
    assert not connection.has_pending


def test_an_upgrade_that_is_refused_leaves_requests() -> None:
    connection = received(UPGRADE + GET)
    connection.send_head(200, [("Content-Length", "0")])
    connection.send_end()
    assert len(connection.receive_data(b"")) == 2


@pytest.mark.parametrize(
    ("data", "fields", "status", "message"),
    [
        (UPGRADE, [], 200, "not by 200"),
        (UPGRADE, [("Content-Length", "0")], 101, "must not have 'Content-Length'"),
        (CONNECT, [], 404, "not by 404"),
        (CONNECT, [], 101, "did not ask"),
        (GET, [], 101, "did not ask"),
        (b"GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", [], 101, "did not ask"),
        (b"G@\r\n", [], 101, "did not ask"),
        # RFC 9110 section 7.8: the new protocol starts after the request.
        (UPGRADE[:-2] + b"Content-Length: 2\r\n\r\na", [], 101, "not possible now"),
    ],
)
def test_refused_switches(
    data: bytes, fields: list[tuple[str, str]], status: int, message: str
) -> None:
    connection = received(data)
    with pytest.raises(LocalProtocolError, match=message):
        connection.send_switch(fields, status)
    assert not connection.head_sent


# Bodies.


def test_a_sized_body_in_pieces() -> None:
    connection = received(POST)
    assert connection.is_reading_body
    (first,) = connection.receive_data(b"12")
    assert isinstance(first, Data)
    assert first.data == b"12"
    assert connection.receive_data(b"") == []
    rest, end = connection.receive_data(b"34" + GET)
    assert isinstance(rest, Data)
    assert rest.data == b"34"
    assert isinstance(end, EndOfMessage)
    assert not connection.is_reading_body
    assert connection.has_pending


def test_an_answer_before_the_end_of_the_body() -> None:
    connection = received(POST + b"1")
    connection.send_head(413, [("Content-Length", "0")])
    connection.send_end()
    assert connection.is_reading_body
    assert not connection.must_close
    assert len(connection.receive_data(b"234" + GET)) == 2
    assert connection.is_idle is False
    assert len(connection.receive_data(b"")) == 2


def test_an_answer_before_the_end_of_the_last_body() -> None:
    connection = received(POST + b"1")
    connection.close_after_response()
    connection.send_head(413, [("Content-Length", "0")])
    connection.send_end()
    assert not connection.must_close
    connection.receive_data(b"234" + GET)
    assert connection.must_close


# Errors and the end of input.


def test_an_error_after_the_response_head() -> None:
    connection = received(CHUNKED)
    connection.send_head(200, [("Content-Length", "1")])
    (error,) = connection.receive_data(b"x")
    assert isinstance(error, Error)
    assert connection.send_data(b"y") + connection.send_end() == b"y"
    assert connection.must_close


def test_data_before_an_error_is_delivered() -> None:
    connection = received(CHUNKED)
    assert [type(event) for event in connection.receive_data(b"1\r\na\r\nx")] == [Data, Error]


@pytest.mark.parametrize("data", [GET[:9], POST + b"1"])
def test_giving_up(data: bytes) -> None:
    connection = ServerConnection()
    connection.receive_data(data)
    connection.give_up()
    assert connection.peer_failed
    assert connection.receive_data(GET) == []
    connection.send_head(408, [("Content-Length", "0")])
    connection.send_end()
    assert connection.must_close
    with pytest.raises(LocalProtocolError):
        connection.give_up()


def test_nothing_is_read_after_an_error() -> None:
    connection = received(b"G@\r\n")
    assert connection.peer_failed
    for data in (GET, b"", b"\x00" * 1000):
        assert connection.receive_data(data) == []
        assert not connection.has_pending
    assert connection.receive_eof() == []
    assert not connection.keep_alive


def test_a_response_to_an_error_is_not_framed_for_the_last_request() -> None:
    connection = received(HEAD + b"G@\r\n")
    connection.send_head(204)
    connection.send_end()
    (error,) = connection.receive_data(b"")
    assert isinstance(error, Error)
    assert connection.request is None
    # No chunks either: the version of a request that could not be read is unknown.
    assert connection.send_head(400) + connection.send_data(b"why") + connection.send_end() == (
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nwhy"
    )
    assert connection.must_close


ENDS = [
    (b"", None),
    (b"\r\n", None),
    (b"GET", messages.INCOMPLETE),
    (GET[:-2], messages.INCOMPLETE),
    (POST, messages.INCOMPLETE),
    (POST + b"123", messages.INCOMPLETE),
    (
        POST.replace(b"Content-Length: 4", b"Transfer-Encoding: chunked") + b"0\r\n",
        messages.INCOMPLETE,
    ),
    (GET, None),
    (POST + b"1234", None),
]


@pytest.mark.parametrize(("data", "reason"), ENDS)
def test_the_end_of_input(data: bytes, reason: str | None) -> None:
    connection = ServerConnection()
    connection.receive_data(data)
    events = connection.receive_eof()
    assert [event.reason for event in events if isinstance(event, Error)] == (
        [] if reason is None else [reason]
    )
    assert connection.receive_eof() == []
    assert connection.receive_data(GET) == []
    assert not connection.keep_alive


def test_an_answer_after_the_end_of_input() -> None:
    connection = received(GET)
    connection.receive_eof()
    assert connection.can_send_informational
    connection.send_informational(103)
    assert connection.send_head(200, [("Content-Length", "0")]).endswith(
        b"Connection: close\r\n\r\n"
    )
    assert connection.send_end() == b""
    assert connection.must_close


def test_idle() -> None:
    connection = ServerConnection()
    assert connection.is_idle
    assert not connection.must_close
    connection.receive_eof()
    assert connection.must_close
    assert not connection.is_idle


def test_data_after_close_is_ignored() -> None:
    connection = received(CLOSE + GET)
    assert connection.receive_data(GET) == []
    connection.send_head(204)
    connection.send_end()
    assert connection.must_close
    assert connection.receive_data(GET) == []


def test_pipelined_requests_wait_for_the_answer() -> None:
    connection = received(GET * 3)
    answered = 1
    while connection.has_pending:
        assert connection.receive_data(b"") == []
        connection.send_head(204)
        connection.send_end()
        assert len(connection.receive_data(b"")) == 2
        answered += 1
    assert answered == 3


# Holding bytes back until the caller may read another request.

TWO_REQUESTS = POST + b"1234" + GET


@pytest.mark.parametrize("pending", [0, 1, 30, len(TWO_REQUESTS)])
@pytest.mark.parametrize("size", [1, 2, 7, len(TWO_REQUESTS)])
def test_held_bytes_are_read_as_if_they_had_just_arrived(size: int, pending: int) -> None:
    connection = received(GET + TWO_REQUESTS[:pending])
    connection.send_head(204)
    connection.send_end()
    for at in range(pending, len(TWO_REQUESTS), size):
        connection.hold(TWO_REQUESTS[at : at + size])
        assert connection.has_pending
        assert connection.is_between
        assert not connection.is_idle
    assert [type(event) for event in connection.receive_data(b"")] == [Request, Data, EndOfMessage]
    connection.send_head(204)
    connection.send_end()
    assert connection.has_pending
    assert [type(event) for event in connection.receive_data(b"")] == [Request, EndOfMessage]
    assert not connection.has_pending


def test_pending_bytes_are_counted() -> None:
    connection = received(GET + b"12")
    assert connection.pending_size == 2
    connection.hold(b"345")
    assert connection.pending_size == 5
    connection.receive_data(b"6")
    assert connection.pending_size == 6
    connection.send_head(200, [("Connection", "close")])
    connection.send_end()
    connection.receive_data(b"")
    assert connection.pending_size == 0
    assert not connection.has_pending


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", False),
        (GET[:-1], False),
        (GET, True),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1", False),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n12", True),
    ],
)
def test_the_request_has_ended(data: bytes, expected: bool) -> None:
    connection = ServerConnection()
    connection.receive_data(data)
    assert connection.request_ended is expected


CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("most", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_a_read_of_many_chunks_is_cut_short(most: int, size: int) -> None:
    data = CHUNKED + b"1\r\na\r\n" * 20 + b"0\r\nA: b\r\n\r\n" + GET
    connection = ServerConnection(max_chunks=most)
    events = []
    for start in range(0, len(data), size):
        found = connection.receive_data(data[start : start + size])
        assert sum(type(event) is Data for event in found) <= most
        events += found
        while connection.has_more:
            found = connection.receive_data(b"")
            assert 0 < len(found) <= most + 1
            events += found
    assert [type(event) for event in events] == [Request, *[Data] * 20, EndOfMessage]
    assert connection.has_pending
    assert not connection.has_more


def test_all_chunks_without_a_bound() -> None:
    connection = ServerConnection()
    assert len(connection.receive_data(CHUNKED + b"1\r\na\r\n" * 5000)) == 5001
    assert not connection.has_more


@pytest.mark.parametrize("most", [0, -1])
def test_the_bound_is_checked(most: int) -> None:
    with pytest.raises(ValueError, match=f"max_chunks must be at least 1, or None; got {most}"):
        ServerConnection(max_chunks=most)


def test_holding_nothing() -> None:
    connection = ServerConnection()
    connection.hold(b"")
    assert connection.is_idle
    assert not connection.has_pending
    connection.hold(b"GET")
    connection.hold(b"")
    assert len(connection.receive_data(GET[3:])) == 2


def test_held_bytes_come_before_new_ones() -> None:
    connection = received(POST)
    connection.hold(b"1")
    connection.hold(b"2")
    data, end = connection.receive_data(b"34" + GET)
    assert isinstance(data, Data)
    assert data.data == b"1234"
    assert isinstance(end, EndOfMessage)


def test_held_bytes_behind_a_switch_are_the_tail() -> None:
    connection = received(UPGRADE + b"a")
    connection.hold(b"b")
    connection.hold(b"c")
    connection.send_switch([])
    assert connection.take_tail() == b"abc"
    assert not connection.has_pending


@pytest.mark.parametrize("before", [CLOSE, b"G@\r\n"], ids=["close", "error"])
def test_held_bytes_behind_the_last_request_are_dropped(before: bytes) -> None:
    connection = received(before)
    connection.hold(GET[:9])
    connection.hold(GET[9:])
    assert connection.receive_data(b"") == []
    assert not connection.has_pending


def test_an_error_drops_held_bytes() -> None:
    connection = received(POST)
    connection.hold(b"1")
    connection.hold(b"2")
    connection.give_up()
    assert not connection.has_pending
    assert connection.receive_data(GET) == []


def hold_byte_by_byte(size: int) -> Callable[[], object]:
    data = b"x" * size

    def hold() -> None:
        connection = received(UPGRADE)
        for at in range(size):
            connection.hold(data[at : at + 1])
        connection.send_switch([])
        assert connection.take_tail() == data

    return hold


def test_many_small_holds_are_linear(growth: Growth) -> None:
    assert growth(hold_byte_by_byte, 50_000) < 9


def byte_by_byte(size: int) -> Callable[[], object]:
    lines = b"".join(b"A: %b\r\n" % (b"x" * 1000) for _ in range(size // 1000))
    data = b"GET / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n"

    def receive() -> None:
        connection = ServerConnection()
        events: Iterable[object] = ()
        for at in range(len(data)):
            events = connection.receive_data(data[at : at + 1])
        assert len(list(events)) == 2

    return receive


def test_a_large_head_byte_by_byte(growth: Growth) -> None:
    assert growth(byte_by_byte, 15_000) < 9


def many_fields(count: int) -> Callable[[], object]:
    from treadle_http_parser import Limits

    data = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * count + b"\r\n"
    limits = Limits(max_head=10**9, max_fields=10**9)

    def receive() -> None:
        assert len(ServerConnection(limits).receive_data(data)) == 2

    return receive


def test_many_fields_are_linear(growth: Growth) -> None:
    assert growth(many_fields, 10_000) < 9


def pipeline(count: int) -> Callable[[], object]:
    wire = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * count

    def read() -> int:
        connection = ServerConnection()
        events = connection.receive_data(wire)
        answered = 0
        while events:
            connection.send_head(204)
            connection.send_end()
            answered += 1
            events = connection.receive_data(b"") if connection.has_pending else []
        assert answered == count
        return answered

    return read


def test_a_closed_connection_is_gone_without_the_collector() -> None:
    connection = ServerConnection()
    connection.receive_data(GET[:-1])
    parser = connection._head._parser
    connection.close()
    connection.close()
    del connection
    # The local variable and the argument of the call. Counted before any other assertion, since
    # pytest keeps the values of one.
    assert sys.getrefcount(parser) == 2
    assert parser is not None


def test_a_pipeline_in_one_read_is_linear(growth: Growth) -> None:
    assert growth(pipeline, 4000) < 7


def test_between_requests() -> None:
    connection = ServerConnection()
    assert connection.is_between
    connection.receive_data(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
    assert not connection.is_between
    # Bytes of the next request behind the current one make no difference.
    connection.receive_data(b"aGET /")
    connection.send_head(204)
    assert not connection.is_between
    connection.send_end()
    assert connection.is_between
    assert not connection.is_idle


UPGRADE = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
HEAD_OF_BODY = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n"


@pytest.mark.parametrize(
    "data", [GET, GET.replace(b"1.1", b"1.0"), HEAD_OF_BODY, HEAD_OF_BODY + b"x", b"GET ?\r\n\r\n"]
)
def test_the_response_has_ended(data: bytes) -> None:
    connection = received(data)
    assert not connection.response_ended
    connection.send_head(200)
    assert not connection.response_ended
    connection.send_data(b"x")
    assert not connection.response_ended
    connection.send_end()
    assert connection.response_ended


def test_a_switch_of_protocols_is_a_whole_response() -> None:
    connection = received(UPGRADE)
    assert not connection.response_ended
    connection.send_switch([])
    assert connection.response_ended


# ``receive``: the chunks that arrive, and the events as letters: Request, Data, End, (e)rror.
RECEIVED = [
    ([GET], "RE"),
    ([GET + GET, GET], "RERERE"),
    ([GET[:5], GET[5:] + GET[:5], GET[5:]], "RERE"),
    ([POST + b"abcd" + GET, b""], "RDERE"),
    ([b""], ""),
    ([GET, b""], "RE"),
    ([GET + b"GET /", b""], "REe"),
    ([POST + b"ab", b""], "RDe"),
    ([b"\0", b""], "e"),
    ([CLOSE + GET, GET, b""], "RE"),
    ([CHUNKED + b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n" + GET], "RDDERE"),
]


@pytest.mark.parametrize(("chunks", "letters"), RECEIVED)
@pytest.mark.parametrize("max_chunks", [None, 1])
def test_receive(chunks: list[bytes], letters: str, max_chunks: int | None) -> None:
    connection = ServerConnection(max_chunks=max_chunks)
    found = ""
    for chunk in chunks:
        for event in connection.receive(chunk):
            found += "e" if isinstance(event, Error) else type(event).__name__[0]
            if isinstance(event, EndOfMessage):
                connection.send_head(204)
                connection.send_end()
    assert found == letters
    assert connection.must_close is (chunks[-1] == b"" and "e" not in letters)


def test_receive_takes_its_bytes_at_once_and_stops_before_an_answer() -> None:
    connection = ServerConnection()
    iterator = connection.receive(GET + HEAD)
    assert connection.has_pending
    assert [type(event) for event in iterator] == [Request, EndOfMessage]
    assert connection.request is not None
    assert connection.request.method == "GET", "the second waits for the first answer"
    assert list(connection.receive(GET)) == []
    connection.send_head(204)
    connection.send_end()
    first, _ = connection.receive_data(b"")
    assert isinstance(first, Request)
    assert first.method == "HEAD"


def test_receive_does_not_read_on_behind_a_switch() -> None:
    connection = ServerConnection()
    for event in connection.receive(UPGRADE + b"frames"):
        if isinstance(event, EndOfMessage):
            connection.send_switch([("Upgrade", "x")])
    assert connection.take_tail() == b"frames"
