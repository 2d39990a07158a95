"""The framework's own resources: a path of the application, over the pattern of ``treadle_router``.

They know paths and methods through a router's resource, which goes into the compiled matcher of the
application (see ``_routing.dispatcher``); their ``resolve`` is for those who ask one resource by
itself.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

from yarl import URL

from treadle_router import Enclosure, Item, Match, Matcher, MethodNotAllowed, PathError
from treadle_router import Resource as RouterResource

from .handlers import AnyHandler, AnyMiddleware, ExpectHandler
from .interfaces import AbstractResource, AbstractRoute, UrlMappingMatchInfo

__all__ = [
    "DynamicResource",
    "PlainResource",
    "PrefixResource",
    "Resource",
    "ResourceRoute",
    "matcher_item",
]


class ResourceRoute(AbstractRoute):
    """A route of a resource."""

    def __init__(
        self,
        method: str,
        handler: AnyHandler,
        resource: AbstractResource,
        *,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[AnyMiddleware] = (),
        client_max_size: int | None = None,
    ) -> None:
        super().__init__(
            method,
            handler,
            expect_handler=expect_handler,
            resource=resource,
            middlewares=middlewares,
            client_max_size=client_max_size,
        )
        self._home: Final = resource

    @property
    def name(self) -> str | None:
        """The name of the resource."""
        return self._home.name

    def get_info(self) -> Mapping[str, object]:
        """Return what describes the resource."""
        return self._home.get_info()

    def url_for(self, **parts: object) -> URL:
        """Return the URL of the resource with ``parts`` for its variables."""
        return self._home.url_for(**parts)

    def __repr__(self) -> str:
        return f"<ResourceRoute [{self._method}] {self._home!r} -> {self._handler!r}>"


class Resource(AbstractResource):
    """A path, or with a subclass's ``tail`` a prefix, and its routes."""

    def __init__(self, path: str, *, name: str | None = None, tail: str | None = None) -> None:
        """Read ``path``; raises ``ValueError`` that has the character where it is wrong."""
        super().__init__(name=name)
        self._resource: Final[RouterResource[ResourceRoute]] = RouterResource(
            path, name=name, tail=tail
        )
        self._declared_as = path
        self._matcher: Matcher[ResourceRoute] | None = None

    @property
    def canonical(self) -> str:
        """The path with its variables in braces, without their patterns."""
        return self._resource.canonical

    @property
    def _routes(self) -> "list[ResourceRoute]":
        """The routes as a list, by the name that add-ons know."""
        return [route.handler for route in self._resource]

    def add_route(
        self,
        method: str,
        handler: AnyHandler,
        *,
        expect_handler: ExpectHandler | None = None,
        middlewares: Iterable[AnyMiddleware] = (),
        client_max_size: int | None = None,
    ) -> ResourceRoute:
        """Add ``handler`` for ``method`` (``*``: every other one) and return the route.

        Raises ``RuntimeError`` for a second handler of the method and once frozen, ``TypeError``
        for something that is no handler, ``ValueError`` for a method that is no token.
        """
        if not isinstance(method, str):
            raise TypeError(f"The method of {self.canonical!r} must be a str, not {method!r}")
        return self.register_route(
            ResourceRoute(
                method,
                handler,
                self,
                expect_handler=expect_handler,
                middlewares=middlewares,
                client_max_size=client_max_size,
            )
        )

    def register_route(self, route: ResourceRoute) -> ResourceRoute:
        """Add a route that was made by itself, and return it; raises like ``add_route``."""
        if not isinstance(route, ResourceRoute):
            raise TypeError(f"Instance of ResourceRoute expected, got {route!r}: see add_route()")
        if self._resource.frozen:
            raise RuntimeError(
                f"Cannot add {route.method} to {self.canonical!r}: its application has started or "
                "is part of another. Add routes before that."
            )
        self._resource.add_route(route.method, route)
        return route

    def freeze(self) -> None:
        """Refuse further routes."""
        self._resource.freeze()

    def add_prefix(self, prefix: str) -> None:
        """Put ``prefix`` before the path. Raises ``ValueError`` for one that is none."""
        if not prefix.startswith("/") or prefix.endswith("/"):
            raise ValueError(
                f"A prefix starts with `/`, does not end with it, and is longer: not {prefix!r}"
            )
        self._resource.add_prefix(prefix)
        self._declared_as = prefix + self._declared_as
        self._matcher = None

    def raw_match(self, path: str) -> bool:
        """Tell whether ``path`` is how this resource was declared."""
        return path == self._declared_as

    async def resolve(self, request: Any) -> tuple[UrlMappingMatchInfo | None, set[str]]:
        """Return the match of ``request``, or None and the methods that the path does have."""
        if self._matcher is None:
            self._matcher = Matcher([self._resource])
        found = self._matcher.match(request.method, request.raw_path.partition("?")[0])
        if isinstance(found, Match):
            return UrlMappingMatchInfo.of(found), set(self._resource.allowed)
        return None, set(found.allowed) if isinstance(found, MethodNotAllowed) else set()

    def url_for(self, **parts: object) -> URL:
        """Return the relative URL with ``parts`` for the variables.

        Raises ``KeyError`` for a missing part, and ``ValueError`` for an unknown one or a value
        that the path would not match.
        """
        return URL(self._resource.build(**parts), encoded=True)

    def get_info(self) -> Mapping[str, object]:
        """Return ``path``, or ``formatter`` and ``pattern`` for a path with variables."""
        if self._resource.pattern is None:
            return {"path": self.canonical}
        return {"formatter": self._resource.canonical, "pattern": self._resource.pattern}

    def __len__(self) -> int:
        return len(self._resource)

    def __iter__(self) -> Iterator[ResourceRoute]:
        return (route.handler for route in self._resource)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        name = "" if self._name is None else f"'{self._name}' "
        return f"<{type(self).__name__} {name} {self.canonical}>"


