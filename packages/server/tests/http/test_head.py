"""The properties of a request that follow from its head, as one table."""

import ssl
from datetime import UTC, datetime
from typing import Any

import pytest
from yarl import URL

from testkit import CONNECTION, request_head
from treadle_http_parser import Fields
from treadle_http_parser import Request as Head
from treadle_responses import ETag
from treadle_server._core.types import ConnectionInfo
from treadle_server._http import head as module
from treadle_server._http.head import RequestHead, decode_headers

CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
TLS = ConnectionInfo(("2001:db8::7", 1), ("2001:db8::1", 443), CONTEXT)
UNIX = ConnectionInfo("", "/run/treadle.sock", None)
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


def head(
    target: str = "/",
    fields: str = "",
    *,
    method: str = "GET",
    version: str = "1.1",
    connection: ConnectionInfo = CONNECTION,
) -> RequestHead:
    made = RequestHead()
    made._head = request_head(method, target, fields, version)
    made._connection = connection
    return made


PATH = head("/a%20b/%C3%A4/../c?x=1&x=%26&y")
PLAIN = head()

#: A head, the name of a property, and its value.
VALUES: list[tuple[RequestHead, str, Any]] = [
    (head(method="PATCH"), "method", "PATCH"),
    (PLAIN, "version", (1, 1)),
    (PLAIN, "host_is_given", False),
    (head(version="1.0"), "version", (1, 0)),
    # The target, in every form.
    (PATH, "raw_path", "/a%20b/%C3%A4/../c?x=1&x=%26&y"),
    (PATH, "path", "/a b/\xe4/../c"),
    (PATH, "path_qs", "/a%20b/%C3%A4/../c?x=1&x=%26&y"),
    (PATH, "rel_url", URL("/a%20b/%C3%A4/../c?x=1&x=%26&y", encoded=True)),
    (PATH, "url", URL("http://example.org/a%20b/%C3%A4/../c?x=1&x=%26&y", encoded=True)),
    (PATH, "query_string", "x=1&x=%26&y"),
    (head("/?q=%C3%A4+b"), "query_string", "q=\xe4 b"),
    (PLAIN, "query_string", ""),
    (PLAIN, "path_qs", "/"),
    # The connection.
    (PLAIN, "scheme", "http"),
    (PLAIN, "secure", False),
    (PLAIN, "host", "example.org"),
    (PLAIN, "remote", "192.0.2.7"),
    (head(connection=TLS), "scheme", "https"),
    (head(connection=TLS), "secure", True),
    (head("/x", connection=TLS), "url", URL("https://example.org/x")),
    (head(connection=TLS), "remote", "2001:db8::7"),
    (head(connection=UNIX), "remote", ""),
    (head(fields="X-Forwarded-Proto: https\r\nX-Forwarded-For: 1.2.3.4\r\n"), "scheme", "http"),
    (head(fields="X-Forwarded-For: 1.2.3.4\r\n"), "remote", "192.0.2.7"),
    # Fields.
    (PLAIN, "raw_headers", ((b"Host", b"example.org"),)),
    (PLAIN, "root_path", ""),
    (PLAIN, "last_event_id", None),
    (head(fields="Last-Event-ID: \xe4\r\n"), "last_event_id", "\xe4"),
    (PLAIN, "cookies", {}),
    (head(fields="Cookie: a=1; b=2\r\nCookie: a=3\r\n"), "cookies", {"a": "3", "b": "2"}),
    (PLAIN, "content_type", "application/octet-stream"),
    (head(fields="Content-Type: Text/HTML; Charset=UTF-8\r\n"), "content_type", "text/html"),
    (head(fields="Content-Type: text/html; charset=UTF-8\r\n"), "charset", "UTF-8"),
    (head(fields="Content-Type: nonsense\r\n"), "content_type", "application/octet-stream"),
    (PLAIN, "charset", None),
    (PLAIN, "content_length", None),
    (head(fields="Content-Length: 12\r\n", method="POST"), "content_length", 12),
    (head(fields="Content-Length: 0\r\n", method="POST"), "content_length", 0),
    (head(fields="Transfer-Encoding: chunked\r\n", method="POST"), "content_length", None),
    (PLAIN, "if_modified_since", None),
    (head(fields="If-Modified-Since: now\r\n"), "if_modified_since", None),
    (
        head(fields=f"If-Modified-Since: {DATE}\r\n"),
        "if_modified_since",
        datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC),
    ),
    (
        head(fields=f"If-Unmodified-Since: {DATE}\r\n"),
        "if_unmodified_since",
        datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC),
    ),
    (PLAIN, "if_unmodified_since", None),
    (PLAIN, "if_range", None),
    (head(fields='If-Range: "a"\r\n'), "if_range", None),
    (
        head(fields=f"If-Range: {DATE}\r\n"),
        "if_range",
        datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC),
    ),
    (PLAIN, "if_match", None),
    (head(fields="If-Match: *\r\n"), "if_match", (ETag("*"),)),
    (head(fields='If-Match: "*"\r\n'), "if_match", (ETag("*", is_quoted=True),)),
    (PLAIN, "if_none_match", None),
    (
        head(fields='If-None-Match: "a"\r\nIf-None-Match: W/"b"\r\n'),
        "if_none_match",
        (ETag("a"), ETag("b", is_weak=True)),
    ),
    (head(fields="If-None-Match: a\r\n"), "if_none_match", ()),
    (PLAIN, "http_range", slice(None, None, 1)),
    (head(fields="Range: bytes=0-499\r\n"), "http_range", slice(0, 500, 1)),
    (head(fields="Range: Bytes=5-5\r\n"), "http_range", slice(5, 6, 1)),
    (head(fields="Range: bytes=500-\r\n"), "http_range", slice(500, None, 1)),
    (head(fields="Range: bytes=-500\r\n"), "http_range", slice(-500, None, 1)),
    (PLAIN, "forwarded", ()),
    (
        head(fields='Forwarded: For=a;proto=https, for="[::1]:80"\r\nForwarded: by=b\r\n'),
        "forwarded",
        ({"for": "a", "proto": "https"}, {"for": "[::1]:80"}, {"by": "b"}),
    ),
    # An open quote of the client hides no element of a proxy.
    (
        head(fields='Forwarded: for=a;by="\r\nForwarded: for=b\r\n'),
        "forwarded",
        ({"for": "a"}, {"for": "b"}),
    ),
    (PLAIN, "keep_alive", True),
    (head(version="1.0"), "keep_alive", False),
    (head(fields="Connection: close\r\n"), "keep_alive", False),
]


