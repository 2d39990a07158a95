"""Put the error pages into an application that ``treadle dev`` serves; nothing else does it."""

from collections.abc import Callable
from difflib import get_close_matches

from treadle.web import (
    Application,
    BaseRequest,
    Handler,
    HTTPNotFound,
    Middleware,
    Request,
    Response,
    StreamResponse,
    middleware,
)

from .choice import preferred
from .masking import masked_text
from .pages import as_html, as_json, as_text, missing_html, missing_json, missing_text
from .report import make_report

__all__ = ["error_page", "near_routes"]

#: Returns the routes of an application: methods and path, and the handler.
ListRoutes = Callable[[Application], list[tuple[str, str]]]


def error_page(
    is_users: Callable[[str], bool],
) -> Callable[[BaseRequest, BaseException], Response]:
    """Return the ``error_page`` of a server; ``is_users`` tells the files of the user."""

    def page(request: BaseRequest, error: BaseException) -> Response:
        report = make_report(request, error, is_users)
        status = 504 if isinstance(error, TimeoutError) else 500
        kind = preferred(request.headers.get("Accept"))
        make = {"text/html": as_html, "application/json": as_json, "text/plain": as_text}[kind]
        return Response(status=status, text=make(report), content_type=kind)

    return page


def near_routes(list_routes: ListRoutes) -> Middleware:
    """Return the middleware that adds the routes to a 404 of the router."""

    @middleware
    async def missing(request: Request, handler: Handler) -> StreamResponse:
        try:
            return await handler(request)
        except HTTPNotFound as error:
            # One that a handler raised is an answer.
            if request.match_info.http_exception is not error:
                raise
        what = masked_text(f"{request.method} {request.path}")
        routes = list_routes(request.app)
        near = _near(request.path, routes)
        kind = preferred(request.headers.get("Accept"))
        make = {
            "text/html": missing_html,
            "application/json": missing_json,
            "text/plain": missing_text,
        }[kind]
        return Response(status=404, text=make(what, near, routes), content_type=kind)

    return missing


def _near(path: str, routes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the routes whose paths are like ``path``: another slash at the end, other letters."""
    by_path = {name.partition(" ")[2]: (name, handler) for name, handler in routes}
    other = path.rstrip("/") if path.endswith("/") else path + "/"
    found = [other] if other in by_path else []
    found += [each for each in get_close_matches(path, list(by_path), 5, 0.6) if each != other]
    return [by_path[each] for each in found]
