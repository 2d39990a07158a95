"""The head that ``start_response`` gets: what passes, and the sentence for what does not."""

import pytest

from treadle_asgi._wsgi.head import HOP_BY_HOP, WSGIHead, check_head, has_no_body

PASSING = [
    ("200 OK", [], WSGIHead(200, "OK", [], None)),
    ("204 ", [], WSGIHead(204, "", [], None)),
    ("299", [], WSGIHead(299, "", [], None)),
    ("404 Not Found here", [], WSGIHead(404, "Not Found here", [], None)),
    ("200 OK", [("content-length", "7")], WSGIHead(200, "OK", [("content-length", "7")], 7)),
    (
        "200 \xe9",
        [("Set-Cookie", "a=1"), ("Set-Cookie", "b=\xff")],
        WSGIHead(200, "\xe9", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=\xff")], None),
    ),
]


@pytest.mark.parametrize(("status", "headers", "head"), PASSING)
def test_passing(status: str, headers: list[tuple[str, str]], head: WSGIHead) -> None:
    assert check_head(status, headers) == head


REFUSED = [
    (200, [], TypeError, "is a str like '200 OK', not 200"),
    (b"200 OK", [], TypeError, "not b'200 OK'"),
    ("OK", [], ValueError, "three digits, a space and a reason"),
    ("20 OK", [], ValueError, "'20 OK'"),
    ("200OK", [], ValueError, "'200OK'"),
    ("200 O\r\nK: x", [], ValueError, "three digits"),
    ("100 Continue", [], ValueError, "a final one: from 200 on"),
    ("200 OK", (("a", "b"),), TypeError, "a list of pairs"),
    ("200 OK", {"a": "b"}, TypeError, "a list of pairs"),
    ("200 OK", [["a", "b"]], TypeError, r"give \('Name', 'value'\)"),
    ("200 OK", [("a", "b", "c")], TypeError, "A field is a pair"),
    ("200 OK", [("a", b"b")], TypeError, "The value of a field is a str, not b'b'.*decode it"),
    ("200 OK", [("a", 1)], TypeError, "give a str"),
    ("200 OK", [(b"a", "b")], TypeError, "The name of a field"),
    ("200 OK", [("a b", "c")], ValueError, "'a b' is not the name of a field"),
    ("200 OK", [("a:", "c")], ValueError, "is not the name"),
    ("200 OK", [("", "c")], ValueError, "is not the name"),
    ("200 OK", [("a", "b\r\nc: d")], ValueError, r"the character '\\r' at position 1"),
    ("200 OK", [("a", "b\x00")], ValueError, "position 1"),
    ("200 OK", [("a", "b\x7f")], ValueError, "position 1"),
    ("200 OK", [("a", "\u20ac")], ValueError, "each character to be one byte"),
    ("200 OK", [("Content-Length", "x")], ValueError, "a number in digits"),
    ("200 OK", [("Content-Length", "-1")], ValueError, "a number in digits"),
    ("200 OK", [("Content-Length", "\xb2")], ValueError, "a number in digits"),
    ("200 OK", [("Content-Length", "1"), ("content-length", "1")], ValueError, "given twice"),
    *(("200 OK", [(name.title(), "x")], ValueError, "leave it out") for name in HOP_BY_HOP),
]


@pytest.mark.parametrize(("status", "headers", "error", "text"), REFUSED)
def test_refused(status: object, headers: object, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        check_head(status, headers)


@pytest.mark.parametrize(
    ("method", "status", "wanted"),
    [
        ("GET", 200, False),
        ("HEAD", 200, True),
        ("GET", 204, True),
        ("GET", 205, True),
        ("GET", 304, True),
    ],
)
def test_has_no_body(method: str, status: int, wanted: bool) -> None:
    assert has_no_body(method, status) is wanted
