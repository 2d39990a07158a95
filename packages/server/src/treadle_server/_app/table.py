"""Route tables: definitions collected by decorators, as a sequence.

The options are those of the functions in ``definitions``.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar, Unpack, final, overload

from treadle_responses import StreamResponse
from treadle_server._routing.definitions import AbstractRouteDef, RouteDef
from treadle_server._routing.options import (
    GetOptions,
    MountOptions,
    NamedRouteOptions,
    StaticOptions,
    WSGIMountOptions,
    kept_options,
)

from .application import Handler, Middleware
from .definitions import mount, mount_wsgi, static
from .mounting import ASGIMounted, WSGIMounted

__all__ = ["RouteDecorator", "RouteTableDef"]

F = TypeVar("F", bound=Handler)


@final
class RouteDecorator:
    """The decorator that the methods of ``RouteTableDef`` return: call it with a handler.

    It returns the handler unchanged, with its own type: an async function stays one that a program
    can call, and a view class stays a class.
    """

    __slots__ = ("_add", "_what")

    def __init__(self, add: Callable[[Handler], None], what: str) -> None:
        self._add: Final = add
        self._what: Final = what

    def __call__(self, handler: F) -> F:
        """Add ``handler`` and return it; raises ``TypeError`` if it cannot be called."""
        # A response can be called too, as an ASGI application.
        if not callable(handler) or isinstance(handler, StreamResponse):
            raise TypeError(
                f"@routes.{self._what} decorates a function or class, not {handler!r}. Put it "
                "right above the handler."
            )
        self._add(handler)
        return handler


class RouteTableDef(Sequence[AbstractRouteDef]):
    """Route definitions collected by decorators: ``@routes.get("/")`` above a handler.

    A sequence that grows only through the decorators and ``static``.
    """

    __slots__ = ("_items",)

    def __init__(self) -> None:
        self._items: list[AbstractRouteDef] = []

    def __repr__(self) -> str:
        return f"<RouteTableDef count={len(self._items)}>"

    # The sequence

    @overload
    def __getitem__(self, index: int) -> AbstractRouteDef: ...

    @overload
    def __getitem__(self, index: slice) -> list[AbstractRouteDef]: ...

    def __getitem__(self, index: int | slice) -> AbstractRouteDef | list[AbstractRouteDef]:
        """Return one definition, or a list of them."""
        return self._items[index]

    def __iter__(self) -> Iterator[AbstractRouteDef]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item: object) -> bool:
        return item in self._items

    # Decorators

    def route(
        self, method: str, path: str, **options: Unpack[GetOptions[Middleware]]
    ) -> RouteDecorator:
        """Decorate a handler for ``method`` (``*``: every other method)."""
        kwargs = kept_options(options)

        def add(handler: Handler) -> None:
            self._items.append(RouteDef(method, path, handler, dict(kwargs)))

        return RouteDecorator(add, f"route({method!r}, {path!r})")

    def head(self, path: str, **options: Unpack[NamedRouteOptions[Middleware]]) -> RouteDecorator:
        """Decorate a handler for HEAD."""
        return self.route("HEAD", path, **options)

    def options(
        self, path: str, **options: Unpack[NamedRouteOptions[Middleware]]
    ) -> RouteDecorator:
        """Decorate a handler for OPTIONS."""
        return self.route("OPTIONS", path, **options)

    def post(self, path: str, **options: Unpack[NamedRouteOptions[Middleware]]) -> RouteDecorator:
        """Decorate a handler for POST."""
        return self.route("POST", path, **options)

    def put(self, path: str, **options: Unpack[NamedRouteOptions[Middleware]]) -> RouteDecorator:
        """Decorate a handler for PUT."""
        return self.route("PUT", path, **options)

    def patch(self, path: str, **options: Unpack[NamedRouteOptions[Middleware]]) -> RouteDecorator:
        """Decorate a handler for PATCH."""
        return self.route("PATCH", path, **options)

    def delete(self, path: str, **options: Unpack[NamedRouteOptions[Middleware]]) -> RouteDecorator:
        """Decorate a handler for DELETE."""
        return self.route("DELETE", path, **options)

    def get(self, path: str, **options: Unpack[GetOptions[Middleware]]) -> RouteDecorator:
        """Decorate a handler for GET, and for HEAD unless ``allow_head`` is false."""
        return self.route("GET", path, **options)

    def view(self, path: str, **options: Unpack[NamedRouteOptions[Middleware]]) -> RouteDecorator:
        """Decorate a view class (or a handler) for every method."""
        return self.route("*", path, **options)

    def static(
        self, prefix: str, path: str | os.PathLike[str], **options: Unpack[StaticOptions]
    ) -> None:
        """Add a directory of files."""
        self._items.append(static(prefix, path, **options))

    def mount(
        self, prefix: str, app: ASGIMounted, **options: Unpack[MountOptions[Middleware]]
    ) -> None:
        """Add an ASGI application."""
        self._items.append(mount(prefix, app, **options))

    def mount_wsgi(
        self, prefix: str, app: WSGIMounted, **options: Unpack[WSGIMountOptions[Middleware]]
    ) -> None:
        """Add a WSGI application."""
        self._items.append(mount_wsgi(prefix, app, **options))
