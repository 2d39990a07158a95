"""Resources and routes: a path pattern with a stored handler for each method.

``H`` is the type of handlers: a function, a class, a string. Nothing here calls them. A resource is
made by ``Router.add_resource``, or directly and then given to ``Router.register_resource``. It
gets routes by ``Resource.add_route`` until its router is frozen.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, Generic, TypeVar, final

from ._build import build_path
from ._converters import CONVERTERS, Converter
from ._errors import ConflictError, FrozenError, HandlerError
from ._methods import ANY_METHOD, check_method
from ._pattern import PathPattern
from ._quoting import decode_safe
from ._segments import Variable

__all__ = ["Resource", "Route"]

H = TypeVar("H")


@final
class Route(Generic[H]):
    """One stored ``handler``, for ``method`` on ``resource``.

    ``extra`` has the keywords of the declaration that the router itself does not use.
    """

    __slots__ = ("_extra", "handler", "method", "resource")

    def __init__(
        self, method: str, handler: H, resource: "Resource[H]", extra: Mapping[str, object]
    ) -> None:
        self.method: Final = method
        self.handler: Final[H] = handler
        self.resource: Final = resource
        self._extra: Final = dict(extra)

    @property
    def extra(self) -> Mapping[str, object]:
        """The other keywords of the declaration, read-only."""
        return MappingProxyType(self._extra)

    @property
    def name(self) -> str | None:
        """The name of the resource."""
        return self.resource.name

    @property
    def path(self) -> str:
        """The path of the resource, as it was declared."""
        return self.resource.path

    def build(self, /, **params: object) -> str:
        """Return the path with ``params`` filled in, like ``Resource.build``."""
        return self.resource.build(**params)

    def __repr__(self) -> str:
        return f"<Route {self.method} {self.resource.path} -> {_name_of(self.handler)}>"


@final
class Resource(Generic[H]):
    """A path and its routes; iterable over the routes, in the order they were added."""

    __slots__ = ("_accept", "_by_method", "_frozen", "_pattern", "build_only", "name")

    def __init__(
        self,
        path: str,
        *,
        name: str | None = None,
        tail: str | None = None,
        converters: Mapping[str, Converter[object]] = CONVERTERS,
        accept: Callable[[H], bool] | None = None,
        build_only: bool = False,
    ) -> None:
        """Parse ``path``; see the package for its language.

        With ``tail`` the path is a prefix: it matches itself and everything below it, and the
        variable of that name has the rest of the path. ``accept`` returns True for a handler that
        may be stored. With ``build_only`` it is there for its URLs alone: it is never matched and
        takes no routes. Raises ``PathError``.
        """
        self.name: Final = name
        self.build_only: Final = build_only
        self._pattern = PathPattern(path, converters, tail=tail)
        self._accept: Final = accept
        self._by_method: Final[dict[str, Route[H]]] = {}
        self._frozen = False

    # The path

    @property
    def path(self) -> str:
        """The path as it was declared, with the prefixes it was mounted under."""
        return self._pattern.path

    @property
    def canonical(self) -> str:
        """The path with variables as ``{name}`` and fixed text percent-encoded."""
        return self._pattern.canonical

    @property
    def openapi_path(self) -> str:
        """The path template of this resource for an OpenAPI document."""
        return self._pattern.canonical

    @property
    def pattern(self) -> re.Pattern[str] | None:
        """The expression for safe-decoded paths, or None for a path without variables.

        Matching uses a simpler way than this for two typed variables in one segment.
        """
        return self._pattern.compile() if self._pattern.variables else None

    @property
    def path_pattern(self) -> PathPattern:
        """The parsed pattern."""
        return self._pattern

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables of the path, in order."""
        return self._pattern.variables

    @property
    def is_prefix(self) -> bool:
        """True if everything below the path matches too."""
        return self._pattern.tail_prefix is not None

    @property
    def frozen(self) -> bool:
        """True if routes can no longer be added."""
        return self._frozen

    # The routes

    @property
    def routes(self) -> tuple[Route[H], ...]:
        """The routes, in the order they were added."""
        return tuple(self._by_method.values())

    @property
    def by_method(self) -> dict[str, Route[H]]:
        """The live table of routes that the matcher reads. Do not change it."""
        return self._by_method

    @property
    def allowed(self) -> frozenset[str]:
        """The methods that have a route."""
        return frozenset(self._by_method)

    def __iter__(self) -> Iterator[Route[H]]:
        return iter(self.routes)

    def __len__(self) -> int:
        return len(self._by_method)

    def __bool__(self) -> bool:  # a resource without routes is still a resource
        return True

    def add_route(self, method: str, handler: H, **extra: object) -> Route[H]:
        """Store ``handler`` for ``method`` (``*`` means every other method; see ``_methods``).

        Raises ``MethodError``, ``HandlerError``, ``FrozenError``, and
        ``ConflictError`` if the route could never be reached.
        """
        if self._frozen:
            raise FrozenError(
                f"Cannot add {method} to {self.path!r}: its router is frozen. Add it to a copy() "
                "of the router and match with that."
            )
        if self.build_only:
            raise ConflictError(
                f"Added route will never be executed: {self.path!r} is build_only, so that "
                f"{method} {self.path!r} is never matched. Add the path without build_only.",
                method,
            )
        method = check_method(method)
        self._check_handler(method, handler)
        existing = self._by_method.get(method) or self._by_method.get(ANY_METHOD)
        if existing is not None:
            raise ConflictError(
                f"Added route will never be executed, method {existing.method} is already "
                f"registered: {method} {self.path!r} -> {_name_of(handler)} comes after "
                f"{existing!r}. Remove one of them, or add `*` last.",
                method,
                existing,
            )
        route = Route(method, handler, self, extra)
        self._by_method[method] = route
        return route

    def _check_handler(self, method: str, handler: H) -> None:
        accept = self._accept
        if handler is None or (accept is not None and not accept(handler)):
            wanted = "any object but None" if accept is None else f"what {_name_of(accept)} accepts"
            raise HandlerError(
                f"The handler {handler!r} of {method} {self.path!r} is refused: pass {wanted}.",
                handler,
            )

    # Matching and building paths

    def match_path(self, path: str) -> dict[str, str] | None:
        """Return the text of each variable in ``path`` (percent-encoded), or None."""
        if self.build_only or not path.startswith("/"):
            return None
        return self._pattern.match(decode_safe(path))

    def build(self, /, **params: object) -> str:
        """Return the percent-encoded path with ``params`` filled in.

        Values are percent-encoded so that matching gives them back. Raises ``MissingPartError``,
        ``UnknownPartError``, ``PartTypeError`` (a type without a notation) or ``MismatchError``
        (matching would not give the value back).
        """
        return build_path(self._pattern, params)

    # For its router

    def freeze(self) -> None:
        """Refuse further routes."""
        self._frozen = True

    def add_prefix(
        self, prefix: str, *, converters: Mapping[str, Converter[object]] | None = None
    ) -> None:
        """Put ``prefix`` (``/a``, ``/{tenant}``) before the path; works on a frozen resource too.

        ``prefix`` is parsed with ``converters`` (None: those of this resource); the path keeps its
        own. A matcher that was compiled before does not see the change. Raises ``PathError``.
        """
        self._pattern = self._pattern.under(prefix, converters)

    def copy(
        self,
        *,
        prefix: str = "",
        name: str | None = None,
        converters: Mapping[str, Converter[object]] | None = None,
    ) -> "Resource[H]":
        """Return an unfrozen copy with copies of the routes, under ``prefix`` and ``name``.

        ``prefix`` is parsed with ``converters``, as in ``add_prefix``.
        """
        copied: Resource[H] = Resource(
            "", name=name, accept=self._accept, build_only=self.build_only
        )
        copied._pattern = self._pattern.under(prefix, converters) if prefix else self._pattern
        for route in self.routes:
            copied.by_method[route.method] = Route(route.method, route.handler, copied, route.extra)
        return copied

    def __repr__(self) -> str:
        name = "" if self.name is None else f"{self.name!r} "
        return f"<Resource {name}{self.path or '/'}>"


def _name_of(value: object) -> str:
    return str(getattr(value, "__qualname__", None) or repr(value))
