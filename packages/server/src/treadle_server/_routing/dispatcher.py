"""The router of an application: resources in dispatch order, over ``treadle_router``'s matcher.

All resources of the framework, those of sub-applications with them, are compiled into one matcher,
so that a route of a sub-application costs what any other costs. ``Dispatcher.match`` is that
matcher's method. Three things it cannot hold, and where there is one of them, ``match`` says
``UNDECIDED`` and the application asks ``Dispatcher.resolve`` instead:

* a resource with a ``resolve`` of its own. It cuts the order of dispatch in two: what stands
  before it is one matcher, what stands behind it another (``_stages``);
* rules for hosts, which are asked before everything else;
* a ``resolve`` of the dispatcher that somebody has replaced, as instrumentation does.

Nothing is remembered of requests: paths that are not found leave nothing behind.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final, TypeVar, final

from treadle_http_parser.hdrs import METH_ANY, METH_OPTIONS
from treadle_responses import (
    HTTPException,
    HTTPMethodNotAllowed,
    HTTPNoContent,
    HTTPNotFound,
    HTTPNotImplemented,
)
from treadle_router import (
    Enclosure,
    Item,
    Match,
    Matcher,
    MethodNotAllowed,
    NotFound,
    ResourceNameError,
    check_resource_name,
    decode_safe,
)
from treadle_server._core.state import AppState

from .handlers import AnyHandler, AnyMiddleware
from .interfaces import (
    AbstractMatchInfo,
    AbstractResource,
    AbstractRoute,
    AbstractRouter,
    MatchInfoError,
    UrlMappingMatchInfo,
)
from .registrar import Declares
from .resources import DynamicResource, PlainResource, Resource, ResourceRoute, matcher_item

__all__ = ["Dispatcher", "Found", "Undecided"]

H = TypeVar("H", bound=AnyHandler)
M = TypeVar("M", bound=AnyMiddleware)


@final
class Undecided:
    """A request that ``match`` cannot tell about: ask ``resolve``."""

    __slots__ = ()


_UNDECIDED: Final = Undecided()

Found = Match[ResourceRoute] | NotFound | MethodNotAllowed | Undecided


@final
class _Stage:
    """A resource that is asked by its ``resolve``, for the paths that its fixed part leads to."""

    __slots__ = ("_prefix", "depth", "resource")

    def __init__(self, resource: AbstractResource) -> None:
        self.resource: Final = resource
        fixed = resource.canonical
        if "{" in fixed:
            fixed = fixed.partition("{")[0].rpartition("/")[0]
        self._prefix: Final = decode_safe(fixed).rstrip("/")
        self.depth: Final = self._prefix.count("/")

    def takes(self, path: str) -> bool:
        """Tell whether the safe-decoded ``path`` is the fixed part or below it."""
        return path.startswith(self._prefix + "/") or path == self._prefix


class Dispatcher(AbstractRouter, Declares[H, M], Mapping[str, AbstractResource]):
    """The resources of an application; as a mapping, the named ones by name."""

    NAME_SPLIT_RE: ClassVar[re.Pattern[str]] = re.compile("[.:-]")

    def __init__(self) -> None:
        super().__init__()
        self._resources: Final[list[AbstractResource]] = []
        self._named: Final[dict[str, AbstractResource]] = {}
        #: Whether OPTIONS is answered for paths that have no route for it.
        self.auto_options = False
        #: The hot path's way in; once compiled, the matcher's own method.
        self.match: Callable[[str, str], Found] = self._first_match
        self._stages: tuple[Matcher[ResourceRoute] | _Stage, ...] | None = None
        # The applications around what is enclosed, the outermost first, by resource or enclosure.
        self._owners: dict[object, tuple[AppState, ...]] = {}

    # Declaring

    def add_resource(self, path: str, *, name: str | None = None) -> Resource:
        """Return the resource for ``path``: the last one added, if path and name are the same.

        Raises ``ValueError`` for a bad path or name or a name that is taken, ``RuntimeError`` once
        frozen.
        """
        if not isinstance(path, str):
            raise TypeError(f"A path must be a str that starts with `/`, not {path!r}")
        last = self._resources[-1] if self._resources else None
        if isinstance(last, Resource) and last.name == name and last.raw_match(path):
            self._check_not_frozen(path)
            return last
        kind = DynamicResource if "{" in path or "}" in path else PlainResource
        resource = kind(path, name=name)
        self.register_resource(resource)
        return resource

    def register_resource(self, resource: AbstractResource) -> None:
        """Add a resource that was made by itself, of any class.

        Raises ``TypeError`` for something else, ``ValueError`` for a bad name or one that is taken,
        ``RuntimeError`` once frozen.
        """
        if not isinstance(resource, AbstractResource):
            raise TypeError(f"Instance of AbstractResource class is required, got {resource!r}")
        self._check_not_frozen(resource.canonical)
        name = resource.name
        if name is not None:
            check_resource_name(name)
            existing = self._named.get(name)
            if existing is not None:
                raise ResourceNameError(
                    f"Duplicate {name!r}, already handled by {existing!r}: "
                    f"{resource.canonical!r} needs a name of its own.",
                    name,
                    existing,
                )
            self._named[name] = resource
        self._resources.append(resource)
        self.changed()

    def _check_not_frozen(self, what: str) -> None:
        if self._frozen:
            raise RuntimeError(
                f"Cannot register a resource into frozen router: {what!r} comes after its "
                "application has started or has become part of another."
            )

    def add_prefix(self, prefix: str) -> None:
        """Put ``prefix`` before all paths: the application becomes part of another."""
        for resource in self._resources:
            resource.add_prefix(prefix)
        self.changed()

    def freeze(self) -> None:
        """Refuse further resources and routes."""
        super().freeze()
        for resource in self._resources:
            resource.freeze()
        # What somebody has replaced until now counts.
        self.changed()

    # Matching

    def changed(self) -> None:
        """Forget what was compiled."""
        self._stages = None
        self.match = self._first_match

    def _first_match(self, method: str, path: str) -> Found:
        self.compile()
        return self.match(method, path)

    def _ask_resolve(self, method: str, path: str) -> Found:  # noqa: ARG002  # as `Matcher.match`
        return _UNDECIDED

    def matcher_items(self) -> list[Item[ResourceRoute]] | None:
        """Return what stands for all resources in a matcher; None if there is no such thing."""
        if getattr(self.resolve, "__func__", None) is not _RESOLVE:
            return None
        items: list[Item[ResourceRoute]] = []
        for resource in self._resources:
            item = matcher_item(resource)
            if item is None:
                return None
            items.append(item)
        return items

    def compile(self) -> None:
        """Make ready what requests are matched with; otherwise the first one does."""
        self._owners = {}
        items = self.matcher_items()
        if items is None:
            self._stages = tuple(self._cut())
            self.match = self._ask_resolve
        else:
            matcher = Matcher(items)
            self._stages = (matcher,)
            self.match = matcher.match
        for stage in self._stages:
            if isinstance(stage, Matcher):
                self._note_owners(stage.enclosures(), ())

    def _cut(self) -> Iterator[Matcher[ResourceRoute] | _Stage]:
        """Yield the stages in the order of dispatch."""
        ordered: list[tuple[int, int, Item[ResourceRoute] | _Stage]] = []
        for index, resource in enumerate(self._resources):
            if resource._is_rule:
                continue
            item = matcher_item(resource)
            if item is None:
                stage = _Stage(resource)
                ordered.append((-stage.depth, index, stage))
            else:
                inner = item.resource if isinstance(item, Enclosure) else item
                ordered.append((-inner.path_pattern.depth, index, item))
        ordered.sort(key=lambda entry: entry[:2])
        run: list[tuple[int, Item[ResourceRoute]]] = []
        for _, index, entry in ordered:
            if not isinstance(entry, _Stage):
                run.append((index, entry))
                continue
            if run:
                # In the order of registration, which is what a matcher starts from.
                yield Matcher([item for _, item in sorted(run, key=lambda pair: pair[0])])
                run = []
            yield entry
        if run:
            yield Matcher([item for _, item in sorted(run, key=lambda pair: pair[0])])

    def _note_owners(
        self,
        enclosures: "tuple[Enclosure[ResourceRoute], ...]",
        outer: tuple[AppState, ...],
    ) -> None:
        for enclosure in enclosures:
            owner = enclosure.owner
            assert isinstance(owner, AppState)
            apps = (*outer, owner)
            self._owners[enclosure] = apps
            for item in enclosure.items:
                if isinstance(item, Enclosure):
                    self._note_owners((item,), apps)
                else:
                    self._owners[item] = apps

    def apps_of(
        self, found: Match[ResourceRoute] | NotFound | MethodNotAllowed
    ) -> tuple[AppState, ...]:
        """Return the sub-applications that what was found is in, the outermost first."""
        if not self._owners:
            return ()
        if isinstance(found, Match):
            return self._owners.get(found.route.resource, ())
        return () if found.enclosure is None else self._owners[found.enclosure]

    async def resolve(self, request: Any) -> AbstractMatchInfo:
        """Return the match of ``request``, which has the error if there is none.

        Raises nothing but what the ``resolve`` of somebody's resource raises.
        """
        # Not ``rel_url``, which would have to be made.
        method, path = request.method, request.raw_path.partition("?")[0]
        allowed: set[str] = set()
        for resource in self._resources:
            if resource._is_rule:
                info, methods = await resource.resolve(request)
                if info is not None:
                    return info
                allowed |= methods
        if self._stages is None:
            self.compile()
        assert self._stages is not None
        safe = decode_safe(path)
        for stage in self._stages:
            if isinstance(stage, Matcher):
                found = stage.match(method, path)
                if isinstance(found, Match) or found.enclosure is not None:
                    return self._info(found, method, path)
                if isinstance(found, MethodNotAllowed):
                    allowed |= found.allowed
            elif stage.takes(safe):
                info, methods = await stage.resource.resolve(request)
                if info is not None:
                    return info
                allowed |= methods
        return MatchInfoError(self.error(method, path, frozenset(allowed), ()))

    def _info(
        self, found: Match[ResourceRoute] | NotFound | MethodNotAllowed, method: str, path: str
    ) -> UrlMappingMatchInfo:
        apps = self.apps_of(found)
        if isinstance(found, Match):
            info = UrlMappingMatchInfo.of(found)
            info.is_compiled = True
        else:
            allowed = found.allowed if isinstance(found, MethodNotAllowed) else frozenset()
            info = MatchInfoError(self.error(method, path, allowed, apps))
        for app in reversed(apps):
            info.add_app(app)
        return info

    def error(
        self, method: str, path: str, allowed: frozenset[str], apps: tuple[AppState, ...]
    ) -> HTTPException:
        """Return the answer to a request without a route; ``allowed`` has its path's methods."""
        if path == "*":
            # RFC 9110 section 9.3.7: OPTIONS * asks about the server, not about a resource.
            return _options({route.method for route in self.routes()} - {METH_ANY})
        if allowed:
            if method == METH_OPTIONS and (
                self.auto_options or any(_answers_options(app) for app in apps)
            ):
                return _options(allowed)
            return HTTPMethodNotAllowed(method, allowed)
        if method == "CONNECT":
            return HTTPNotImplemented(text="501: This server is not a proxy")
        return HTTPNotFound()

    # Looking

    def resources(self) -> tuple[AbstractResource, ...]:
        """Return all resources in the order of their registration."""
        return tuple(self._resources)

    def routes(self) -> tuple[AbstractRoute, ...]:
        """Return the routes of all resources, those of sub-applications too."""
        return tuple(route for resource in self._resources for route in resource)

    def named_resources(self) -> Mapping[str, AbstractResource]:
        """Return the resources that have a name."""
        return MappingProxyType(self._named)

    def __getitem__(self, name: str) -> AbstractResource:
        return self._named[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)

    def __contains__(self, name: object) -> bool:
        return name in self._named

    def __bool__(self) -> bool:
        return True

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        return f"<{type(self).__name__} ({len(self._resources)} resources)>"


# What ``resolve`` is while nobody has replaced it.
_RESOLVE: Final = Dispatcher.resolve


def _options(methods: "set[str] | frozenset[str]") -> HTTPException:
    return HTTPNoContent(headers={"Allow": ",".join(sorted(methods | {METH_OPTIONS}))})


def _answers_options(app: AppState) -> bool:
    router = getattr(app, "router", None)
    return isinstance(router, Dispatcher) and router.auto_options
