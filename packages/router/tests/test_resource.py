"""Resources and routes without a router."""

import pytest

from treadle_router import ConflictError, HandlerError, NotFound, Resource, Router


def test_methods_are_ordered() -> None:
    resource = Resource[str]("/a")
    resource.add_route("POST", "p")
    resource.add_route("M-SEARCH", "m")
    resource.add_route("*", "any")
    assert [route.method for route in resource] == ["POST", "M-SEARCH", "*"]
    assert resource.allowed == {"POST", "M-SEARCH", "*"}
    assert len(resource) == 3
    assert bool(Resource[str]("/"))


@pytest.mark.parametrize(("first", "second"), [("GET", "GET"), ("*", "GET"), ("*", "*")])
def test_conflicts_name_both(first: str, second: str) -> None:
    resource = Resource[str]("/a")
    route = resource.add_route(first, "one")
    message = rf"Added route will never be executed, method {first if first == '*' else 'GET'}"
    with pytest.raises(ConflictError, match=message.replace("*", r"\*")) as caught:
        resource.add_route(second, "two")
    assert caught.value.existing is route
    assert "'one'" in str(caught.value)
    assert "'two'" in str(caught.value)
    assert isinstance(caught.value, RuntimeError)


def test_any_method_after_others_takes_the_rest() -> None:
    router = Router[str]()
    resource = router.add_resource("/a/{x}")
    resource.add_route("GET", "get")
    resource.add_route("*", "any")
    found = [router.match(method, "/a/1") for method in ("GET", "PUT", "FOO")]
    assert [match.handler for match in found if match] == ["get", "any", "any"]


def test_extra_keywords_are_kept_read_only() -> None:
    route = Resource[str]("/a", name="a").add_route("GET", "x", swagger={"a": 1})
    assert route.extra == {"swagger": {"a": 1}}
    with pytest.raises(TypeError):
        route.extra["b"] = 1  # type: ignore[index]  # the mistake under test
    assert (route.name, route.path, route.build()) == ("a", "/a", "/a")


def test_accept_sees_the_handler() -> None:
    resource = Resource[object]("/a", accept=callable)
    with pytest.raises(HandlerError) as caught:
        resource.add_route("GET", "text")
    assert caught.value.handler == "text"


@pytest.mark.parametrize(
    ("path", "expression", "openapi"),
    [
        ("/a", None, "/a"),
        ("/é", None, "/%C3%A9"),
        ("/a/{x:[0-9]+}", "/a/(?P<x>[0-9]+)", "/a/{x}"),
        ("/{x!int}/{y}", "/(?P<x>-?[0-9]+)/(?P<y>[^{}/]+)", "/{x}/{y}"),
    ],
)
def test_introspection(path: str, expression: str | None, openapi: str) -> None:
    resource = Resource[str](path)
    assert (resource.pattern and resource.pattern.pattern) == expression
    assert resource.openapi_path == openapi
    assert not resource.is_prefix


def test_match_path() -> None:
    resource = Resource[str]("/a/{x}")
    assert resource.match_path("/a/%C3%A9%2F") == {"x": "é/"}
    assert resource.match_path("/b/x") is None
    assert resource.match_path("a/x") is None


def test_repr() -> None:
    resource = Resource[object]("/a", name="it")
    assert repr(resource) == "<Resource 'it' /a>"
    assert repr(Resource[object]("")) == "<Resource />"
    assert repr(resource.add_route("GET", test_repr)) == "<Route GET /a -> test_repr>"
    assert repr(resource.add_route("PUT", 5)) == "<Route PUT /a -> 5>"


@pytest.mark.parametrize("way", ["added", "grouped", "mounted", "copied", "enclosed"])
def test_build_only_is_built_and_never_matched(way: str) -> None:
    inner = Router[str]()
    if way == "grouped":
        inner.group("/in").add_resource("/{x}", name="out", build_only=True)
    else:
        inner.add_resource("/{x}" if way != "added" else "/in/{x}", name="out", build_only=True)
    router = Router[str]()
    if way == "mounted":
        router.mount("/in", inner)
    elif way == "enclosed":
        router.enclose("/in", inner)
    else:
        router = inner
        if way == "copied":
            inner.prefix_with("/in")
            router = inner.copy()
    (resource,) = (inner if way == "enclosed" else router).resources()
    assert resource.build_only
    assert resource.build(x="a b") == "/in/a%20b"
    assert (inner if way == "enclosed" else router).url_for("out", x=1) == "/in/1"
    assert resource.match_path("/in/1") is None
    found = router.match("GET", "/in/1")
    assert isinstance(found, NotFound)
    assert found.redirect is None


def test_build_only_hides_nothing_and_takes_no_route() -> None:
    router = Router[str]()
    outside = router.add_resource("/a/{x}", name="out", build_only=True)
    inside = router.add_resource("/a/{x}")
    inside.add_route("GET", "in")
    assert inside is not outside
    match = router.match("GET", "/a/1")
    assert match
    assert match.handler == "in"
    with pytest.raises(ConflictError, match=r"'/a/\{x\}' is build_only, so that GET '/a/\{x\}' is"):
        outside.add_route("GET", "never")
