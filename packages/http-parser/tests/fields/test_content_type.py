"""Media types, with the standard library as the oracle where it reads the same grammar."""

from collections.abc import Callable
from email.message import Message

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_http_parser.fields import OCTET_STREAM, MimeType, parse_content_type, parse_mimetype

Growth = Callable[[Callable[[int], Callable[[], object]], int], float]


@pytest.mark.parametrize(
    ("value", "media_type", "parameters"),
    [
        ("text/html", "text/html", {}),
        ("Text/HTML;Charset=UTF-8", "text/html", {"charset": "UTF-8"}),
        (' text/html ; charset = "utf-8" ', "text/html", {"charset": "utf-8"}),
        ("a/b;c=d;e=f", "a/b", {"c": "d", "e": "f"}),
        ("a/b;c=1;C=2", "a/b", {"c": "1"}),
        ('a/b;c="x;y=z";d=1', "a/b", {"c": "x;y=z", "d": "1"}),
        ('a/b;c="x\\"y\\\\"', "a/b", {"c": 'x"y\\'}),
        ('a/b;c=""', "a/b", {"c": ""}),
        ("a/b;;;c=d;", "a/b", {"c": "d"}),
        ("application/vnd.api+json", "application/vnd.api+json", {}),
        # A malformed parameter is left out, what is behind it is not.
        ("a/b;c;d=e", "a/b", {"d": "e"}),
        ("a/b;c=;d=e", "a/b", {"d": "e"}),
        ("a/b;=c;d=e", "a/b", {"d": "e"}),
        ("a/b;c=x y;d=e", "a/b", {"d": "e"}),
        ('a/b;c="x"y;d=e', "a/b", {"d": "e"}),
        ('a/b;c="x;d=e', "a/b", {"d": "e"}),
        ("a/b;é=1;d=e", "a/b", {"d": "e"}),
        # No media type.
        ("", OCTET_STREAM, {}),
        ("text", OCTET_STREAM, {}),
        ("text/", OCTET_STREAM, {}),
        ("/html", OCTET_STREAM, {}),
        ("a/b/c", OCTET_STREAM, {}),
        ("a b/c", OCTET_STREAM, {}),
        ("text/html, text/plain", OCTET_STREAM, {}),
        (";charset=utf-8", OCTET_STREAM, {}),
        ("text/é", OCTET_STREAM, {}),
        ("text/html\n", OCTET_STREAM, {}),
    ],
)
def test_parse(value: str, media_type: str, parameters: dict[str, str]) -> None:
    assert parse_content_type(value) == (media_type, parameters)


TOKEN = st.text("abcXYZ019!#$&^_.+-", min_size=1, max_size=8)
VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)


@given(TOKEN, TOKEN, st.dictionaries(TOKEN.map(str.lower), VALUE, max_size=4))
@settings(deadline=None)
def test_what_is_written_is_read(one: str, two: str, parameters: dict[str, str]) -> None:
    def quoted(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"')

    field = f"{one}/{two}" + "".join(f'; {k}="{quoted(v)}"' for k, v in parameters.items())
    assert parse_content_type(field) == (f"{one}/{two}".lower(), parameters)


@given(TOKEN, TOKEN, st.dictionaries(st.sampled_from(["charset", "boundary", "x"]), TOKEN))
@settings(deadline=None)
def test_as_the_standard_library_reads_it(one: str, two: str, parameters: dict[str, str]) -> None:
    message = Message()
    message["Content-Type"] = f"{one}/{two}" + "".join(
        f"; {name}={value}" for name, value in parameters.items()
    )
    theirs = message.get_params() or []
    assert parse_content_type(message["Content-Type"]) == (
        message.get_content_type(),
        dict(theirs[1:]),
    )


@given(st.lists(st.sampled_from([*'a/;= "\\,', "\x00", "é"])).map("".join) | st.text())
@settings(deadline=None)
def test_nothing_raises(text: str) -> None:
    media_type, _ = parse_content_type(text)
    assert media_type.count("/") == 1
    parse_content_type("a/b;" + text)


@pytest.mark.parametrize(
    "hostile",
    [";", " ", "; ", ";a", ";a=", ';a="', ';a="\\', '"', "\\", "a", ";a=b ", ";a =", '=";', "a;"],
)
def test_linear(hostile: str, growth: Growth) -> None:
    def make(size: int) -> Callable[[], object]:
        text = hostile * (size // len(hostile)) + "\x00"
        return lambda: (parse_content_type(text), parse_content_type("a/b" + text))

    assert growth(make, 10_000) < 10


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("text/html", ("text", "html", "", {})),
        ("*", ("*", "*", "", {})),
        ("*/*; q=0.5", ("*", "*", "", {"q": "0.5"})),
        (" Image/SVG+XML ;Base64=x", ("image", "svg", "xml", {"base64": "x"})),
        ("application/vnd.a.b+json", ("application", "vnd.a.b", "json", {})),
        ('multipart/mixed; boundary="a;b"', ("multipart", "mixed", "", {"boundary": "a;b"})),
        ("text", ("text", "", "", {})),
        ("", ("", "", "", {})),
        ("a/b;c=;d=e", ("a", "b", "", {"d": "e"})),
    ],
)
def test_parts_of_a_mime_type(value: str, parts: tuple[str, str, str, dict[str, str]]) -> None:
    assert parse_mimetype(value) == MimeType(*parts)
    with pytest.raises(TypeError):
        parse_mimetype(value).parameters["a"] = "b"  # type: ignore[index]  # read-only on purpose
