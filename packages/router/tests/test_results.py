"""The three results of a match."""

import pickle
from uuid import UUID

import pytest

from treadle_router import (
    Match,
    MethodNotAllowed,
    NotFound,
    ParamTypeError,
    Router,
    UnknownParamError,
)


def found(path: str = "/a/{id!int}", asked: str = "/a/5") -> Match[str]:
    router = Router[str]()
    router.add_route("GET", path, "handler")
    match = router.match("GET", asked)
    assert isinstance(match, Match)
    return match


def test_only_a_match_is_true() -> None:
    assert bool(found()) is True
    assert not NotFound()
    assert not MethodNotAllowed(frozenset({"GET"}))


def test_attributes() -> None:
    match = found()
    assert match.handler == "handler"
    assert match.route.method == "GET"
    assert match.route.handler is match.handler
    assert match.params == {"id": 5}
    assert match.raw_params == {"id": "5"}
    with pytest.raises(AttributeError):
        match.other = 1  # type: ignore[attr-defined]  # the mistake under test


def test_param() -> None:
    assert found().param("id", int) == 5
    assert found().param("id", object) == 5


# The path, the type that is asked for, and the error's text: value, types and fix.
WRONG_TYPES: list[tuple[str, type, str]] = [
    (
        "/a/{id!int}",
        str,
        (
            "'id' of the path '/a/{id!int}' is 5, of type int, not str. Ask for int, or give the "
            "variable another converter."
        ),
    ),
    (
        "/a/{id}",
        int,
        "'id' of the path '/a/{id}' is '5', of type str, not int. Write {id!int} in the path.",
    ),
    (
        "/a/{id}",
        UUID,
        "'id' of the path '/a/{id}' is '5', of type str, not UUID. Write {id!uuid} in the path.",
    ),
    (
        "/a/{id}",
        list,
        (
            "'id' of the path '/a/{id}' is '5', of type str, not list. Give the variable a "
            "converter that makes a list: {id!...}."
        ),
    ),
]


@pytest.mark.parametrize(("path", "kind", "message"), WRONG_TYPES)
def test_param_of_another_type(path: str, kind: type, message: str) -> None:
    with pytest.raises(ParamTypeError) as caught:
        found(path).param("id", kind)
    assert str(caught.value) == message
    assert isinstance(caught.value, TypeError)
    assert (caught.value.name, str(caught.value.value)) == ("id", "5")


@pytest.mark.parametrize(("path", "has"), [("/a/{id!int}", "'id'"), ("/a/5", "none")])
def test_param_that_the_path_has_not(path: str, has: str) -> None:
    with pytest.raises(UnknownParamError) as caught:
        found(path).param("x", str)
    assert str(caught.value) == f"The path {path!r} has no variable 'x'; it has {has}."
    assert isinstance(caught.value, KeyError)
    assert caught.value.name == "x"


# The resources, the path that is asked for, and the path to redirect to.
REDIRECTS = [
    (["/a/"], "/a", "/a/"),
    (["/a"], "/a/", "/a"),
    (["/a/{x}"], "/a/1/", "/a/1"),
    (["/a/{x}/"], "/a/1", "/a/1/"),
    (["/a/{x!int}/"], "/a/z", None),
    (["/a"], "/b/", None),
    (["/b"], "/b//", None),
    (["/"], "", None),
    (["/a/{x}/"], "/a/%C3%A9", "/a/%C3%A9/"),
    (["/a/{x}/"], "/a/\xe9", "/a/%C3%A9/"),
    (["/a/{x}/"], "/a/%2F%25", "/a/%2F%25/"),
    (["/a/{x}/"], "/a/%3Fb%23", "/a/%3Fb%23/"),
    (["/a/{x}/"], "/a/\udc80", None),
    # No path that a client would read as another host.
    (["/{x:.*}/"], "//evil.example", None),
    (["/{x}/"], "/\\evil.example", "/%5Cevil.example/"),
    (["/{x:.*}/"], "/\t/evil.example", "/%09/evil.example/"),
]


@pytest.mark.parametrize(("paths", "asked", "redirect"), REDIRECTS)
def test_redirect(paths: list[str], asked: str, redirect: str | None) -> None:
    router = Router[str]()
    for path in paths:
        router.add_get(path, path)
    found = router.match("GET", asked)
    assert isinstance(found, NotFound)
    assert found.redirect == redirect
    assert redirect is None or router.match("GET", redirect)
    posted = router.match("POST", asked)
    assert isinstance(posted, NotFound)
    assert posted.redirect is None, "no route for POST"


def test_redirect_inside_of_hosts_and_enclosures() -> None:
    inner, router = Router[str](), Router[str]()
    inner.add_get("/a/", "inner")
    router.add_get("/in/b/", "never reached")
    enclosure = router.enclose("/in", inner)
    other = Router[str]()
    other.add_get("/c/", "other")
    router.add_host("other.example", other)
    for path, host, redirect in [
        ("/in/a", None, "/in/a/"),
        ("/c", "other.example", "/c/"),
        ("/c", "else.example", None),
        ("/in/a", "other.example", None),
    ]:
        found = router.match("GET", path, host=host)
        assert isinstance(found, NotFound)
        assert found.redirect == redirect
        assert (found.enclosure is enclosure) is (path == "/in/a" and host is None)
    assert NotFound().redirect is None


def test_equality_and_hash() -> None:
    assert NotFound() == NotFound()
    assert hash(NotFound()) == hash(NotFound())
    assert NotFound() != MethodNotAllowed(frozenset())
    assert MethodNotAllowed(frozenset({"A"})) == MethodNotAllowed(frozenset({"A"}))
    assert MethodNotAllowed(frozenset({"A"})) != MethodNotAllowed(frozenset({"B"}))
    assert len({MethodNotAllowed(frozenset({"A"})), MethodNotAllowed(frozenset({"A"}))}) == 1


def test_repr() -> None:
    assert repr(found()) == "<Match <Route GET /a/{id!int} -> 'handler'> {'id': 5}>"
    assert repr(NotFound()) == "<NotFound>"
    assert (
        repr(MethodNotAllowed(frozenset({"PUT", "GET"}))) == "<MethodNotAllowed, allowed GET, PUT>"
    )


def test_a_pickled_not_found_leaves_its_matcher_behind() -> None:
    router = Router[object]()
    router.add_get("/a/", lambda: None)  # a handler that cannot be pickled
    found = router.match("GET", "/a")
    assert isinstance(found, NotFound)
    assert found.redirect == "/a/"
    copied = pickle.loads(pickle.dumps(found))
    assert copied == found
    assert copied.redirect is None
