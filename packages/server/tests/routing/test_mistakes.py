"""Where a handler is, and whether it can be called with a request."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from treadle_responses import Response, StreamResponse
from treadle_server import Request, View
from treadle_server._app.middleware import normalize_path_middleware
from treadle_server._routing.handlers import check_handler
from treadle_server._routing.mistakes import is_not_async, place_of, wrong_signature


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


def with_user(
    function: Callable[[Request, str], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Give a handler the user too, as the decorators of logins do."""

    @functools.wraps(function)
    async def handle(request: Request) -> Response:
        return await function(request, "ada")

    return handle


def passing_on(function: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(function)
    def handle(*args: object, **kwargs: object) -> object:
        return function(*args, **kwargs)

    return handle


def without_request(function: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(function)
    def handle() -> object:
        return function(None)

    return handle


@with_user
async def of_a_user(_request: Request, user: str) -> Response:
    return Response(text=user)


class Decorated(View):
    @passing_on
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
        # A decorator may give what the request does not.
        (of_a_user, None),
        (passing_on(hello), None),
        (
            without_request(hello),
            f"but this one is {__name__}.hello, as its decorator is called: ()",
        ),
        (Called(), None),
        (Good, None),
        (Decorated, None),
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


def plain(_request: Request) -> Response:
    return Response()


def plain_without_request() -> Response:
    return Response()


def in_thread(function: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    @functools.wraps(function)
    async def handle(request: Request) -> Response:
        return await asyncio.to_thread(function, request)

    return handle


def coroutine_of(request: Request) -> Coroutine[Any, Any, Response]:
    return hello(request)


@pytest.mark.parametrize(
    ("handler", "wrong"),
    [
        (hello, False),
        (decorated, False),
        (functools.partial(two, name="x"), False),
        (passing_on(hello), False),
        (in_thread(plain), False),
        (coroutine_of, False),
        (Good.get, False),
        (plain, True),
        (passing_on(plain), True),
        (functools.partial(plain), True),
    ],
)
def test_what_is_not_async(handler: object, wrong: bool) -> None:
    assert is_not_async(handler) is wrong


def test_what_a_route_makes_of_a_plain_function() -> None:
    """It is wrapped by an async function of ours, which is neither the user's nor a repair."""
    for function in (plain, plain_without_request):
        with pytest.warns(DeprecationWarning, match="use async ones"):
            handler = check_handler(function)
        assert is_not_async(handler)
        found = wrong_signature(handler)
        assert (found is None) is (function is plain)
        assert place_of(handler).startswith(f"{__name__}.{function.__name__}, {__file__}:")
