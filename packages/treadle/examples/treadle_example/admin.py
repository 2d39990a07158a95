"""The admin below ``/admin``: a Flask application, behind a middleware that lets admins in.

Without Flask or treadle-asgi there is no admin, and its address says which command brings it.
"""

import contextvars

from treadle import web

from .login import USER
from .pages import page
from .store.attachments import FILES
from .store.database import DATABASE
from .store.users import User

__all__ = ["setup"]

#: Who asks, for the thread of a WSGI application: it runs with the variables of its request.
_ADMIN: contextvars.ContextVar[User] = contextvars.ContextVar("admin")


@web.middleware
async def _admins_only(request: web.Request, handler: web.Handler) -> web.StreamResponse:
    user = request.get(USER)
    if user is None:
        login = request.app.router["login"].url_for().with_query(next=request.path)
        raise web.HTTPSeeOther(login)
    if not user.is_admin:
        raise web.HTTPForbidden(text="403: this is for the admin, who signed up first")
    _ADMIN.set(user)
    return await handler(request)


async def _missing(request: web.Request) -> web.Response:
    return page(request, "no_admin.html", 404)


def setup(app: web.Application) -> None:
    """Mount the admin, or say what is missing."""
    try:
        from .admin_flask import make_admin
    except ImportError:
        app.router.add_get("/admin", _missing, name="admin", middlewares=[_admins_only])
        return

    def url(route: str) -> str:
        return str(app.router[route].url_for())

    admin = make_admin(app[DATABASE].path, app[FILES], url, _ADMIN.get)
    app.router.mount_wsgi("/admin", admin, name="admin", middlewares=[_admins_only])
