"""Bodies of responses: their framing, and bytes that reach the wire another way."""

import re
from typing import Any

import pytest

from treadle_http_parser import LocalProtocolError, Request, ServerConnection
from treadle_http_parser._outgoing import OutgoingBody, read_fields


def request(method: str, version: str) -> Request:
    connection = ServerConnection()
    target = "a:80" if method == "CONNECT" else "/"
    connection.receive_data(f"{method} {target} HTTP/{version}\r\nHost: a:80\r\n\r\n".encode())
    assert connection.request is not None
    return connection.request


CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    ("method", "version", "status", "length", "block", "wire"),
    [
        ("GET", "1.1", 200, None, CHUNKED, b"2\r\nab\r\n"),
        ("GET", "1.1", 200, 2, b"Content-Length: 2\r\n", b"ab"),
        ("GET", "1.1", 200, 0, b"Content-Length: 0\r\n", None),
        ("GET", "1.1", 204, None, b"", b""),
        ("GET", "1.1", 204, 2, b"", b""),
        ("GET", "1.1", 205, None, b"Content-Length: 0\r\n", b""),
        ("GET", "1.0", 205, 2, b"Content-Length: 0\r\n", b""),
        ("HEAD", "1.1", 205, 2, b"Content-Length: 0\r\n", b""),
        ("GET", "1.1", 304, None, b"", b""),
        ("GET", "1.1", 304, 2, b"Content-Length: 2\r\n", b""),
        ("GET", "1.0", 200, None, b"", b"ab"),
        ("GET", "1.0", 200, 2, b"Content-Length: 2\r\n", b"ab"),
        ("HEAD", "1.1", 200, None, b"", b""),
        ("HEAD", "1.1", 200, 2, b"Content-Length: 2\r\n", b""),
        ("CONNECT", "1.1", 200, None, b"", b""),
        ("CONNECT", "1.1", 200, 2, b"", b""),
        ("CONNECT", "1.1", 403, 2, b"Content-Length: 2\r\n", b"ab"),
    ],
)
def test_framing(
    method: str, version: str, status: int, length: int | None, block: bytes, wire: bytes | None
) -> None:
    body = OutgoingBody()
    assert body.begin(status, length, request(method, version)) == block
    until_close = length is None and version == "1.0" and status != 205
    assert body.ends_connection == until_close
    if wire is None:
        with pytest.raises(LocalProtocolError, match="longer than its Content-Length"):
            body.frame(b"ab")
    else:
        assert body.frame(b"ab") == wire
    assert body.end(()) == (b"0\r\n\r\n" if block == CHUNKED else b"")


def test_a_request_that_could_not_be_read_gets_no_chunks() -> None:
    body = OutgoingBody()
    assert body.begin(400, None, None) == b""
    assert body.ends_connection


@pytest.mark.parametrize(
    ("fields", "kept", "while_kept", "length", "options"),
    [
        ([], [], [], None, []),
        ([("A", "b"), ("content-LENGTH", "007")], [("A", "b")], [], 7, []),
        ([("Connection", "x,, Close ")], [], [], None, ["x", "Close"]),
        (
            [("Connection", "close"), ("connection", "keep-alive")],
            [], [], None, ["close", "keep-alive"],
        ),
        ([("Keep-Alive", "timeout=5")], [], [("Keep-Alive", "timeout=5")], None, []),
        ([("upgrade", "h2c")], [("upgrade", "h2c")], [], None, ["upgrade"]),
        ([("Transfer-Encoding", "chunked")], [], [], None, []),
    ],
)  # fmt: skip
def test_fields(
    fields: list[tuple[str, str]],
    kept: list[tuple[str, str]],
    while_kept: list[tuple[str, str]],
    length: int | None,
    options: list[str],
) -> None:
    assert read_fields(fields) == (kept, while_kept, length, options)


@pytest.mark.parametrize(
    ("field", "sentence"),
    [
        (("Transfer-Encoding", "gzip"), "the connection frames the body"),
        (("Transfer-Encoding", "gzip, chunked"), "the connection frames the body"),
        (("Connection", "close\r\nX: y"), "control character"),
        (("Connection", "x\0"), "control character"),
        (("Connection", "\ud800"), "surrogate"),
        (("Keep-Alive", "5\n"), "control character"),
        (("Connection", None), "must be a str, got None. Leave the field out"),
        (("Connection", b"close"), "must be a str, got b'close'. Decode it"),
        (("X", 5), "must be a str, got 5. Give the text"),
    ],
)
def test_a_refused_field_leaves_the_state_as_it_was(field: Any, sentence: str) -> None:
    connection = ServerConnection()
    connection.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    with pytest.raises(LocalProtocolError, match=re.escape(sentence)):
        connection.send_head(200, [field])
    wire = connection.send_head(200, [("Content-Length", "0")])
    assert wire == b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    "fields",
    [
        [("Content-Length", "1"), ("Content-Length", "1")],
        [("Content-Length", "+1")],
        [("Content-Length", "٣")],
        [("Content-Length", "")],
        [("Content-Length", 1)],
        [(b"Connection", "close")],
        [("Connection", None)],
    ],
)
def test_fields_that_are_refused(fields: list[tuple[str, str]]) -> None:
    with pytest.raises(LocalProtocolError):
        read_fields(fields)


def test_bytes_that_take_another_way() -> None:
    connection = ServerConnection()
    with pytest.raises(LocalProtocolError, match="send_head first"):
        connection.pass_data(1)
    connection.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    connection.send_head(200, [("Content-Length", "10")])
    assert connection.send_data(b"abc") == b"abc"
    connection.pass_data(6)
    with pytest.raises(LocalProtocolError, match="room for them"):
        connection.pass_data(2)
    with pytest.raises(LocalProtocolError, match="1 bytes shorter"):
        connection.send_end()
    connection.pass_data(1)
    assert connection.send_end() == b""


@pytest.mark.parametrize("status", [200, 204])
def test_bytes_may_not_pass_where_they_would_need_a_frame(status: int) -> None:
    connection = ServerConnection()
    connection.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    connection.send_head(status)
    with pytest.raises(LocalProtocolError):
        connection.pass_data(1)
