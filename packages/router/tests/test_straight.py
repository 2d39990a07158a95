"""The straight walk: the paths that it answers itself, and answers that equal the search's."""

import pytest

from treadle_router import Match, Resource, Router
from treadle_router._straight import Step, straighten
from treadle_router._tree import build, search

# Resources, a path, and if the walk alone can answer it. The search must agree with each.
TABLE = [
    (["/a/{x}"], "/a/1", True),
    (["/a/{x}"], "/a/", False),
    (["/a/{x}"], "/b/1", False),
    (["/a/{x:[0-9]+}"], "/a/1", True),
    (["/a/{x:[0-9]+}"], "/a/z", False),
    (["/a/{x!int}"], "/a/1", True),
    (["/a/{x!int}", "/a/{y}"], "/a/1", False),
    (["/a/{x}", "/a/{y}"], "/a/1", True),
    (["/a/{x}/b", "/a/{y}/c"], "/a/1/c", True),
    (["/{x}/{y}", "/{y}/{x}/z"], "/1/2/z", True),
    (["/{x}/{y}", "/{y}/{x!int}/z"], "/1/2/z", False),
    (["/a/{x}.{y}"], "/a/1.2", False),
    (["/a/{x:.*}"], "/a/1/2", False),
    (["/a/{x:.*}", "/a/b/{y}"], "/a/b/1", True),
    (["/{x:.*}", "/{y}"], "/1", False),
    (["/{y}", "/{x:.*}"], "/1", True),
    (["/{x}/b", "/a/{y}"], "/a/b", True),
    (["/{x}/c", "/{x}/{y}"], "/a/c", True),
    (["/{x}/{y}", "/{x}/c"], "/a/c", False),
]


def walk(step: Step[str], path: str) -> Step[str] | None:
    """Follow the steps as ``Matcher.match`` does."""
    for segment in path.split("/"):
        if step.literals is not None and segment in step.literals:
            step = step.literals[segment]
        elif bool(segment) if step.check is None else step.check(segment):
            step = step.variable
        else:
            return None
    return step


@pytest.mark.parametrize(("paths", "asked", "certain"), TABLE)
@pytest.mark.parametrize("frozen", [False, True])
def test_walk(paths: list[str], asked: str, certain: bool, frozen: bool) -> None:
    router = Router[str]()
    for path in paths:
        router.add_route("GET", path, path)
        router.add_route("POST", path, path)
    if frozen:
        router.freeze()
    root, _ = build(router.items)
    step = walk(straighten(root), asked)
    assert (step is not None and step.entry is not None) is certain
    for method in ("GET", "POST", "PUT"):
        wanted = search(root, method, asked, asked.split("/"))
        found = router.match(method, asked)
        assert type(found) is type(wanted)
        if isinstance(found, Match) and isinstance(wanted, Match):
            assert found.route is wanted.route
            assert found.params == wanted.params
            assert found.raw_params == wanted.raw_params


def test_resources_of_one_path_declared_apart_follow_each_other() -> None:
    resources = [Resource[str](path) for path in ("/a/{x}", "/b", "/a/{y}", "/b")]
    root, plain = build(resources)
    step = walk(straighten(root), "/a/1")
    assert step is not None
    for first, paths in ((step.entry, ["/a/{x}", "/a/{y}"]), (plain["/b"], ["/b", "/b"])):
        assert first is not None
        assert first.following is not None
        assert [first.resource.path, first.following.resource.path] == paths


@pytest.mark.parametrize("first_is_frozen", [False, True])
def test_a_route_that_comes_later_is_found_before_one_that_follows(first_is_frozen: bool) -> None:
    """Routes of several resources are merged only if those before them are frozen."""
    first, second = Resource[str]("/a/{x}"), Resource[str]("/a/{x}")
    router = Router[str]()
    for number, resource in enumerate((first, second)):
        router.register_resource(resource)
        resource.add_route("GET", f"get {number}")
    second.add_route("PUT", "put 1")
    if first_is_frozen:
        first.freeze()
    assert [bool(router.match(method, "/a/1")) for method in ("GET", "PUT", "DELETE")] == [
        True, True, False,
    ]  # fmt: skip
    if not first_is_frozen:
        first.add_route("PUT", "put 0")
    second.add_route("DELETE", "delete 1")
    put, delete = router.match("PUT", "/a/1"), router.match("DELETE", "/a/1")
    assert isinstance(put, Match)
    assert isinstance(delete, Match)
    assert put.handler == ("put 1" if first_is_frozen else "put 0")
    assert delete.handler == "delete 1"


@pytest.mark.parametrize("method", ["GET", "PUT", "*", ""])
def test_every_method_of_the_first_resource_comes_before_those_of_the_next(method: str) -> None:
    router = Router[str]()
    router.add_route("*", "/a/{x}", "first")
    router.add_route("GET", "/b", "between")
    router.add_route("GET", "/a/{y}", "second")
    match = router.freeze().match(method, "/a/1")
    assert isinstance(match, Match)
    assert (match.handler, match.params) == ("first", {"x": "1"})
