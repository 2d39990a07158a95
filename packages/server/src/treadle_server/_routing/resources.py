"""The framework's own resources: a path of the application, over a resource of ``treadle_router``.

The router's resource knows path and methods, and goes into the compiled matcher of the application
(see ``_routing.dispatcher``). ``resolve`` is for callers that ask one resource by itself.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, Unpack

from yarl import URL

from treadle_router import CONVERTERS, Converter, Match, Matcher, MethodNotAllowed, PathError
from treadle_router import Resource as RouterResource
from treadle_server._core.misuse import WrongTypeError, WrongValueError

from .handlers import AnyHandler, AnyMiddleware
from .interfaces import AbstractResource, AbstractRoute, MatchableResource, RouteInfo
from .legacy import LegacyResource
from .match_info import UrlMappingMatchInfo
from .options import PathValue, RouteOptions

__all__ = [
    "DynamicResource",
    "PlainResource",
    "PrefixResource",
    "Resource",
    "ResourceRoute",
]


class ResourceRoute(AbstractRoute):
    """A route of a resource."""

    def __init__(
        self,
        method: str,
        handler: AnyHandler,
        resource: AbstractResource,
        **options: Unpack[RouteOptions[AnyMiddleware]],
    ) -> None:
        super().__init__(method, handler, resource=resource, **options)
        self._own_resource: Final = resource

    @property
    def name(self) -> str | None:
        """The name of the resource."""
        return self._own_resource.name

    def get_info(self) -> RouteInfo:
        """Return the description of the resource."""
        return self._own_resource.get_info()

    def url_for(self, **parts: PathValue) -> URL:
        """Return the URL of the resource with ``parts`` for its variables."""
        return self._own_resource.url_for(**parts)

    def __repr__(self) -> str:
        return f"<ResourceRoute [{self.method}] {self._own_resource!r} -> {self.handler!r}>"


class Resource(LegacyResource, MatchableResource):
    """A path, or with a subclass's ``tail`` a prefix, and its routes.

    A subclass without a path has a ``_match`` and a ``canonical`` of its own.
    """

    def __init__(
        self,
        path: str = "",
        *,
        name: str | None = None,
        tail: str | None = None,
        converters: Mapping[str, Converter[object]] = CONVERTERS,
    ) -> None:
        """Parse ``path``; raises ``ValueError`` with the character at which it is wrong."""
        super().__init__(name=name)
        #: The resource of ``treadle_router`` that matches and builds paths.
        self.pattern: RouterResource[AbstractRoute] = RouterResource(
            path, tail=tail, converters=converters
        )
        # For ``resolve``; compiled on first use.
        self._matcher: Matcher[AbstractRoute] | None = None
        self._frozen = False

    @property
    def canonical(self) -> str:
        """The path with its variables in braces, without their patterns."""
        return self.pattern.canonical

    def add_route(
        self, method: str, handler: AnyHandler, **options: Unpack[RouteOptions[AnyMiddleware]]
    ) -> ResourceRoute:
        """Add ``handler`` for ``method`` (``*``: every other method) and return the route.

        Raises ``RuntimeError`` for a second handler of a method, and for ``middlewares`` once
        frozen; ``TypeError`` for a bad handler or option, ``ValueError`` for a method that is not a
        token.
        """
        if not isinstance(method, str):
            raise TypeError(f"The method of {self.canonical!r} must be a str, not {method!r}")
        return self.register_route(ResourceRoute(method, handler, self, **options))

    def register_route(self, route: ResourceRoute) -> ResourceRoute:
        """Add a route that was made without the resource; raises like ``add_route``."""
        if not isinstance(route, ResourceRoute):
            raise WrongTypeError(
                f"Instance of Route class is required, got {route!r}: see add_route()"
            )
        if self._frozen and route.middlewares:
            raise RuntimeError(
                f"Cannot add {route.method} with middlewares to {self.canonical!r}: its "
                "application has started or is part of another. Add such routes before that."
            )
        self.pattern.add_route(route.method, route)
        return route

    def freeze(self) -> None:
        """Refuse further routes with middlewares; others may come while the application runs."""
        self._frozen = True

    def add_prefix(
        self, prefix: str, *, converters: Mapping[str, Converter[object]] | None = None
    ) -> None:
        """Put ``prefix`` before the path; it is parsed with ``converters`` (None: the path's own).

        Raises ``ValueError`` for a bad prefix.
        """
        if not prefix.startswith("/") or prefix.endswith("/"):
            raise WrongValueError(
                f"A prefix must start with `/`, must not end with `/`, and must be longer than "
                f"`/`: not {prefix!r}"
            )
        self.pattern.add_prefix(prefix, converters=converters)
        self._matcher = None

    def raw_match(self, path: str) -> bool:
        """Return True if ``path`` is the path as it was declared."""
        return path == self.pattern.path

    def matcher_item(self) -> RouterResource[AbstractRoute]:
        """Return the router's resource."""
        return self.pattern

    @property
    def needs_resolve(self) -> bool:
        """True if a subclass has a ``resolve`` or ``_match`` of its own."""
        return type(self).resolve is not Resource.resolve or self._matches_itself

    async def resolve(self, request: Any) -> tuple[UrlMappingMatchInfo | None, set[str]]:
        """Return the match of ``request``, or None and the methods that the path has."""
        if self._matches_itself:
            return self._resolve_by_match(request)
        if self._matcher is None:
            self._matcher = Matcher([self.pattern])
        found = self._matcher.match(request.method, request.raw_path.partition("?")[0])
        if isinstance(found, Match):
            return UrlMappingMatchInfo.of(found), set(self.pattern.allowed)
        return None, set(found.allowed) if isinstance(found, MethodNotAllowed) else set()

    def url_for(self, **parts: PathValue) -> URL:
        """Return the relative URL with ``parts`` for the variables.

        Raises ``KeyError`` for a missing part, and ``ValueError`` for an unknown one or a value
        that the path would not match.
        """
        return URL(self.pattern.build(**parts), encoded=True)

    def get_info(self) -> RouteInfo:
        """Return ``path``, or ``formatter`` and ``pattern`` for a path with variables."""
        if self.pattern.pattern is None:
            return {"path": self.canonical}
        return {"formatter": self.pattern.canonical, "pattern": self.pattern.pattern}

    def __len__(self) -> int:
        return len(self.pattern)

    def __iter__(self) -> Iterator[AbstractRoute]:
        return (route.handler for route in self.pattern)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        name = "" if self.name is None else f"'{self.name}' "
        return f"<{type(self).__name__} {name} {self.canonical}>"


class PlainResource(Resource):
    """A path without variables."""

    def __init__(
        self,
        path: str,
        *,
        name: str | None = None,
        converters: Mapping[str, Converter[object]] = CONVERTERS,
    ) -> None:
        """Parse ``path``; raises ``ValueError`` for a bad path and for one with variables."""
        super().__init__(path, name=name, converters=converters)
        if self.pattern.variables:
            variable = self.pattern.variables[0]
            raise PathError(
                f"Invalid path {path!r}: a PlainResource has no variables like {variable.name!r}. "
                "Use DynamicResource.",
                path=path,
                position=variable.position,
            )


class DynamicResource(Resource):
    """A path with variables."""

    #: A variable in a path, one with an expression, and the text that one without takes.
    DYN: ClassVar[re.Pattern[str]] = re.compile(r"\{(?P<var>[_a-zA-Z][_a-zA-Z0-9]*)\}")
    DYN_WITH_RE: ClassVar[re.Pattern[str]] = re.compile(
        r"\{(?P<var>[_a-zA-Z][_a-zA-Z0-9]*):(?P<re>.+)\}"
    )
    GOOD: ClassVar[str] = r"[^{}/]+"

    def __init__(
        self,
        path: str,
        *,
        name: str | None = None,
        converters: Mapping[str, Converter[object]] = CONVERTERS,
    ) -> None:
        """Parse ``path``; raises ``ValueError`` with the character at which it is wrong."""
        super().__init__(path, name=name, converters=converters)


class PrefixResource(Resource):
    """A prefix and everything below it; the variable ``tail`` has the rest of the path.

    The base of resources that own a subtree, like a directory of files. Add routes for the methods
    that it answers; it costs as little to match as any other path.
    """

    def __init__(
        self,
        prefix: str,
        *,
        name: str | None = None,
        tail: str = "tail",
        converters: Mapping[str, Converter[object]] = CONVERTERS,
    ) -> None:
        """Parse ``prefix``, which starts with ``/``; a slash at its end is ignored."""
        super().__init__(prefix, name=name, tail=tail, converters=converters)

    @property
    def canonical(self) -> str:
        """The prefix."""
        return super().canonical.rpartition("/")[0]

    def get_info(self) -> RouteInfo:
        """Return the ``prefix``."""
        return {"prefix": self.canonical}

    def raw_match(self, path: str) -> bool:  # noqa: ARG002  # the contract's
        """Return False: a path that is added later is another resource, even if it is equal."""
        return False
