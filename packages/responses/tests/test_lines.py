"""The field lines of one write are those that ``prepare`` sends, or there are none."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict

from treadle_responses import Response, json_response
from treadle_responses._lines import plain_lines

Make = Callable[..., Any]


def with_cookies(response: Response, *names: str) -> Response:
    for name in names:
        response.set_cookie(name, "value", httponly=True, samesite="Lax")
    return response


def changed(response: Response, **fields: str) -> Response:
    for name, value in fields.items():
        response.headers[name.replace("_", "-")] = value
    return response


MAKERS: list[Callable[[], Response]] = [
    lambda: Response(text="x", headers={"X-Request-ID": "1"}),
    lambda: Response(text="x", headers={"Cache-Control": "no-store", "Vary": "A", "ETag": '"a"'}),
    lambda: Response(body=b"x", headers={"X": "y"}),
    lambda: Response(body=b"x", headers={"X": "y"}, content_type="image/png"),
    lambda: Response(body=b"x", headers={"content-type": "a/b", "X": "y"}),
    lambda: Response(text="x", headers={"Content-Type": "text/html; charset=utf-8"}),
    lambda: Response(headers={"X": "y"}),
    lambda: Response(headers={"Content-Type": "a/b"}),
    lambda: Response(body=b"", headers=[("X", "1"), ("X", "2"), ("x", "3")]),
    lambda: Response(text="", headers={"X": ""}),
    lambda: Response(status=404, reason="Gone fishing", text="x", headers={"X": "a: b, c"}),
    lambda: Response(status=500, text="x", headers={"X": "\x7e !#"}),
    lambda: changed(Response(text="x"), X_Late="1", Content_Type="text/html"),
    lambda: changed(json_response({"a": 1}), Access_Control_Allow_Origin="*"),
    lambda: with_cookies(Response(text="x"), "a"),
    lambda: with_cookies(Response(text="x"), "a", "b", "c"),
    lambda: with_cookies(Response(headers={"X": "y"}), "a"),
    lambda: with_cookies(Response(body=b"x"), "a"),
    lambda: with_cookies(Response(text="x", headers={"X": "y"}), "a", "b"),
]


@pytest.mark.parametrize("make", MAKERS)
def test_the_lines_are_those_that_prepare_sends(send: Make, make: Callable[[], Response]) -> None:
    single = make().as_single_write()
    assert single is not None
    status, reason, lines, body = single
    wire = send(make())
    expected = "".join(f"{name}: {value}\r\n" for name, value in wire.fields)
    assert lines.decode("ascii") == expected
    assert body == wire.body
    assert (status, reason or make().reason) == (wire.status, wire.reason)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        # A server decides.
        ("Connection", "close"), ("connection", "keep-alive"), ("CONTENT-LENGTH", "1"),
        ("Transfer-Encoding", "chunked"), ("Date", "now"), ("Server", ""), ("Upgrade", "h2c"),
        ("Keep-Alive", "timeout=5"), ("TE", "trailers"), ("Trailer", "X"),
        ("Content-Encoding", "gzip"), ("Proxy-Connection", "close"),
        # The writer refuses, or encodes.
        ("", "x"), ("X Y", "x"), ("X:", "x"), ("X\r\nY", "x"), ("\xc4", "x"),
        ("X", "a\r\nY: b"), ("X", "a\nb"), ("X", "a\0"), ("X", "\t"), ("X", "\x7f"), ("X", "\xe4"),
        ("X", "\u20ac"), ("X", "\udc80"),
    ],
)  # fmt: skip
def test_fields_that_are_not_plain(name: str, value: str) -> None:
    assert plain_lines(CIMultiDict([(name, value)]), ()) is None
    assert plain_lines(CIMultiDict([("A", "b"), (name, value)]), ()) is None


def test_cookies_that_are_not_plain() -> None:
    assert plain_lines(CIMultiDict(), ["a=\xe4"]) is None
    assert plain_lines(CIMultiDict(), ["a=b\r\nX: y"]) is None
    # ``prepare`` replaces lines, and so decides on the order.
    assert plain_lines(CIMultiDict({"set-cookie": "a=b"}), ["c=d"]) is None
    assert plain_lines(CIMultiDict({"set-cookie": "a=b"}), []) == b"set-cookie: a=b\r\n"


class Shouting(str):
    __slots__ = ()

    def isprintable(self) -> bool:
        return True

    def isascii(self) -> bool:
        return True


def test_text_of_another_class_is_not_trusted() -> None:
    assert plain_lines(CIMultiDict({"X": Shouting("a\r\nb")}), ()) is None


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=8)), max_size=4))
@example([("X", "y"), ("X", "z")])
def test_no_line_is_split(fields: list[tuple[str, str]]) -> None:
    lines = plain_lines(CIMultiDict(fields), ())
    if lines is None:
        return
    assert lines.count(b"\r\n") == len(fields)
    assert lines.count(b"\r") == lines.count(b"\n") == len(fields)
    found = [line.split(b": ", 1) for line in lines.split(b"\r\n")[:-1]]
    assert [(name.decode(), value.decode()) for name, value in found] == fields


def test_names_without_end_take_no_memory() -> None:
    from treadle_responses import _lines

    for number in range(2000):
        assert plain_lines(CIMultiDict({f"X-{number}": "y"}), ()) == b"X-%d: y\r\n" % number
    assert len(_lines._STARTS) <= 512
