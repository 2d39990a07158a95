"""Check that what is mounted is an application of the kind that the call is for."""

import inspect
from collections.abc import Callable, Iterable
from typing import cast
from wsgiref.types import WSGIApplication

from treadle_asgi._serving.check import as_application
from treadle_asgi._types import ASGIApplication
from treadle_responses import StreamResponse
from treadle_server import Application
from treadle_server.interfaces import shown

__all__ = ["check_asgi", "check_wsgi"]


def check_asgi(app: object) -> ASGIApplication:
    """Return ``app``; raises ``TypeError`` if it cannot be an application of ASGI 3."""
    _check_ours(app)
    return as_application(app)


def check_wsgi(app: object) -> WSGIApplication:
    """Return ``app``; raises ``TypeError`` if it cannot be an application of WSGI."""
    _check_ours(app)
    if not callable(app) or isinstance(app, StreamResponse):
        raise TypeError(f"{shown(repr(app))} is not callable, so it is no WSGI application")
    call = app if inspect.isroutine(app) else getattr(app, "__call__", app)  # noqa: B004  # not a test
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(call):
        fix = "if it is for ASGI, give it to mount()"
        raise TypeError(f"{shown(repr(app))} is asynchronous, so it is no WSGI application: {fix}")
    if not isinstance(app, type):
        _check_arguments(app)
    return cast("WSGIApplication", app)


def _check_ours(app: object) -> None:
    if isinstance(app, Application):
        raise TypeError(
            f"{shown(repr(app))} is an application of treadle: give it to app.add_subapp(), which "
            "shares routes, signals and state"
        )


def _check_arguments(app: Callable[..., Iterable[bytes]]) -> None:
    try:
        signature = inspect.signature(app)
    except (TypeError, ValueError):
        # Without a signature, of an extension module for example.
        return
    for count, kind in ((2, ""), (3, ", as an application of ASGI does: give it to mount()")):
        try:
            signature.bind(*range(count))
        except TypeError:
            continue
        if not kind:
            return
        raise TypeError(f"{shown(repr(app))} takes three arguments{kind}")
    raise TypeError(
        f"{shown(repr(app))} takes other arguments than environ and start_response: {signature}"
    )
