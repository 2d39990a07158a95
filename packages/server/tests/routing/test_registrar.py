"""Every way of adding a route takes the same options and returns the route."""

from collections.abc import Callable

import pytest

from treadle_responses import Response, StreamResponse
from treadle_server import AbstractRoute, Application, Handler, Request, UrlDispatcher, View


async def handler(request: Request) -> Response:
    return Response()


async def through(request: Request, handler: Handler) -> StreamResponse:
    return await handler(request)


async def expect(request: Request) -> None:
    return None


class Page(View):
    get = handler


@pytest.mark.parametrize(
    ("name", "methods"),
    [
        ("add_get", ["HEAD", "GET"]),
        ("add_head", ["HEAD"]),
        ("add_options", ["OPTIONS"]),
        ("add_post", ["POST"]),
        ("add_put", ["PUT"]),
        ("add_patch", ["PATCH"]),
        ("add_delete", ["DELETE"]),
        ("add_view", ["*"]),
    ],
)
def test_keywords(name: str, methods: list[str]) -> None:
    router = Application().router
    add: Callable[..., AbstractRoute] = getattr(router, name)
    target = Page if name == "add_view" else handler
    route = add(
        "/p",
        target,
        name="p",
        expect_handler=expect,
        middlewares=iter([through]),
        client_max_size=5,
    )
    assert route.method == methods[-1]
    assert [one.method for one in router.routes()] == methods
    for one in router.routes():
        assert one.handler is target
        assert (one.name, one.middlewares, one.client_max_size) == ("p", (through,), 5)
        assert one._expect_handler is expect
    assert router["p"].canonical == "/p"


def test_get_without_head() -> None:
    router = Application().router
    router.add_get("/p", handler, allow_head=False)
    assert [route.method for route in router.routes()] == ["GET"]


def test_methods_are_compared_in_upper_case() -> None:
    router = Application().router
    assert router.add_route("purge", "/p", handler).method == "PURGE"
    with pytest.raises(RuntimeError, match="PURGE is already registered"):
        router.add_route("Purge", "/p", handler)


def test_a_plain_router_can_be_filled() -> None:
    router = UrlDispatcher()
    router.add_post("/p", handler)
    assert len(router.routes()) == 1
