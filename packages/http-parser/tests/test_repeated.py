"""Heads that repeat the fields of the head before: each is read as on a fresh connection."""

import inspect
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
from treadle_http_parser._framing import read_framing
from treadle_http_parser._parser import _PATH_METHODS

Outcome = list[tuple[object, ...]]
Read = Callable[..., Outcome]

# Methods that take the shortcut, and others.
METHODS = [*sorted(_PATH_METHODS), "CONNECT", "M-SEARCH", "PRI", "FOO", "get", "G@T", "SOURCE", ""]
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


@pytest.mark.parametrize("method", sorted(_PATH_METHODS))
@pytest.mark.parametrize("case", FIELDS.values(), ids=FIELDS)
def test_the_fields_are_read_once(case: tuple[bytes, bytes], method: str) -> None:
    fields, body = case
    rest = b"\r\n" + fields + b"\r\n" + body
    connection = connection_after(b"GET /before HTTP/1.1" + rest)
    first = connection.request
    connection.receive_data(f"{method} /after HTTP/1.1".encode() + rest)
    second = connection.request
    assert first is not None
    assert second is not None
    assert (second.method, second.target) == (method, "/after")
    assert second.fields is first.fields
    assert second.framing is first.framing


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


def test_framing_sees_fields_and_version_only() -> None:
    # A rule on the method or the target would not be applied to a head that repeats its fields:
    # it belongs in ``build_request``.
    assert list(inspect.signature(read_framing).parameters) == ["fields", "version"]


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
    data = b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 2000 + b"\r\n\r\n"
    connection = connection_after(data)
    first = connection.request
    connection.receive_data(data)
    second = connection.request
    assert first is not None
    assert second is not None
    assert first.fields == second.fields
    assert first.fields is not second.fields
