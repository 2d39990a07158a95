"""Serving in one process, and the last requests of a worker that is replaced."""

import asyncio
import signal

import pytest

from testkit import Peer, Run, each_loop
from treadle_responses import Response
from treadle_server import Application, AppRunner, Request, TCPSite, get
from treadle_server._run.serving import NotAnApplicationError
from treadle_server._run.serving import serve as serve_in_loop

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_what_is_no_application() -> None:
    loop = asyncio.new_event_loop()
    with pytest.raises(NotAnApplicationError, match=r"serves a web.Application or a coroutine"):
        serve_in_loop(loop, 5, lambda _runner: [], None, 1.0, False, {})  # type: ignore[arg-type]  # what is tested
    assert loop.is_closed()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(number: int) -> None:
    loop = asyncio.new_event_loop()
    seen: list[str] = []

    async def begin(_app: Application) -> None:
        loop.call_soon(signal.raise_signal, number)

    async def end(_app: Application) -> None:
        seen.append("cleaned up")

    app = Application()
    app.on_startup.append(begin)
    app.on_cleanup.append(end)
    serve_in_loop(loop, app, lambda _runner: [], seen.append, 1.0, True, {})
    assert seen[-1] == "cleaned up"
    assert loop.is_closed()


async def begin(begun: asyncio.Event, release: asyncio.Event) -> tuple[AppRunner, int]:
    """Start a runner whose handler at ``/slow`` waits; return it with its port."""

    async def answer(request: Request) -> Response:
        if request.path == "/slow":
            begun.set()
            await release.wait()
        return Response(text=request.path)

    app = Application()
    app.add_routes([get("/", answer), get("/slow", answer)])
    runner = AppRunner(app)
    await runner.setup()
    site = TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, site.port


async def connect(port: int) -> Peer:
    return Peer(*await asyncio.open_connection("127.0.0.1", port))


@each_loop
def test_a_kept_connection_has_one_more_request(run: Run) -> None:
    async def main() -> None:
        begun, release = asyncio.Event(), asyncio.Event()
        runner, port = await begin(begun, release)
        used, new, slow = [await connect(port) for _ in range(3)]
        await used.send(GET)
        assert await used.response() == (200, b"/")
        await slow.send(GET.replace(b"/ ", b"/slow ", 1))
        await begun.wait()
        assert runner.server is not None
        retired = asyncio.create_task(runner.server.retire(20))
        await asyncio.sleep(0)
        for peer in (used, new):
            answer = await peer.ask(GET + GET)
            # The last one: what comes behind it is for the next process.
            assert answer.count(b"HTTP/1.1 200") == 1
            assert b"\r\nConnection: close\r\n" in answer
            peer.writer.close()
        release.set()
        assert b"\r\nConnection: close\r\n" in await slow.rest()
        slow.writer.close()
        # Nobody is left: it does not wait for its time.
        await retired
        await runner.cleanup()

    run(main())


@each_loop
def test_idle_connections_end_after_the_time(run: Run) -> None:
    async def main() -> None:
        runner, port = await begin(asyncio.Event(), asyncio.Event())
        idle = await connect(port)
        await idle.send(GET)
        assert await idle.response() == (200, b"/")
        await runner.retire(0.05)
        await runner.cleanup()
        assert await idle.rest() == b""
        idle.writer.close()

    run(main())


def test_a_runner_that_is_not_set_up(run: Run) -> None:
    async def main() -> None:
        runner = AppRunner(Application())
        await runner.retire(1)
        assert runner.server is None

    run(main())
