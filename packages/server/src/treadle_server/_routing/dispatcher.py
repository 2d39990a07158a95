"""The router of an application: resources in the order of dispatch, over ``treadle_router``.

A ``Dispatcher`` has a ``treadle_router.Router``, which registers resources and names, checks them,
parses paths with the application's converters, and refuses changes once frozen. All resources of
the framework, those of sub-applications included, are compiled into one matcher, so that a route of
a sub-application costs as much as any other route. ``Dispatcher.match`` is that matcher's method.

The dispatcher adds what the matcher cannot hold. If one of these is there, ``match`` returns
``NeedsResolve`` and the application awaits ``Dispatcher.resolve`` instead:

* a resource with a ``resolve`` of its own, which cuts the order of dispatch in two
  (``_routing.stages``);
* host rules, which are asked before everything else;
* a replaced ``resolve`` of the dispatcher, as instrumentation does.

No request leaves anything behind here, so paths that are not found cannot fill the memory.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final, TypeVar

from treadle_http_parser.hdrs import METH_ANY, METH_OPTIONS
from treadle_responses import (
    HTTPException,
    HTTPMethodNotAllowed,
    HTTPNoContent,
    HTTPNotFound,
    HTTPNotImplemented,
    UnknownKeyError,
)
from treadle_router import (
    Converter,
    Enclosure,
    Item,
    Match,
    Matcher,
    MethodNotAllowed,
    NotFound,
    Router,
    decode_safe,
)
from treadle_server._core.misuse import WrongTypeError
from treadle_server._core.state import AppState

from .handlers import AnyHandler, AnyMiddleware
from .interfaces import (
    AbstractMatchInfo,
    AbstractResource,
    AbstractRoute,
    AbstractRouter,
    MatchableResource,
    MatchFunction,
    NeedsResolve,
    refer_to_resolve,
)
from .legacy import LegacyDispatcher
from .match_info import MatchInfoError, UrlMappingMatchInfo
from .registrar import RouteRegistrar
from .resources import DynamicResource, PlainResource, Resource
from .stages import ResolveStage, cut_at_resolves

__all__ = ["Dispatcher", "Found", "NeedsResolve"]

H = TypeVar("H", bound=AnyHandler)
M = TypeVar("M", bound=AnyMiddleware)


Found = Match[AbstractRoute] | NotFound | MethodNotAllowed | NeedsResolve


class Dispatcher(
    LegacyDispatcher, AbstractRouter, RouteRegistrar[H, M], Mapping[str, AbstractResource]
):
    """The resources of an application; as a mapping, the named ones by name."""

    NAME_SPLIT_RE: ClassVar[re.Pattern[str]] = re.compile("[.:-]")

    def __init__(self, *, converters: Mapping[str, Converter[object]] | None = None) -> None:
        """Make an empty router; ``converters`` adds path converters by name.

        Raises ``TypeError`` and ``ValueError`` for a bad converter or name.
        """
        super().__init__()
        # For names and converters; it matches nothing.
        self._router: Router[AbstractRoute] = Router(converters=converters)
        # All resources in the order of registration, and those that requests may find.
        self._registered: list[AbstractResource] = []
        self._indexed: Final[list[AbstractResource]] = []
        # The matcher of this router, or of a router around it, is compiled from these.
        self._items: Final[list[Item[AbstractRoute]]] = []
        self._named: dict[str, AbstractResource] = {}
        #: True if OPTIONS is answered for paths that have no route for it.
        self.auto_options = False
        #: The entry of the hot path; once compiled, the matcher's own method.
        self.match: MatchFunction = self._first_match
        #: Called when other resources are to be found, for routers around this one.
        self.on_change: Final[list[Callable[[], None]]] = []
        self._stages: tuple[Matcher[AbstractRoute] | ResolveStage, ...] | None = None
        # The applications around an enclosed resource or enclosure, the outermost first.
        self._owners: dict[object, tuple[AppState, ...]] = {}

    @property
    def converters(self) -> Mapping[str, Converter[object]]:
        """The converters that paths are parsed with, read-only."""
        return self._router.converters

    # Declaring

    def add_resource(self, path: str, *, name: str | None = None) -> Resource:
        """Return the resource for ``path``: the last one added, if path and name are the same.

        Raises ``ValueError`` for a bad path or name or a name that is taken, ``RuntimeError`` once
        frozen.
        """
        if not isinstance(path, str):
            raise TypeError(f"A path must be a str that starts with `/`, not {path!r}")
        last = self._registered[-1] if self._registered else None
        if isinstance(last, Resource) and last.name == name and last.raw_match(path):
            self._check_not_frozen(path)
            return last
        kind = DynamicResource if "{" in path or "}" in path else PlainResource
        resource = kind(path, name=name, converters=self._router.converters)
        self.register_resource(resource)
        return resource

    def register_resource(self, resource: AbstractResource) -> None:
        """Add a resource of any class that was made without the router.

        Raises ``TypeError`` for anything else, ``ValueError`` for a bad name or one that is taken,
        ``RuntimeError`` once frozen.
        """
        if not isinstance(resource, AbstractResource):
            raise WrongTypeError(
                f"Instance of AbstractResource class is required, got {resource!r}"
            )
        self._check_not_frozen(resource.canonical)
        # For all of them in the router: it cannot see the names of resources of other classes.
        self._router.reserve_name(resource.name, resource, resource.canonical)
        if resource.name is not None:
            self._named[resource.name] = resource
        self._registered.append(resource)
        self.index_resource(resource)

    def index_resource(self, resource: AbstractResource) -> None:
        """Let requests find ``resource``, which ``unindex_resource`` has removed."""
        self._indexed.append(resource)
        item = resource.matcher_item() if isinstance(resource, MatchableResource) else None
        if item is not None:
            self._items.append(item)
        self.changed()

    def unindex_resource(self, resource: AbstractResource) -> None:
        """Let no request find ``resource``; it stays among ``resources()``.

        Raises ``ValueError`` if no request finds it already.
        """
        kept = list(self._indexed)
        kept.remove(resource)
        self._reindex(kept)

    def reset(
        self, resources: Iterable[AbstractResource], names: Mapping[str, AbstractResource]
    ) -> None:
        """Have these resources and names instead of all others."""
        self._registered, self._named = list(resources), dict(names)
        self._router = Router(converters=self._router.converters)
        for name, resource in self._named.items():
            self._router.reserve_name(name, resource, resource.canonical)
        self._reindex(self._registered)

    def _reindex(self, resources: Iterable[AbstractResource]) -> None:
        resources = tuple(resources)
        self._indexed.clear()
        self._items.clear()
        for resource in resources:
            self.index_resource(resource)
        self.changed()

    def _check_not_frozen(self, what: str) -> None:
        if self._frozen:
            raise RuntimeError(
                f"Cannot register a resource into frozen router: {what!r} comes after its "
                "application has started or has become part of another."
            )

    def add_prefix(
        self, prefix: str, *, converters: Mapping[str, Converter[object]] | None = None
    ) -> None:
        """Put ``prefix`` before all paths: the application becomes part of another.

        ``prefix`` is parsed with ``converters`` (None: those of this router).
        """
        known = self._router.converters if converters is None else converters
        for resource in self._registered:
            # Converters matter to a typed variable only; a class of an add-on need not take them.
            if "!" in prefix and isinstance(resource, MatchableResource):
                resource.add_prefix(prefix, converters=known)
            else:
                resource.add_prefix(prefix)
        self.changed()

    def freeze(self) -> None:
        """Refuse further resources and routes."""
        super().freeze()
        for resource in self._registered:
            resource.freeze()
        # A ``resolve`` that was replaced until now counts.
        self.changed()

    # Matching

    def changed(self) -> None:
        """Forget the compiled matcher."""
        self._stages = None
        self.match = self._first_match
        for call in self.on_change:
            call()

    def _first_match(self, method: str, path: str) -> Found:
        self.compile()
        return self.match(method, path)

    @property
    def matcher_items(self) -> Sequence[Item[AbstractRoute]]:
        """The live items of the router; the whole router only if not ``needs_resolve``."""
        return self._items

    @property
    def needs_resolve(self) -> bool:
        """True if the router's items do not tell every answer, so that ``resolve`` is asked."""
        return getattr(self.resolve, "__func__", None) is not _RESOLVE or not all(
            isinstance(resource, MatchableResource) and not resource.needs_resolve
            for resource in self._indexed
        )

    def compile(self) -> None:
        """Compile the matcher now; otherwise the first request does it."""
        self._owners = {}
        if self.needs_resolve:
            self._stages = tuple(cut_at_resolves(self._indexed))
            self.match = refer_to_resolve
        else:
            matcher = Matcher(self._items)
            self._stages = (matcher,)
            self.match = matcher.match
        for stage in self._stages:
            if isinstance(stage, Matcher):
                self._note_owners(stage.enclosures(), ())

    def _note_owners(
        self,
        enclosures: "tuple[Enclosure[AbstractRoute], ...]",
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
        self, found: Match[AbstractRoute] | NotFound | MethodNotAllowed
    ) -> tuple[AppState, ...]:
        """Return the sub-applications around the route or enclosure, the outermost first."""
        if not self._owners:
            return ()
        if isinstance(found, Match):
            return self._owners.get(found.route.resource, ())
        return () if found.enclosure is None else self._owners[found.enclosure]

    async def resolve(self, request: Any) -> AbstractMatchInfo:
        """Return the match info of ``request``; without a match it has the 404 or 405.

        Raises only what the ``resolve`` of an add-on's resource raises.
        """
        # ``rel_url`` has the path too, but would have to be built.
        method, path = request.method, request.raw_path.partition("?")[0]
        allowed: set[str] = set()
        for resource in self._indexed:
            if resource.is_rule:
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
        self, found: Match[AbstractRoute] | NotFound | MethodNotAllowed, method: str, path: str
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
        """Return the error for a request without a route; ``allowed`` has its path's methods."""
        if path == "*":
            # RFC 9110 section 9.3.7: "OPTIONS *" asks about the server, not about a resource.
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

    # Introspection

    def resources(self) -> tuple[AbstractResource, ...]:
        """Return all resources in the order of registration."""
        return tuple(self._registered)

    def routes(self) -> tuple[AbstractRoute, ...]:
        """Return the routes of all resources, those of sub-applications included."""
        return tuple(route for resource in self._registered for route in resource)

    def named_resources(self) -> Mapping[str, AbstractResource]:
        """Return the resources that have a name."""
        return MappingProxyType(self._named)

    def __getitem__(self, name: str) -> AbstractResource:
        try:
            return self._named[name]
        except KeyError:
            raise UnknownKeyError(name, "the router, by name,", self._named) from None

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
        return f"<{type(self).__name__} ({len(self._registered)} resources)>"


# The ``resolve`` of a dispatcher that was not replaced.
_RESOLVE: Final = Dispatcher.resolve


def _options(methods: "set[str] | frozenset[str]") -> HTTPException:
    return HTTPNoContent(headers={"Allow": ",".join(sorted(methods | {METH_OPTIONS}))})


def _answers_options(app: AppState) -> bool:
    router = getattr(app, "router", None)
    return isinstance(router, Dispatcher) and router.auto_options
