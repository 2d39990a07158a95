"""The Forwarded field, with aiohttp's reading as the oracle."""

from collections.abc import Callable, Mapping

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_http_parser.fields import parse_forwarded

Growth = Callable[[Callable[[int], Callable[[], object]], int], float]

CASES: list[tuple[str, list[dict[str, str]]]] = [
    ("for=192.0.2.43", [{"for": "192.0.2.43"}]),
    ("For=a;PROTO=https;by=b", [{"for": "a", "proto": "https", "by": "b"}]),
    ("for=a, for=b,for=c", [{"for": "a"}, {"for": "b"}, {"for": "c"}]),
    ('for="[2001:db8::1]:4711"', [{"for": "[2001:db8::1]:4711"}]),
    ("for=1.2.3.4:80;host=h:8080", [{"for": "1.2.3.4:80", "host": "h:8080"}]),
    ('for="a\\"b\\\\c"', [{"for": 'a"b\\c'}]),
    ('for="a,b;c", for=d', [{"for": "a,b;c"}, {"for": "d"}]),
    ('for=""', [{"for": ""}]),
    ('for="[::1]":80;by=b', [{"for": "[::1]:80", "by": "b"}]),
    ("for=_hidden;by=unknown", [{"for": "_hidden", "by": "unknown"}]),
    (" for=a ; by=b ", [{"for": "a", "by": "b"}]),
    ("for=a;for=b", [{"for": "b"}]),
    ("for=a;;by=b;", [{"for": "a", "by": "b"}]),
    # Bad syntax ends its element and leaves the others in their places.
    ("", [{}]),
    (",", [{}, {}]),
    ("for=a, , for=b", [{"for": "a"}, {}, {"for": "b"}]),
    ("garbage, for=b", [{}, {"for": "b"}]),
    ("for=a by=b, for=c", [{"for": "a"}, {"for": "c"}]),
    ("for=[::1], for=b", [{}, {"for": "b"}]),
    ("for=a;by=, for=b", [{"for": "a"}, {"for": "b"}]),
    ("for =a, for=b", [{}, {"for": "b"}]),
    ("for=a:123456, for=b", [{"for": "a:12345"}, {"for": "b"}]),
    ('for="a, for=b', [{}, {"for": "b"}]),
    ("for=é, for=b", [{}, {"for": "b"}]),
]


@pytest.mark.parametrize(("field", "elements"), CASES)
def test_parse(field: str, elements: list[dict[str, str]]) -> None:
    assert [dict(element) for element in parse_forwarded(field)] == elements


def test_read_only() -> None:
    (element,) = parse_forwarded("for=a")
    assert isinstance(element, Mapping)
    with pytest.raises(TypeError):
        element["for"] = "b"  # type: ignore[index]  # the mistake under test


FRAGMENTS = st.lists(
    st.sampled_from(["for", "by", "=", ";", ",", " ", '"', "\\", "a", "1.2.3.4", ":80", "x="]),
    max_size=20,
).map("".join)


@given(FRAGMENTS)
@settings(deadline=None, max_examples=300)
def test_as_aiohttp_reads_it(field: str) -> None:
    theirs = make_mocked_request("GET", "/", headers={"Forwarded": field}).forwarded
    ours = parse_forwarded(field)
    # aiohttp leaves out an empty element behind the last comma.
    while len(ours) > len(theirs) and not ours[-1]:
        ours = ours[:-1]
    assert [dict(element) for element in ours] == [dict(element) for element in theirs]


NAME = st.sampled_from(["for", "by", "host", "proto", "x"])


@given(
    st.lists(
        st.dictionaries(NAME, st.text(st.characters(min_codepoint=32, codec="utf-8"))), min_size=1
    )
)
@settings(deadline=None)
def test_what_is_written_is_read(elements: list[dict[str, str]]) -> None:
    def quoted(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    field = ", ".join(
        ";".join(f"{name}={quoted(value)}" for name, value in element.items())
        for element in elements
    )
    assert [dict(element) for element in parse_forwarded(field)] == elements


@given(st.text())
@settings(deadline=None)
def test_nothing_raises(text: str) -> None:
    assert len(parse_forwarded(text)) <= text.count(",") + 1


@pytest.mark.parametrize(
    "hostile",
    [
        ",",
        " ",
        ";",
        "a=",
        'a="',
        'a="\\',
        "a=b",
        "a=b;",
        "a=b,",
        '"',
        "\\",
        'a="b";',
        "a:1",
        "a=b ",
    ],
)
def test_linear(hostile: str, growth: Growth) -> None:
    def make(size: int) -> Callable[[], object]:
        text = hostile * (size // len(hostile)) + "\x00"
        return lambda: parse_forwarded(text)

    assert growth(make, 10_000) < 10
