"""Error pages: HTML for browsers. Programs get the server's own answer, text or JSON."""

import logging

from treadle import web

from .pages import page

__all__ = ["error_pages", "wants_html"]

_log = logging.getLogger(__name__)

_TEXTS = {
    401: "You are not logged in any more.",
    403: "You may not do this.",
    404: "There is nothing here. It may have been deleted, or it is not yours.",
    405: "This address does not do that.",
    413: "That is too large.",
    429: "That was too often. Please wait a little and try again.",
    500: "This is our fault, and the log has the details.",
}


def wants_html(request: web.Request) -> bool:
    """Return True if the client is a browser that will show the answer."""
    return "text/html" in request.headers.get("Accept", "")


@web.middleware
async def error_pages(request: web.Request, handler: web.Handler) -> web.StreamResponse:
    """Answer errors with a page."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        # Redirects are exceptions too.
        if error.status < 400 or not wants_html(request):
            raise
        return _error_page(request, error)
    except Exception:
        # `treadle dev` has a page with the traceback and the variables.
        if request.debug or not wants_html(request):
            raise
        _log.exception("Error in %s %s", request.method, request.path)
        return _error_page(request, web.HTTPInternalServerError())


def _error_page(request: web.Request, error: web.HTTPException) -> web.Response:
    text = _TEXTS.get(error.status, "")
    # A text that a handler has given says more than ours.
    detail = (error.text or "").removeprefix(f"{error.status}: ")
    if detail == error.reason:
        detail = ""
    code = error.status
    answer = page(
        request, "error.html", code, code=code, title=error.reason, text=text, detail=detail
    )
    # Such as Retry-After, and Allow.
    for name, value in error.headers.items():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value
    return answer
