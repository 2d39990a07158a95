"""The abstract classes of routing, implemented by a third party with as little as they ask for."""

from collections.abc import Callable

import pytest
from yarl import URL

from testkit import run_on
from treadle_responses import HTTPExpectationFailed, Response
from treadle_server import (
    AbstractMatchInfo,
    AbstractResource,
    AbstractRoute,
    AbstractRouter,
    Request,
    RouteInfo,
)

run = run_on("asyncio")


class Route(AbstractRoute):
    """A route of nothing but the abstract members."""

    @property
    def name(self) -> str | None:
        return None

    def get_info(self) -> RouteInfo:
        return {}

    def url_for(self, **parts: object) -> URL:
        return URL("/")


async def hello(request: Request) -> Response:
    return Response()


@pytest.mark.parametrize(
    "cls", [AbstractMatchInfo, AbstractResource, AbstractRoute, AbstractRouter]
)
def test_abstract_classes_name_their_missing_methods(cls: type) -> None:
    with pytest.raises(TypeError, match="abstract method"):
        cls()


def test_the_parts_of_a_route() -> None:
    route = Route("get", hello, client_max_size=5)
    assert (route.method, route.handler, route.checked_handler) == ("GET", hello, hello)
    assert (route.resource, route.middlewares, route.client_max_size) == (None, (), 5)
    assert Route("*", hello).client_max_size is None


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"client_max_sise": 5}, TypeError, "Did you mean 'client_max_size'"),
        ({"client_max_size": -1}, ValueError, "the route GET"),
        ({"expect_handler": 5}, TypeError, "5"),
        ({"middlewares": [5]}, TypeError, "5"),
    ],
)
def test_options_that_a_route_refuses(
    options: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Route("GET", hello, **options)  # type: ignore[arg-type]  # the mistakes under test


def test_an_expectation_is_answered_by_the_route(request_to: Callable[..., Request]) -> None:
    async def refuse(request: Request) -> Response:
        raise HTTPExpectationFailed(text="never")

    async def main() -> None:
        with pytest.raises(HTTPExpectationFailed, match="Expectation Failed"):
            await Route("GET", hello, expect_handler=refuse).handle_expect_header(
                request_to("GET", "/")
            )

    run(main())
