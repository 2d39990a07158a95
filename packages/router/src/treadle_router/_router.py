"""Router and Group: declare resources and routes, compose them, match paths and build URLs.

A ``Router`` is the list of resources in the order of registration, and their names. The matcher
(see ``_matcher``) is compiled on first use, and again after resources were added;
``Router.freeze`` refuses further changes. A ``Group`` declares into a router under a prefix.

Declare from one thread. The matcher that ``freeze()`` returns may be used from any number of
threads. To add routes while serving, add them to a ``copy()``, freeze it, and match with the new
matcher.
"""

import keyword
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar, final

from ._converters import CONVERTERS, Converter, checked_converters
from ._enclosure import Enclosure, Item
from ._errors import (
    FrozenError,
    HostError,
    PathError,
    ResourceNameError,
    ResourceNameTypeError,
)
from ._hosts import HostPattern
from ._matcher import Matcher
from ._pattern import advise_on_prefix
from ._resource import Resource, Route
from ._results import Match, MethodNotAllowed, NotFound
from ._shortcuts import MethodShortcuts

if TYPE_CHECKING:
    from ._conflicts import Conflict

__all__ = ["Group", "Router", "check_prefix", "check_resource_name"]

H = TypeVar("H")

_NAME_SEPARATOR: Final = re.compile("[.:-]")


