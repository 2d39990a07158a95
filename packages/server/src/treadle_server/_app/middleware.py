"""The middlewares of this package, and the decorator that marks a middleware."""

import re
from collections.abc import Iterator
from typing import Final, TypeVar

from treadle_http_parser import Request as Head
from treadle_responses import HTTPMove, HTTPPermanentRedirect, StreamResponse
from treadle_router import Match
from treadle_server._core.misuse import WrongValueError
from treadle_server._routing.dispatcher import NeedsResolve
from treadle_server._routing.match_info import SystemRoute

from .application import Handler, Middleware, Request
from .factories import mark_new_style

__all__ = ["middleware", "normalize_path_middleware"]

_T = TypeVar("_T")

_SLASHES: Final = re.compile("//+")


def middleware(f: _T) -> _T:
    """Return ``f``, marked as a middleware ``async def m(request, handler)``.

    Without the mark a function is one too, unless its first parameter is an application: aiohttp's
    old style, ``async def m(app, handler)``, returns a handler.
    """
    mark_new_style(f)
    return f


def normalize_path_middleware(
    *,
    append_slash: bool = True,
    remove_slash: bool = False,
    merge_slashes: bool = True,
    redirect_class: type[HTTPMove] = HTTPPermanentRedirect,
) -> Middleware:
    """Return a middleware that redirects from a path without a route to a similar one with a route.

    It tries, in this order: the path with slashes merged, with a slash appended (or, with
    ``remove_slash``, without its last slash), and both. The query is kept. No path can make the
    redirect lead to another host. Raises ``WrongValueError`` for ``append_slash`` and
    ``remove_slash`` together.
    """
    if append_slash and remove_slash:
        raise WrongValueError(
            "Cannot both remove and append slash: with remove_slash=True, pass append_slash=False"
        )
    # A response can be called too, as an ASGI application.
    if not callable(redirect_class) or isinstance(redirect_class, StreamResponse):
        raise TypeError(f"redirect_class must be a class like HTTPFound, not {redirect_class!r}")

    def candidates(path: str) -> Iterator[str]:
        if merge_slashes:
            yield _SLASHES.sub("/", path)
        if append_slash and not path.endswith("/"):
            yield path + "/"
            if merge_slashes:
                yield _SLASHES.sub("/", path + "/")
        if remove_slash and path.endswith("/"):
            yield path[:-1]
            if merge_slashes:
                yield _SLASHES.sub("/", path)[:-1]

    @middleware
    async def normalize_path(request: Request, handler: Handler) -> StreamResponse:
        if isinstance(request.match_info.route, SystemRoute) and request.raw_path.startswith("/"):
            path, mark, query = request.raw_path.partition("?")
            for candidate in candidates(path):
                local = _on_this_host(candidate)
                if local != path and local and await _has_route(request, local):
                    raise redirect_class(local + mark + query)
        return await handler(request)

    return normalize_path


def _on_this_host(path: str) -> str:
    """Return ``path`` changed so that no client reads its start as another host.

    ``//host`` is a URL with an authority (RFC 3986 section 4.2). Browsers read a backslash as a
    slash, so ``/\\host`` is one too.
    """
    path = path.replace("\\", "%5C")
    return "/" + path.lstrip("/") if path.startswith("//") else path


async def _has_route(request: Request, path: str) -> bool:
    """Return True if the current application has a route for ``path``."""
    router = request.app.router
    found = router.match(request.method, path)
    if not isinstance(found, NeedsResolve):
        return isinstance(found, Match)
    info = await router.resolve(_asking_for(request, path))
    return info.http_exception is None


def _asking_for(request: Request, path: str) -> Request:
    """Return a request like this one for another path, for resources that need a request."""
    # Requests have no public way to make one that differs in its path.
    head = request._head  # noqa: SLF001
    other = Head(head.method, path, head.authority, head.version, head.fields, head.framing)
    return type(request).received(
        other,
        request._payload,  # noqa: SLF001
        request._channel,  # noqa: SLF001
        request._connection,  # noqa: SLF001
    )
