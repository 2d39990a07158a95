"""Enclosures: only the prefix decides, and other paths are not affected."""

import gc
import pickle
import time
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_router import (
    Enclosure,
    FrozenError,
    HostError,
    Item,
    Match,
    MethodNotAllowed,
    NotFound,
    PathError,
    Resource,
    Router,
)


def router(*routes: str) -> Router[str]:
    """Make a router of ``"METHOD path"``; the handler is the same text."""
    made: Router[str] = Router()
    for text in routes:
        method, _, path = text.partition(" ")
        made.add_route(method, path, text)
    return made


def answer(found: Match[str] | NotFound | MethodNotAllowed) -> tuple[object, ...]:
    if isinstance(found, Match):
        return found.handler, found.raw_params
    where = None if found.enclosure is None else found.enclosure.owner
    return (404, where) if isinstance(found, NotFound) else (405, where, sorted(found.allowed))


def nested() -> Router[str]:
    inner = router("GET /deep", "POST /{x}")
    api = router("GET ", "GET /users/{id}", "PUT /users/{id}", "GET /users/me")
    api.enclose("/inner", inner, owner="inner")
    top = router("GET /{any:.*}", "PATCH /api/users/me", "GET /api/{before}")
    top.enclose("/api", api, owner="api")
    top.add_route("DELETE", "/api/{after}", "DELETE /api/{after}")
    return top


CASES = [
    ("GET", "/x/y", ("GET /{any:.*}", {"any": "x/y"})),
    ("GET", "/apiary", ("GET /{any:.*}", {"any": "apiary"})),
    ("GET", "/api", ("GET ", {})),
    ("GET", "/api/", (404, "api")),  # ``/{any}`` is not asked
    ("POST", "/api", (405, "api", ["GET"])),
    ("GET", "/api/users/7", ("GET /users/{id}", {"id": "7"})),
    ("GET", "/api/users/me", ("GET /users/me", {})),
    ("PATCH", "/api/users/me", ("PATCH /api/users/me", {})),  # longer than the prefix: before it
    ("DELETE", "/api/users/me", (405, "api", ["GET", "PUT"])),  # with the methods of the API only
    ("GET", "/api/x", ("GET /api/{before}", {"before": "x"})),
    ("DELETE", "/api/x", (404, "api")),  # added behind the API
    ("GET", "/api/inner/deep", ("GET /deep", {})),
    ("POST", "/api/inner/deep", ("POST /{x}", {"x": "deep"})),
    ("PUT", "/api/inner/deep", (405, "inner", ["GET", "POST"])),
    ("GET", "/api/inner/none/none", (404, "inner")),
    ("GET", "/api/inner", ("GET /api/{before}", {"before": "inner"})),
    ("PUT", "/api/inner", (404, "inner")),
    ("GET", "/ap%69/users/%37", ("GET /users/{id}", {"id": "7"})),
    ("GET", "/api%2Fusers/7", ("GET /{any:.*}", {"any": "api/users/7"})),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "expected"), CASES)
@pytest.mark.parametrize("how", ["frozen", "copied", "pickled"])
def test_matching(how: str, method: str, path: str, expected: tuple[object, ...]) -> None:
    top = nested()
    if how == "copied":
        top.freeze()
        top = top.copy()
    matcher = top.freeze()
    if how == "pickled":
        matcher = pickle.loads(pickle.dumps(matcher))
    assert answer(matcher.match(method, path)) == expected


def test_an_enclosed_router_can_be_mounted() -> None:
    outer: Router[str] = Router()
    outer.mount("/v1", nested())
    outer.mount("/v2", nested())
    assert answer(outer.match("GET", "/v2/api/inner/deep")) == ("GET /deep", {})
    assert answer(outer.match("GET", "/v1/api/inner/no/no")) == (404, "inner")


def test_the_enclosed_router_builds_whole_paths_and_is_frozen() -> None:
    inner: Router[str] = Router()
    inner.add_route("GET", "/deep/{x}", "x", name="x")
    middle: Router[str] = Router()
    middle.enclose("/inner", inner)
    top: Router[str] = Router()
    enclosure = top.enclose("/{tenant}", middle, owner="me")
    assert inner.url_for("x", tenant="t", x=1) == "/t/inner/deep/1"
    assert answer(top.match("GET", "/t/inner/deep/1")) == ("x", {"tenant": "t", "x": "1"})
    assert top.enclosures() == (enclosure,)
    assert top.resources() == ()
    assert (enclosure.prefix, enclosure.owner) == ("/{tenant}", "me")
    assert repr(enclosure) == "<Enclosure /{tenant} of 1 items>"
    assert repr(top.match("GET", "/t")) == "<NotFound in /{tenant}>"
    with pytest.raises(FrozenError, match="'/late'"):
        inner.add_resource("/late")


