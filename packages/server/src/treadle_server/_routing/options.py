"""The keyword options of routes, of static files and of URLs, each written once.

Methods and functions that declare routes take them as ``**options: Unpack[RouteOptions[M]]``, so
that type checkers report a misspelt name or a wrong type. At run time ``check_keywords`` does.
``M`` is the type of middlewares: ``web.Middleware`` on an application's router, ``AnyMiddleware``
where the type of requests is not known yet.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypedDict, TypeVar
from uuid import UUID

from .handlers import AnyMiddleware, ExpectHandler

__all__ = [
    "GetOptions",
    "MountOptions",
    "NamedRouteOptions",
    "PathValue",
    "RouteOptions",
    "StaticOptions",
    "WSGIMountOptions",
    "kept_options",
]

if TYPE_CHECKING:
    # It is slow to import.
    from decimal import Decimal

    # Imported with the first form.
    from treadle_multipart import SpoolPolicy

M = TypeVar("M", bound=AnyMiddleware)

#: The value of a variable for ``url_for``: text, what has an obvious text, and what converters of
#: an application usually make. At run time a converter may take others. Not None and not any
#: object: ``url_for(user=user)`` means ``user=user.name``.
PathValue: TypeAlias = "str | float | bytes | date | Decimal | Enum | PurePath | UUID"


class RouteOptions(TypedDict, Generic[M], total=False):
    """The options of a route on a resource.

    ``expect_handler`` answers an ``Expect`` field instead of the default (100 Continue).
    ``middlewares`` run around this handler only, inside those of the application, the first one
    outermost. ``client_max_size`` is the largest body in bytes that ``request.read()`` accepts
    (0: any size), instead of the application's limit.
    """

    expect_handler: ExpectHandler | None
    middlewares: Iterable[M]
    client_max_size: int | None


class NamedRouteOptions(RouteOptions[M], Generic[M], total=False):
    """The options of a route that is declared with its path; ``name`` is for ``router[name]``."""

    name: str | None


class GetOptions(NamedRouteOptions[M], Generic[M], total=False):
    """The options of a route for GET; without ``allow_head=False`` it answers HEAD too."""

    allow_head: bool


class StaticOptions(TypedDict, total=False):
    """The options of a directory of files; see ``StaticResource`` for their meaning."""

    name: str | None
    expect_handler: ExpectHandler | None
    chunk_size: int
    show_index: bool
    follow_symlinks: bool
    break_symlink_sandbox: bool
    append_version: bool
    index: str | None
    fallback: str | None
    cache_control: str | None
    immutable: bool
    precompressed: bool
    threads: bool


class MountOptions(NamedRouteOptions[M], Generic[M], total=False):
    """The options of a mounted ASGI application.

    ``lifespan`` is ``"on"`` for an application that must take part in the start and the end,
    ``"off"`` for one that is not told of them, and ``"auto"`` (the default) for one that may
    refuse. ``ws_max_msg_size`` is the largest message of a WebSocket in bytes (16 MiB; 0: any
    size), ``ws_heartbeat`` the seconds of silence after which the client is pinged (20; None:
    never), and ``ws_compress`` allows compressed messages.
    """

    lifespan: Literal["auto", "on", "off"]
    ws_max_msg_size: int
    ws_heartbeat: float | None
    ws_compress: bool


class WSGIMountOptions(NamedRouteOptions[M], Generic[M], total=False):
    """The options of a mounted WSGI application.

    At most ``threads`` threads call it at a time (4), and ``max_waiting`` requests wait for one
    (100); those beyond get 503. ``spool`` says up to which size a body stays in memory, and where
    larger ones are stored.
    """

    threads: int
    max_waiting: int
    spool: "SpoolPolicy | None"


def kept_options(given: Mapping[str, object]) -> dict[str, object]:
    """Return the options that a definition keeps: those that are not None."""
    kept = {name: value for name, value in given.items() if value is not None}
    middlewares = kept.get("middlewares")
    if isinstance(middlewares, Iterable):
        # A definition may be registered several times, an iterator gives its items only once.
        kept["middlewares"] = tuple(middlewares)
    return kept
