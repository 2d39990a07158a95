"""Functions that make route definitions: ``get("/", handler)`` and one for each other method.

A definition keeps the options that were given and are not None. Type checkers know the options of
this package only; at run time an unknown one is kept too and given to the router, because add-ons
extend routers with options of their own. Likewise, type checkers take async handlers only; at run
time a bare function gets its warning where it is registered.
"""

import os
from collections.abc import Callable, Mapping
from typing import Unpack

from treadle_server._core.keywords import check_keywords
from treadle_server._routing.definitions import MountDef, RouteDef, StaticDef
from treadle_server._routing.handlers import AbstractView
from treadle_server._routing.options import (
    GetOptions,
    MountOptions,
    NamedRouteOptions,
    StaticOptions,
    WSGIMountOptions,
    kept_options,
)

from .application import Handler, Middleware, Request
from .mounting import ASGIMounted, WSGIMounted

__all__ = [
    "delete",
    "get",
    "head",
    "mount",
    "mount_wsgi",
    "options",
    "patch",
    "post",
    "put",
    "route",
    "static",
    "view",
]


def route(
    method: str, path: str, handler: Handler, **options: Unpack[GetOptions[Middleware]]
) -> RouteDef:
    """Return the definition of ``handler`` for ``method`` (``*``: every other method)."""
    return RouteDef(method, path, handler, kept_options(options))


def head(path: str, handler: Handler, **options: Unpack[NamedRouteOptions[Middleware]]) -> RouteDef:
    """Return the definition of ``handler`` for HEAD."""
    return route("HEAD", path, handler, **options)


def options(
    path: str, handler: Handler, **options: Unpack[NamedRouteOptions[Middleware]]
) -> RouteDef:
    """Return the definition of ``handler`` for OPTIONS."""
    return route("OPTIONS", path, handler, **options)


def post(path: str, handler: Handler, **options: Unpack[NamedRouteOptions[Middleware]]) -> RouteDef:
    """Return the definition of ``handler`` for POST."""
    return route("POST", path, handler, **options)


def put(path: str, handler: Handler, **options: Unpack[NamedRouteOptions[Middleware]]) -> RouteDef:
    """Return the definition of ``handler`` for PUT."""
    return route("PUT", path, handler, **options)


def patch(
    path: str, handler: Handler, **options: Unpack[NamedRouteOptions[Middleware]]
) -> RouteDef:
    """Return the definition of ``handler`` for PATCH."""
    return route("PATCH", path, handler, **options)


def delete(
    path: str, handler: Handler, **options: Unpack[NamedRouteOptions[Middleware]]
) -> RouteDef:
    """Return the definition of ``handler`` for DELETE."""
    return route("DELETE", path, handler, **options)


def get(path: str, handler: Handler, **options: Unpack[GetOptions[Middleware]]) -> RouteDef:
    """Return the definition of ``handler`` for GET, and for HEAD unless ``allow_head`` is false."""
    return route("GET", path, handler, **options)


def view(
    path: str,
    handler: Callable[[Request], AbstractView],
    **options: Unpack[NamedRouteOptions[Middleware]],
) -> RouteDef:
    """Return the definition of a view class, which answers every method that it defines.

    Another handler works too, for every method; ``route("*", path, handler)`` says so.
    """
    return RouteDef("*", path, handler, kept_options(options))


def static(
    prefix: str, path: str | os.PathLike[str], **options: Unpack[StaticOptions]
) -> StaticDef:
    """Return the definition of the directory ``path`` under the URL ``prefix``.

    ``break_symlink_sandbox`` is the newer name of ``follow_symlinks``, under which it is kept.
    """
    check_keywords(options, StaticOptions.__optional_keys__, "static()")
    kwargs = kept_options(options)
    if kwargs.pop("break_symlink_sandbox", False):
        kwargs["follow_symlinks"] = True
    return StaticDef(prefix, path, kwargs)


def mount(prefix: str, app: ASGIMounted, **options: Unpack[MountOptions[Middleware]]) -> MountDef:
    """Return the definition of an ASGI application; see ``UrlDispatcher.mount``."""
    check_keywords(options, MountOptions.__optional_keys__, "mount()")
    return MountDef("mount", prefix, app, _given(options))


def mount_wsgi(
    prefix: str, app: WSGIMounted, **options: Unpack[WSGIMountOptions[Middleware]]
) -> MountDef:
    """Return the definition of a WSGI application; see ``UrlDispatcher.mount_wsgi``."""
    check_keywords(options, WSGIMountOptions.__optional_keys__, "mount_wsgi()")
    return MountDef("mount_wsgi", prefix, app, _given(options))


def _given(options: Mapping[str, object]) -> dict[str, object]:
    """Return the options of a mount; unlike with other routes, None means something."""
    return dict.fromkeys(options) | kept_options(options)
