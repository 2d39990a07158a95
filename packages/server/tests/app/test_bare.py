"""Applications of one handler."""

from collections.abc import AsyncIterator

import pytest

from testkit import Run, serve
from treadle_responses import Response
from treadle_server import Application, BaseRequest, Request
from treadle_server.interfaces import bare_application

GET = b"GET /any/path HTTP/1.1\r\nHost: a\r\n\r\n"


def test_each_request_goes_to_the_handler(run: Run) -> None:
    events = []

    async def handler(request: BaseRequest) -> Response:
        assert not isinstance(request, Request)
        assert (request.head.target, request.believed) == ("/any/path", False)
        assert request.connection_info.peername == request.protocol.peername
        events.append(request.connection_info.kept)
        request.connection_info.kept = len(events)
        return Response(text=request.raw_path)

    async def life(app: Application) -> AsyncIterator[None]:
        events.append("up")
        yield
        events.append("down")

    async def main() -> None:
        async with serve(bare_application(handler, cleanup_ctx=life)) as connect:
            peer = await connect()
            for _ in range(2):
                await peer.send(GET)
                assert await peer.response() == (200, b"/any/path")
        assert events == ["up", None, 2, "down"]

    run(main())


def test_options_of_the_server(run: Run) -> None:
    async def handler(request: BaseRequest) -> Response:
        return Response()

    async def main() -> None:
        app = bare_application(handler, handler_args={"server_header": "mine"})
        async with serve(app, server_header="other") as connect:
            peer = await connect()
            await peer.send(GET)
            assert b"Server: mine\r\n" in await peer.head()

    run(main())


def test_no_routes_and_no_middlewares() -> None:
    async def handler(request: BaseRequest) -> Response:
        return Response()

    app = bare_application(handler)
    with pytest.raises(RuntimeError, match="frozen"):
        app.router.add_get("/", handler)
    with pytest.raises(RuntimeError, match="frozen"):
        app.middlewares.append(lambda request, handler: handler(request))
