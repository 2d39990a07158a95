"""Methods of routes: one spelling of the registered ones, and others as they are."""

import pytest

from treadle_router import (
    ANY_METHOD,
    MethodError,
    MethodNotAllowed,
    Resource,
    Router,
    check_method,
)
from treadle_router._methods import REGISTERED_METHODS

# The method of a route, and the one of requests.
SPELLINGS = [
    ("GET", "GET"),
    ("get", "GET"),
    ("Post", "POST"),
    ("m-search", "M-SEARCH"),
    ("version-control", "VERSION-CONTROL"),
    ("private", "private"),
    ("PRIVATE", "PRIVATE"),
    ("Private", "Private"),
    ("x!y", "x!y"),
    ("*", ANY_METHOD),
]


@pytest.mark.parametrize(("given", "method"), SPELLINGS)
def test_spelling(given: str, method: str) -> None:
    assert check_method(given) == method
    assert check_method(method) == method


@pytest.mark.parametrize(("given", "method"), SPELLINGS)
def test_a_route_is_found_under_the_method_of_requests(given: str, method: str) -> None:
    router = Router[str]()
    route = router.add_route(given, "/a", "found")
    match = router.match(method, "/a")
    assert match
    assert (match.handler, route.method) == ("found", method)


def test_other_methods_differ_by_case() -> None:
    router = Router[str]()
    for method in ("private", "PRIVATE", "Private"):
        router.add_route(method, "/a", method)
    found = [router.match(method, "/a") for method in ("private", "PRIVATE", "Private")]
    assert [match.handler for match in found if match] == ["private", "PRIVATE", "Private"]
    allowed = frozenset({"private", "PRIVATE", "Private"})
    assert router.match("pRIVATE", "/a") == MethodNotAllowed(allowed)
    # A request is compared as it is, also with a registered method.
    router.add_route("get", "/b", "b")
    assert router.match("get", "/b") == MethodNotAllowed(frozenset({"GET"}))


@pytest.mark.parametrize("method", sorted(REGISTERED_METHODS))
def test_registered_methods_are_tokens_in_upper_case(method: str) -> None:
    assert check_method(method.lower()) == method == method.upper()


@pytest.mark.parametrize("method", ["", "GET POST", "G\xc9T", "GET\r\n", "a/b", "G(", None, b"GET"])
def test_what_is_no_token(method: str) -> None:
    with pytest.raises(MethodError, match="must be a token") as caught:
        Resource[str]("/a").add_route(method, "x")
    assert caught.value.method == method
