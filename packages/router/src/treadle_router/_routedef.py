"""Route definitions: routes as values, registered later, on any router.

``get("/", handler)`` makes a ``RouteDef``; a ``RouteTableDef`` collects them by decorators.
``router.add_routes(definitions)`` calls ``register(router)`` on each, which needs of a
router only ``add_route`` (``SupportsAddRoute``); where it has ``add_get``, ``add_post`` and so
on, those are called instead, so that a router may give them a meaning of its own. ``StaticDef``
needs ``add_static``, which routers that serve files have.

Keywords that a definition knows are spelled out; any other is kept in ``kwargs`` and handed to the
router, so that add-ons can put theirs into a declaration. Keywords left at their default are not
kept.
"""

import abc
import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Concatenate, Final, Generic, Protocol, TypeAlias, TypeVar, final

__all__ = [
    "DEFAULT_CHUNK_SIZE",
    "AbstractRouteDef",
    "ExpectHandler",
    "PathLike",
    "RouteDef",
    "RouteMiddleware",
    "StaticDef",
    "SupportsAddRoute",
    "delete",
    "get",
    "head",
    "keywords_to_keep",
    "options",
    "patch",
    "post",
    "put",
    "route",
    "static",
    "view",
]

H = TypeVar("H")
R = TypeVar("R")
H_co = TypeVar("H_co", covariant=True)
H_contra = TypeVar("H_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)

# What a framework calls with a request that expects ``100-continue``; a router only keeps it.
ExpectHandler: TypeAlias = Callable[..., Awaitable[object]]
# What a framework wraps around the handler, outermost first; a router only keeps it.
RouteMiddleware: TypeAlias = Callable[..., Awaitable[object]]
PathLike: TypeAlias = str | os.PathLike[str]

# Large enough that a read is worth its system call, small enough for many at once.
DEFAULT_CHUNK_SIZE: Final = 256 * 1024
# The methods that routers have a shortcut for.
_SHORTCUTS: Final = frozenset({"HEAD", "OPTIONS", "GET", "POST", "PUT", "PATCH", "DELETE"})


class SupportsAddRoute(Protocol[H_contra, R_co]):
    """What a definition needs of a router: ``add_route(method, path, handler, **keywords)``."""

    @property
    def add_route(self) -> Callable[Concatenate[str, str, H_contra, ...], R_co]:
        """The method that stores one route and returns it."""


class AbstractRouteDef(abc.ABC, Generic[H_co]):
    """Something that can be registered on a router."""

    __slots__ = ()

    @abc.abstractmethod
    def register(self, router: SupportsAddRoute[H_co, R]) -> list[R]:
        """Register on ``router`` and return the routes it made."""


@final
@dataclass(frozen=True, repr=False)
class RouteDef(AbstractRouteDef[H_co]):
    """One route as a value: method, path, handler, and the keywords for the router."""

    method: str
    path: str
    handler: H_co
    kwargs: dict[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        name = getattr(self.handler, "__name__", self.handler)
        return f"<RouteDef {self.method} {self.path} -> {name!r}{_keywords(self.kwargs)}>"

    def register(self, router: SupportsAddRoute[H_co, R]) -> list[R]:
        """Register on ``router``, with its method for this HTTP method if it has one."""
        method = self.method.upper()
        if method in _SHORTCUTS:
            add = getattr(router, f"add_{method.lower()}", None)
            if add is not None:
                return [add(self.path, self.handler, **self.kwargs)]
        kwargs = dict(self.kwargs)
        routes: list[R] = []
        if method == "GET" and kwargs.pop("allow_head", True):
            routes.append(router.add_route("HEAD", self.path, self.handler, **kwargs))
        routes.append(router.add_route(self.method, self.path, self.handler, **kwargs))
        return routes


@final
@dataclass(frozen=True, repr=False)
class StaticDef(AbstractRouteDef[H_co]):
    """A directory of files as a value: URL prefix, directory, and the keywords for the router."""

    prefix: str
    path: PathLike
    kwargs: dict[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<StaticDef {self.prefix} -> {self.path}{_keywords(self.kwargs)}>"

    def register(self, router: SupportsAddRoute[H_co, R]) -> list[R]:
        """Call ``router.add_static`` and return the routes of the resource it returns.

        Raises ``TypeError`` if the router serves no files.
        """
        add = getattr(router, "add_static", None)
        if add is None:
            raise TypeError(
                f"{self!r} needs a router that serves files, with a method add_static(prefix, "
                f"path); {type(router).__name__} has none. Use add_prefix({self.prefix!r}) and a "
                "handler of your own."
            )
        resource: Iterable[R] = add(self.prefix, self.path, **self.kwargs)
        return list(resource)


def _keywords(kwargs: dict[str, object]) -> str:
    return "".join(f", {name}={value!r}" for name, value in sorted(kwargs.items()))


def keywords_to_keep(
    kwargs: dict[str, object],
    name: str | None,
    expect_handler: ExpectHandler | None,
    middlewares: Iterable[RouteMiddleware] = (),
    client_max_size: int | None = None,
) -> dict[str, object]:
    """Return the keywords to keep: all that are unknown, and the known ones that say something."""
    if name is not None:
        kwargs["name"] = name
    if expect_handler is not None:
        kwargs["expect_handler"] = expect_handler
    if kept := tuple(middlewares):
        kwargs["middlewares"] = kept
    if client_max_size is not None:
        kwargs["client_max_size"] = client_max_size
    return kwargs


def route(
    method: str,
    path: str,
    handler: H,
    *,
    name: str | None = None,
    expect_handler: ExpectHandler | None = None,
    middlewares: Iterable[RouteMiddleware] = (),
    client_max_size: int | None = None,
    **kwargs: object,
) -> RouteDef[H]:
    """Return the definition of ``handler`` for ``method`` (``*``: every other one)."""
    return RouteDef(
        method,
        path,
        handler,
        keywords_to_keep(kwargs, name, expect_handler, middlewares, client_max_size),
    )


def head(
    path: str,
    handler: H,
    *,
    name: str | None = None,
    expect_handler: ExpectHandler | None = None,
    middlewares: Iterable[RouteMiddleware] = (),
    client_max_size: int | None = None,
    **kwargs: object,
) -> RouteDef[H]:
    """Return the definition of ``handler`` for HEAD."""
    return route(
        "HEAD",
        path,
        handler,
        name=name,
        expect_handler=expect_handler,
        middlewares=middlewares,
        client_max_size=client_max_size,
        **kwargs,
    )


def options(
    path: str,
    handler: H,
    *,
    name: str | None = None,
    expect_handler: ExpectHandler | None = None,
    middlewares: Iterable[RouteMiddleware] = (),
    client_max_size: int | None = None,
    **kwargs: object,
) -> RouteDef[H]:
    """Return the definition of ``handler`` for OPTIONS."""
    return route(
        "OPTIONS",
        path,
        handler,
        name=name,
        expect_handler=expect_handler,
        middlewares=middlewares,
        client_max_size=client_max_size,
        **kwargs,
    )


def post(
    path: str,
    handler: H,
    *,
    name: str | None = None,
    expect_handler: ExpectHandler | None = None,
    middlewares: Iterable[RouteMiddleware] = (),
    client_max_size: int | None = None,
    **kwargs: object,
) -> RouteDef[H]:
    """Return the definition of ``handler`` for POST."""
    return route(
        "POST",
        path,
        handler,
        name=name,
        expect_handler=expect_handler,
        middlewares=middlewares,
        client_max_size=client_max_size,
        **kwargs,
    )


def put(
    path: str,
    handler: H,
    *,
    name: str | None = None,
    expect_handler: ExpectHandler | None = None,
    middlewares: Iterable[RouteMiddleware] = (),
    client_max_size: int | None = None,
    **kwargs: object,
) -> RouteDef[H]:
    """Return the definition of ``handler`` for PUT."""
    return route(
        "PUT",
        path,
        handler,
        name=name,
        expect_handler=expect_handler,
        middlewares=middlewares,
        client_max_size=client_max_size,
        **kwargs,
    )


def patch(
    path: str,
    handler: H,
    *,
    name: str | None = None,
    expect_handler: ExpectHandler | None = None,
    middlewares: Iterable[RouteMiddleware] = (),
    client_max_size: int | None = None,
    **kwargs: object,
) -> RouteDef[H]:
    """Return the definition of ``handler`` for PATCH."""
    return route(
        "PATCH",
        path,
        handler,
        name=name,
        expect_handler=expect_handler,
        middlewares=middlewares,
        client_max_size=client_max_size,
        **kwargs,
    )


def delete(
    path: str,
    handler: H,
    *,
    name: str | None = None,
    expect_handler: ExpectHandler | None = None,
    middlewares: Iterable[RouteMiddleware] = (),
    client_max_size: int | None = None,
    **kwargs: object,
) -> RouteDef[H]:
    """Return the definition of ``handler`` for DELETE."""
    return route(
        "DELETE",
        path,
        handler,
        name=name,
        expect_handler=expect_handler,
        middlewares=middlewares,
        client_max_size=client_max_size,
        **kwargs,
    )


def get(
    path: str,
    handler: H,
    *,
    name: str | None = None,
    allow_head: bool = True,
    expect_handler: ExpectHandler | None = None,
    middlewares: Iterable[RouteMiddleware] = (),
    client_max_size: int | None = None,
    **kwargs: object,
) -> RouteDef[H]:
    """Return the definition of ``handler`` for GET, and for HEAD unless ``allow_head`` is false."""
    if not allow_head:
        kwargs["allow_head"] = False
    return route(
        "GET",
        path,
        handler,
        name=name,
        expect_handler=expect_handler,
        middlewares=middlewares,
        client_max_size=client_max_size,
        **kwargs,
    )


def view(
    path: str,
    handler: H,
    *,
    name: str | None = None,
    expect_handler: ExpectHandler | None = None,
    middlewares: Iterable[RouteMiddleware] = (),
    client_max_size: int | None = None,
    **kwargs: object,
) -> RouteDef[H]:
    """Return the definition of ``handler`` for every method."""
    return route(
        "*",
        path,
        handler,
        name=name,
        expect_handler=expect_handler,
        middlewares=middlewares,
        client_max_size=client_max_size,
        **kwargs,
    )


def static(
    prefix: str,
    path: PathLike,
    *,
    name: str | None = None,
    expect_handler: ExpectHandler | None = None,
    chunk_size: int = DEFAULT_CHUNK_SIZE,
    show_index: bool = False,
    follow_symlinks: bool = False,
    break_symlink_sandbox: bool = False,
    append_version: bool = False,
    index: str | None = None,
    fallback: str | None = None,
    cache_control: str | None = None,
    immutable: bool = False,
    precompressed: bool = True,
    **kwargs: object,
) -> StaticDef[object]:
    """Return the definition of the directory ``path`` under the URL ``prefix``.

    ``chunk_size`` is in bytes. ``break_symlink_sandbox`` is the newer name of ``follow_symlinks``,
    by which it is kept: links may then lead out of the directory. ``index``, ``fallback``,
    ``cache_control``, ``immutable`` and ``precompressed`` are for routers that know them.
    """
    kwargs = keywords_to_keep(kwargs, name, expect_handler)
    if chunk_size != DEFAULT_CHUNK_SIZE:
        kwargs["chunk_size"] = chunk_size
    if show_index:
        kwargs["show_index"] = True
    if follow_symlinks or break_symlink_sandbox:
        kwargs["follow_symlinks"] = True
    if append_version:
        kwargs["append_version"] = True
    if index is not None:
        kwargs["index"] = index
    if fallback is not None:
        kwargs["fallback"] = fallback
    if cache_control is not None:
        kwargs["cache_control"] = cache_control
    if immutable:
        kwargs["immutable"] = True
    if not precompressed:
        kwargs["precompressed"] = False
    return StaticDef(prefix, path, kwargs)
