"""Route tables: definitions collected by decorators, in a sequence of their own.

The keywords are those of the functions in ``_routedef``, and so is what becomes of them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Generic, TypeVar, cast, final, overload

from ._routedef import (
    DEFAULT_CHUNK_SIZE,
    AbstractRouteDef,
    ExpectHandler,
    PathLike,
    RouteDef,
    RouteMiddleware,
    StaticDef,
    keywords_to_keep,
    static,
)

__all__ = ["RouteDecorator", "RouteTableDef"]

H = TypeVar("H")
F = TypeVar("F", bound=Callable[..., object])


@final
class RouteDecorator:
    """What the methods of ``RouteTableDef`` return: call it with a handler to add that.

    It gives the handler back unchanged, its type too. (Python's types cannot say both this and
    that the handler must be one for the table; ``get(path, handler)`` and ``router.add_get`` do
    check it.)
    """

    __slots__ = ("_add", "_what")

    def __init__(self, add: Callable[[object], None], what: str) -> None:
        self._add: Final = add
        self._what: Final = what

    def __call__(self, handler: F) -> F:
        """Add ``handler`` and return it; raise ``TypeError`` if it cannot be called."""
        if not callable(handler):
            raise TypeError(
                f"@routes.{self._what} decorates a function or class, not {handler!r}. Put it "
                "right above the handler."
            )
        self._add(handler)
        return handler


class RouteTableDef(Sequence[AbstractRouteDef[H]], Generic[H]):
    """Route definitions collected by decorators: ``@routes.get("/")`` above a handler.

    A sequence that only the decorators and ``static`` can grow. ``H`` is the type of handler
    that its definitions have; write it where the table is made: ``RouteTableDef[Handler]()``.
    """

    __slots__ = ("_items",)

    def __init__(self) -> None:
        self._items: list[AbstractRouteDef[H]] = []

    def __repr__(self) -> str:
        return f"<RouteTableDef count={len(self._items)}>"

    # A sequence

    @overload
    def __getitem__(self, index: int) -> AbstractRouteDef[H]: ...

    @overload
    def __getitem__(self, index: slice) -> list[AbstractRouteDef[H]]: ...

    def __getitem__(self, index: int | slice) -> AbstractRouteDef[H] | list[AbstractRouteDef[H]]:
        """Return one definition, or a list of them."""
        return self._items[index]

    def __iter__(self) -> Iterator[AbstractRouteDef[H]]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item: object) -> bool:
        return item in self._items

    # Decorators

    def route(
        self,
        method: str,
        path: str,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[RouteMiddleware] = (),
        client_max_size: int | None = None,
        **kwargs: object,
    ) -> RouteDecorator:
        """Decorate a handler for ``method`` (``*``: every other one)."""
        kwargs = keywords_to_keep(kwargs, name, expect_handler, middlewares, client_max_size)

        def add(handler: object) -> None:
            self._items.append(RouteDef(method, path, cast("H", handler), dict(kwargs)))

        return RouteDecorator(add, f"route({method!r}, {path!r})")

    def head(
        self,
        path: str,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[RouteMiddleware] = (),
        client_max_size: int | None = None,
        **kwargs: object,
    ) -> RouteDecorator:
        """Decorate a handler for HEAD."""
        return self.route(
            "HEAD",
            path,
            name=name,
            expect_handler=expect_handler,
            middlewares=middlewares,
            client_max_size=client_max_size,
            **kwargs,
        )

    def options(
        self,
        path: str,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[RouteMiddleware] = (),
        client_max_size: int | None = None,
        **kwargs: object,
    ) -> RouteDecorator:
        """Decorate a handler for OPTIONS."""
        return self.route(
            "OPTIONS",
            path,
            name=name,
            expect_handler=expect_handler,
            middlewares=middlewares,
            client_max_size=client_max_size,
            **kwargs,
        )

    def post(
        self,
        path: str,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[RouteMiddleware] = (),
        client_max_size: int | None = None,
        **kwargs: object,
    ) -> RouteDecorator:
        """Decorate a handler for POST."""
        return self.route(
            "POST",
            path,
            name=name,
            expect_handler=expect_handler,
            middlewares=middlewares,
            client_max_size=client_max_size,
            **kwargs,
        )

    def put(
        self,
        path: str,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[RouteMiddleware] = (),
        client_max_size: int | None = None,
        **kwargs: object,
    ) -> RouteDecorator:
        """Decorate a handler for PUT."""
        return self.route(
            "PUT",
            path,
            name=name,
            expect_handler=expect_handler,
            middlewares=middlewares,
            client_max_size=client_max_size,
            **kwargs,
        )

    def patch(
        self,
        path: str,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[RouteMiddleware] = (),
        client_max_size: int | None = None,
        **kwargs: object,
    ) -> RouteDecorator:
        """Decorate a handler for PATCH."""
        return self.route(
            "PATCH",
            path,
            name=name,
            expect_handler=expect_handler,
            middlewares=middlewares,
            client_max_size=client_max_size,
            **kwargs,
        )

    def delete(
        self,
        path: str,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[RouteMiddleware] = (),
        client_max_size: int | None = None,
        **kwargs: object,
    ) -> RouteDecorator:
        """Decorate a handler for DELETE."""
        return self.route(
            "DELETE",
            path,
            name=name,
            expect_handler=expect_handler,
            middlewares=middlewares,
            client_max_size=client_max_size,
            **kwargs,
        )

    def get(
        self,
        path: str,
        *,
        name: str | None = None,
        allow_head: bool = True,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[RouteMiddleware] = (),
        client_max_size: int | None = None,
        **kwargs: object,
    ) -> RouteDecorator:
        """Decorate a handler for GET, and for HEAD unless ``allow_head`` is false."""
        if not allow_head:
            kwargs["allow_head"] = False
        return self.route(
            "GET",
            path,
            name=name,
            expect_handler=expect_handler,
            middlewares=middlewares,
            client_max_size=client_max_size,
            **kwargs,
        )

    def view(
        self,
        path: str,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[RouteMiddleware] = (),
        client_max_size: int | None = None,
        **kwargs: object,
    ) -> RouteDecorator:
        """Decorate a class (or handler) for every method."""
        return self.route(
            "*",
            path,
            name=name,
            expect_handler=expect_handler,
            middlewares=middlewares,
            client_max_size=client_max_size,
            **kwargs,
        )

    def static(
        self,
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
    ) -> None:
        """Add a directory of files; the keywords are those of ``static``."""
        definition = static(
            prefix,
            path,
            name=name,
            expect_handler=expect_handler,
            chunk_size=chunk_size,
            show_index=show_index,
            follow_symlinks=follow_symlinks,
            break_symlink_sandbox=break_symlink_sandbox,
            append_version=append_version,
            index=index,
            fallback=fallback,
            cache_control=cache_control,
            immutable=immutable,
            precompressed=precompressed,
            **kwargs,
        )
        self._items.append(StaticDef(definition.prefix, definition.path, definition.kwargs))