class PlainResource(Resource):
    """A path without variables."""

    def __init__(self, path: str, *, name: str | None = None) -> None:
        """Read ``path``; raises ``ValueError`` for one that has variables or is none."""
        super().__init__(path, name=name)
        if self._resource.variables:
            variable = self._resource.variables[0]
            raise PathError(
                f"Invalid path {path!r}: a PlainResource has no variables like {variable.name!r}. "
                "Use DynamicResource.",
                path=path,
                position=variable.position,
            )


class DynamicResource(Resource):
    """A path with variables."""

    #: A variable in a path, one with a pattern, and what one without a pattern takes.
    DYN: ClassVar[re.Pattern[str]] = re.compile(r"\{(?P<var>[_a-zA-Z][_a-zA-Z0-9]*)\}")
    DYN_WITH_RE: ClassVar[re.Pattern[str]] = re.compile(
        r"\{(?P<var>[_a-zA-Z][_a-zA-Z0-9]*):(?P<re>.+)\}"
    )
    GOOD: ClassVar[str] = r"[^{}/]+"

    def __init__(self, path: str, *, name: str | None = None) -> None:
        """Read ``path``; raises ``ValueError`` that has the character where it is wrong."""
        super().__init__(path, name=name)


class PrefixResource(Resource):
    """A prefix and everything below it; what follows it is the variable ``tail``.

    The base of resources that own a subtree, as that of a directory of files: add routes for the
    methods it answers, and it costs as little to match as any other path.
    """

    def __init__(self, prefix: str, *, name: str | None = None, tail: str = "tail") -> None:
        """Read ``prefix``, which starts with ``/``; one at its end does not matter."""
        super().__init__(prefix, name=name, tail=tail)
        self._declared_as = prefix.rstrip("/")

    @property
    def canonical(self) -> str:
        """The prefix."""
        return super().canonical.rpartition("/")[0]

    def get_info(self) -> Mapping[str, object]:
        """Return the ``prefix``."""
        return {"prefix": self.canonical}

    def raw_match(self, path: str) -> bool:  # noqa: ARG002  # the contract's
        """Return False: what is added later under this path is another resource."""
        return False


def matcher_item(resource: AbstractResource) -> Item[ResourceRoute] | None:
    """Return what a matcher has for ``resource``; None means that its ``resolve`` is asked."""
    if isinstance(resource, Resource):
        return resource._resource if type(resource).resolve is Resource.resolve else None
    make = getattr(resource, "_enclosure", None)
    if make is None:
        return None
    enclosure: Enclosure[ResourceRoute] | None = make()
    return enclosure
