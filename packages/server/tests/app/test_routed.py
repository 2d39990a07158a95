"""The match info of requests: routed, without a route, copied, and set by a program."""

import logging
from typing import Any

import pytest

from testkit import Run, serve
from treadle_responses import HTTPException, HTTPNotFound, Response, StreamResponse
from treadle_server import Application, MatchInfoError, Request, UrlMappingMatchInfo


async def refuse(_request: Request) -> StreamResponse:
    raise HTTPNotFound


@pytest.mark.parametrize(
    ("path", "kind", "text"), [("/a", UrlMappingMatchInfo, ""), ("/b", MatchInfoError, "404")]
)
def test_the_match_info_behind_the_handler(
    run: Run, path: str, kind: type[UrlMappingMatchInfo], text: str
) -> None:
    """An access log asks for it when the response is out."""
    app = Application()
    app.router.add_get("/a", refuse)

    async def handle(request: Request) -> StreamResponse:
        try:
            return await app._handle(request)
        except HTTPException:
            info = request.match_info
            assert type(info) is kind
            assert request.match_info is info
            assert request.app is info.current_app is app
            assert text in repr(info)
            copy = request.clone(method="POST")
            assert copy.match_info is info
            assert copy.app is app
            raise

    async def main() -> None:
        outer = Application()
        outer._handle = handle  # type: ignore[method-assign]  # around the other one
        outer.on_startup.append(freeze)
        async with serve(outer) as connect:
            peer = await connect()
            await peer.send(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            assert (await peer.response())[0] == 404

    async def freeze(_app: Application) -> None:
        app.freeze()

    run(main())


def test_a_match_info_that_a_program_sets(run: Run) -> None:
    other = Application()
    other.router.add_get("/plugin", refuse)

    async def handler(request: Request) -> StreamResponse:
        copy = request.clone(rel_url="/plugin")
        info = await other.router.resolve(copy)
        info.add_app(other)
        copy._match_info = info
        assert copy.match_info is info
        assert copy.app is other
        assert request.app is app
        return await info.handler(copy)

    app = Application()
    app.router.add_get("/", handler)

    async def main() -> None:
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await peer.response())[0] == 404

    run(main())


async def nothing(_request: Request) -> None:
    """Forget the response."""


async def without_request() -> StreamResponse:
    raise NotImplementedError


async def forgets(request: Request) -> StreamResponse:
    return Response(text=request.text().upper())  # type: ignore[attr-defined]  # as users forget it


async def swallows(request: Request, handler: Any) -> None:
    await handler(request)


PLACE = f"({__name__}.nothing, {__file__}:{nothing.__code__.co_firstlineno}"


@pytest.mark.filterwarnings("ignore:coroutine '.*' was never awaited:RuntimeWarning")
@pytest.mark.parametrize(
    ("handler", "middlewares", "words"),
    [
        (nothing, (), f"The handler of GET / {PLACE}) returned None, but"),
        (nothing, (swallows,), f"{PLACE}; inside {__name__}.swallows) returned None, but"),
        (without_request, (), "one argument, the request, but this one is "),
        (forgets, (), "Is an await missing? A call of an async function returns a coroutine"),
    ],
)
def test_the_log_of_a_mistake_names_the_handler_and_the_fix(
    run: Run,
    caplog: pytest.LogCaptureFixture,
    handler: Any,
    middlewares: tuple[Any, ...],
    words: str,
) -> None:
    async def main() -> None:
        app = Application()
        app.router.add_get("/", handler, middlewares=middlewares)
        async with serve(app) as connect:
            peer = await connect()
            for _ in range(2):
                await peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                assert (await peer.response())[0] == 500
                peer = await connect()

    with caplog.at_level(logging.ERROR):
        run(main())
    assert [record.message for record in caplog.records] == [
        "Error handling request from 127.0.0.1"
    ] * 2
    for text in caplog.text.split("Error handling")[1:]:
        assert text.count(words) == 1


def test_a_request_without_a_route_has_no_handler(run: Run) -> None:
    found: list[tuple[str, str | None]] = []

    async def look(request: Request, handler: Any) -> StreamResponse:
        found.append((request.handler_place(), request.handler_advice()))
        response: StreamResponse = await handler(request)
        return response

    look.__middleware_version__ = 1  # type: ignore[attr-defined]  # as web.middleware marks it

    async def main() -> None:
        async with serve(Application(middlewares=[look])) as connect:
            peer = await connect()
            await peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await peer.response())[0] == 404

    run(main())
    assert found == [("", None)]
