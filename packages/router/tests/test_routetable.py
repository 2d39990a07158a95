"""Route tables: decorators that collect, a sequence that only they grow."""

from collections.abc import Callable

import pytest

import treadle_router
from treadle_router import (
    AbstractRouteDef,
    Match,
    RouteDef,
    Router,
    RouteTableDef,
    StaticDef,
    get,
    route,
    view,
)

METHODS = ["head", "options", "get", "post", "put", "patch", "delete"]


def handler() -> str:
    return "handled"


async def expect() -> None:
    """Stand for an expect handler."""


@pytest.mark.parametrize("name", METHODS)
def test_functions_and_decorators_agree(name: str) -> None:
    table = RouteTableDef[Callable[[], str]]()
    made = getattr(treadle_router, name)("/a", handler, name="n", expect_handler=expect, swagger=1)
    returned = getattr(table, name)("/a", name="n", expect_handler=expect, swagger=1)(handler)
    assert returned is handler
    assert list(table) == [made]
    assert made == RouteDef(
        name.upper(), "/a", handler, {"name": "n", "expect_handler": expect, "swagger": 1}
    )


def test_view_and_route() -> None:
    table = RouteTableDef[Callable[[], str]]()
    assert table.view("/a", name="n")(handler) is handler
    assert table.route("FOO", "/a", x=1)(handler) is handler
    assert list(table) == [view("/a", handler, name="n"), route("FOO", "/a", handler, x=1)]
    assert table[0] == RouteDef("*", "/a", handler, {"name": "n"})


@pytest.mark.parametrize("keyword", ["follow_symlinks", "break_symlink_sandbox"])
def test_both_names_of_symlinks(keyword: str) -> None:
    table = RouteTableDef[object]()
    getattr(table, "static")("/s", "dir", **{keyword: True})  # noqa: B009 - mypy knows the names
    definition = table[0]
    assert isinstance(definition, StaticDef)
    assert definition.kwargs == {"follow_symlinks": True}


def test_table_on_a_router() -> None:
    table = RouteTableDef[Callable[[], str]]()

    @table.get("/a", name="a")
    @table.post("/a", swagger="x")
    def both() -> str:
        return "both"

    router = Router[Callable[[], str]]()
    added = router.add_routes(table)
    assert [r.method for r in added] == ["POST", "GET"]
    assert added[0].extra == {"swagger": "x"}
    match = router.match("HEAD", "/a")
    assert isinstance(match, Match)
    assert match.handler is both
    assert both() == "both"


def test_table_is_a_sequence() -> None:
    table = RouteTableDef[Callable[[], str]]()
    table.get("/a")(handler)
    table.post("/b")(handler)
    table.static("/s", "dir")
    assert len(table) == 3
    assert table[1] == treadle_router.post("/b", handler)
    assert table[1:] == list(table)[1:]
    assert table[-1] in table
    assert get("/none", handler) not in table
    assert next(reversed(table)) == table[2]
    assert repr(table) == "<RouteTableDef count=3>"
    assert not hasattr(table, "append")
    assert all(isinstance(definition, AbstractRouteDef) for definition in table)


def test_a_decorator_twice_adds_two_definitions_that_share_nothing() -> None:
    table = RouteTableDef[Callable[[], str]]()
    decorator = table.get("/a", x=1)
    decorator(handler)
    decorator(handler)
    first, second = table
    assert isinstance(first, RouteDef)
    assert isinstance(second, RouteDef)
    first.kwargs["y"] = 2
    assert second.kwargs == {"x": 1}


def test_decorating_what_cannot_be_called() -> None:
    table = RouteTableDef[object]()
    with pytest.raises(TypeError, match=r"@routes\.route\('GET', '/a'\) decorates .*, not 5"):
        table.get("/a")(5)  # type: ignore[type-var]  # the mistake under test
    assert len(table) == 0
