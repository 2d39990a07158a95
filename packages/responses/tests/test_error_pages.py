"""Error bodies by Accept; they contain no markup but our own."""

import json

import pytest

from treadle_responses import HTTPException, HTTPForbidden, HTTPNotFound, HTTPOk, error_page

CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "text/plain"),
        ("", "text/plain"),
        ("*/*", "text/plain"),
        ("text/plain", "text/plain"),
        ("image/png", "text/plain"),
        ("rubbish", "text/plain"),
        (CHROMIUM, "text/html"),
        ("text/html;q=0.1", "text/html"),
        ("application/json", "application/problem+json"),
        ("application/problem+json", "application/problem+json"),
        ("application/json, text/javascript, */*; q=0.01", "application/problem+json"),
        ("text/html, application/json;q=0.9", "text/html"),
    ],
)
def test_types(accept: str | None, content_type: str) -> None:
    assert error_page(404, accept).content_type == content_type


def test_contents() -> None:
    assert error_page(404).text == "404: Not Found"
    assert error_page(404, reason="Nope", detail="why").text == "404: Nope\n\nwhy"
    page = error_page(500, "text/html", detail="<b>&").text
    assert "<title>500 Internal Server Error</title>" in page
    assert "<pre>&lt;b&gt;&amp;</pre>" in page
    assert "<pre>" not in error_page(500, "text/html").text
    problem = json.loads(error_page(404, "application/json").text)
    assert problem == {"type": "about:blank", "title": "Not Found", "status": 404}
    assert json.loads(error_page(404, "application/json", detail='"').text)["detail"] == '"'


def test_ghsa_7gpw_reasons_are_escaped() -> None:
    evil = "<script>alert(1)</script>"
    page = error_page(404, "text/html", reason=evil).text
    assert "<script" not in page
    assert json.loads(error_page(404, "application/json", reason=evil).text)["title"] == evil


@pytest.mark.parametrize(
    ("error", "replaced"),
    [
        (HTTPNotFound(), True),
        (HTTPNotFound(reason="Nope"), True),
        (HTTPForbidden(headers={"X": "y"}), True),
        (HTTPNotFound(text="mine"), False),
        (HTTPNotFound(text="404: Not Found"), False),
        (HTTPNotFound(content_type="text/x"), False),
    ],
)
def test_only_default_texts_are_replaced(error: HTTPException, replaced: bool) -> None:
    page = error.default_page("text/html")
    assert (page is not None) is replaced
    assert error.default_page(None) is None
    assert error.default_page("*/*") is None


def test_a_text_that_was_changed_since_stays() -> None:
    error = HTTPNotFound()
    error.text = "changed by a middleware"
    assert error.default_page("text/html") is None
    other = HTTPOk()
    other.set_status(201)
    assert other.default_page("text/html") is None
