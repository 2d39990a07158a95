"""Memory returns to where it was: no request, task or response stays behind."""

import asyncio
import gc
import logging
import weakref

import pytest

from testkit import LOOPS, run_on, serve
from treadle import web

GET = b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"


async def plain(request: web.Request) -> web.Response:
    return web.Response(text="x")


async def with_headers(request: web.Request) -> web.Response:
    return web.Response(text="x", headers={"X-Header": request.headers["Host"]})


async def waiting(request: web.Request) -> web.Response:
    await asyncio.sleep(0)
    return web.Response(text="x")


async def failing(request: web.Request) -> web.Response:
    raise web.HTTPNotFound


async def breaking(request: web.Request) -> web.Response:
    return web.Response(headers={"X-Bad": "a\rb"})


async def streaming(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1"})
    await response.prepare(request)
    await response.write(b"x")
    return response


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("handler", [plain, with_headers, waiting, failing, streaming, breaking])
def test_requests_are_gone_without_the_collector(
    loop: str, handler: web.Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reference counts alone free a request: request, task and peer form no cycle."""
    # pytest keeps what is logged, and a logged error keeps the frames that it came through.
    monkeypatch.setattr(logging.getLogger("treadle.server"), "disabled", True)
    requests: weakref.WeakSet[web.Request] = weakref.WeakSet()

    async def remember(request: web.Request) -> web.StreamResponse:
        requests.add(request)
        return await handler(request)

    async def main() -> None:
        async with serve(remember) as connect:
            for _ in range(20):
                peer = await connect()
                await peer.send(GET)
                await peer.response()
            # The peer has the answer before the server's callback has returned.
            await asyncio.sleep(0)
            assert len(requests) == 0

    gc.disable()
    try:
        run_on(loop)(main())
    finally:
        gc.enable()


@pytest.mark.parametrize("loop", LOOPS)
def test_ten_thousand_requests_leave_nothing(loop: str) -> None:
    async def main() -> None:
        async with serve(plain) as connect:
            peer = await connect()
            batch = GET * 50

            async def ask(count: int) -> int:
                for _ in range(count // 50):
                    await peer.send(batch)
                    for _ in range(50):
                        assert (await peer.response())[0] == 200
                gc.collect()
                return len(gc.get_objects())

            before = await ask(1000)
            after = await ask(10_000)
            # A few objects may come and go with the event loop; one per request may not.
            assert after - before < 100

    run_on(loop)(main())


@pytest.mark.parametrize("loop", LOOPS)
def test_connections_are_gone_when_they_end(loop: str) -> None:
    async def main() -> None:
        async with serve(plain) as connect:
            for _ in range(5):
                (await connect()).writer.close()
            gc.collect()
            before = len(gc.get_objects())
            for _ in range(50):
                peer = await connect()
                await peer.send(GET[:-2])
                peer.writer.transport.abort()
            for _ in range(50):
                peer = await connect()
                await peer.send(GET)
                await peer.response()
                peer.writer.close()
                await peer.writer.wait_closed()
            await asyncio.sleep(0)
            gc.collect()
            # The peers are kept by the fixture until the end: count what the server keeps.
            kept = [o for o in gc.get_objects() if type(o).__name__ == "HttpConnection"]
            assert len(kept) < 10, len(gc.get_objects()) - before

    run_on(loop)(main())
