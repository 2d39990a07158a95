"""The head of a request under aiohttp's names, there and back."""

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from testkit import request_head
from treadle_server import HttpVersion11, RawRequestMessage
from treadle_server._http.head import decode_headers
from treadle_server._http.message import encode_headers, head_of, message_of

HOST = "Host: example.org\r\n"


def message(fields: str = "", method: str = "GET") -> RawRequestMessage:
    head = request_head(method, "/a?b", fields)
    return message_of(head, HttpVersion11, decode_headers(head.fields), URL("/a?b"))


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ("", "method", "GET"),
        ("", "path", "/a?b"),
        ("", "version", (1, 1)),
        ("", "raw_headers", ((b"Host", b"example.org"),)),
        ("", "url", URL("/a?b")),
        ("", "should_close", False),
        ("Connection: close\r\n", "should_close", True),
        ("", "compression", None),
        ("Content-Encoding: GZip\r\n", "compression", "gzip"),
        ("Content-Encoding: rot13\r\n", "compression", None),
        ("", "upgrade", False),
        ("Connection: upgrade\r\nUpgrade: websocket\r\n", "upgrade", True),
        ("", "chunked", False),
        ("Transfer-Encoding: chunked\r\n", "chunked", True),
    ],
)
def test_a_message(fields: str, name: str, value: object) -> None:
    assert getattr(message(fields), name) == value


@pytest.mark.parametrize(
    "fields",
    [
        "",
        "Connection: close\r\n",
        "Content-Length: 5\r\nContent-Encoding: gzip\r\nExpect: 100-continue\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Connection: upgrade\r\nUpgrade: websocket\r\n",
    ],
)
def test_there_and_back(fields: str) -> None:
    before = request_head("POST", "/a?b", fields)
    after = head_of(message(fields, "POST"))
    for name in (
        "authority", "chunked", "content_coding", "content_length", "expect", "fields",
        "has_body", "keep_alive", "method", "target", "upgrade", "version",
    ):  # fmt: skip
        assert getattr(after, name) == getattr(before, name), name


def test_fields_follow_from_the_headers_without_raw_ones() -> None:
    headers = CIMultiDictProxy(CIMultiDict(A="ü\udcff"))
    made = head_of(message()._replace(headers=headers, raw_headers=()))
    assert made.fields == encode_headers(headers) == ((b"A", b"\xc3\xbc\xff"),)
    assert made.authority == ""


def test_a_length_that_is_none_means_no_body() -> None:
    headers = CIMultiDictProxy(CIMultiDict({"Content-Length": "x"}))
    assert not head_of(message()._replace(headers=headers)).has_body
