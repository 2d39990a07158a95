"""The three results of a match."""

import pytest

from treadle_router import Match, MethodNotAllowed, NotFound, Router


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


def test_param_checks_the_kind() -> None:
    assert found().param("id", int) == 5
    with pytest.raises(TypeError, match=r"'id' of '/a/\{id!int\}' is 5, not str"):
        found().param("id", str)
    with pytest.raises(KeyError, match="has no variable 'x', only"):
        found().param("x", str)


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
