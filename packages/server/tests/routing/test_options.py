"""Options of routes at run time; ``tests-integration/typed`` has what type checkers say."""

from collections.abc import Callable

import pytest

from treadle_responses import Response
from treadle_server import (
    Application,
    PlainResource,
    Request,
    ResourceRoute,
    StaticResource,
    UrlDispatcher,
    View,
    static,
)


async def handler(request: Request) -> Response:
    return Response()


class Page(View):
    get = handler


# Any keyword argument, whatever a type checker says.
Loose = Callable[..., object]


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda router, add: add(router.add_get)("/a", handler, nmae="x"), r"add_get\('/a'\) got"),
        (lambda router, add: add(router.add_post)("/a", handler, nmae="x"), "'nmae'.*mean 'name'"),
        (lambda router, add: add(router.add_view)("/a", Page, x=1), r"add_view\('/a'\) got .* 'x'"),
        (lambda router, add: add(router.add_static)("/a", ".", indx="x"), "'indx'.*mean 'index'"),
        (lambda router, add: add(StaticResource)("/a", ".", zzz=1), r"StaticResource\(\).*Known"),
        (lambda router, add: add(PlainResource("/a").add_route)("GET", handler, x=1), "'x'"),
        (
            lambda router, add: add(ResourceRoute)("GET", handler, PlainResource("/a"), x=1),
            r"ResourceRoute\(\) got",
        ),
        (lambda router, add: add(router.add_routes)([add(static)("/a", ".", x=1)]), "'x'"),
    ],
    ids=range(8),
)
def test_an_unknown_option_is_a_type_error(
    declare: Callable[[UrlDispatcher, Callable[[Loose], Loose]], object], message: str
) -> None:
    router = Application().router

    def add(call: Loose) -> Loose:
        return call

    with pytest.raises(TypeError, match=message):
        declare(router, add)
    assert router.resources() == ()
