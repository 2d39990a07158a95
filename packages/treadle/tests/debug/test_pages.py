"""A report as HTML, JSON and text: the same facts, and everything escaped."""

import html.parser
import json

import pytest

from treadle._debug.pages import (
    NOTICE,
    as_html,
    as_json,
    as_text,
    missing_html,
    missing_json,
    missing_text,
)
from treadle._debug.report import Failure, Frame, Report, SourceLine

EVIL = "<script>alert(1)</script>\"'&"

FRAME = Frame(
    f"/app/{EVIL}.py", 2, f"handler{EVIL}", True,
    (SourceLine(1, "def f():"), SourceLine(2, f"    {EVIL}"), SourceLine(3, "")),
    ((f"x{EVIL}", EVIL),),
)  # fmt: skip
OTHER = Frame("/lib/json.py", 9, "loads", False, (), ())

REPORT = Report(
    failures=(
        Failure(
            f"app.Error{EVIL}", f"it broke {EVIL}", (f"a note {EVIL}",), (FRAME, OTHER), "Cause:",
        ),
        Failure("ValueError", "below", (), (OTHER,), None),
    ),
    request=(("Request", f"GET /{EVIL}"),),
    headers=((f"X-{EVIL}", EVIL),),
    route=(("Route", "GET /x"),),
    versions="treadle 0, Python 3",
)  # fmt: skip


class Tags(html.parser.HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html() -> None:
    page = Tags(as_html(REPORT))
    # The script that copies, and none of the values'.
    assert page.tags.count("script") == 1
    assert page.tags.count("details") == 3
    for text in ("it broke " + EVIL, "a note " + EVIL, f"handler{EVIL}", "Cause:", "below", EVIL):
        assert text in page.text
    assert "(not yours)" in page.text
    assert "treadle dev" in page.text
    # The user's last frame is open.
    assert as_html(REPORT).count("<details open>") == 2


def test_html_without_links() -> None:
    text = as_html(REPORT) + missing_html("GET /x", [], [])
    for part in ("src=", "href=", "http://", "https://", "url("):
        assert part not in text


def test_text() -> None:
    lines = as_text(REPORT).splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    # The first exception comes first, as in Python.
    assert lines.index("ValueError: below") < lines.index(f"app.Error{EVIL}: it broke {EVIL}")
    assert f"      x{EVIL} = {EVIL}" in lines
    assert f'  File "/app/{EVIL}.py", line 2, in handler{EVIL}' in lines
    assert f"    {EVIL}" in lines
    assert "Route: GET /x" in lines


def test_json() -> None:
    found = json.loads(as_json(REPORT))
    assert found["failures"][0]["kind"] == f"app.Error{EVIL}"
    assert found["failures"][0]["frames"][0]["variables"] == [[f"x{EVIL}", EVIL]]
    assert found["notice"] == NOTICE


def test_a_report_without_frames() -> None:
    empty = Report((Failure("RuntimeError", "returned None", (), (), None),), (), (), (), "")
    assert "returned None" in as_html(empty)
    assert as_text(empty).startswith("Traceback (most recent call last):\nRuntimeError: returned")


@pytest.mark.parametrize("near", [[], [(f"GET /a{EVIL}", "app.py:1")]])
def test_missing(near: list[tuple[str, str]]) -> None:
    routes = [*near, ("GET /other", "app.py:2")]
    page = Tags(missing_html(f"GET /{EVIL}", near, routes))
    assert "script" not in page.tags
    text = missing_text(f"GET /{EVIL}", near, routes)
    found = json.loads(missing_json(f"GET /{EVIL}", near, routes))
    for shown in (page.text, text):
        assert f"404: GET /{EVIL}" in shown
        assert ("Did you mean" in shown) is bool(near)
        assert f"All routes ({len(routes)})" in shown
        assert "GET /other" in shown
    assert found["near"] == [list(each) for each in near]
    assert found["status"] == 404
