"""The current application: the request and its match info always agree."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from treadle_responses import Response, StreamResponse
from treadle_server import Application, Handler, Request

RequestTo = Callable[..., Request]


async def through(request: Request, handler: Handler) -> StreamResponse:
    return await handler(request)


def handled(app: Application, request: Request) -> object:
    """Return the result of the application's handler, without a server around it."""

    async def wait(answer: Awaitable[StreamResponse]) -> StreamResponse:
        return await answer

    return asyncio.run(wait(app._handle(request)))


@pytest.mark.parametrize("prefixes", [(), ("/sub",), ("/sub", "/deep")])
@pytest.mark.parametrize("middlewares", [(), (through,)])
def test_current_app_reads_and_writes_the_request(
    request_to: RequestTo, prefixes: tuple[str, ...], middlewares: tuple[Any, ...]
) -> None:
    seen: list[tuple[object, ...]] = []

    async def handler(request: Request) -> Response:
        assert request.app is apps[-1]
        info = request.match_info
        seen.append((info.current_app, info.apps, request.match_info is info))
        for app in apps:
            info.current_app = app
            assert request.app is app
            assert request.config_dict["name"] == names[app]
        assert request.app is apps[-1]
        return Response()

    apps = [Application(middlewares=middlewares) for _ in (None, *prefixes)]
    names = {app: str(number) for number, app in enumerate(apps)}
    for app, name in names.items():
        app["name"] = name
    apps[-1].router.add_get("/x", handler)
    for outer, prefix, inner in reversed(list(zip(apps, prefixes, apps[1:], strict=False))):
        outer.add_subapp(prefix, inner)
    apps[0].freeze()
    for _ in range(2):  # the second time with the chain that was kept
        handled(apps[0], request_to("GET", "".join(prefixes) + "/x"))
    assert seen == [(apps[-1], tuple(apps), True)] * 2


def test_a_match_info_that_was_made_before_the_switch_follows_it(request_to: RequestTo) -> None:
    seen: list[object] = []

    async def outermost(request: Request, handler: Handler) -> StreamResponse:
        info = request.match_info
        seen.append(info.current_app)
        response = await handler(request)
        seen.append(info.current_app)
        return response

    async def handler(request: Request) -> Response:
        seen.extend((request.match_info.current_app, request.app))
        return Response()

    top, sub = Application(middlewares=[outermost]), Application()
    sub.router.add_get("/x", handler)
    top.add_subapp("/sub", sub)
    request = request_to("GET", "/sub/x")
    handled(top, request)
    assert seen == [top, sub, sub, top]
    assert request.app is sub
