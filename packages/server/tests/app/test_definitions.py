"""The functions that make route definitions."""

import pytest

from treadle_responses import Response
from treadle_server import Application, Request, RouteDef, View, get, post, route, static, view


async def handler(request: Request) -> Response:
    return Response()


class Page(View):
    get = handler


def test_given_options_are_kept_and_none_is_not_an_option() -> None:
    assert get("/a", handler).kwargs == {}
    assert get("/a", handler, allow_head=False).kwargs == {"allow_head": False}
    assert post("/a", handler, name=None, expect_handler=None, client_max_size=None).kwargs == {}
    assert post("/a", handler, client_max_size=0).kwargs == {"client_max_size": 0}
    assert static("/s", "dir", index=None, cache_control=None).kwargs == {}
    assert static(
        "/s", "dir", name="n", chunk_size=1, show_index=True, append_version=True
    ).kwargs == {"name": "n", "chunk_size": 1, "show_index": True, "append_version": True}


def test_options_of_add_ons_reach_their_router() -> None:
    definition = post("/a", handler, swagger="x")  # type: ignore[call-arg]  # an add-on's
    assert definition == RouteDef("POST", "/a", handler, {"swagger": "x"})
    with pytest.raises(TypeError, match=r"add_route\('POST', '/a'\) got .* argument 'swagger'"):
        definition.register(Application().router)


def test_view_is_a_route_for_every_method() -> None:
    assert view("/a", Page, name="n") == route("*", "/a", Page, name="n")
    # Type checkers report a function, as aiohttp's types do; it works as with aiohttp.
    assert view("/a", handler) == route("*", "/a", handler)  # type: ignore[arg-type]  # accepted at run time
