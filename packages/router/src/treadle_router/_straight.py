"""The straight walk: a small tree for the paths in which every step is certain.

A ``Step`` is a node of ``_tree`` with only those of its children that a path may enter without a
look at the others: the walk never goes back. Where several entries could match, a step is missing
or has no ``entry``, and the matcher asks ``search`` instead, which knows everything.

``Matcher.match`` has the loop, because a call costs as much as a segment. What it touches at each
segment is one step and one dict: with thousands of routes the time of a match is that of loading
its objects from memory. So texts and names are interned (equal ones are one object), and a step
holds the method and route that most requests to it want, beside the entry that has all of them.
``tools/bench/bench_router.py`` measures this.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final, Generic, TypeVar, final

from ._methods import ANY_METHOD
from ._resource import Route
from ._segments import Whole
from ._tree import NEVER, Entry, Node

__all__ = ["Step", "straighten"]

H = TypeVar("H")


_NO_ROUTES: Final[Mapping[str, Any]] = {}


def _refuse(segment: str) -> None:
    """Take no segment: the check of a step without a variable."""


@final
class Step(Generic[H]):
    """The state of the walk after some segments of a path."""

    __slots__ = ("check", "entry", "literals", "method", "name", "route", "routes", "variable")

    def __init__(self) -> None:
        # The next step for each fixed segment; None if there is none.
        self.literals: dict[str, Step[H]] | None = None
        # The check of any other segment (None: it may have any text but none at all), the name of
        # the variable that takes it, and the step behind it.
        self.check: Callable[[str], object] | None = _refuse
        self.name = ""
        self.variable: Step[H] = self
        # If the path ends here: the route for ``method``, and for other methods, of entries of
        # which nothing but the texts of the variables needs to be known.
        self.method = ""
        self.route: Route[H] | None = None
        self.routes: Mapping[str, Route[H]] = _NO_ROUTES
        # The first entry, for everything else.
        self.entry: Entry[H] | None = None


def straighten(root: Node[H]) -> Step[H]:
    """Return the first step of the walk through the tree of ``root``.

    ``limit`` is the lowest rank among all entries that the walk passes by on its way to a node.
    """
    start: Step[H] = Step()
    none: tuple[str, ...] = ()
    stack = [(root, start, NEVER, none)]
    while stack:
        node, step, limit, names = stack.pop()
        limit = min([limit, *(entry.rank for entry in node.tails)])
        _end(step, [entry for entry in node.ends if entry.rank < limit], names)
        beside = min([limit, *(child.rank for _, child in node.variables)])
        if node.literals:
            step.literals = {text: Step() for text in node.literals}
            for text, child in node.literals.items():
                stack.append((child, step.literals[text], beside, names))
        if len(node.variables) == 1:
            segment, child = node.variables[0]
            if isinstance(segment, Whole):
                step.name = segment.names[0]
                step.check = segment.check
                step.variable = Step()
                stack.append((child, step.variable, limit, (*names, step.name)))
    return start


def _end(step: Step[H], certain: list[Entry[H]], names: tuple[str, ...]) -> None:
    """Set the answers of ``step`` for a path that ends there."""
    if not certain:
        return
    for entry, following in pairwise(certain):
        entry.following = following
    for entry in certain:
        entry.renamed = names != tuple(variable.name for variable in entry.resource.variables)
    first = step.entry = certain[0]
    if not _is_simple(first):
        return
    step.routes = first.by_method
    # Routes may be added later, but never removed.
    route = first.by_method.get("GET") or next(iter(first.by_method.values()), None)
    if route is not None and route.method != ANY_METHOD:
        step.method = route.method
        step.route = route
    if len(certain) > 1:
        step.routes = _merged(certain)


def _is_simple(entry: Entry[H]) -> bool:
    return entry.slots is not None and not entry.renamed and not entry.converters


def _merged(certain: list[Entry[H]]) -> Mapping[str, Route[H]]:
    """Return the routes of the first entries, as far as each method has one that stays."""
    routes: dict[str, Route[H]] = {}
    for entry in certain:
        if not _is_simple(entry):
            break
        for method, route in entry.by_method.items():
            routes.setdefault(method, route)
        if not entry.resource.frozen or ANY_METHOD in entry.by_method:
            break
    return routes
