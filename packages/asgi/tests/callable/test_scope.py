"""The scopes of servers as heads and connections."""

from typing import Any

import pytest

from testkit import http_scope, websocket_scope
from treadle_asgi._callable.scope import BadHostError, ScopeInfo, read_head, read_mount

# Changes of a scope of GET /, and the target that follows.
TARGETS: list[tuple[dict[str, Any], str]] = [
    ({}, "/"),
    ({"query_string": b"a=1&b=%26"}, "/?a=1&b=%26"),
    ({"raw_path": b"/a%20b/%C3%A4"}, "/a%20b/%C3%A4"),
    ({"raw_path": None, "path": "/a b/ä"}, "/a%20b/%C3%A4"),
    ({"raw_path": None, "path": "/50%/x?y"}, "/50%25/x%3Fy"),
    ({"raw_path": b"", "path": "/x"}, "/x"),
    # Test clients before 2024 leave the query in it.
    ({"raw_path": b"/x?a=1", "query_string": b"a=1"}, "/x?a=1"),
    # What a lenient server lets through is encoded.
    ({"raw_path": b"/\xe4\x01 "}, "/%E4%01%20"),
    ({"query_string": b"q=\xe4\r\n"}, "/?q=%E4%0D%0A"),
    # Absolute form, and that of OPTIONS.
    ({"raw_path": b"http://example.org/x"}, "/x"),
    ({"raw_path": b"http://example.org"}, "/"),
    ({"raw_path": b"*", "path": "*", "method": "OPTIONS"}, "*"),
    ({"raw_path": b"x", "path": "x"}, "/x"),
    # Mounted: the path has root_path in front, or has not.
    ({"root_path": "/api", "raw_path": b"/api/x"}, "/x"),
    ({"root_path": "/api/", "raw_path": b"/api/x"}, "/x"),
    ({"root_path": "/api", "raw_path": b"/api"}, "/"),
    ({"root_path": "/api", "raw_path": b"/x"}, "/x"),
    ({"root_path": "/api", "raw_path": b"/apix"}, "/apix"),
    ({"root_path": "/a/b", "raw_path": b"/a/b/c/d"}, "/c/d"),
    ({"root_path": "/a/b", "raw_path": b"/a"}, "/a"),
    ({"root_path": "/a b", "raw_path": b"/a%20b/c"}, "/c"),
    ({"root_path": "/ä", "raw_path": b"/%c3%A4/c"}, "/c"),
    ({"root_path": "/api", "raw_path": None, "path": "/api/x y"}, "/x%20y"),
    ({"root_path": "/api", "raw_path": None, "path": "/api"}, "/"),
    ({"root_path": "/api", "raw_path": None, "path": "/apix"}, "/apix"),
    ({"root_path": "/", "raw_path": b"/x"}, "/x"),
]


@pytest.mark.parametrize(("changes", "target"), TARGETS)
def test_targets(changes: dict[str, Any], target: str) -> None:
    assert read_head(http_scope(**changes)).target == target


# Method, version, fields: the length of the body (None: unknown), Expect, the coding.
FRAMINGS: list[tuple[str, str, list[tuple[bytes, bytes]], int | None, str, str]] = [
    ("GET", "1.1", [], 0, "", ""),
    ("POST", "1.1", [(b"content-length", b"3")], 3, "", ""),
    ("POST", "1.1", [(b"content-length", b"0")], 0, "", ""),
    ("POST", "1.1", [(b"transfer-encoding", b"chunked")], None, "", ""),
    ("POST", "1.1", [], 0, "", ""),
    ("POST", "2", [], None, "", ""),
    ("GET", "2", [], 0, "", ""),
    ("PUT", "3", [(b"content-length", b"7")], 7, "", ""),
    ("PUT", "2", [(b"content-encoding", b"GZIP")], None, "", "gzip"),
    ("PUT", "1.1", [(b"content-length", b"7"), (b"content-encoding", b"br")], 7, "", "br"),
    (
        "PUT",
        "1.1",
        [(b"content-length", b"7"), (b"expect", b"100-Continue")],
        7,
        "100-continue",
        "",
    ),
    ("PUT", "1.1", [(b"content-length", b"x")], 0, "", ""),
]


@pytest.mark.parametrize(("method", "version", "fields", "length", "expect", "coding"), FRAMINGS)
def test_framing(
    method: str,
    version: str,
    fields: list[tuple[bytes, bytes]],
    length: int | None,
    expect: str,
    coding: str,
) -> None:
    framing = read_head(http_scope(method, "/", fields, http_version=version)).framing
    assert (framing.content_length, framing.expect, framing.content_coding) == (
        length, expect, coding,
    )  # fmt: skip
    assert framing.keep_alive


def test_fields_and_versions() -> None:
    # Lists are allowed, and iterables that can be read once.
    fields = (each for each in [[b"host", b"a.example:8080"], [bytearray(b"x-a"), b"\xff"]])
    head = read_head(http_scope(headers=fields, http_version="2"))
    assert head.fields == ((b"host", b"a.example:8080"), (b"x-a", b"\xff"))
    assert (head.authority, head.version) == ("a.example:8080", (2, 0))
    assert read_head(http_scope(http_version="9")).version == (1, 1)
    assert read_head(http_scope(headers=[])).authority == ""
    assert read_head(http_scope(headers=[(b"host", b"")])).authority == ""


@pytest.mark.parametrize("host", [b"a b", b"a/b", b"a@b", b"\xff", b"a:99999"])
def test_hosts_that_are_none(host: bytes) -> None:
    with pytest.raises(BadHostError):
        read_head(http_scope(headers=[(b"host", host)]))


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_a_websocket_is_a_get(version: str) -> None:
    head = read_head(websocket_scope("/chat?room=1", http_version=version))
    assert (head.method, head.target, head.upgrade, head.has_body) == (
        "GET", "/chat?room=1", "websocket", False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("client", "server", "remote", "local"),
    [
        (("192.0.2.7", 5000), ("example.org", 80), "192.0.2.7", "example.org"),
        (["2001:db8::7", 5000], ["::1", 80], "2001:db8::7", "[::1]"),
        (None, None, None, ""),
        (("/run/client", None), ("/run/server", None), "/run/client", "/run/server"),
    ],
)
def test_addresses(client: Any, server: Any, remote: str | None, local: str) -> None:
    info = ScopeInfo(http_scope(client=client, server=server))
    assert (info.remote, info.local_host) == (remote, local)
    assert (info.ssl_context, info.handler) == (None, None)


@pytest.mark.parametrize(
    ("root", "mount"), [("/api", "/api"), ("/api/", "/api"), ("/a b", "/a%20b"), ("/", "")]
)
def test_mounts(root: str, mount: str) -> None:
    assert read_mount(root) == mount
