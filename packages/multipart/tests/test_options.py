"""Content-Type and its like: tables."""

import pytest

from treadle_multipart import MalformedError, boundary_of, parse_options_header
from treadle_multipart._options import check_boundary, split_parameters, unquote_pairs

GOOD = [
    ("text/plain", "text/plain", {}),
    (" Text/PLAIN ; Charset=UTF-8 ", "text/plain", {"charset": "UTF-8"}),
    ("a/b;;c=d; ;e=f;", "a/b", {"c": "d", "e": "f"}),
    ('a/b; c="d;e=f"', "a/b", {"c": "d;e=f"}),
    (r'a/b; c="d\"e\\"', "a/b", {"c": 'd"e\\'}),
    ('a/b; c=""', "a/b", {"c": ""}),
    ("a/b; c = d", "a/b", {"c": "d"}),
    ("a/b; c='d'", "a/b", {"c": "'d'"}),
    ('a/b; c="\xe4"', "a/b", {"c": "\xe4"}),
]


@pytest.mark.parametrize(("value", "kind", "params"), GOOD)
def test_parse_options_header(value: str, kind: str, params: dict[str, str]) -> None:
    assert parse_options_header(value) == (kind, params)


BAD = [
    "", "text", "/plain", "text/", "te xt/plain", "a/b; c", "a/b; c=", "a/b; =d", 'a/b; c="d',
    'a/b; c="d"e', "a/b c=d", "a/b; c=d; c=d", "a/b; c=d/e", "a/b, c/d", "a/b; c=\xe4",
]  # fmt: skip


@pytest.mark.parametrize("value", BAD)
def test_malformed(value: str) -> None:
    with pytest.raises(MalformedError):
        parse_options_header(value)


@pytest.mark.parametrize(
    ("value", "boundary"),
    [
        ("multipart/form-data; boundary=x", b"x"),
        # Unquoted, though RFC 2046 wants quotes.
        ("multipart/form-data; boundary=----=_Part_1:2/3?4", b"----=_Part_1:2/3?4"),
        ("multipart/form-data; BOUNDARY = (a),b;charset=utf-8", b"(a),b"),
        ("multipart/form-data; boundary==", b"="),
        ('Multipart/Mixed; charset=a; BOUNDARY="a b\'("', b"a b'("),
        (b"multipart/form-data; boundary=x", b"x"),
    ],
)
def test_boundary_of(value: str | bytes, boundary: bytes) -> None:
    assert boundary_of(value) == boundary


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("text/plain; boundary=x", "text/plain is not a multipart type"),
        ("multipart/form-data", "has no boundary parameter"),
        ('multipart/form-data; boundary=""', "has 0 characters"),
        ("multipart/form-data; boundary=" + "x" * 71, "has 71 characters"),
        ('multipart/form-data; boundary="a "', "visible ASCII"),
        ('multipart/form-data; boundary="a\xe4"', "visible ASCII"),
        ("multipart/form-data; boundary=x; boundary=y", "boundary is repeated"),
        ("multipart/form-data; boundary=x y", "malformed"),
        ("multipart/form-data; boundary=x, multipart/form-data; boundary=y", "malformed"),
        ("multipart/form-data; boundary=a@b", "malformed"),
        ("multipart/form-data; boundaryx=a=b", "malformed"),
        ("multipart/form-data; xboundary=a=b", "malformed"),
        (b"\xff\xff", "does not start with a media type"),
    ],
)
def test_no_boundary(value: str | bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        boundary_of(value)


def test_check_boundary_takes_both_kinds() -> None:
    assert check_boundary("a-b") == check_boundary(b"a-b") == b"a-b"


def test_split_parameters_keeps_order_and_quoting() -> None:
    assert split_parameters('; A=b; c="d"; a=e', 0) == [
        ("a", "b", False),
        ("c", "d", True),
        ("a", "e", False),
    ]
    assert split_parameters(r'; a="b\"; c= d e ', 0, loose=True) == [
        ("a", "b\\", True),
        ("c", "d e", False),
    ]


def test_unquote_pairs() -> None:
    assert unquote_pairs(r"a\b\\c\"") == 'ab\\c"'
