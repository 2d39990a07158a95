"""The Cookie field, with aiohttp's reading as the oracle for what browsers send."""

import string
from collections.abc import Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_http_parser.fields import parse_cookies

Growth = Callable[[Callable[[int], Callable[[], object]], int], float]


@pytest.mark.parametrize(
    ("field", "cookies"),
    [
        ("", []),
        ("a=1", [("a", "1")]),
        ("a=1; b=2", [("a", "1"), ("b", "2")]),
        ("a=1;b=2;", [("a", "1"), ("b", "2")]),
        (" a = 1 ;\tb=2 ", [("a", "1"), ("b", "2")]),
        ("a=1; a=2", [("a", "1"), ("a", "2")]),
        ("a=", [("a", "")]),
        ("a=b=c", [("a", "b=c")]),
        ("a=b c", [("a", "b c")]),
        ("a=b,c", [("a", "b,c")]),
        ('a={"b":1}', [("a", '{"b":1}')]),
        ("$Version=1; a=2", [("$Version", "1"), ("a", "2")]),
        ("path=/; expires=never", [("path", "/"), ("expires", "never")]),
        (
            "a[b]=1; c(d)=2; e@f=3; g:h=4",
            [("a[b]", "1"), ("c(d)", "2"), ("e@f", "3"), ("g:h", "4")],
        ),
        ("é=ü", [("é", "ü")]),
        # Quotes.
        ('a="b"', [("a", "b")]),
        ('a=""', [("a", "")]),
        ('a="b;c"; d=e', [("a", "b;c"), ("d", "e")]),
        ('a="b\\"c\\\\d"', [("a", 'b"c\\d')]),
        ('a="\\303\\251\\054"', [("a", "\xc3\xa9,")]),
        ('a="b" ; c=d', [("a", "b"), ("c", "d")]),
        ('a="b"c; d=e', [("a", '"b"c'), ("d", "e")]),
        ('a="b; c=d', [("a", '"b'), ("c", "d")]),
        ('a="b; c="d"', [("a", '"b'), ("c", "d")]),
        # Names.
        ("=a; b=c", [("b", "c")]),
        ("a; b=c", [("a", ""), ("b", "c")]),
        ("a=1; Secure", [("a", "1"), ("Secure", "")]),
        (" ; ;; b=c", [("b", "c")]),
        ("a b=1; c=d", [("c", "d")]),
        ('a"b=1; c=d', [("c", "d")]),
        ("a,b=1; c=d", [("c", "d")]),
        ("a\x00b=1; c=d", [("c", "d")]),
    ],
)
def test_parse(field: str, cookies: list[tuple[str, str]]) -> None:
    assert parse_cookies(field) == cookies


NAME = st.text(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~", min_size=1, max_size=8)
# cookie-octet of RFC 6265.
VALUE = st.text("".join(chr(c) for c in range(0x21, 0x7F) if chr(c) not in '",;\\'), max_size=12)


@given(st.dictionaries(NAME, VALUE, max_size=6))
@settings(deadline=None)
def test_as_aiohttp_reads_it(cookies: dict[str, str]) -> None:
    field = "; ".join(f"{name}={value}" for name, value in cookies.items())
    theirs = make_mocked_request("GET", "/", headers={"Cookie": field}).cookies
    assert dict(parse_cookies(field)) == dict(theirs) == cookies


@given(st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f")))
@settings(deadline=None)
def test_what_a_server_sets_comes_back(value: str) -> None:
    response = web.Response()
    response.set_cookie("a", value)
    sent = response.cookies["a"].OutputString().removesuffix("; Path=/")
    assert parse_cookies(sent + "; b=c") == [("a", value), ("b", "c")]


@given(st.lists(st.sampled_from([*'a=; ,"\\', "\\101", "\x00", "é"])).map("".join) | st.text())
@settings(deadline=None)
def test_any_text_gives_named_cookies(text: str) -> None:
    for name, _ in parse_cookies(text):
        assert name
    # A valid cookie is read behind any text.
    assert parse_cookies(text.replace('"', "") + "; last=1")[-1] == ("last", "1")


@pytest.mark.parametrize(
    "hostile",
    [";", "a;", "a=;", '"', 'a="', 'a="\\', 'a="b;', 'a="b"c;', "a=b; ", " ", "=", "a=", "\\",
     '\\"', 'a=" ', 'a="" '],
)  # fmt: skip
def test_linear(hostile: str, growth: Growth) -> None:
    def make(size: int) -> Callable[[], object]:
        text = hostile * (size // len(hostile))
        return lambda: (
            parse_cookies(text),
            parse_cookies(text + "x=y"),
            parse_cookies('a="' + text),
        )

    assert growth(make, 8_000) < 10
