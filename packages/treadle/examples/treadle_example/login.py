"""Find the user of a request by its session cookie, and keep visitors out of handlers."""

import functools
from collections.abc import Awaitable, Callable

from treadle import web

from .store import sessions
from .store.database import DATABASE
from .store.users import User

__all__ = ["USER", "forget", "know_user", "log_in", "token_of", "users_only"]

#: The user of a request; it is not there for a visitor.
USER = web.RequestKey("user", User)


def _cookie(request: web.Request) -> str:
    # Browsers take a cookie of this name only over TLS, for this host, and from this host.
    return "__Host-session" if request.secure else "session"


def token_of(request: web.Request) -> str | None:
    """Return the token in the cookie of a request, None without one."""
    return request.cookies.get(_cookie(request))


@web.middleware
async def know_user(request: web.Request, handler: web.Handler) -> web.StreamResponse:
    """Put the user of the session into the request."""
    token = token_of(request)
    if token and not request.path.startswith("/static/"):
        user = await request.app[DATABASE].read(sessions.user_of, token)
        if user is not None:
            request[USER] = user
    return await handler(request)


def users_only(
    handler: Callable[[web.Request, User], Awaitable[web.StreamResponse]],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return a handler that gets the user too, and sends visitors to the login first.

    It stands below the decorator of the route.
    """

    @functools.wraps(handler)
    async def handle(request: web.Request) -> web.StreamResponse:
        user = request.get(USER)
        if user is not None:
            return await handler(request, user)
        if request.method in ("GET", "HEAD") and "text/html" in request.headers.get("Accept", ""):
            login = request.app.router["login"].url_for().with_query(next=request.path_qs)
            raise web.HTTPSeeOther(login)
        raise web.HTTPUnauthorized(text="401: log in first, at /login")

    return handle


async def log_in(request: web.Request, user: User, response: web.StreamResponse) -> None:
    """Begin a session, and give its token to the browser with ``response``.

    The token is a new one at each login: one that an attacker has planted never is a user's.
    """
    token = await request.app[DATABASE].write(sessions.begin, user, token_of(request))
    response.set_cookie(
        _cookie(request),
        token,
        max_age=sessions.LIFETIME,
        httponly=True,
        samesite="Lax",
        secure=request.secure,
    )


async def forget(request: web.Request, response: web.StreamResponse) -> None:
    """End the session of a request, on the server and in the browser."""
    token = token_of(request)
    if token:
        await request.app[DATABASE].write(sessions.end, token)
    response.del_cookie(_cookie(request), secure=request.secure, httponly=True, samesite="Lax")
