"""The tree that resources are compiled into, and its complete search.

The order of dispatch is defined linearly: of all resources that match a path, the ones with more
leading fixed segments come first, then the ones registered first. ``build`` numbers the
resources in this order; the number is the *rank*, and the answer is always the matching entry of
the lowest rank that has the method.

A node stands for the segments consumed so far::

    /users/me            root --"users"--> (1) --"me"-----> ends
    /users/{id}                             |  --{ }------> ends, variable "id"
    /users/{id}/{tail:.*}                                     `- tails: the tail

An enclosure takes the place of one resource in this order. Its items are numbered there, in their
own order, and behind them comes its *boundary*: an entry without routes that matches the prefix
and everything below it. If the boundary is the match of the lowest rank, nothing was found.

``ends`` are the entries that match if the path ends here. ``tails`` are the entries that must look
at the whole path: tails, prefixes, and patterns whose expression may match a slash.

``search`` visits every node that the path can lead to, with an explicit stack: at most as many
steps as the tree has nodes, whatever the path, and no node twice. Most paths do not need it:
``_straight`` makes a smaller tree for them.
"""

from collections.abc import Callable, Iterator, Sequence
from sys import maxsize
from typing import Final, Generic, TypeVar, final

from ._converters import NO_VALUE, Converter
from ._enclosure import Enclosure, Item
from ._methods import ANY_METHOD
from ._quoting import decode_value
from ._resource import Resource, Route
from ._results import Match, MethodNotAllowed, NotFound, new_match, not_found
from ._segments import Literal, Mixed, Tail, Whole

__all__ = ["NEVER", "Entry", "Node", "build", "search"]

H = TypeVar("H")

#: Behind every rank.
NEVER: Final = maxsize


@final
class Entry(Generic[H]):
    """One resource in the tree, prepared for matching."""

    __slots__ = (
        "by_method",
        "converters",
        "enclosure",
        "following",
        "is_boundary",
        "rank",
        "renamed",
        "resource",
        "slots",
    )

    def __init__(
        self, resource: Resource[H], rank: int, enclosure: Enclosure[H] | None = None
    ) -> None:
        pattern = resource.path_pattern
        # The enclosure that it is in or whose boundary it is.
        self.enclosure: Final = enclosure
        self.is_boundary: Final = enclosure is not None and enclosure.resource is resource
        self.resource: Final = resource
        self.rank: Final = rank
        # The resource's own table, so that routes added later are found.
        self.by_method: Final[dict[str, Route[H]]] = resource.by_method
        self.converters: Final[tuple[tuple[str, Converter[object]], ...]] = tuple(
            (variable.name, variable.converter)
            for variable in pattern.variables
            if variable.converter is not None
        )
        # The next entry for the same paths, if that is certain; tried for methods missing here.
        self.following: Entry[H] | None = None
        # Names and segment numbers of the variables, if each has a segment of its own; else None.
        self.slots: Final[tuple[tuple[str, int], ...] | None] = (
            None
            if pattern.segments is None
            or any(isinstance(segment, (Mixed, Tail)) for segment in pattern.segments)
            else tuple(
                (segment.names[0], index)
                for index, segment in enumerate(pattern.segments, 1)
                if isinstance(segment, Whole)
            )
        )
        # True if the straight walk has other names for its variables.
        self.renamed = False

    def take(self, method: str, segments: list[str], texts: dict[str, str]) -> Match[H] | None:
        """Return the match of this entry or of one that follows it, if that is certain.

        The straight walk has checked ``segments``, which have no escapes, and has noted ``texts``.
        """
        entry: Entry[H] | None = self
        while entry is not None:
            route = entry.by_method.get(method) or entry.by_method.get(ANY_METHOD)
            if route is not None:
                if entry.slots is None:
                    return None
                if entry.renamed:
                    texts = {name: segments[index] for name, index in entry.slots}
                params = entry.convert(texts) if entry.converters else texts
                return None if params is None else new_match(route, params, texts)
            entry = entry.following
        return None

    def read(self, path: str, segments: list[str]) -> dict[str, str] | None:
        """Return the decoded text of the variables, or None if the pattern does not match."""
        if self.slots is not None:  # each segment was checked on the way to this entry
            return {name: decode_value(segments[index]) for name, index in self.slots}
        pattern = self.resource.path_pattern
        if pattern.segments is None:
            return pattern.match_whole(path)
        return pattern.match_segments(segments)

    def convert(self, raw: dict[str, str]) -> dict[str, object] | None:
        """Return the values for the texts, or None if a converter refuses one."""
        params: dict[str, object] = {**raw}
        for name, converter in self.converters:
            try:
                params[name] = converter.parse(raw[name])
            except NO_VALUE:
                return None
        return params


@final
class Node(Generic[H]):
    """The state of a search after some segments of a path."""

    __slots__ = ("ends", "literals", "rank", "tails", "variables")

    def __init__(self) -> None:
        self.literals: dict[str, Node[H]] = {}
        self.variables: list[tuple[Whole | Mixed, Node[H]]] = []
        self.ends: list[Entry[H]] = []  # lowest rank first
        self.tails: list[Entry[H]] = []  # lowest rank first
        self.rank = NEVER  # the lowest rank at or below this node


# A place in the order of dispatch. For each enclosure around the item and for the item itself: its
# number of fixed segments (negative, as more come first), and its number in order of registration.
_Key = tuple[tuple[int, int], ...]
# Sorts behind the places of all items, whose first number is not positive.
_BEHIND: Final = (1, 0)


