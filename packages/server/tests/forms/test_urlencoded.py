"""Urlencoded bodies as fields, and their errors as responses."""

import pytest

from treadle_responses import (
    HTTPBadRequest,
    HTTPException,
    HTTPRequestEntityTooLarge,
    HTTPUnsupportedMediaType,
)
from treadle_server._forms.urlencoded import parse_urlencoded_form


@pytest.mark.parametrize(
    ("body", "charset", "fields"),
    [
        (b"", "utf-8", []),
        (b"a=1&b=2", "utf-8", [("a", "1"), ("b", "2")]),
        (b"a=1&a=2", "utf-8", [("a", "1"), ("a", "2")]),
        (b"a=&b&=c", "utf-8", [("a", ""), ("b", ""), ("", "c")]),
        (b"a=%C3%BC+%26", "utf-8", [("a", "\xfc &")]),
        (b"a=%FC", "latin-1", [("a", "\xfc")]),
        (b"a=1\r\n", "utf-8", [("a", "1")]),
    ],
)
def test_fields(body: bytes, charset: str, fields: list[tuple[str, str]]) -> None:
    assert list(parse_urlencoded_form(body, charset, 0).items()) == fields


@pytest.mark.parametrize(
    ("body", "charset", "max_fields", "error", "text"),
    [
        (b"a=1&b=2", "utf-8", 1, HTTPRequestEntityTooLarge, "Maximum number of form fields 1"),
        (b"a=1", "rot13", 0, HTTPUnsupportedMediaType, "415: 'rot13' is not a supported charset"),
        (b"a=%FF", "utf-8", 0, HTTPBadRequest, "400: the bytes of field 'a' are not utf-8"),
    ],
)
def test_errors(
    body: bytes, charset: str, max_fields: int, error: type[HTTPException], text: str
) -> None:
    with pytest.raises(error) as caught:
        parse_urlencoded_form(body, charset, max_fields)
    assert isinstance(caught.value, ValueError)
    assert str(caught.value.text).startswith(text)


def test_no_other_limit_applies() -> None:
    name, value = "n" * 5000, "v" * 5_000_000
    body = f"{name}={value}&".encode() + b"a=1&" * 2000
    fields = parse_urlencoded_form(body, "utf-8", 0)
    assert (len(fields), fields[name]) == (2001, value)
    assert len(parse_urlencoded_form(b"a=1&" * 2000, "utf-8", 2000)) == 2000
