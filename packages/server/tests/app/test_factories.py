"""Middlewares of the old style, and how they are known."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from testkit import Run, hello, serve
from treadle_responses import Response, StreamResponse
from treadle_server import Application, Handler, Request, middleware
from treadle_server._app.factories import is_factory

Inside = Callable[[Request], Awaitable[StreamResponse]]


async def factory(app: Application, handler: Handler) -> Inside:
    async def inside(request: Request) -> StreamResponse:
        response = await handler(request)
        response.headers["X-App"] = str(request.app is app)
        return response

    return inside


class Factory:
    async def __call__(self, app: Application, handler: Handler) -> Inside:
        return await factory(app, handler)


async def new(request: Request, handler: Handler) -> StreamResponse:
    return await handler(request)


@middleware
async def marked(app: Any, handler: Handler) -> StreamResponse:
    return await handler(app)


async def by_type(a: "Application", handler: Handler) -> Inside:
    return await factory(a, handler)


@middleware
class Marked:
    async def __call__(self, application: Any, handler: Handler) -> StreamResponse:
        return await handler(application)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (factory, True),
        (Factory(), True),
        (functools.partial(factory), True),
        (by_type, True),
        (lambda web_app, handler: factory(web_app, handler), True),  # noqa: PLW0108  # its name
        (new, False),
        (marked, False),
        (Marked(), False),
        (lambda r, h: new(r, h), False),  # noqa: PLW0108  # as above
        (lambda *args: new(*args), False),  # noqa: PLW0108  # as above
        (lambda: None, False),
        (5, False),
        (min, False),
    ],
    ids=range(13),
)
def test_which_are_old(function: Any, expected: bool) -> None:
    assert is_factory(function) is expected


@pytest.mark.parametrize("old", [factory, Factory()])
@pytest.mark.parametrize("place", ["application", "sub-application", "route"])
def test_they_work_with_a_warning(run: Run, old: Any, place: str) -> None:
    top, sub = Application(), Application()
    inside = {"middlewares": [old]} if place == "route" else {}
    sub.router.add_get("/x", hello, **inside)  # type: ignore[arg-type]  # an option by name
    if place == "application":
        top.middlewares.append(old)
    if place == "sub-application":
        sub.middlewares.append(old)

    def start() -> None:
        top.add_subapp("/sub", sub)
        top.freeze()

    if place == "route":
        start()
    else:
        text = r'^old-style middleware ".*" deprecated, see #2252$'
        with pytest.warns(DeprecationWarning, match=text):
            start()

    async def main() -> None:
        async with serve(top) as connect:
            peer = await connect()
            for _ in range(2):
                await peer.send(b"GET /sub/x HTTP/1.1\r\nHost: h\r\n\r\n")
                head = await peer.head()
                assert b"\r\nX-App: True\r\n" in head
                assert await peer.exactly(5) == b"hello"

    run(main())


def test_the_handler_is_given_by_name_where_it_must(run: Run) -> None:
    async def keyword(request: Request, *, handler: Handler) -> StreamResponse:
        return await handler(request)

    async def third(request: Request, extra: str = "e", handler: Any = None) -> StreamResponse:
        response: StreamResponse = await handler(request)
        response.headers["X-Extra"] = extra
        return response

    async def main() -> None:
        app = Application(middlewares=[keyword, third])  # type: ignore[list-item]  # as aiohttp calls
        app.router.add_get("/", hello)
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert b"\r\nX-Extra: e\r\n" in await peer.head()
            assert await peer.exactly(5) == b"hello"

    run(main())


def test_a_bound_method_cannot_be_marked() -> None:
    class Holder:
        async def call(self, request: Request, handler: Handler) -> StreamResponse:
            return Response()

    bound = Holder().call
    assert middleware(bound) is bound
    assert not is_factory(bound)
