"""A bad handler is refused where it is declared, with its file and line."""

import functools
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

import pytest

from testkit import Run, serve
from treadle_responses import Response, StreamResponse
from treadle_server import AbstractView, Application, Request, View, view


async def good(request: Request, greeting: str = "hello") -> Response:
    return Response(text=greeting)


def sync_handler(request: Request) -> Response:
    return Response()


async def generator(request: Request) -> AsyncIterator[Response]:
    yield Response()


class Empty(View):
    """A view without an HTTP method: names are compared in lower case, so ``Get`` is not one."""

    async def Get(self) -> Response:
        return Response()


class NoView:
    async def get(self) -> Response:
        return Response()


class Abstract(AbstractView):
    pass


class Page(View):
    async def get(self) -> Response:
        return Response(text="page")


class Awaited(View):
    def __await__(self) -> Generator[Any, None, StreamResponse]:
        return good(self.request, "awaited").__await__()


class Instance:
    async def __call__(self, request: Request) -> Response:
        return Response(text="called")


class SyncInstance:
    def __call__(self, request: Request) -> Response:
        return Response()


HERE = r"test_handlers\.py:\d+\)"


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (sync_handler, rf"sync_handler.*{HERE} is not an async function: define it with"),
        (lambda request: Response(), rf"{HERE} is not an async function"),
        (SyncInstance(), "is not an async function"),
        (generator, rf"generator.*{HERE} is an async generator: it has a `yield`"),
        (Empty, rf"The view Empty \(.*{HERE} answers no method: define `async def get\(self\)`"),
        (Abstract, rf"The view Abstract \(.*{HERE} answers no method"),
        (NoView, rf"The class NoView \(.*{HERE} is not a handler: derive it from web\.View"),
        (int, "The class int is not a handler"),
        ("good", "not 'good'"),
        (None, "not None"),
        (7, "not 7"),
    ],
    ids=range(11),
)
@pytest.mark.parametrize("add", ["add_get", "add_route", "routes"])
def test_no_handler(add: str, handler: Any, message: str) -> None:
    router = Application().router
    ways: dict[str, Callable[[], object]] = {
        "add_get": lambda: router.add_get("/", handler),
        "add_route": lambda: router.add_route("PURGE", "/", handler),
        "routes": lambda: router.add_routes([view("/", handler)]),
    }
    with pytest.raises(TypeError, match=message):
        ways[add]()
    assert router.resources() == ()


def test_a_coroutine_is_not_a_handler() -> None:
    coroutine = good(None)  # type: ignore[arg-type]  # never run
    with pytest.raises(TypeError, match="pass the function, do not call it"):
        Application().router.add_get("/", coroutine)  # type: ignore[arg-type]  # the mistake
    coroutine.close()


def test_a_view_must_be_a_class() -> None:
    router = Application().router
    with pytest.raises(TypeError, match=rf"add_view\('/v'\).*{HERE}: use add_route\('\*', '/v'"):
        router.add_view("/v", good)  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(TypeError, match="The class NoView"):
        router.add_view("/v", NoView)  # type: ignore[arg-type]  # the mistake under test
    page = Page(None)  # type: ignore[arg-type]  # never awaited
    with pytest.raises(TypeError, match="takes the View class Page, not an instance"):
        router.add_view("/v", page)  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        (good, b"hello"),
        (functools.partial(good, greeting="partial"), b"partial"),
        (Instance(), b"called"),
        (Page, b"page"),
        (Awaited, b"awaited"),
    ],
    ids=range(5),
)
def test_handlers(run: Run, handler: Callable[..., Any], text: bytes) -> None:
    async def main() -> None:
        app = Application()
        app.router.add_get("/", handler)
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert await peer.response() == (200, text)

    run(main())


def test_expect_handlers_may_be_objects() -> None:
    router = Application().router
    router.add_get("/", good, expect_handler=Instance())
    with pytest.raises(TypeError, match=rf"async function, not .*{HERE}"):
        router.add_get("/a", good, expect_handler=sync_handler)  # type: ignore[arg-type]  # the mistake
