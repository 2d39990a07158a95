"""Resources, routes and match information as applications see them."""

import pytest
from yarl import URL

from weft_responses import HTTPNotFound, Response
from weft_server import (
    Application,
    DynamicResource,
    PlainResource,
    Request,
    ResourceRoute,
    SystemRoute,
    UrlMappingMatchInfo,
)


async def handler(request: Request) -> Response:
    return Response()


def test_consecutive_additions_share_a_resource() -> None:
    router = Application().router
    first = router.add_resource("/a", name="a")
    assert router.add_resource("/a", name="a") is first
    other = router.add_resource("/b")
    assert router.add_resource("/b") is other
    assert router.resources() == (first, other)
    with pytest.raises(ValueError, match="'a'"):
        router.add_resource("/a", name="a")


def test_kinds_of_resources() -> None:
    router = Application().router
    plain = router.add_resource("/a b")
    dynamic = router.add_resource("/{x}/{y:[0-9]+}", name="d")
    assert isinstance(plain, PlainResource)
    assert isinstance(dynamic, DynamicResource)
    assert (plain.canonical, dynamic.canonical) == ("/a%20b", "/{x}/{y}")
    assert plain.url_for() == URL("/a%20b", encoded=True)
    assert dynamic.url_for(x="a/b é", y=5) == URL("/a%2Fb%20%C3%A9/5", encoded=True)
    assert dynamic.name == "d"
    assert "/{x}/{y}" in repr(dynamic)


@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        ({"x": "a"}, KeyError, "y"),
        ({"x": "a", "y": "1", "z": "2"}, ValueError, "z"),
        ({"x": "a", "y": "abc"}, ValueError, "abc"),
    ],
)
def test_url_for_refuses_wrong_parts(
    parts: dict[str, str], error: type[Exception], message: str
) -> None:
    resource = Application().router.add_resource("/{x}/{y:[0-9]+}")
    with pytest.raises(error, match=message):
        resource.url_for(**parts)


def test_routes_know_their_resource() -> None:
    router = Application().router
    resource = router.add_resource("/{x}", name="n")
    route = resource.add_route("get", handler)
    assert isinstance(route, ResourceRoute)
    assert (route.method, route.handler, route.resource, route.name) == (
        "GET",
        handler,
        resource,
        "n",
    )
    assert route.url_for(x="1") == URL("/1")
    assert route.get_info() == resource.get_info()
    assert list(resource) == [route]
    assert len(resource) == 1
    with pytest.raises(RuntimeError, match="will never be executed"):
        resource.add_route("GET", handler)
    with pytest.raises(TypeError, match="expect_handler must be an async function"):
        resource.add_route("POST", handler, expect_handler=lambda request: None)  # type: ignore[arg-type, return-value]  # the mistake under test


def test_match_info_has_strings_and_converted_values() -> None:
    router = Application().router
    router.add_get("/{id!int}/{name}", handler)
    found = router.match("GET", "/42/x%20y")
    assert found
    info = UrlMappingMatchInfo.of(found)
    assert info == {"id": "42", "name": "x y"}
    assert info.converted == {"id": 42, "name": "x y"}
    assert info.handler is handler
    assert info.http_exception is None
    assert "id" in repr(info)


def test_the_route_of_an_error() -> None:
    route = SystemRoute(HTTPNotFound())
    assert (route.status, route.reason, route.name, route.resource) == (
        404,
        "Not Found",
        None,
        None,
    )
    assert repr(route) == "<SystemRoute 404: Not Found>"
    with pytest.raises(RuntimeError, match="no URL"):
        route.url_for()


def test_a_frozen_router_takes_nothing() -> None:
    router = Application().router
    resource = router.add_resource("/a")
    router.freeze()
    assert router.frozen
    with pytest.raises(RuntimeError):
        router.add_resource("/b")
    with pytest.raises(RuntimeError):
        resource.add_route("GET", handler)
