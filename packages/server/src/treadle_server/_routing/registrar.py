"""The ways to declare a route, on top of ``add_resource`` alone.

Generic in the types of handler and middleware, which are those of the application's own requests.
Every method raises ``ValueError`` for a bad path, name or method, ``TypeError`` for something that
is no handler, and ``RuntimeError`` for a second handler of the method and once frozen.
"""

import abc
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from treadle_http_parser.hdrs import METH_ANY
from treadle_router import AbstractRouteDef

from .handlers import AbstractView, AnyHandler, AnyMiddleware, ExpectHandler, check_handler, where
from .interfaces import AbstractRoute
from .resources import Resource

__all__ = ["Declares"]

H = TypeVar("H", bound=AnyHandler)
M = TypeVar("M", bound=AnyMiddleware)


class Declares(abc.ABC, Generic[H, M]):
    """Something that routes can be declared on.

    ``middlewares`` run around the one handler, inside those of the application, the first one
    outermost. ``client_max_size`` is how many bytes of a body ``request.read()`` takes there (0:
    any number), in place of the application's. ``expect_handler`` acts on an ``Expect`` field.
    """

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
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[M] = (),
        client_max_size: int | None = None,
    ) -> AbstractRoute:
        """Add ``handler`` for ``method`` (``*``: every other one) under ``path``."""
        check_handler(handler)  # before there is a resource for it
        return self.add_resource(path, name=name).add_route(
            method,
            handler,
            expect_handler=expect_handler,
            middlewares=middlewares,
            client_max_size=client_max_size,
        )

    def add_get(
        self,
        path: str,
        handler: H,
        *,
        name: str | None = None,
        allow_head: bool = True,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[M] = (),
        client_max_size: int | None = None,
    ) -> AbstractRoute:
        """Add ``handler`` for GET, and for HEAD first unless ``allow_head`` is false."""
        check_handler(handler)  # before there is a resource for it
        resource = self.add_resource(path, name=name)
        middlewares = middlewares if callable(middlewares) else tuple(middlewares)
        if allow_head:
            resource.add_route(
                "HEAD",
                handler,
                expect_handler=expect_handler,
                middlewares=middlewares,
                client_max_size=client_max_size,
            )
        return resource.add_route(
            "GET",
            handler,
            expect_handler=expect_handler,
            middlewares=middlewares,
            client_max_size=client_max_size,
        )

    def add_head(
        self,
        path: str,
        handler: H,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[M] = (),
        client_max_size: int | None = None,
    ) -> AbstractRoute:
        """Add ``handler`` for HEAD."""
        return self.add_route(
            "HEAD",
            path,
            handler,
            name=name,
            expect_handler=expect_handler,
            middlewares=middlewares,
            client_max_size=client_max_size,
        )

    def add_options(
        self,
        path: str,
        handler: H,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[M] = (),
        client_max_size: int | None = None,
    ) -> AbstractRoute:
        """Add ``handler`` for OPTIONS."""
        return self.add_route(
            "OPTIONS",
            path,
            handler,
            name=name,
            expect_handler=expect_handler,
            middlewares=middlewares,
            client_max_size=client_max_size,
        )

    def add_post(
        self,
        path: str,
        handler: H,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[M] = (),
        client_max_size: int | None = None,
    ) -> AbstractRoute:
        """Add ``handler`` for POST."""
        return self.add_route(
            "POST",
            path,
            handler,
            name=name,
            expect_handler=expect_handler,
            middlewares=middlewares,
            client_max_size=client_max_size,
        )

    def add_put(
        self,
        path: str,
        handler: H,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[M] = (),
        client_max_size: int | None = None,
    ) -> AbstractRoute:
        """Add ``handler`` for PUT."""
        return self.add_route(
            "PUT",
            path,
            handler,
            name=name,
            expect_handler=expect_handler,
            middlewares=middlewares,
            client_max_size=client_max_size,
        )

    def add_patch(
        self,
        path: str,
        handler: H,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[M] = (),
        client_max_size: int | None = None,
    ) -> AbstractRoute:
        """Add ``handler`` for PATCH."""
        return self.add_route(
            "PATCH",
            path,
            handler,
            name=name,
            expect_handler=expect_handler,
            middlewares=middlewares,
            client_max_size=client_max_size,
        )

    def add_delete(
        self,
        path: str,
        handler: H,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[M] = (),
        client_max_size: int | None = None,
    ) -> AbstractRoute:
        """Add ``handler`` for DELETE."""
        return self.add_route(
            "DELETE",
            path,
            handler,
            name=name,
            expect_handler=expect_handler,
            middlewares=middlewares,
            client_max_size=client_max_size,
        )

    def add_view(
        self,
        path: str,
        handler: type[AbstractView],
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[M] = (),
        client_max_size: int | None = None,
    ) -> AbstractRoute:
        """Add a view class, which answers every method that it defines."""
        checked = check_handler(handler)
        if not isinstance(handler, type):
            raise TypeError(
                f"add_view({path!r}) takes a View class, not {handler!r}{where(handler)}: use "
                f"add_route('*', {path!r}, ...)"
            )
        return self.add_resource(path, name=name).add_route(
            METH_ANY,
            checked,
            expect_handler=expect_handler,
            middlewares=middlewares,
            client_max_size=client_max_size,
        )

    def add_routes(self, routes: Iterable[AbstractRouteDef[Any]]) -> list[AbstractRoute]:
        """Add route definitions in their order and return the routes they made."""
        if isinstance(routes, AbstractRouteDef):
            raise TypeError(f"add_routes() takes a list of route definitions: [{routes!r}]")
        added: list[AbstractRoute] = []
        for definition in routes:
            if not isinstance(definition, AbstractRouteDef):
                raise TypeError(
                    f"{definition!r} is no route definition: make one with web.get(path, handler) "
                    "or its like"
                )
            added += definition.register(self)
        return added
