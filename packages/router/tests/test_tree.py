"""The tree: bounded work on hostile routes and paths, independent of the number of routes."""

import sys
from collections.abc import Callable
from itertools import product
from types import FrameType

import pytest

from treadle_router import Match, Matcher, NotFound, Router
from treadle_router._resource import Resource
from treadle_router._tree import Node, build


def count_lines(call: Callable[[], object]) -> int:
    """Return the number of Python lines that ``call`` runs; other processes do not disturb it."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> object:
        nonlocal count
        count += event == "line"
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]  # typeshed wants the function type spelled out
    try:
        call()
    finally:
        sys.settrace(previous)
    return count


def matcher_of(count: int) -> Matcher[int]:
    router = Router[int]()
    for number in range(count):
        router.add_route("GET", f"/s{number}/{{x}}/items/{{y}}", number)
        router.add_route("GET", f"/s{number}/fixed/{{y}}", number)
        router.add_route("POST", f"/t/{{x}}/k{number}", number)
    return router.freeze()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/s1/a/items/b"), ("GET", "/s1/fixed/b"), ("POST", "/t/a/k1"), ("GET", "/none/a")],
)
def test_steps_do_not_depend_on_the_number_of_routes(method: str, path: str) -> None:
    few, many = matcher_of(3), matcher_of(1000)
    steps = count_lines(lambda: few.match(method, path))
    assert count_lines(lambda: many.match(method, path)) == steps


@pytest.mark.parametrize(
    "path",
    [
        "/" * 8000,
        "/a" * 4000,
        "/s1" + "/x" * 4000,
        "/" + "%2F" * 2700,
        "/" + "%" * 8000,
        "/" + "%ff" * 2700,
        "/" + "%C3" * 2700,
        "/s1/" + "{" * 8000 + "/items/x",
        "/s1/" + "x" * 8000,
    ],
)
def test_hostile_paths_cost_little(path: str) -> None:
    """The lines grow with the path at most, by a small factor, and never with the routes."""
    matcher = matcher_of(300)
    longer = path + path[1:]
    short = count_lines(lambda: matcher.match("GET", path))
    assert count_lines(lambda: matcher.match("GET", longer)) <= 2 * short + 50
    assert short <= 4 * len(path) + 200
    assert matcher.match("GET", path) == NotFound()


def test_route_set_built_to_force_backtracking() -> None:
    """All mixtures of a literal and a variable over ten segments; none of them matches."""
    router = Router[str]()
    for parts in product(("a", "{@}"), repeat=10):
        path = "".join(f"/{part.replace('@', f'v{i}')}" for i, part in enumerate(parts))
        router.add_route("GET", path + "/end", path)
    matcher = router.freeze()
    nodes = 2**11
    steps = count_lines(lambda: matcher.match("GET", "/a" * 10 + "/other"))
    assert steps <= 30 * nodes
    match = matcher.match("GET", "/a" * 10 + "/end")
    assert isinstance(match, Match)
    assert match.params == {}


def test_deep_tree_needs_no_recursion() -> None:
    router = Router[str]()
    router.add_route("GET", "/{a}" + "/x" * 20_000, "deep")
    router.add_route("GET", "/b" + "/x" * 19_999 + "/{y}", "other")
    assert isinstance(router.match("GET", "/q" + "/x" * 20_000), Match)
    assert isinstance(router.match("GET", "/b" + "/x" * 20_000), Match)


def test_nodes_are_shared() -> None:
    resources = [
        Resource[str](path) for path in ("/a/{x}/b", "/a/{y}/c", "/a/{z:[^{}/]+}/d", "/a/{w!int}")
    ]
    root, plain = build(resources)
    assert plain == {}
    below_a = root.literals[""].literals["a"]
    assert [segment.names for segment, _ in below_a.variables] == [("x",), ("w",)]
    assert sorted(below_a.variables[0][1].literals) == ["b", "c", "d"]
    assert count_nodes(root) == 8


def count_nodes(root: Node[str]) -> int:
    stack, count = [root], 0
    while stack:
        node = stack.pop()
        count += 1
        stack += node.literals.values()
        stack += [child for _, child in node.variables]
    return count