@pytest.mark.parametrize(("made", "name", "value"), VALUES)
def test_values(made: RequestHead, name: str, value: object) -> None:
    assert getattr(made, name) == value
    # A value that is built on demand is built once, and stays.
    assert getattr(made, name) == value


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("bytes=0-1,3-4", "range not in acceptable format"),
        ("items=0-1", "range not in acceptable format"),
        ("bytes=4-\u096b", "range not in acceptable format"),
        ("bytes=5-4", "start cannot be after end"),
        ("bytes=-", "No start or end of range specified"),
    ],
)
def test_ranges_that_cannot_be_read(field: str, words: str) -> None:
    made = head(fields=f"Range: {field}\r\n")
    with pytest.raises(ValueError, match=words):
        _ = made.http_range


def test_a_program_may_read_a_body_as_another_type() -> None:
    made = head(fields="Content-Type: text/plain\r\n")
    made._stored_content_type = "text/plain"
    made._content_type, made._content_dict = "text/csv", {"charset": "x"}
    assert (made.content_type, made.charset) == ("text/csv", "x")


def test_without_a_host_the_address_that_was_reached_counts() -> None:
    made = RequestHead()
    made._head = request_head("GET", "/", version="1.0", host="")
    reached = [(CONNECTION, "192.0.2.1"), (TLS, "[2001:db8::1]"), (UNIX, UNIX.sockname)]
    for connection, host in reached:
        made._connection = connection
        assert made.host == host


def test_a_query_is_a_read_only_multidict() -> None:
    assert list(PATH.query.items()) == [("x", "1"), ("x", "&"), ("y", "")]
    assert PATH.query is PATH.query
    assert not hasattr(PATH.query, "add")


def test_headers_ignore_case_and_keep_their_order() -> None:
    made = head(fields="B: 1\r\na: 2\r\nb: 3\r\n")
    assert list(made.headers.items())[1:] == [("B", "1"), ("a", "2"), ("b", "3")]
    assert made.headers.getall("b") == ["1", "3"]
    assert made.headers is made.headers


def test_every_property_is_in_the_table() -> None:
    properties = {name for name, value in vars(RequestHead).items() if isinstance(value, property)}
    assert properties - {name for _, name, _ in VALUES} == {"headers", "query"}


@pytest.mark.parametrize(
    ("fields", "name", "values"),
    [
        (((b"Host", b"x"),), "host", ["x"]),
        (((b"A", b"1"), (b"a", b"2")), "A", ["1", "2"]),
        (((b"N", "grüß".encode()),), "N", ["grüß"]),
        # Other bytes come back as they were (PEP 383).
        (((b"N", b"\xff"),), "N", ["\udcff"]),
        ((), "N", []),
    ],
)
def test_decoding(fields: Fields, name: str, values: list[str]) -> None:
    assert decode_headers(fields).getall(name, []) == values


def test_the_url_has_the_path_of_the_mount() -> None:
    mounted = head("/items?x=1")
    mounted.root_path = "/shop%20two"
    assert str(mounted.url) == "http://example.org/shop%20two/items?x=1"
    assert (mounted.path, mounted.path_qs) == ("/items", "/items?x=1")


@pytest.mark.parametrize("version", [(1, 0), (1, 1), (2, 0), (3, 0)])
def test_versions(version: tuple[int, int]) -> None:
    made = head()
    known = made._head
    made._head = Head("GET", "/", "", version, (), known.framing)
    assert made.version == version


def test_names_that_clients_make_up_are_not_kept_for_ever() -> None:
    for number in range(5000):
        decode_headers(((b"X-%d" % number, b""),))
    assert len(module._names) <= 512
