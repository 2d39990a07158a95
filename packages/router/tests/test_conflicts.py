"""Shadowed routes: each that is reported is hidden indeed, and usual routers have none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_router import Conflict, Converter, Enclosure, Match, Route, Router

EVEN = Converter("[0-9]+", lambda text: {0: int(text)}[int(text) % 2], str)

# Two paths in the order of registration, and if the first hides the second.
TABLE = [
    ("/a/{x}", "/a/{y}", True),
    ("/a/{x}", "/b/{y}", False),
    ("/a/{x}", "/a/{y!int}", True),
    ("/a/{y!int}", "/a/{x}", False),
    ("/a/{x!int}", "/a/{y!int}", True),
    ("/a/{x!even}", "/a/{y!even}", True),
    ("/a/{x!even}", "/a/{y:[0-9]+}", False),
    ("/a/{x:[0-9]+}", "/a/{y!even}", True),
    ("/a/{x}", "/a/b", False),  # more fixed segments come first
    ("/{x}/{y}", "/{x}/b", True),
    ("/{x}/{y:[a-z]+}", "/{x}/b", True),
    ("/{x}/{y:[a-z]+}", "/{x}/7", False),
    ("/{x}/{y!even}", "/{x}/8", True),
    ("/{x}/{y!even}", "/{x}/7", False),
    ("/{x}/b", "/{x}/{y}", False),
    ("/a/{x}", "/a/{y}.{z}", True),
    ("/a/{x}", "/a/{y!int}-{z!slug}", True),
    ("/a/{y}.{z}", "/a/{x}", False),
    ("/a/{x}.{y}", "/a/{z}.{w}", True),
    ("/a/{x}", "/a/{y:[^/]+}", False),
    ("/a/{x}", "/a/{y:[{}]+}", False),
    ("/a/{x}", "/a/{y:[{1}]+}", False),
    ("/a/{x}", r"/a/{y:\{1\}}", False),
    ("/a/{x}", "/a/{y:[a-z]*}", False),
    ("/a/{x}", "/a/{y:[a-z]{2}}", True),
    ("/a/{x:.*}", "/a/{y}", True),
    ("/a/{x:.*}", "/a/{y}/b", True),
    ("/a/{x:.*}", "/a/{y:.+}", True),
    ("/a/{x:.+}", "/a/{y:.*}", False),
    ("/a/{x!path}", "/a/{y}", True),
    ("/a/{x!path}", "/a/{y:.*}", False),
    ("/a/{x}", "/a/{y:.*}", False),
    ("/a/{x:.*}", "/a/{y}{z:.*}", True),
    ("/a/{x:.+}", "/a/{y}{z:.*}", False),
    ("/a/{y}{z:.*}", "/a/{v}{w:.*}", True),
    ("/a/{x:.*}/b", "/a/{y:.*}/b", True),
    ("/a/{x:.*}/b", "/a/{y}/b", False),
    ("/a/{x:.*}", "/a", False),
    ("/a", "/a", True),
    ("/a", "/%61", True),
    ("/a", "/a/", False),
    ("", "/", True),
]


def hidden(router: Router[str]) -> list[tuple[str, str]]:
    return [(conflict.hidden.method, conflict.hidden.path) for conflict in router.conflicts()]


@pytest.mark.parametrize(("first", "second", "hides"), TABLE)
def test_conflicts(first: str, second: str, hides: bool) -> None:
    router = Router[str](converters={"even": EVEN})
    router.add_resource(first).add_route("GET", "first")
    router.add_get("/between", "between")
    resource = router.add_resource(second)
    resource.add_route("GET", "second")
    resource.add_route("PUT", "only there")
    assert hidden(router) == [("GET", second)] * hides


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (["GET"], ["GET", "PUT"], ["GET"]),
        (["*"], ["GET", "PUT"], ["GET", "PUT"]),
        (["*"], ["*"], ["*"]),
        (["GET"], ["*"], []),
        (["GET", "*"], ["GET", "PUT"], ["GET", "PUT"]),
        ([], ["GET"], []),
    ],
)
def test_methods(first: list[str], second: list[str], found: list[str]) -> None:
    router = Router[str]()
    for path, methods in [("/a/{x}", first), ("/b", ["GET"]), ("/a/{y}", second)]:
        resource = router.add_resource(path)
        for method in methods:
            resource.add_route(method, method)
    assert [method for method, _ in hidden(router)] == found


def test_prefixes_enclosures_hosts_and_mounts() -> None:
    router, inner, other = Router[str](), Router[str](), Router[str]()
    router.add_prefix("/files").add_route("GET", "files")
    router.add_resource("/files").add_route("GET", "bare")
    router.add_resource("/files/{name}").add_route("GET", "file")
    inner.add_resource("/x").add_route("GET", "inner")
    enclosure = router.enclose("/in", inner)
    router.add_resource("/in/{y}").add_route("POST", "never")
    router.add_resource("/in/y").add_route("POST", "deeper, so that it comes first")
    other.add_resource("/{a}").add_route("GET", "a")
    other.add_resource("/{b}").add_route("GET", "b")
    router.mount("/m", other)
    router.add_host("other.example", other)
    router.add_resource("/built", build_only=True)
    assert hidden(router) == [
        ("GET", "/files"),
        ("GET", "/files/{name}"),
        ("POST", "/in/{y}"),
        ("GET", "/m/{b}"),
        ("GET", "/{b}"),
    ]
    by = {conflict.hidden.path: conflict.by for conflict in router.conflicts()}
    assert by["/in/{y}"] is enclosure
    assert isinstance(by["/files"], Route)
    assert by["/files"].handler == "files"


def test_values_say_why() -> None:
    router, inner = Router[str](), Router[str]()
    router.add_resource("/a/{x}").add_route("GET", "x")
    router.add_resource("/a/{y!int}").add_route("GET", "y")
    router.add_resource("/a/{z}").add_route("GET", "z")
    router.enclose("/in", inner)
    router.add_resource("/in/{y}").add_route("GET", "never")
    found = router.conflicts()
    assert {type(conflict) for conflict in found} == {Conflict}
    whys = [conflict.why for conflict in found]
    assert whys == [
        (
            "'/a/{x}' matches every path that '/a/{y!int}' matches, and was added before it. "
            "Add '/a/{y!int}' first."
        ),
        "'/a/{x}' matches the same paths, and was added before it. Remove one of them.",
        (
            "'/in' is enclosed, and comes before '/in/{y}'. Add the route to the router that is "
            "enclosed."
        ),
    ]
    assert repr(router.conflicts()[0]).startswith("<Conflict GET /a/{y!int}: '/a/{x}' matches")
    assert isinstance(router.conflicts()[2].by, Enclosure)


def test_freeze_does_not_ask() -> None:
    router = Router[str]()
    router.add_resource("/a/{x}").add_route("GET", "x")
    router.add_resource("/a/{y}", name="again").add_route("GET", "y")
    assert router.freeze().url_for("again", y=1) == "/a/1"
    assert hidden(router) == [("GET", "/a/{y}")]


PARTS = ["a", "b", "{@}", "{@!int}", "{@:[a-z]+}", "{@:.*}", "{@!path}", "{@}.{@@}", "7", ""]
TEXTS = ["a", "b", "7", "x.y", "", "a/b", "q", "-3"]


@settings(deadline=None, max_examples=500)
@given(
    st.lists(st.lists(st.sampled_from(PARTS), min_size=1, max_size=3), min_size=1, max_size=5),
    st.lists(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3), max_size=20),
)
def test_no_path_finds_a_hidden_route(patterns: list[list[str]], paths: list[list[str]]) -> None:
    router = Router[int]()
    for number, parts in enumerate(patterns):
        path = "/" + "/".join(
            part.replace("@@", f"w{index}").replace("@", f"v{index}")
            for index, part in enumerate(parts)
        )
        if path.count("!path") > 1:
            continue
        router.add_resource(path, name=f"r{number}").add_route("GET", number)
    never = {conflict.hidden.handler for conflict in router.conflicts()}
    found = [router.match("GET", "/" + "/".join(path)) for path in paths]
    assert never.isdisjoint(match.handler for match in found if isinstance(match, Match))