@final
class Router(MethodShortcuts[H]):
    """Resources and routes, and the matcher compiled from them. ``H`` is the type of handlers.

    Order of dispatch: of all resources that match a path, those with more leading fixed segments
    come first, then those added first. A resource that matches but has no route for the method is
    skipped; if none is left, the result has the methods of all resources that matched.
    """

    __slots__ = (
        "_accept",
        "_converters",
        "_enclosed",
        "_frozen",
        "_holders",
        "_hosts",
        "_items",
        "_matcher",
        "_named",
    )

    def __init__(
        self,
        *,
        converters: Mapping[str, Converter[object]] | None = None,
        accept: Callable[[H], bool] | None = None,
    ) -> None:
        """Make an empty router.

        ``converters`` adds converters for paths, by name, to those of this package; a name of this
        package is replaced. ``accept`` returns True for a handler that may be stored (for example
        ``accept=callable``); by default every handler except None may. Raises ``TypeError`` and
        ``ValueError`` for a bad converter or name.
        """
        self._converters: Final = {**CONVERTERS, **checked_converters(converters or {})}
        self._accept: Final = accept
        self._items: list[Item[H]] = []
        self._enclosed: list[Router[H]] = []
        self._named: dict[str, Resource[H]] = {}
        # Holders of all names, also of those that were only reserved.
        self._holders: dict[str, object] = {}
        self._hosts: list[tuple[HostPattern, Router[H]]] = []
        self._frozen = False
        self._matcher: Matcher[H] | None = None

    @property
    def converters(self) -> Mapping[str, Converter[object]]:
        """The converters that paths are parsed with, read-only."""
        return MappingProxyType(self._converters)

    # Declaring

    def add_resource(
        self, path: str, *, name: str | None = None, build_only: bool = False
    ) -> Resource[H]:
        """Return the resource for ``path``: the last one added if it is the same, or a new one.

        Consecutive additions of an equal path and name make one resource, so that its routes are
        looked up together. ``name`` is for ``url_for``: identifiers joined by ``.``, ``:`` or
        ``-``. With ``build_only`` the resource is never matched: ``url_for`` builds the path of
        something that another program serves. Raises ``PathError``, ``ResourceNameError`` and
        ``FrozenError``.
        """
        last = self._items[-1] if self._items else None
        if (
            isinstance(last, Resource)
            and last.path == path
            and last.name == name
            and last.build_only == build_only
            and not last.is_prefix
        ):
            self._check_not_frozen(path)
            return last
        return self.register_resource(
            Resource(
                path,
                name=name,
                converters=self._converters,
                accept=self._accept,
                build_only=build_only,
            )
        )

    def add_prefix(
        self, prefix: str, *, name: str | None = None, tail: str = "tail"
    ) -> Resource[H]:
        """Return a new resource for ``prefix`` and everything below it.

        The variable ``tail`` has the text behind the slash after the prefix; it is empty for the
        bare prefix. The resource is ordered like one with the path ``prefix``. Raises like
        ``add_resource``.
        """
        return self.register_resource(
            Resource(prefix, name=name, tail=tail, converters=self._converters, accept=self._accept)
        )

    def register_resource(self, resource: Resource[H]) -> Resource[H]:
        """Add a resource that was made without the router, and return it.

        Raises ``ResourceNameError`` and ``FrozenError``.
        """
        self._check_not_frozen(resource.path)
        self.reserve_name(resource.name, resource, resource.path)
        if resource.name is not None:
            self._named[resource.name] = resource
        self._items.append(resource)
        self._matcher = None
        return resource

    def register_enclosure(self, enclosure: Enclosure[H]) -> Enclosure[H]:
        """Add an enclosure that was made without the router, and return it.

        Its items are not changed: put prefixes before them where they come from. ``enclose`` does
        that for a router. Raises ``FrozenError``.
        """
        self._check_not_frozen(enclosure.prefix)
        self._items.append(enclosure)
        self._matcher = None
        return enclosure

    def reserve_name(self, name: str | None, holder: object, path: str) -> None:
        """Reserve ``name`` for ``holder``, so that no resource takes it; None reserves nothing.

        For objects that share names with the resources but are not matched by this router.
        ``path`` is where ``holder`` stands, for error messages. Raises ``ResourceNameError`` for a
        malformed or taken name, and ``FrozenError``.
        """
        self._check_not_frozen(path)
        if name is None:
            return
        check_resource_name(name)
        existing = self._holders.get(name)
        if existing is not None:
            raise ResourceNameError(
                f"Duplicate {name!r}, already handled by {existing!r}: {path!r} needs a name of "
                "its own, or must be an equal path right behind it.",
                name,
                existing,
            )
        self._holders[name] = holder

    # Composing

    def group(self, prefix: str, *, name: str | None = None) -> "Group[H]":
        """Return a ``Group`` that declares into this router under ``prefix``.

        ``name`` is put before the names of its resources, with a dot. Raises ``PathError``.
        """
        return Group(self, prefix, name)

    def mount(self, prefix: str, router: "Router[H]", *, name: str | None = None) -> None:
        """Add copies of all resources of ``router`` under ``prefix``, in their order, at the end.

        ``router`` is frozen, because a route added to it later would be missing here. It may be
        mounted again elsewhere, under another ``name``, which is put before its names with a dot.
        Routers that ``router`` encloses are enclosed here too. ``prefix`` is parsed with the
        converters of this router, the paths keep those of ``router``.
        Raises ``PathError``, ``ResourceNameError``, ``FrozenError``, and ``HostError`` if
        ``router`` has host rules, which have no meaning below a prefix.
        """
        check_prefix(prefix)
        _check_no_hosts(prefix, router)
        advise_on_prefix(prefix, self._converters)
        router.freeze()
        enclosed = iter(router._enclosed)
        for item in router._items:
            if isinstance(item, Enclosure):
                inner = next(enclosed).copy()
                inner._put_before(prefix, self._converters)
                self._enclose(prefix + item.prefix, inner, item.owner)
            else:
                self.register_resource(
                    item.copy(
                        prefix=prefix,
                        name=_joined_name(name, item.name),
                        converters=self._converters,
                    )
                )

    def enclose(self, prefix: str, router: "Router[H]", *, owner: object = None) -> Enclosure[H]:
        """Let only ``router`` answer for ``prefix`` and everything below it.

        Unlike with ``mount``, a path below the prefix that ``router`` does not have is not found,
        even if a resource of this router matches it. ``NotFound`` and ``MethodNotAllowed`` then
        have the enclosure, with its ``owner``. Resources of this router with more fixed segments
        than the prefix, or with as many and added before, are asked first.

        ``router`` becomes a part of this one: the prefix is put before its paths, so that its own
        ``url_for`` makes whole paths, and it is frozen. Its names stay its own. ``prefix`` is
        parsed with the converters of this router, the paths keep those of ``router``.
        Raises like ``mount``, and ``FrozenError`` if ``router`` is frozen already.
        """
        check_prefix(prefix)
        _check_no_hosts(prefix, router)
        self._check_not_frozen(prefix)
        if router is self:
            raise PathError(
                f"A router cannot be enclosed in itself, at {prefix!r}.", path=prefix, position=0
            )
        router.prefix_with(prefix, converters=self._converters)
        return self._enclose(prefix, router, owner)

    def _enclose(self, prefix: str, router: "Router[H]", owner: object) -> Enclosure[H]:
        router.refuse_changes()
        self._enclosed.append(router)
        return self.register_enclosure(
            Enclosure(prefix, router.items, owner=owner, converters=self._converters)
        )

    def add_host(self, host: str | HostPattern, router: "Router[H]") -> HostPattern:
        """Let only ``router`` answer for a host, with the language of ``HostPattern``.

        Variables of the rule (``{tenant}.example.com``) are in the match, beside those of the path.

        Rules are asked in the order they were added, before all resources of this router. The
        first rule that matches the host decides, even if its router does not find the path.
        ``router`` is frozen, and its names stay its own. Raises ``TypeError``, ``HostError`` and
        ``FrozenError``.
        """
        pattern = host if isinstance(host, HostPattern) else HostPattern(host, self._converters)
        self._check_not_frozen(pattern.canonical)
        _check_names_differ(pattern, router.items)
        router.freeze()
        self._hosts.append((pattern, router))
        self._matcher = None
        return pattern

    def prefix_with(
        self, prefix: str, *, converters: Mapping[str, Converter[object]] | None = None
    ) -> None:
        """Put ``prefix`` before the path of every resource of this router, in place.

        ``prefix`` is parsed with ``converters`` (None: those of this router); the paths keep their
        own. Raises ``PathError`` and ``FrozenError``.
        """
        check_prefix(prefix)
        self._check_not_frozen(prefix)
        converters = self._converters if converters is None else converters
        advise_on_prefix(prefix, converters)
        self._put_before(prefix, converters)

    def _put_before(self, prefix: str, converters: Mapping[str, Converter[object]]) -> None:
        for item in self._items:
            item.add_prefix(prefix, converters=converters)
        for router in self._enclosed:
            router._put_before(prefix, converters)
        self._matcher = None

    def copy(self) -> "Router[H]":
        """Return a router with copies of the resources and routes, not frozen.

        The routers of host rules are shared: they are frozen.
        """
        copied: Router[H] = Router(converters=self._converters, accept=self._accept)
        enclosed = iter(self._enclosed)
        for item in self._items:
            if isinstance(item, Enclosure):
                copied._enclose(item.prefix, next(enclosed).copy(), item.owner)
            else:
                copied.register_resource(item.copy(name=item.name))
        for pattern, router in self._hosts:
            copied.add_host(pattern, router)
        return copied

    # Matching and building

    def match(
        self, method: str, path: str, *, host: str | None = None
    ) -> Match[H] | NotFound | MethodNotAllowed:
        """Return the route for a request; see ``Matcher.match``."""
        return (self._matcher or self._compile()).match(method, path, host=host)

    def url_for(self, name: str, /, **params: object) -> str:
        """Return the percent-encoded path of the resource called ``name``, with ``params`` in it.

        Raises ``UnknownNameError``, and what ``Resource.build`` raises.
        """
        return (self._matcher or self._compile()).url_for(name, **params)

    def freeze(self) -> Matcher[H]:
        """Refuse further changes and return the matcher: immutable, thread-safe, picklable."""
        self.refuse_changes()
        return self._matcher or self._compile()

    def refuse_changes(self) -> None:
        """Refuse further changes, like ``freeze``, without compiling the matcher."""
        if not self._frozen:
            self._frozen = True
            for resource in self.resources():
                resource.freeze()

    def conflicts(self) -> "tuple[Conflict[H], ...]":
        """Return the routes that no request can find, in the order of dispatch; () is good.

        Among them are those of the routers of host rules. For a test of the application:
        ``freeze`` does not call it, because a hidden route is no error (a mount may replace one).
        See ``_conflicts`` for what is found.
        """
        from ._conflicts import conflicts

        found = list(conflicts(self._items))
        for _, router in self._hosts:
            found += router.conflicts()
        return tuple(found)

    @property
    def frozen(self) -> bool:
        """True if changes are refused."""
        return self._frozen

    @property
    def items(self) -> Sequence[Item[H]]:
        """The live list of resources and enclosures, in the order of registration.

        Do not change it.
        """
        return self._items

    def resources(self) -> tuple[Resource[H], ...]:
        """Return the resources, in the order they were added."""
        return tuple(item for item in self._items if isinstance(item, Resource))

    def enclosures(self) -> tuple[Enclosure[H], ...]:
        """Return the enclosures, in the order they were added."""
        return tuple(item for item in self._items if isinstance(item, Enclosure))

    def routes(self) -> Iterator[Route[H]]:
        """Return an iterator over the routes of all resources."""
        for resource in self.resources():
            yield from resource.routes

    def named_resources(self) -> Mapping[str, Resource[H]]:
        """Return a read-only view of the named resources."""
        return MappingProxyType(self._named)

    def hosts(self) -> "tuple[tuple[HostPattern, Router[H]], ...]":
        """Return the host rules and their routers, in the order in which they are asked."""
        return tuple(self._hosts)

    def __repr__(self) -> str:
        return f"<Router of {len(self.resources())} resources{', frozen' * self._frozen}>"

    def _compile(self) -> Matcher[H]:
        hosts = [(pattern, router.freeze()) for pattern, router in self._hosts]
        self._matcher = Matcher(self._items, hosts)
        return self._matcher

    def _check_not_frozen(self, what: str) -> None:
        if self._frozen:
            raise FrozenError(
                f"Cannot register a resource into frozen router: {what!r} comes after freeze(). "
                "Add it to a copy() of the router and match with that."
            )


