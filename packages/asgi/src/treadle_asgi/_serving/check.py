"""Check that an object is an application of ASGI 3, and tell which other kind it is if not."""

import inspect
from collections.abc import Callable
from typing import cast

from treadle_asgi._types import ASGIApplication
from treadle_server import Application
from treadle_server.interfaces import shown

__all__ = ["as_application"]


def as_application(app: object) -> ASGIApplication:
    """Return ``app``; raises ``TypeError`` if it cannot be an application of ASGI 3."""
    if isinstance(app, Application):
        raise TypeError(
            f"{shown(repr(app))} is an application of treadle, not of ASGI: serve it with "
            "web.run_app() or python -m treadle.web"
        )
    if not callable(app):
        raise TypeError(f"{shown(repr(app))} is not callable, so it is no ASGI application")
    found = _kind(app)
    if found:
        raise TypeError(f"{shown(repr(app))} {found}")
    return cast("ASGIApplication", app)


def _kind(app: Callable[..., object]) -> str:
    """Return what is wrong with a callable, ``""`` for nothing."""
    try:
        signature = inspect.signature(app)
    except (TypeError, ValueError):
        # Without a signature, of an extension module for example.
        return ""
    if _takes(signature, 3):
        return ""
    if _takes(signature, 2):
        return (
            "takes two arguments, as a WSGI application does: mount it with mount_wsgi() of "
            "treadle_asgi, or wrap it with a2wsgi.WSGIMiddleware"
        )
    if _takes(signature, 1):
        return (
            "takes one argument, as an application of ASGI 2 does: wrap it with "
            "asgiref.compatibility.guarantee_single_callable()"
        )
    if _takes(signature, 0):
        return (
            "takes no argument: if it is a function that returns the application, give --factory "
            "or factory=True"
        )
    return f"takes other arguments than scope, receive and send: {signature}"


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True
