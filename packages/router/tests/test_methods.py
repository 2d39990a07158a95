"""Methods of routes: tokens compared by case, and the warning of those that no client sends."""

import warnings

import pytest

from treadle_router import (
    ANY_METHOD,
    MethodError,
    MethodNotAllowed,
    Resource,
    Router,
    RouterWarning,
    canonical_method,
    check_method,
)
from treadle_router._methods import REGISTERED_METHODS

# A method as it is written, the registered one that it spells, and if a declaration warns.
SPELLINGS = [
    ("GET", "GET", False),
    ("get", "GET", True),
    ("Post", "POST", True),
    ("delete", "DELETE", True),
    ("m-search", "M-SEARCH", False),
    ("move", "MOVE", False),
    ("private", "private", False),
    ("PRIVATE", "PRIVATE", False),
    ("Private", "Private", False),
    ("x!y", "x!y", False),
    ("*", ANY_METHOD, False),
]


@pytest.mark.parametrize(("given", "canonical", "warned"), SPELLINGS)
def test_spelling(given: str, canonical: str, warned: bool) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert check_method(given) == given
    assert [type(warning.message) for warning in caught] == [RouterWarning] * warned
    assert canonical_method(given) == canonical
    assert canonical_method(canonical) == canonical


@pytest.mark.parametrize(("given", "canonical", "warned"), SPELLINGS)
@pytest.mark.filterwarnings("ignore::treadle_router.RouterWarning")
def test_a_route_is_found_by_the_same_spelling(given: str, canonical: str, warned: bool) -> None:
    router = Router[str]()
    route = router.add_route(given, "/a", "found")
    match = router.match(given, "/a")
    assert match
    assert (match.handler, route.method) == ("found", given)
    if canonical != given:
        assert router.match(canonical, "/a") == MethodNotAllowed(frozenset({given}))


def test_the_warning_says_what_to_write_and_where() -> None:
    with pytest.warns(RouterWarning) as caught:
        Router[str]().add_route("get", "/a", "found")
    assert str(caught[0].message) == (
        "The method 'get' is not 'GET': methods are case-sensitive, and HTTP clients send 'GET'. "
        "Write 'GET', or filter this RouterWarning if 'get' is meant."
    )
    assert caught[0].filename == __file__


def test_methods_differ_by_case() -> None:
    router = Router[str]()
    for method in ("private", "PRIVATE", "Private"):
        router.add_route(method, "/a", method)
    found = [router.match(method, "/a") for method in ("private", "PRIVATE", "Private")]
    assert [match.handler for match in found if match] == ["private", "PRIVATE", "Private"]
    allowed = frozenset({"private", "PRIVATE", "Private"})
    assert router.match("pRIVATE", "/a") == MethodNotAllowed(allowed)
    router.add_route("GET", "/b", "b")
    assert router.match("get", "/b") == MethodNotAllowed(frozenset({"GET"}))


@pytest.mark.parametrize("method", sorted(REGISTERED_METHODS))
def test_registered_methods_are_tokens_in_upper_case(method: str) -> None:
    assert canonical_method(method.lower()) == method == method.upper()


@pytest.mark.parametrize("method", ["", "GET POST", "G\xc9T", "GET\r\n", "a/b", "G(", None, b"GET"])
def test_what_is_no_token(method: str) -> None:
    with pytest.raises(MethodError, match="must be a token") as caught:
        Resource[str]("/a").add_route(method, "x")
    assert caught.value.method == method
    with pytest.raises(MethodError, match="must be a token"):
        canonical_method(method)
