"""The match info of requests: routed, without a route, copied, and set by a program."""

import pytest

from testkit import Run, serve
from treadle_responses import HTTPException, HTTPNotFound, StreamResponse
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
