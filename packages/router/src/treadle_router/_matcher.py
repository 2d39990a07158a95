"""The matcher: resources compiled into a tree, immutable.

``Matcher.match`` takes the three ways to an answer in turn, cheapest first:

1. a path without variables is one look into a table;
2. a straight walk down the tree, one segment at a time, where every step is certain;
3. the complete search of ``_tree``, for paths that have several candidates, need the whole path,
   or end in "not found" and "method not allowed".

Nothing is cached and nothing written: a matcher may be used from any number of threads. It pickles
(if the handlers do) as its resources, and is compiled again where it is loaded.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Generic, TypeVar, final

from ._enclosure import Enclosure, Item
from ._errors import UnknownNameError
from ._hosts import HostPattern
from ._quoting import decode_safe
from ._resource import ANY_METHOD, Resource, Route
from ._results import Match, MethodNotAllowed, NotFound
from ._tree import Node, build, search

__all__ = ["Matcher"]

H = TypeVar("H")


@final
class Matcher(Generic[H]):
    """What ``Router.freeze()`` returns: ``items`` compiled, and host rules asked before them."""

    __slots__ = ("_hosts", "_items", "_named", "_plain", "_resources", "_root")

    def __init__(
        self,
        items: Sequence[Item[H]],
        hosts: "Sequence[tuple[HostPattern, Matcher[H]]]" = (),
    ) -> None:
        self._items: Final = tuple(items)
        self._resources: Final = tuple(i for i in self._items if not isinstance(i, Enclosure))
        self._hosts: Final = tuple(hosts)
        self._named: Final = {r.name: r for r in self._resources if r.name is not None}
        self._root, self._plain = build(self._items)

    def match(
        self, method: str, path: str, *, host: str | None = None
    ) -> Match[H] | NotFound | MethodNotAllowed:
        """Return the route for ``method`` and ``path``, or a value that says why there is none.

        ``path`` is the percent-encoded path of the request target, without query; a path that does
        not start with ``/`` is not found. ``method`` is compared as it is (RFC 9110, section 9.1:
        methods are case-sensitive). ``host`` is the Host field, with or without port; it matters
        only where host rules were added. Nothing is raised for what a peer may send.
        """
        if self._hosts and host is not None:
            for pattern, matcher in self._hosts:
                if pattern.match(host):
                    return matcher.match(method, path)
        entry = self._plain.get(path)
        while entry is not None:
            route = entry.by_method.get(method) or entry.by_method.get(ANY_METHOD)
            if route is not None:
                return Match(route, route.handler, {}, {})
            entry = entry.following
        if "%" in path:
            path = decode_safe(path)
        segments = path.split("/")
        # Braces make a value that a variable does not take, ``%`` one that is still to be decoded.
        if "{" not in path and "}" not in path and "%" not in path:
            match = _walk(self._root, method, segments)
            if match is not None:
                return match
        return search(self._root, method, path, segments)

    def url_for(self, name: str, /, **params: object) -> str:
        """Return the path of the resource called ``name``; see ``Router.url_for``."""
        resource = self._named.get(name)
        if resource is None:
            raise unknown_name(name, self._named)
        return resource.build(**params)

    def resources(self) -> tuple[Resource[H], ...]:
        """Return the resources, in the order they were added."""
        return self._resources

    def routes(self) -> Iterator[Route[H]]:
        """Return an iterator over the routes of all resources."""
        for resource in self._resources:
            yield from resource.routes

    def named_resources(self) -> Mapping[str, Resource[H]]:
        """Return a read-only mapping of names to resources."""
        return MappingProxyType(self._named)

    def enclosures(self) -> tuple[Enclosure[H], ...]:
        """Return what was enclosed, in that order."""
        return tuple(item for item in self._items if isinstance(item, Enclosure))

    def hosts(self) -> "tuple[tuple[HostPattern, Matcher[H]], ...]":
        """Return the host rules and what answers for them, in the order they are asked."""
        return self._hosts

    def __reduce__(self) -> tuple[object, ...]:
        return Matcher, (self._items, self._hosts)

    def __repr__(self) -> str:
        return f"<Matcher of {len(self._resources)} resources>"


def _walk(node: Node[H], method: str, segments: list[str]) -> Match[H] | None:
    """Return the match if every step to it is certain, else None: ``search`` will tell."""
    for segment in segments:
        literals = node.literals
        if segment in literals:
            node = literals[segment]
            continue
        check = node.check
        if not segment if check is None else not check(segment):
            return None
        variable = node.variable
        if variable is None:
            return None
        node = variable
    entry = node.entry
    while entry is not None:
        route = entry.by_method.get(method) or entry.by_method.get(ANY_METHOD)
        if route is not None:
            return entry.take(route, segments)
        entry = entry.following
    return None


def unknown_name(name: str, named: Mapping[str, object]) -> UnknownNameError:
    """Return the error for a name that no resource has, with the names that come close."""
    from difflib import get_close_matches

    near = get_close_matches(str(name), named, 3)
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else "Pass name= to name it."
    return UnknownNameError(f"No resource is named {name!r}. {hint}", name)
