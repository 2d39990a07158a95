"""The media type of an error page."""

import pytest

from treadle._debug.choice import preferred


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "text/plain"),
        ("", "text/plain"),
        ("*/*", "text/plain"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/json", "application/json"),
        ("application/json;q=0.5, text/html;q=0.1", "application/json"),
        ("image/png", "text/plain"),
        ("nonsense", "text/plain"),
    ],
)
def test_preferred(accept: str | None, kind: str) -> None:
    assert preferred(accept) == kind