def test_wrong_use() -> None:
    top = router()
    with pytest.raises(PathError, match="'api'"):
        top.enclose("api", router())
    with pytest.raises(PathError, match="in itself"):
        top.enclose("/api", top)
    hosts = router()
    hosts.add_host("example.com", router())
    with pytest.raises(HostError, match="'/api'"):
        top.enclose("/api", hosts)
    once = router("GET /x")
    top.enclose("/api", once)
    with pytest.raises(FrozenError, match="'/b'"):
        top.enclose("/b", once)
    top.freeze()
    with pytest.raises(FrozenError, match="'/c'"):
        top.enclose("/c", other := router("GET /x"))
    assert other.resources()[0].path == "/x"


# The linear definition: items in their order of dispatch, the first that answers.


def linear(items: Sequence[Item[str]], method: str, path: str) -> tuple[object, ...]:
    allowed: set[str] = set()

    def depth(item: Item[str]) -> int:
        resource = item.resource if isinstance(item, Enclosure) else item
        return -resource.path_pattern.depth

    for item in sorted(items, key=depth):
        if isinstance(item, Enclosure):
            if item.resource.match_path(path) is not None:
                found = linear(item.items, method, path)
                return (*found[:1], item.owner, *found[2:]) if found[1:2] == (None,) else found
            continue
        raw = item.match_path(path)
        if raw is not None:
            route = item.by_method.get(method) or item.by_method.get("*")
            if route is not None:
                return route.handler, raw
            allowed |= item.by_method.keys()
    return (405, None, sorted(allowed)) if allowed else (404, None)


SEGMENTS = ["a", "b", "{x}", "{y:a|b}", "{t:.*}", "é", ""]
ROUTES = st.lists(
    st.tuples(
        st.sampled_from(["GET", "POST", "*"]), st.lists(st.sampled_from(SEGMENTS), max_size=3)
    ),
    max_size=4,
)
# Variables in one prefix only, as those of nested prefixes must differ.
PREFIXES = st.sampled_from(["/a", "/b", "/a/b", "/é", "/c"])
PATHS = st.lists(st.sampled_from(["a", "b", "c", "", "%C3%A9", "a%2Fb"]), min_size=1, max_size=5)


@dataclass
class Tree:
    """The contents of a generated router: routes, and routers under prefixes."""

    routes: list[tuple[str, list[str]]]
    enclosed: "list[tuple[str, Tree]]"


def plant(tree: Tree) -> Router[str]:
    made: Router[str] = Router()
    for number, (method, segments) in enumerate(tree.routes):
        path = "".join("/" + segment for segment in segments)
        try:
            resource: Resource[str] = Resource(path)
        except PathError:  # one variable twice
            continue
        made.register_resource(resource).add_route(method, f"{number} {method} {path}")
    for prefix, inner in tree.enclosed:
        made.enclose(prefix, plant(inner), owner=f"{prefix} {len(made.enclosures())}")
    return made


TREES: st.SearchStrategy[Tree] = st.recursive(
    st.builds(Tree, ROUTES, st.just([])),
    lambda inner: st.builds(Tree, ROUTES, st.lists(st.tuples(PREFIXES, inner), max_size=2)),
    max_leaves=5,
)


@settings(deadline=None, max_examples=500)
@given(TREES, st.sampled_from(["GET", "POST", "PUT"]), PATHS)
def test_the_answer_is_that_of_the_linear_definition(
    tree: Tree,
    method: str,
    segments: list[str],
) -> None:
    made = plant(tree)
    path = "/" + "/".join(segments)
    expected = linear(made.freeze()._items, method, path)
    assert answer(made.match(method, path)) == expected


def test_many_enclosures_cost_no_more_than_one() -> None:
    """A match in one of 1,000 enclosures takes about as long as in one of 10."""

    def build(count: int) -> Router[str]:
        top: Router[str] = Router()
        for number in range(count):
            top.enclose(f"/app{number}", router("GET /a/{x}/b", "POST /{t:.*}"))
        top.freeze()
        return top

    def cost(top: Router[str], path: str) -> float:
        match = top.freeze().match
        best = 1.0
        # The time of this process alone, without the collector's passes over a thousand routers.
        gc.disable()
        for _ in range(7):
            start = time.process_time()
            for _ in range(500):
                match("GET", path)
            best = min(best, time.process_time() - start)
        gc.enable()
        return best

    few, many = build(10), build(1000)
    for path in ("/app9/a/1/b", "/app9/nothing/there", "/none"):
        assert cost(many, path) < 5 * cost(few, path)
