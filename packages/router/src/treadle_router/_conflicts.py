"""Shadowed routes: those that no request can find, because another one comes before them.

A route is hidden if a resource of lower rank matches every path of its resource and has a route for
its method. ``conflicts`` walks the tree once for each resource, with the segments of its pattern in
place of those of a path: into each child that takes every text of the segment. So it costs about as
much as matching each route once, and not a comparison of all pairs.

It reports what is certain. That one expression matches everything that another one matches cannot
be told in general: it is known for equal expressions, for ``{name}``, which takes every text of a
segment, and for fixed text, which an expression is tried on. A route that only several others
together hide is not found. Line feeds in a path, which ``.`` does not match, are left out of this.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, Generic, TypeVar, final

from ._converters import NO_VALUE, Converter, refuses_nothing
from ._enclosure import Enclosure, Item
from ._methods import ANY_METHOD
from ._pattern import PathPattern
from ._quoting import decode_value
from ._resource import Resource, Route
from ._segments import (
    DEFAULT_REGEX,
    Literal,
    Mixed,
    Segment,
    Tail,
    Whole,
    stays_in_segment,
)
from ._tree import Entry, Node, build

__all__ = ["Conflict", "conflicts"]

H = TypeVar("H")

_QUANTIFIER: Final = re.compile(r"\{(?:[0-9]+,?[0-9]*|,[0-9]+)\}")
# What may have a brace among the texts that it matches: an escape, or inside of brackets.
_BRACES: Final = re.compile(r"\\[\[\]{}]|\[\^|\[[^\]]*[{}]")
_GROUP: Final = re.compile(r"\(\?P<\w+>")


@final
class Conflict(Generic[H]):
    """A route that no request can find.

    ``hidden`` is the route, ``by`` the route or the enclosure that comes before it, and ``why`` a
    sentence with the reason and the fix.
    """

    __match_args__ = ("hidden", "by", "why")
    __slots__ = ("by", "hidden", "why")

    def __init__(self, hidden: Route[H], by: Route[H] | Enclosure[H], why: str) -> None:
        self.hidden: Final = hidden
        self.by: Final = by
        self.why: Final = why

    def __repr__(self) -> str:
        return f"<Conflict {self.hidden.method} {self.hidden.path}: {self.why}>"


def conflicts(items: Sequence[Item[H]]) -> Iterator[Conflict[H]]:
    """Yield the hidden routes among ``items``, in the order of dispatch."""
    root, _ = build(items)
    for entry in sorted(_entries(root), key=lambda entry: entry.rank):
        if entry.by_method:
            before = [other for other in _covering(root, entry) if other.rank < entry.rank]
            before.sort(key=lambda other: other.rank)
            for route in tuple(entry.by_method.values()):
                found = _first(before, route.method)
                if found is not None:
                    yield Conflict(route, found, _why(route, found))


def _entries(root: Node[H]) -> Iterator[Entry[H]]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield from node.ends
        yield from node.tails
        stack += node.literals.values()
        stack += [child for _, child in node.variables]


def _first(before: list[Entry[H]], method: str) -> Route[H] | Enclosure[H] | None:
    """Return what answers requests of ``method`` among entries that match all of their paths."""
    for entry in before:
        if entry.is_boundary:
            return entry.enclosure
        route = entry.by_method.get(method) or entry.by_method.get(ANY_METHOD)
        if route is not None:
            return route
    return None


def _why(hidden: Route[H], by: Route[H] | Enclosure[H]) -> str:
    if isinstance(by, Enclosure):
        return (
            f"{by.prefix!r} is enclosed, and comes before {hidden.path!r}. Add the route to the "
            "router that is enclosed."
        )
    if _shape(hidden.resource) == _shape(by.resource):
        return f"{by.path!r} matches the same paths, and was added before it. Remove one of them."
    return (
        f"{by.path!r} matches every path that {hidden.path!r} matches, and was added before it. "
        f"Add {hidden.path!r} first."
    )


def _shape(resource: Resource[H]) -> object:
    pattern = resource.path_pattern
    if pattern.segments is None:
        return _GROUP.sub("(", pattern.source)
    return pattern.tail_prefix is None, [segment.key for segment in pattern.segments]


# Which entries match all paths of a pattern


def _covering(root: Node[H], entry: Entry[H]) -> Iterator[Entry[H]]:
    """Yield the entries that certainly match every path of ``entry``; itself too."""
    pattern = entry.resource.path_pattern
    segments = pattern.head
    stack = [(root.literals[""], 0)] if "" in root.literals else []
    while stack:
        node, index = stack.pop()
        rest = segments[index:]
        yield from (tail for tail in node.tails if _tail_covers(tail, entry, index))
        if not rest:
            if pattern.segments is not None:
                yield from (end for end in node.ends if _refuses_no_more(end, entry))
            continue
        segment = rest[0]
        if isinstance(segment, Tail):
            continue  # only another tail takes any number of segments
        if isinstance(segment, Literal) and segment.text in node.literals:
            stack.append((node.literals[segment.text], index + 1))
        for variable, child in node.variables:
            if _takes_all(variable, segment):
                stack.append((child, index + 1))


def _tail_covers(other: Entry[H], entry: Entry[H], index: int) -> bool:
    """Return True if ``other``, which looks at whole paths, matches all of those of ``entry``.

    Both have the same first ``index`` segments.
    """
    mine, theirs = entry.resource.path_pattern, other.resource.path_pattern
    if not _refuses_no_more(other, entry):
        return False
    if _shape(other.resource) == _shape(entry.resource):
        return True
    if theirs.segments is None or len(theirs.segments) != index + 1:
        return False  # something follows the tail
    tail = theirs.segments[index]
    assert isinstance(tail, Tail)
    rest = mine.head[index:]
    if mine.segments is not None:
        if not rest:
            return theirs.tail_prefix is not None
        if mine.tail_prefix is not None and len(rest) == 1 and theirs.tail_prefix is None:
            return False  # the bare prefix has no slash
    # Behind the head of a pattern that is matched whole comes at least one segment of any text.
    return tail.empty or len(rest) > 1 or (bool(rest) and not _may_be_empty(rest[0]))


def _may_be_empty(segment: Segment) -> bool:
    return segment.empty if isinstance(segment, Tail) else _reads(segment, "")


def _reads(segment: Literal | Whole | Mixed, text: str) -> bool:
    return segment.read(text) is not None


def _takes_all(variable: Whole | Mixed, segment: Segment) -> bool:
    """Return True if ``variable`` takes every text of ``segment``, converters left aside."""
    if isinstance(segment, Literal):
        return variable.read(segment.text) is not None
    if variable.key == segment.key:
        return True
    if not isinstance(variable, Whole) or variable.check is not None:
        return False
    if isinstance(segment, Whole):
        return _is_plain(segment.key[0])
    return isinstance(segment, Mixed) and all(
        _is_plain(piece[0]) if isinstance(piece, tuple) else not {"{", "}"} & set(str(piece))
        for piece in segment.key[1:]
    )


def _is_plain(regex: str) -> bool:
    """Return True if ``regex`` certainly matches only what ``{name}`` takes."""
    if regex == DEFAULT_REGEX:
        return True
    return (
        stays_in_segment(regex)
        and _BRACES.search(regex) is None
        and not {"{", "}"} & set(_QUANTIFIER.sub("", regex))
        and re.fullmatch(regex, "") is None
    )


def _refuses_no_more(other: Entry[H], entry: Entry[H]) -> bool:
    """Return True if no converter of ``other`` refuses a path that ``entry`` accepts."""
    mine, theirs = entry.resource.path_pattern, other.resource.path_pattern
    if theirs.segments is None:
        return [v.converter for v in theirs.variables] == [v.converter for v in mine.variables]
    own = mine.head
    for index, segment in enumerate(theirs.segments):
        if isinstance(segment, Literal):
            continue
        converters = _converters_of(theirs, segment)
        if all(converter is None or refuses_nothing(converter) for converter in converters):
            continue
        counterpart = own[index] if index < len(own) else None
        if isinstance(counterpart, Literal) and not isinstance(segment, Tail):
            if not _accepts(segment, converters, counterpart.text):
                return False
        elif counterpart is None or converters != _converters_of(mine, counterpart):
            return False
    return True


def _converters_of(pattern: PathPattern, segment: Segment) -> list[Converter[object] | None]:
    if isinstance(segment, Literal):
        return []
    return [v.converter for v in pattern.variables if v.name in segment.names]


def _accepts(segment: Whole | Mixed, converters: list[Converter[object] | None], text: str) -> bool:
    for converter, value in zip(converters, segment.read(text) or (), strict=False):
        if converter is not None:
            try:
                converter.parse(decode_value(value))
            except NO_VALUE:
                return False
    return True
