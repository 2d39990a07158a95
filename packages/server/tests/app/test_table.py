"""Route tables: decorators that collect definitions into a sequence."""

from typing import Any

import pytest

import treadle_server
from treadle_responses import Response
from treadle_router import Match
from treadle_server import (
    AbstractRouteDef,
    Application,
    MountDef,
    Request,
    RouteDef,
    RouteTableDef,
    StaticDef,
    View,
    get,
    route,
    view,
)

METHODS = ["head", "options", "get", "post", "put", "patch", "delete"]


async def handler(request: Request) -> Response:
    return Response()


def mounted(*args: Any) -> Any: ...


class Page(View):
    get = handler


async def expect(request: Request) -> None:
    """Do nothing, as an expect handler."""


@pytest.mark.parametrize("name", METHODS)
def test_functions_and_decorators_agree(name: str) -> None:
    table = RouteTableDef()
    made = getattr(treadle_server, name)("/a", handler, name="n", expect_handler=expect, swagger=1)
    returned = getattr(table, name)("/a", name="n", expect_handler=expect, swagger=1)(handler)
    assert returned is handler
    assert list(table) == [made]
    assert made == RouteDef(
        name.upper(), "/a", handler, {"name": "n", "expect_handler": expect, "swagger": 1}
    )


def test_view_and_route() -> None:
    table = RouteTableDef()
    assert table.view("/a", name="n")(Page) is Page
    assert table.route("FOO", "/a", name="x")(handler) is handler
    assert list(table) == [view("/a", Page, name="n"), route("FOO", "/a", handler, name="x")]
    assert table[0] == RouteDef("*", "/a", Page, {"name": "n"})


@pytest.mark.parametrize("keyword", ["follow_symlinks", "break_symlink_sandbox"])
def test_both_names_of_symlinks(keyword: str) -> None:
    table = RouteTableDef()
    getattr(table, "static")("/s", "dir", **{keyword: True})  # noqa: B009 - mypy knows the names
    definition = table[0]
    assert isinstance(definition, StaticDef)
    assert definition.kwargs == {"follow_symlinks": True}


def test_table_on_a_router() -> None:
    table = RouteTableDef()

    @table.get("/a", name="a")
    @table.post("/a", client_max_size=5)
    async def both(request: Request) -> Response:
        return Response()

    router = Application().router
    added = router.add_routes(table)
    assert [r.method for r in added] == ["POST", "GET"]
    assert added[0].client_max_size == 5
    match = router.match("HEAD", "/a")
    assert isinstance(match, Match)
    assert match.handler.handler is both


def test_table_is_a_sequence() -> None:
    table = RouteTableDef()
    table.get("/a")(handler)
    table.post("/b")(handler)
    table.static("/s", "dir")
    assert len(table) == 3
    assert table[1] == treadle_server.post("/b", handler)
    assert table[1:] == list(table)[1:]
    assert table[-1] in table
    assert get("/none", handler) not in table
    assert next(reversed(table)) == table[2]
    assert repr(table) == "<RouteTableDef count=3>"
    assert not hasattr(table, "append")
    assert all(isinstance(definition, AbstractRouteDef) for definition in table)


def test_a_table_has_mounts() -> None:
    table = RouteTableDef()
    table.mount("/a", mounted, lifespan="off")
    table.mount_wsgi("/w", mounted, threads=2)
    assert list(table) == [
        MountDef("mount", "/a", mounted, {"lifespan": "off"}),
        MountDef("mount_wsgi", "/w", mounted, {"threads": 2}),
    ]


def test_a_decorator_twice_adds_two_definitions_that_share_nothing() -> None:
    table = RouteTableDef()
    decorator = table.get("/a", name="x")
    decorator(handler)
    decorator(handler)
    first, second = table
    assert isinstance(first, RouteDef)
    assert isinstance(second, RouteDef)
    first.kwargs["y"] = 2
    assert second.kwargs == {"name": "x"}


def test_decorating_an_object_that_cannot_be_called() -> None:
    table = RouteTableDef()
    with pytest.raises(TypeError, match=r"@routes\.route\('GET', '/a'\) decorates .*, not 5"):
        table.get("/a")(5)  # type: ignore[type-var]  # the mistake under test
    assert len(table) == 0