@final
class Group(MethodShortcuts[H]):
    """Declare into a router, with ``prefix`` before every path and ``name`` before every name."""

    __slots__ = ("_router", "name", "prefix")

    def __init__(self, router: Router[H], prefix: str, name: str | None = None) -> None:
        check_prefix(prefix)
        self._router: Final = router
        self.prefix: Final = prefix
        self.name: Final = name

    def add_resource(
        self, path: str, *, name: str | None = None, build_only: bool = False
    ) -> Resource[H]:
        """Return the resource for ``path`` under the prefix, like ``Router.add_resource``.

        The empty path means the prefix itself.
        """
        if path and not path.startswith("/"):
            raise PathError(
                f"Invalid path {path!r} in the group {self.prefix!r}: a path starts with `/` or is "
                "empty.",
                path=path,
                position=0,
            )
        return self._router.add_resource(
            self.prefix + path, name=_joined_name(self.name, name), build_only=build_only
        )

    def add_prefix(
        self, prefix: str, *, name: str | None = None, tail: str = "tail"
    ) -> Resource[H]:
        """Return a new resource for a prefix under this one, like ``Router.add_prefix``."""
        return self._router.add_prefix(
            self.prefix + prefix, name=_joined_name(self.name, name), tail=tail
        )

    def group(self, prefix: str, *, name: str | None = None) -> "Group[H]":
        """Return a group inside this one."""
        check_prefix(prefix)
        return Group(self._router, self.prefix + prefix, _joined_name(self.name, name or ""))

    def __repr__(self) -> str:
        return f"<Group {self.prefix} of {self._router!r}>"