def _places(
    items: Sequence[Item[H]], outer: _Key, enclosure: Enclosure[H] | None
) -> Iterator[tuple[_Key, Resource[H], Enclosure[H] | None]]:
    """Yield the resources that may match with their places and enclosures."""
    for index, item in enumerate(items):
        resource = item.resource if isinstance(item, Enclosure) else item
        key = (*outer, (-resource.path_pattern.depth, index))
        if isinstance(item, Enclosure):
            yield from _places(item.items, key, item)
            yield (*key, _BEHIND), resource, item
        elif not resource.build_only:
            yield key, resource, enclosure


def _place(placed: tuple[_Key, object, object]) -> _Key:
    return placed[0]


def build(items: Sequence[Item[H]]) -> tuple[Node[H], dict[str, Entry[H]]]:
    """Compile ``items``, in order of registration, into a tree and a table of plain paths.

    The table has each path without variables for which its own resource ranks lowest.
    """
    root: Node[H] = Node()
    plain: dict[str, Entry[H]] = {}
    order = sorted(_places(items, (), None), key=_place)
    children: dict[tuple[int, object], Node[H]] = {}
    for rank, (_, resource, enclosure) in enumerate(order):
        entry = Entry(resource, rank, enclosure)
        _insert(root, entry, children)
        text = resource.path_pattern.text
        if text is not None:
            plain.setdefault(text, entry)
    table = {text: entry for text, entry in plain.items() if _is_first(root, text, entry)}
    return root, table


def _insert(root: Node[H], entry: Entry[H], children: dict[tuple[int, object], Node[H]]) -> None:
    """Add ``entry``. Entries come in the order of their ranks, so lists stay sorted."""
    pattern = entry.resource.path_pattern
    node = _literal_child(root, "")  # the text before the first slash
    root.rank = min(root.rank, entry.rank)
    for segment in pattern.head:
        node.rank = min(node.rank, entry.rank)
        if isinstance(segment, Tail):
            break
        if isinstance(segment, Literal):
            node = _literal_child(node, segment.text)
            continue
        key = (id(node), segment.key)
        child = children.get(key)
        if child is None:
            child = children[key] = Node()
            node.variables.append((segment, child))
        node = child
    node.rank = min(node.rank, entry.rank)
    if pattern.segments is None or any(isinstance(s, Tail) for s in pattern.segments):
        node.tails.append(entry)
    else:
        node.ends.append(entry)


def _literal_child(node: Node[H], text: str) -> Node[H]:
    child = node.literals.get(text)
    if child is None:
        child = node.literals[text] = Node()
    return child


def _is_first(root: Node[H], path: str, entry: Entry[H]) -> bool:
    """Return True if no other resource comes before the plain ``entry`` for ``path``.

    Only a resource of the same depth could: a prefix, or one with a variable that may be empty or
    starts after the slash that ends this path. ``_visit`` finds it, without regard to methods.
    """
    found: _Found[H] = _Found(None)
    _visit(root, path, path.split("/"), found)
    return found.rank == entry.rank


@final
class _Found(Generic[H]):
    """The best answer of a search so far; with ``method`` None, routes do not matter."""

    __slots__ = ("allowed", "enclosure", "match", "method", "rank")

    def __init__(self, method: str | None) -> None:
        self.method: Final = method
        self.match: Match[H] | None = None
        self.rank = NEVER
        # Set if the boundary of an enclosure is the answer; entries that rank behind do not count.
        self.enclosure: Enclosure[H] | None = None
        self.allowed: dict[Enclosure[H] | None, set[str]] = {}

    def offer(self, entry: Entry[H], path: str, segments: list[str]) -> None:
        """Take ``entry`` if it matches and ranks lower than the answer so far."""
        if entry.rank >= self.rank or (raw := entry.read(path, segments)) is None:
            return
        params = entry.convert(raw)
        if params is None:
            return
        if self.method is None:
            self.rank = entry.rank
            return
        if entry.is_boundary:
            self.rank = entry.rank
            self.match = None
            self.enclosure = entry.enclosure
            return
        route = entry.by_method.get(self.method) or entry.by_method.get(ANY_METHOD)
        if route is None:
            self.allowed.setdefault(entry.enclosure, set()).update(entry.by_method)
            return
        self.rank = entry.rank
        self.match = new_match(route, params, raw)


def search(
    root: Node[H],
    method: str,
    path: str,
    segments: list[str],
    match: Callable[[str, str], object] | None = None,
) -> Match[H] | NotFound | MethodNotAllowed:
    """Return the answer for a safe-decoded ``path`` and the ``segments`` between its slashes.

    ``match`` is for ``NotFound.redirect``: the matcher's.
    """
    found: _Found[H] = _Found(method)
    _visit(root, path, segments, found)
    if found.match is not None:
        return found.match
    enclosure = found.enclosure
    allowed = found.allowed.get(enclosure)
    if allowed:
        return MethodNotAllowed(frozenset(allowed), enclosure)
    return NotFound(enclosure) if match is None else not_found(enclosure, match, method, path)


def _visit(root: Node[H], path: str, segments: list[str], found: _Found[H]) -> None:
    stack = [(root, 0)]
    while stack:
        node, index = stack.pop()
        if node.rank >= found.rank:
            continue
        for entry in node.tails:
            found.offer(entry, path, segments)
        if index == len(segments):
            for entry in node.ends:
                found.offer(entry, path, segments)
            continue
        segment = segments[index]
        for variable, child in node.variables:
            if variable.read(segment) is not None:
                stack.append((child, index + 1))
        literal = node.literals.get(segment)
        if literal is not None:
            stack.append((literal, index + 1))
