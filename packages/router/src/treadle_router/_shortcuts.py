"""One method per HTTP method, on top of ``add_resource``: the common base of router and group.

Keywords that are not named here are kept with the route, as ``Route.extra``.
"""

import abc
from typing import Generic, TypeVar

from ._methods import ANY_METHOD
from ._resource import Resource, Route

__all__ = ["MethodShortcuts"]

H = TypeVar("H")


class MethodShortcuts(abc.ABC, Generic[H]):
    """The base of objects to which routes are added by method and path."""

    __slots__ = ()

    @abc.abstractmethod
    def add_resource(self, path: str, *, name: str | None = None) -> Resource[H]:
        """Return the resource for ``path``."""

    def add_route(
        self, method: str, path: str, handler: H, *, name: str | None = None, **extra: object
    ) -> Route[H]:
        """Store ``handler`` for ``method`` (``*``: every other method) and ``path``.

        Raises the errors of ``add_resource`` and ``Resource.add_route``.
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
        """Store ``handler`` for HEAD, unless ``allow_head`` is false, and then for GET."""
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
