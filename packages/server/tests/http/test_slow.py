"""The log of slow requests: what is reported, how often, and what is not slow."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from testkit import Peer, Run, each_loop, upgrade_request
from treadle_responses import Response, StreamResponse
from treadle_server import Application, AppRunner, Request, Server, TCPSite, WebSocketResponse, get
from treadle_server._http.slow import stack_of


async def deep(event: asyncio.Event, depth: int) -> None:
    if depth:
        await deep(event, depth - 1)
    else:
        await event.wait()


class Site:
    """A server with one handler that waits until it is released."""

    def __init__(self, handler: Callable[..., Awaitable[StreamResponse]], **options: Any) -> None:
        self.begun, self.release = asyncio.Event(), asyncio.Event()

        async def handle(request: Request) -> StreamResponse:
            return await handler(request, self)

        app = Application()
        app.add_routes([get("/users/{id}", handle)])
        self.runner = AppRunner(app, slow_request_time=1, access_log=None, **options)

    async def start(self, data: bytes = b"GET /users/7?a=%0a HTTP/1.1\r\nHost: a\r\n\r\n") -> Peer:
        """Send a request, and return its peer when the handler waits."""
        await self.runner.setup()
        site = TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        peer = Peer(*await asyncio.open_connection("127.0.0.1", site.port))
        await peer.send(data)
        await self.begun.wait()
        return peer

    def tick(self, seconds: float) -> None:
        """Let the server look at its requests as if so many seconds had passed."""
        server = self.runner.server
        assert server is not None
        for connection in server._state.connections:
            request = connection.exchange.request  # type: ignore[attr-defined]  # an HttpConnection
            if request is not None and request.began:
                request.began -= seconds
        server._state.tick()


async def waits(request: Request, site: Site) -> Response:
    site.begun.set()
    await deep(site.release, 3)
    return Response(text="at last")


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.name == "treadle.server"]


@each_loop
def test_a_slow_request(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        site = Site(waits)
        peer = await site.start()
        site.tick(0.5)
        assert lines(caplog) == []
        site.tick(3)
        site.tick(3)
        [line] = lines(caplog)
        first, *stack = line.split("\n")
        assert re.fullmatch(
            r"GET /users/7\?a=%0a \(/users/\{id\}\) has had no response for 3\.\d s; "
            "its handler waits here:",
            first,
        )
        assert sum("in deep" in each for each in stack) == 4
        assert stack[-1].strip() == "await fut" or "wait" in stack[-1]
        site.release.set()
        assert (await peer.response())[1] == b"at last"
        assert re.fullmatch(
            r"GET /users/7\?a=%0a \(/users/\{id\}\) was slow: it has ended after \d\.\d s",
            lines(caplog)[1],
        )
        peer.writer.close()
        await site.runner.cleanup()
        assert len(lines(caplog)) == 2

    run(main())


async def streams(request: Request, site: Site) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    site.begun.set()
    await site.release.wait()
    return response


async def iterates(request: Request, site: Site) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        site.begun.set()
        yield b"a"
        await site.release.wait()

    return Response(body=parts())


async def talks(request: Request, site: Site) -> WebSocketResponse:
    ws = WebSocketResponse()
    await ws.prepare(request)
    site.begun.set()
    await site.release.wait()
    return ws


@pytest.mark.parametrize("handler", [streams, iterates, talks], ids=lambda x: x.__name__)
def test_what_is_not_slow(
    run: Run, handler: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        site = Site(handler)
        data = upgrade_request("/users/7") if handler is talks else b""
        peer = await (site.start(data) if data else site.start())
        await peer.reader.readuntil(b"\r\n\r\n")
        site.tick(30)
        site.release.set()
        peer.writer.close()
        await site.runner.cleanup()
        assert lines(caplog) == []

    run(main())


def test_a_handler_that_fails_and_a_client_that_leaves(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        site = Site(waits, handler_cancellation=True)
        peer = await site.start()
        site.tick(30)
        peer.writer.close()
        await site.runner.cleanup()
        assert len(lines(caplog)) == 2

    run(main())


def test_off(run: Run) -> None:
    async def main() -> None:
        async def handler(_request: object) -> Response:
            return Response()

        server = Server(handler)
        # The handler is the program's own, and nothing is called each second.
        assert server._state.handler is handler
        assert server._state.on_tick is None
        watched = Server(handler, slow_request_time=0.5)
        assert watched._state.handler is not handler
        with pytest.raises(ValueError, match="slow_request_time must be at least 0"):
            Server(handler, slow_request_time=-1)

    run(main())


def test_a_stack_without_an_end_is_bounded(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def very_deep(request: Request, site: Site) -> Response:
        site.begun.set()
        await deep(site.release, 300)
        return Response()

    async def main() -> None:
        site = Site(very_deep)
        peer = await site.start()
        site.tick(3)
        [line] = lines(caplog)
        assert len(line.split("\n")) < 70
        assert re.search(r"\.\.\. \(\d+ lines before\)", line)
        site.release.set()
        await peer.response()
        peer.writer.close()
        await site.runner.cleanup()

    run(main())


def test_other_awaitables(run: Run) -> None:
    async def generator(event: asyncio.Event) -> AsyncIterator[int]:
        await event.wait()
        yield 1

    async def main() -> None:
        event = asyncio.Event()

        async def reads() -> None:
            async for _ in generator(event):
                pass

        task: asyncio.Task[object] = asyncio.create_task(reads())
        await asyncio.sleep(0)
        assert sum(line.startswith("  File") for line in stack_of(task)) >= 1
        event.set()
        await task
        assert list(stack_of(task)) == []

    run(main())
