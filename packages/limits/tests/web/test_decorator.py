"""``limited`` on each kind of handler, and what it refuses."""

import asyncio
import functools
from typing import Any

import pytest

from treadle_limits.web import exempt, limited, rate_limit
from treadle_responses import Response
from treadle_server import Application, Request, RouteTableDef, View
from treadle_testing import MemoryClient

routes = RouteTableDef()


@routes.get("/function")
@limited("2/day")
async def function(_request: Request) -> Response:
    """Say hello."""
    return Response(text="hello")


@routes.view("/view")
class Limited(View):
    """A view with a limited method."""

    @limited("2/day")
    async def get(self) -> Response:
        """Be limited."""
        return Response(text=self.request.path)

    async def post(self) -> Response:
        """Be free."""
        return Response()


class Handlers:
    """A class whose methods are handlers."""

    @limited("2/day")
    async def method(self, _request: Request) -> Response:
        """Be limited."""
        return Response()

    @limited("2/day")
    async def other(self, _request: Request) -> Response:
        """Have a limit of its own."""
        return Response()

    async def __call__(self, _request: Request) -> Response:
        """Be a handler itself."""
        return Response()


async def greet(greeting: str, _request: Request) -> Response:
    return Response(text=greeting)


def application() -> Application:
    app = Application()
    app.add_routes(routes)
    handlers = Handlers()
    app.router.add_get("/method", handlers.method)
    app.router.add_get("/other", handlers.other)
    app.router.add_get("/object", limited("2/day")(Handlers()))
    app.router.add_get("/partial", limited("2/day")(functools.partial(greet, "hi")))
    return app


@pytest.mark.parametrize("path", ["/function", "/view", "/method", "/other", "/object", "/partial"])
def test_each_kind_of_handler_has_hits_of_its_own(path: str) -> None:
    async def main() -> None:
        async with MemoryClient(application()) as client:
            for other in ("/function", "/view", "/method", "/other", "/object", "/partial"):
                if other != path:
                    assert (await client.get(other)).status == 200
            answers = [await client.get(path) for _ in range(3)]
            assert [answer.status for answer in answers] == [200, 200, 429]
            assert answers[2].headers["RateLimit-Policy"] == '"route";q=2;w=86400'
            assert answers[2].headers["Retry-After"] == "43200"
            assert (await client.post("/view")).status == 200

    asyncio.run(main())


def test_it_keeps_the_name_and_the_text() -> None:
    assert function.__name__ == "function"
    assert function.__doc__ == "Say hello."


def test_with_exempt_it_is_the_only_limit() -> None:
    @limited("3/day")
    @exempt
    async def one(_request: Request) -> Response:
        return Response()

    @exempt
    @limited("3/day", name="other")
    async def other(_request: Request) -> Response:
        return Response()

    async def main() -> None:
        app = Application(middlewares=[rate_limit("1/day")])
        app.router.add_get("/one", one)
        app.router.add_get("/other", other)
        async with MemoryClient(app) as client:
            for path in ("/one", "/other"):
                answers = [await client.get(path) for _ in range(4)]
                assert [answer.status for answer in answers] == [200, 200, 200, 429]
                assert "default" not in answers[3].headers["RateLimit"]

    asyncio.run(main())


def plain(_request: Request) -> Response:
    return Response()


@pytest.mark.parametrize("handler", [plain, Limited, 5, None, "text"])
def test_what_is_no_handler(handler: Any) -> None:
    with pytest.raises(TypeError, match="takes an async function"):
        limited("1/s")(handler)


def test_a_bad_option_is_told_where_it_is_given() -> None:
    with pytest.raises(ValueError, match="'often'"):
        limited("often")


def test_a_call_without_a_request() -> None:
    async def main() -> None:
        with pytest.raises(TypeError, match="found no request"):
            await function("text")  # type: ignore[arg-type]  # the mistake

    asyncio.run(main())
