"""The default body of an error: plain text, an HTML page, or problem details (RFC 9457).

``error_page`` is a pure function of the status and the request's Accept. A page contains nothing of
the request, and the caller's details are escaped.
"""

import json
from typing import Final, NamedTuple, final

from ._accept import best_type
from ._status import default_reason

__all__ = ["ErrorPage", "error_page"]

_TEXT: Final = "text/plain"
_HTML: Final = "text/html"
_PROBLEM: Final = "application/problem+json"
# Plain text first: clients without a preference get it.
_OFFERS: Final = (_TEXT, _HTML, "application/xhtml+xml", _PROBLEM, "application/json")


@final
class ErrorPage(NamedTuple):
    """The media type and the text of an error's body; its charset is UTF-8."""

    content_type: str
    text: str


def error_page(
    status: int, accept: str | None = None, *, reason: str | None = None, detail: str = ""
) -> ErrorPage:
    """Return the body for an error: ``text/plain`` unless ``accept`` prefers HTML or JSON.

    ``accept`` is the value of the request's Accept field. ``detail`` is shown to the reader.

    >>> error_page(404)
    ErrorPage(content_type='text/plain', text='404: Not Found')
    >>> error_page(404, "application/json")[0]
    'application/problem+json'
    """
    title = default_reason(status) if reason is None else reason
    media_type = best_type(accept, _OFFERS) or _TEXT
    if media_type == _TEXT:
        return ErrorPage(_TEXT, f"{status}: {title}" + (f"\n\n{detail}" if detail else ""))
    if media_type.endswith("json"):
        # RFC 9457 section 4.2.1: the type of a problem that only has a status.
        problem: dict[str, object] = {"type": "about:blank", "title": title, "status": status}
        if detail:
            problem["detail"] = detail
        return ErrorPage(_PROBLEM, json.dumps(problem))
    import html

    heading = html.escape(f"{status} {title}".rstrip())
    more = f"<pre>{html.escape(detail)}</pre>" if detail else ""
    page = (
        f'<!DOCTYPE html><html lang="en"><head><title>{heading}</title></head>'
        f"<body><h1>{heading}</h1>{more}</body></html>"
    )
    return ErrorPage(_HTML, page)
