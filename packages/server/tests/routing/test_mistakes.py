"""Where a handler is, and if it can be called with a request."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from treadle_responses import Response, StreamResponse
from treadle_server import Request, View
from treadle_server._app.middleware import normalize_path_middleware
from treadle_server._routing.mistakes import place_of, wrong_signature


async def hello(request: Request) -> Response:
    return Response(text=str(request.path))


@functools.wraps(hello)
async def decorated(*args: Any) -> Response:
    return await hello(*args)


async def auth(
    request: Request, handler: Callable[[Request], Awaitable[StreamResponse]]
) -> StreamResponse:
    return await handler(request)


async def nothing() -> Response:
    return Response()


async def two(_request: Request, name: str) -> Response:
    return Response(text=name)


async def usual(_request: Request, name: str = "x", **_more: str) -> Response:
    return Response(text=name)


async def keyword(_request: Request, *, name: str) -> Response:
    return Response(text=name)


class Good(View):
    async def get(self) -> Response:
        return Response()


class Bad(View):
    async def get(self) -> Response:
        return Response()

    async def post(self, _request: Request) -> Response:
        return Response()


class Called:
    async def __call__(self, _request: Request) -> Response:
        return Response()


LINE = hello.__code__.co_firstlineno
HERE = f"{__name__}.hello, {__file__}:{LINE}"


@pytest.mark.parametrize(
    ("handler", "middlewares", "place"),
    [
        (hello, (), HERE),
        (decorated, (), HERE),
        (functools.partial(hello), (), HERE),
        (hello, (auth,), f"{HERE}; inside {__name__}.auth"),
        (hello, (auth, normalize_path_middleware()), f"{HERE}; inside {__name__}.auth"),
        (hello, (normalize_path_middleware(),), HERE),
        (Called(), (), f"{__name__}.Called"),
        (Good, (), f"{__name__}.Good"),
        (None, (), "builtins.NoneType"),
    ],
)
def test_the_place(handler: object, middlewares: tuple[object, ...], place: str) -> None:
    # An instance has the module of its class.
    assert place_of(handler, middlewares).removeprefix("builtins.") == place.removeprefix(
        "builtins."
    )


@pytest.mark.parametrize(
    ("handler", "end"),
    [
        (hello, None),
        (usual, None),
        (decorated, None),
        (functools.partial(two, name="x"), None),
        (Called(), None),
        (Good, None),
        (int, None),
        (None, None),
        (nothing, f"but this one is {__name__}.nothing() -> "),
        (two, f"but this one is {__name__}.two(_request: "),
        (keyword, f"but this one is {__name__}.keyword(_request: "),
        (Bad, "but this one is Bad.post(self, _request: "),
    ],
)
def test_the_signature(handler: object, end: str | None) -> None:
    found = wrong_signature(handler)
    if end is None:
        assert found is None
    else:
        assert found is not None
        assert end in found
