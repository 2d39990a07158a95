"""JSON and HTML in one call."""

import json
from typing import Any

import pytest

from treadle_responses import Response, html_response, json_bytes_response, json_response


def dumps_bytes(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize("data", [None, 0, "", [], {}, {"a": [1, 2.5, None, "\xfc"]}, True])
def test_json(data: object) -> None:
    response = json_response(data)
    assert type(response) is Response
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert json.loads(response.text or "") == data
    by_bytes = json_bytes_response(data, dumps=dumps_bytes)
    assert by_bytes.headers["Content-Type"] == "application/json"
    assert by_bytes.body == response.body


def test_json_of_text_and_body() -> None:
    assert json_response(text="[1]").text == "[1]"
    assert json_response(text="[1]").charset == "utf-8"
    assert json_response(body=b"[1]").body == b"[1]"
    assert json_bytes_response(body=b"[1]", dumps=dumps_bytes).body == b"[1]"
    assert json_response().body is None
    assert json_bytes_response(dumps=dumps_bytes).body is None


@pytest.mark.parametrize(
    "given",
    [
        {"data": 1, "text": "1"},
        {"data": 1, "body": b"1"},
        {"data": None, "text": "null"},
        {"data": 1, "text": "1", "body": b"1"},
        {"text": "1", "body": b"1"},
    ],
)
def test_json_of_two_things(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"only one of data, text, or body|not allowed together"):
        json_response(**given)


def test_json_bytes_of_two_things() -> None:
    with pytest.raises(ValueError, match="only one of data or body"):
        json_bytes_response(None, body=b"1", dumps=dumps_bytes)


def test_arguments_go_through() -> None:
    for response in (
        json_response(
            1, status=201, reason="Made", headers={"X": "y"}, content_type="a/b+json", dumps=repr
        ),
        json_bytes_response(
            1,
            status=201,
            reason="Made",
            headers={"X": "y"},
            content_type="a/b+json",
            dumps=dumps_bytes,
        ),
    ):
        assert (response.status, response.reason, response.body) == (201, "Made", b"1")
        assert response.headers["X"] == "y"
        assert response.content_type == "a/b+json"


def test_values_that_json_cannot_encode() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        json_response({1, 2})
    with pytest.raises(TypeError, match="text argument must be str, not bytes"):
        json_response(1, dumps=dumps_bytes)  # type: ignore[arg-type]  # the mistake under test


def test_html() -> None:
    response = html_response("<p>\xfc", status=404, reason="Gone fishing", headers={"X": "y"})
    assert (response.status, response.reason) == (404, "Gone fishing")
    assert response.headers == {"X": "y", "Content-Type": "text/html; charset=utf-8"}
    assert response.body == b"<p>\xc3\xbc"
    assert html_response("\xfc", charset="latin-1").body == b"\xfc"
    assert html_response("x").as_single_write() == (
        200,
        None,
        b"Content-Type: text/html; charset=utf-8\r\nContent-Length: 1\r\n",
        b"x",
    )


@pytest.mark.parametrize("content_type", ["application/json", "text/html", "a/b"])
@pytest.mark.parametrize("text", ["", "\xfc\u20ac", "x" * 5000])
def test_the_shortcuts_make_what_the_constructor_makes(text: str, content_type: str) -> None:
    pairs = [
        (
            json_response("", dumps=lambda _: text, content_type=content_type),
            Response(text=text, content_type=content_type),
        ),
        (
            json_bytes_response("", dumps=lambda _: text.encode(), content_type=content_type),
            Response(body=text.encode(), content_type=content_type),
        ),
        (html_response(text), Response(text=text, content_type="text/html", charset="utf-8")),
    ]
    for made, expected in pairs:
        for name in vars(made).keys() | vars(expected).keys():
            assert getattr(made, name) == getattr(expected, name), name
        assert made.as_single_write() == expected.as_single_write()


def test_the_shortcuts_refuse_what_the_constructor_refuses() -> None:
    with pytest.raises(ValueError, match="content_type"):
        json_response(1, content_type="a/b\r\nX: y")
    with pytest.raises(TypeError, match="text argument must be str"):
        html_response(b"<p>")  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(UnicodeEncodeError):
        html_response("\ud800")
