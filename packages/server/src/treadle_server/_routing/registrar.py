"""The methods that declare routes, on top of ``add_resource`` alone.

Generic in the types of handler and middleware, which are those of the application's own requests.
Every method raises ``ValueError`` for a bad path, name or method, ``TypeError`` for a bad handler
or option, and ``RuntimeError`` for a second handler of a method and once the router is frozen.
"""

import abc
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar, Unpack

from treadle_http_parser.hdrs import METH_ANY
from treadle_server._core.keywords import check_keywords

from .definitions import AbstractRouteDef
from .handlers import AnyHandler, AnyMiddleware, AnyViewClass, check_callable
from .interfaces import AbstractRoute
from .options import GetOptions, NamedRouteOptions, RouteOptions
from .resources import Resource

__all__ = ["RouteRegistrar"]

H = TypeVar("H", bound=AnyHandler)
M = TypeVar("M", bound=AnyMiddleware)


class RouteRegistrar(abc.ABC, Generic[H, M]):
    """Routes can be declared on this; see ``RouteOptions`` for the options."""

    @abc.abstractmethod
    def add_resource(self, path: str, *, name: str | None = None) -> Resource:
        """Return the resource for ``path``."""

    def add_route(
        self,
        method: str,
        path: str,
        handler: H,
        *,
        name: str | None = None,
        **options: Unpack[RouteOptions[M]],
    ) -> AbstractRoute:
        """Add ``handler`` for ``method`` (``*``: every other method) under ``path``."""
        _check(handler, options, f"add_route({method!r}, {path!r})")
        return self.add_resource(path, name=name).add_route(method, handler, **options)

    def add_get(
        self,
        path: str,
        handler: H,
        *,
        name: str | None = None,
        allow_head: bool = True,
        **options: Unpack[RouteOptions[M]],
    ) -> AbstractRoute:
        """Add ``handler`` for GET, and before that for HEAD unless ``allow_head`` is false."""
        _check(handler, options, f"add_get({path!r})")
        resource = self.add_resource(path, name=name)
        if allow_head:
            # Two routes: an iterator would give its middlewares to the first one only.
            middlewares = options.get("middlewares")
            if isinstance(middlewares, Iterable):
                options["middlewares"] = tuple(middlewares)
            resource.add_route("HEAD", handler, **options)
        return resource.add_route("GET", handler, **options)

    def add_head(
        self, path: str, handler: H, **options: Unpack[NamedRouteOptions[M]]
    ) -> AbstractRoute:
        """Add ``handler`` for HEAD."""
        return self.add_route("HEAD", path, handler, **options)

    def add_options(
        self, path: str, handler: H, **options: Unpack[NamedRouteOptions[M]]
    ) -> AbstractRoute:
        """Add ``handler`` for OPTIONS."""
        return self.add_route("OPTIONS", path, handler, **options)

    def add_post(
        self, path: str, handler: H, **options: Unpack[NamedRouteOptions[M]]
    ) -> AbstractRoute:
        """Add ``handler`` for POST."""
        return self.add_route("POST", path, handler, **options)

    def add_put(
        self, path: str, handler: H, **options: Unpack[NamedRouteOptions[M]]
    ) -> AbstractRoute:
        """Add ``handler`` for PUT."""
        return self.add_route("PUT", path, handler, **options)

    def add_patch(
        self, path: str, handler: H, **options: Unpack[NamedRouteOptions[M]]
    ) -> AbstractRoute:
        """Add ``handler`` for PATCH."""
        return self.add_route("PATCH", path, handler, **options)

    def add_delete(
        self, path: str, handler: H, **options: Unpack[NamedRouteOptions[M]]
    ) -> AbstractRoute:
        """Add ``handler`` for DELETE."""
        return self.add_route("DELETE", path, handler, **options)

    def add_view(
        self,
        path: str,
        handler: AnyViewClass,
        *,
        name: str | None = None,
        **options: Unpack[RouteOptions[M]],
    ) -> AbstractRoute:
        """Add a view class, which answers every method that it defines.

        Another handler works too, for every method; ``add_route("*", path, handler)`` says so.
        """
        checked = _check(handler, options, f"add_view({path!r})")
        return self.add_resource(path, name=name).add_route(METH_ANY, checked, **options)

    def add_routes(self, routes: Iterable[AbstractRouteDef]) -> list[AbstractRoute]:
        """Add route definitions in their order and return the routes that this added."""
        if isinstance(routes, AbstractRouteDef):
            raise TypeError(f"add_routes() takes a list of route definitions: [{routes!r}]")
        added: list[AbstractRoute] = []
        for definition in routes:
            if not isinstance(definition, AbstractRouteDef):
                raise TypeError(
                    f"{definition!r} is not a route definition: make one with web.get(path, "
                    "handler) or a function like it"
                )
            added += definition.register(self)
        return added


def _check(handler: object, options: Mapping[str, object], call: str) -> AnyHandler:
    """Check handler and option names before the path gets a resource; return the handler."""
    # With the options that the signatures take by themselves, for the hint.
    check_keywords(options, GetOptions.__optional_keys__, call)
    return check_callable(handler)
