"""The matcher: resources compiled into an immutable tree.

``Matcher.match`` tries three ways, the cheapest first:

1. a table of the paths without variables;
2. the straight walk of ``_straight``, one segment at a time, as long as every step is certain;
3. the complete search of ``_tree``, for paths with several candidates, for patterns that need the
   whole path, and for "not found" and "method not allowed".

The search alone gives every answer; the first two ways are there for speed, which
``tools/bench/bench_router.py`` measures. A match changes nothing, so a matcher may be used from any
number of threads. It is pickled (if the handlers can be) as its resources, and compiled again when
it is loaded.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Generic, TypeVar, final

from ._enclosure import Enclosure, Item
from ._errors import UnknownNameError
from ._hosts import HostPattern
from ._methods import ANY_METHOD
from ._quoting import decode_safe
from ._resource import Resource, Route
from ._results import Match, MethodNotAllowed, NotFound, new_match
from ._straight import straighten
from ._tree import Entry, build, search

__all__ = ["Matcher", "unknown_name"]

H = TypeVar("H")


@final
class Matcher(Generic[H]):
    """A compiled router: ``items``, and host rules that are asked before them."""

    __slots__ = ("_hosts", "_items", "_named", "_plain", "_resources", "_root", "_start")

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
        self._start: Final = straighten(self._root)

    def match(
        self, method: str, path: str, *, host: str | None = None
    ) -> Match[H] | NotFound | MethodNotAllowed:
        """Return the match for ``method`` and ``path``, or a value that says why none was found.

        ``path`` is the percent-encoded path of the request target, without query; a path that does
        not start with ``/`` is not found. ``method`` is compared as it is (RFC 9110, section 9.1:
        methods are case-sensitive). ``host`` is the Host field, with or without port; only host
        rules use it. Nothing that a peer may send raises an exception.
        """
        if host is not None and self._hosts:
            for pattern, matcher in self._hosts:
                texts = pattern.read(host)
                if texts is not None and (values := pattern.convert(texts)) is not None:
                    found = matcher.match(method, path)
                    if values and isinstance(found, Match):
                        _add_values(found, values, texts)
                    return found
        plain = self._plain
        if path in plain:
            entry: Entry[H] | None = plain[path]
            while entry is not None:
                route = entry.by_method.get(method) or entry.by_method.get(ANY_METHOD)
                if route is not None:
                    none: dict[str, str] = {}
                    return new_match(route, none, none)
                entry = entry.following
        elif "%" in path or "{" in path or "}" in path:
            return self._match_unusual(method, path)
        segments = path.split("/")
        # The straight walk. No variable takes braces and no segment is decoded: see above.
        step = self._start
        texts = {}
        for segment in segments:
            literals = step.literals
            if literals is not None and segment in literals:
                step = literals[segment]
                continue
            check = step.check
            if not segment if check is None else not check(segment):
                break
            texts[step.name] = segment
            step = step.variable
        else:
            route = step.route if step.method == method else step.routes.get(method)
            if route is not None:
                # ``new_match``, without the call.
                match: Match[H] = Match()
                match.route = route
                match.handler = route.handler
                match.params = match.raw_params = texts  # type: ignore[assignment]  # see there
                return match
            if step.entry is not None and (taken := step.entry.take(method, segments, texts)):
                return taken
        return search(self._root, method, path, segments, self.match)

    def _match_unusual(self, method: str, path: str) -> Match[H] | NotFound | MethodNotAllowed:
        """Match a path with escapes or braces."""
        decoded = decode_safe(path)
        if "%" in decoded or "{" in decoded or "}" in decoded:
            return search(self._root, method, decoded, decoded.split("/"), self.match)
        return self.match(method, decoded)

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
        """Return the enclosures, in the order they were added."""
        return tuple(item for item in self._items if isinstance(item, Enclosure))

    def hosts(self) -> "tuple[tuple[HostPattern, Matcher[H]], ...]":
        """Return the host rules and their matchers, in the order in which they are asked."""
        return self._hosts

    def __reduce__(self) -> tuple[object, ...]:
        return Matcher, (self._items, self._hosts)

    def __repr__(self) -> str:
        return f"<Matcher of {len(self._resources)} resources>"


def _add_values(match: Match[H], values: Mapping[str, object], texts: Mapping[str, str]) -> None:
    """Put the variables of a host rule before those of the path."""
    match.params = {**values, **match.params}
    match.raw_params = {**texts, **match.raw_params}


def unknown_name(name: str, named: Mapping[str, object]) -> UnknownNameError:
    """Return the error for an unknown name, with the closest known names."""
    from difflib import get_close_matches

    near = get_close_matches(str(name), named, 3)
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else "Pass name= to name it."
    return UnknownNameError(f"No resource is named {name!r}. {hint}", name)
