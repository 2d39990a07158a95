"""A bad handler is reported where it is declared, with its file and line."""

import functools
import types
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

import pytest

from testkit import Run, serve
from treadle_responses import Response, StreamResponse
from treadle_server import Application, Request, View, view


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


def lambda_of_async(request: Request) -> Any:
    return good(request, "from a function")


class TheirView:
    """The shape of another package's abstract view."""

    def __init__(self, request: Request) -> None:
        self.request = request

    def __await__(self) -> Generator[Any, None, StreamResponse]:
        return good(self.request, "theirs").__await__()


@types.coroutine
def of_generators(request: Request) -> Generator[Any, None, Response]:
    yield from good(request, "generated").__await__()
    return Response(text="generated")


HERE = r"test_handlers\.py:\d+\)"
BUG = b"500 Internal Server Error\n\nServer got itself in trouble"


@pytest.mark.parametrize(
    ("handler", "message", "status", "text"),
    [
        (sync_handler, rf"sync_handler.*{HERE}: define it with `async def`", 200, b""),
        (lambda request: Response(text="x"), rf"{HERE}: define it with `async def`", 200, b"x"),
        (lambda_of_async, "define it with", 200, b"from a function"),
        (functools.partial(sync_handler), "Bare functions are deprecated", 200, b""),
        (SyncInstance(), "SyncInstance object .*: define it with", 200, b""),
        (
            generator,
            rf"generator.*{HERE}: it has a `yield`",
            500,
            BUG,
        ),
        (
            NoView,
            rf"NoView.*{HERE}: derive it from web\.View",
            500,
            BUG,
        ),
        (of_generators, rf"Bare generators are deprecated.*{HERE} with", 200, b"generated"),
    ],
    ids=range(8),
)
@pytest.mark.parametrize("add", ["add_get", "add_route", "routes", "add_view"])
def test_bare_functions(
    run: Run, add: str, handler: Any, message: str, status: int, text: bytes
) -> None:
    """As with aiohttp they work, with a warning where the route is declared."""
    app = Application()
    router = app.router
    ways: dict[str, Callable[[], object]] = {
        "add_get": lambda: router.add_get("/", handler),
        "add_route": lambda: router.add_route("GET", "/", handler),
        "routes": lambda: router.add_routes([view("/", handler)]),
        "add_view": lambda: router.add_view("/", handler),
    }
    with pytest.warns(DeprecationWarning, match=message) as warned:
        ways[add]()
    assert {warning.filename for warning in warned} == {__file__}

    async def main() -> None:
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert await peer.response() == (status, text)

    run(main())


@pytest.mark.parametrize("add", ["add_get", "add_route", "routes"])
@pytest.mark.parametrize("handler", ["good", None, 7, Response(text="an application of ASGI")])
@pytest.mark.parametrize("kind", [TypeError, AssertionError])
def test_no_handler(add: str, handler: Any, kind: type[Exception]) -> None:
    router = Application().router
    ways: dict[str, Callable[[], object]] = {
        "add_get": lambda: router.add_get("/", handler),
        "add_route": lambda: router.add_route("PURGE", "/", handler),
        "routes": lambda: router.add_routes([view("/", handler)]),
    }
    with pytest.raises(kind, match=f"not {handler!r}"):
        ways[add]()
    assert router.resources() == ()


def test_a_coroutine_is_not_a_handler() -> None:
    coroutine = good(None)  # type: ignore[arg-type]  # never run
    with pytest.raises(TypeError, match="pass the function, do not call it"):
        Application().router.add_get("/", coroutine)  # type: ignore[arg-type]  # the mistake
    coroutine.close()


def test_a_view_is_a_class() -> None:
    router = Application().router
    page = Page(None)  # type: ignore[arg-type]  # never awaited
    with pytest.raises(TypeError, match="takes the View class Page, not an instance"):
        router.add_view("/v", page)  # type: ignore[arg-type]  # the mistake under test


def test_a_view_without_methods(run: Run) -> None:
    async def main() -> None:
        app = Application()
        app.router.add_view("/", Empty)
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert await peer.response() == (405, b"405: Method Not Allowed")

    run(main())


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        (good, b"hello"),
        (functools.partial(good, greeting="partial"), b"partial"),
        (Instance(), b"called"),
        (Page, b"page"),
        (Awaited, b"awaited"),
        (TheirView, b"theirs"),
    ],
    ids=range(6),
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
    with pytest.raises(TypeError, match=rf"Coroutine is expected, got .*{HERE}"):
        router.add_get("/a", good, expect_handler=sync_handler)  # type: ignore[arg-type]  # the mistake