def check_prefix(prefix: str) -> None:
    """Raise ``PathError`` unless ``prefix`` can stand before paths."""
    if not prefix.startswith("/") or prefix.endswith("/"):
        raise PathError(
            f"Invalid prefix {prefix!r}: it must start with `/`, must not end with `/`, and must "
            "not be empty. Write '/api'.",
            path=prefix,
            position=0 if not prefix.startswith("/") else len(prefix) - 1,
        )


def _check_no_hosts(prefix: str, router: "Router[H]") -> None:
    if router._hosts:
        raise HostError(
            f"A router with host rules cannot be mounted at {prefix!r}. Add the rules to the "
            "router around it.",
            router._hosts[0][0].canonical,
        )


def _check_names_differ(pattern: HostPattern, items: Sequence[Item[H]]) -> None:
    names = {variable.name for variable in pattern.variables}
    for item in items if names else ():
        if isinstance(item, Enclosure):
            _check_names_differ(pattern, item.items)
        elif taken := names & {variable.name for variable in item.variables}:
            raise HostError(
                f"The host {pattern.canonical!r} and the path {item.path!r} both have a variable "
                f"{min(taken)!r}. Rename one.",
                pattern.canonical,
            )


def _joined_name(outer: str | None, inner: str | None) -> str | None:
    if not outer or inner is None:
        return inner
    return f"{outer}.{inner}" if inner else outer


def check_resource_name(name: str) -> None:
    """Raise ``ResourceNameError`` unless ``name`` is identifiers joined by ``. : -``."""
    if not isinstance(name, str):
        raise ResourceNameTypeError(f"Incorrect route name {name!r}, it must be a str.", name)
    for part in _NAME_SEPARATOR.split(name):
        if keyword.iskeyword(part):
            raise ResourceNameError(
                f"Incorrect route name {name!r}, python keywords cannot be used for route name: "
                f"replace {part!r}.",
                name,
            )
        if not part.isidentifier():
            raise ResourceNameError(
                f"Incorrect route name {name!r}, the name should be a sequence of python "
                f"identifiers separated by dash, dot or colon: {part!r} is not one.",
                name,
            )
