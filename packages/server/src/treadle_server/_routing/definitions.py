"""Route definitions: routes as values, which are registered later on any router.

The functions that make them (``get("/", handler)``) are in ``_app.definitions``, the decorators in
``_app.table``: those know the class of requests.

``router.add_routes(definitions)`` calls ``register(router)`` on each. That needs a router with
``add_route`` only (``SupportsAddRoute``); if the router has ``add_get``, ``add_post`` and so on,
those are called instead, so that a router may give them a meaning of its own. ``StaticDef`` needs
``add_static``, and ``MountDef`` the method that it names.
"""

import abc
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar, final

from treadle_router import canonical_method

from .handlers import AnyHandler
from .interfaces import SupportsAddRoute

__all__ = ["AbstractRouteDef", "MountDef", "RouteDef", "StaticDef"]

R = TypeVar("R")

# The methods for which routers have a shortcut.
_SHORTCUTS: Final = frozenset({"HEAD", "OPTIONS", "GET", "POST", "PUT", "PATCH", "DELETE"})


class AbstractRouteDef(abc.ABC):
    """A definition that can be registered on a router."""

    __slots__ = ()

    @abc.abstractmethod
    def register(self, router: SupportsAddRoute[R]) -> list[R]:
        """Register on ``router`` and return the routes that this added."""


@final
@dataclass(frozen=True, repr=False, slots=True)
class RouteDef(AbstractRouteDef):
    """One route as a value: method, path, handler, and the options for the router."""

    method: str
    path: str
    handler: AnyHandler
    kwargs: dict[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        name = getattr(self.handler, "__name__", self.handler)
        return f"<RouteDef {self.method} {self.path} -> {name!r}{_shown(self.kwargs)}>"

    def register(self, router: SupportsAddRoute[R]) -> list[R]:
        """Register on ``router``, with its shortcut for the HTTP method if it has one."""
        method = canonical_method(self.method)
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
@dataclass(frozen=True, repr=False, slots=True)
class StaticDef(AbstractRouteDef):
    """A directory of files as a value: URL prefix, directory, and the options for the router."""

    prefix: str
    path: str | os.PathLike[str]
    kwargs: dict[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<StaticDef {self.prefix} -> {self.path}{_shown(self.kwargs)}>"

    def register(self, router: SupportsAddRoute[R]) -> list[R]:
        """Call ``router.add_static`` and return the routes of the resource that it returns.

        Raises ``TypeError`` if the router has no ``add_static``.
        """
        add = getattr(router, "add_static", None)
        if add is None:
            raise TypeError(
                f"{self!r} needs a router that serves files, with a method add_static(prefix, "
                f"path); {type(router).__name__} has none. Register it on an application's router."
            )
        resource: Iterable[R] = add(self.prefix, self.path, **self.kwargs)
        return list(resource)


@final
@dataclass(frozen=True, repr=False, slots=True)
class MountDef(AbstractRouteDef):
    """A mounted application as a value; ``method`` is the router's: ``mount`` or ``mount_wsgi``."""

    method: Literal["mount", "mount_wsgi"]
    prefix: str
    app: Callable[..., object]
    kwargs: dict[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<MountDef {self.method} {self.prefix} -> {self.app!r}{_shown(self.kwargs)}>"

    def register(self, router: SupportsAddRoute[R]) -> list[R]:
        """Mount the application and return the route of the resource.

        Raises ``TypeError`` if the router mounts no applications.
        """
        add = getattr(router, self.method, None)
        if add is None:
            raise TypeError(
                f"{self!r} needs a router that mounts applications, with a method {self.method}"
                f"(prefix, app); {type(router).__name__} has none. Register it on an application's "
                "router."
            )
        resource: Iterable[R] = add(self.prefix, self.app, **self.kwargs)
        return list(resource)


def _shown(kwargs: dict[str, object]) -> str:
    return "".join(f", {name}={value!r}" for name, value in sorted(kwargs.items()))
