"""The ways to declare a route, on top of ``add_resource`` alone.

``Declares`` is what ``Router`` and ``Group`` have in common: one method per HTTP
method, and ``add_routes`` for route tables. All keywords that are not named here are kept with the
route, as ``Route.extra``.
"""

import abc
from collections.abc import Iterable
from typing import Generic, TypeVar

from ._resource import ANY_METHOD, Resource, Route
from ._routedef import AbstractRouteDef

__all__ = ["Declares"]

H = TypeVar("H")


class Declares(abc.ABC, Generic[H]):
    """Something that routes can be declared on."""

    __slots__ = ()

    @abc.abstractmethod
    def add_resource(self, path: str, *, name: str | None = None) -> Resource[H]:
        """Return the resource for ``path``."""

    def add_route(
        self, method: str, path: str, handler: H, *, name: str | None = None, **extra: object
    ) -> Route[H]:
        """Store ``handler`` for ``method`` (``*``: every other one) and ``path``.

        Raises what ``add_resource`` and ``Resource.add_route`` raise.
        """
        return self.add_resource(path, name=name).add_route(method, handler, **extra)

    def add_get(
        self,
        path: str,
        handler: H,
        *,
        name: str | None = None,
        allow_head: bool = True,
        **extra: object,
    ) -> Route[H]:
        """Store ``handler`` for GET, and for HEAD first unless ``allow_head`` is false."""
        resource = self.add_resource(path, name=name)
        if allow_head:
            resource.add_route("HEAD", handler, **extra)
        return resource.add_route("GET", handler, **extra)

    def add_head(
        self, path: str, handler: H, *, name: str | None = None, **extra: object
    ) -> Route[H]:
        """Store ``handler`` for HEAD."""
        return self.add_route("HEAD", path, handler, name=name, **extra)

    def add_options(
        self, path: str, handler: H, *, name: str | None = None, **extra: object
    ) -> Route[H]:
        """Store ``handler`` for OPTIONS."""
        return self.add_route("OPTIONS", path, handler, name=name, **extra)

    def add_post(
        self, path: str, handler: H, *, name: str | None = None, **extra: object
    ) -> Route[H]:
        """Store ``handler`` for POST."""
        return self.add_route("POST", path, handler, name=name, **extra)

    def add_put(
        self, path: str, handler: H, *, name: str | None = None, **extra: object
    ) -> Route[H]:
        """Store ``handler`` for PUT."""
        return self.add_route("PUT", path, handler, name=name, **extra)

    def add_patch(
        self, path: str, handler: H, *, name: str | None = None, **extra: object
    ) -> Route[H]:
        """Store ``handler`` for PATCH."""
        return self.add_route("PATCH", path, handler, name=name, **extra)

    def add_delete(
        self, path: str, handler: H, *, name: str | None = None, **extra: object
    ) -> Route[H]:
        """Store ``handler`` for DELETE."""
        return self.add_route("DELETE", path, handler, name=name, **extra)

    def add_view(
        self, path: str, handler: H, *, name: str | None = None, **extra: object
    ) -> Route[H]:
        """Store ``handler`` for every method."""
        return self.add_route(ANY_METHOD, path, handler, name=name, **extra)

    def add_routes(self, routes: Iterable[AbstractRouteDef[H]]) -> list[Route[H]]:
        """Register route definitions in their order; return the routes they made."""
        added: list[Route[H]] = []
        for definition in routes:
            added += definition.register(self)
        return added
