"""The start and the end of an application, with the lifespan protocol and without."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from asgiref.testing import ApplicationCommunicator

from testkit import Run, ScopeServer, each_loop, http_scope
from treadle_asgi import asgi
from treadle_responses import Response
from treadle_server import Application, Request

STARTUP = {"type": "lifespan.startup"}
SHUTDOWN = {"type": "lifespan.shutdown"}
SCOPE = {"type": "lifespan", "asgi": {"version": "3.0"}}


class Recorder:
    """An application that notes its life."""

    def __init__(self, fails: str = "") -> None:
        self.events: list[str] = []
        self.fails = fails
        self.app = Application()
        self.app.on_startup.append(lambda app: self.note("startup"))
        self.app.on_shutdown.append(lambda app: self.note("shutdown"))
        self.app.on_cleanup.append(lambda app: self.note("cleanup"))
        self.app.cleanup_ctx.append(self.context)
        self.app.router.add_get("/", self.handle)
        self.callable = asgi(self.app)
        self.stopping = asyncio.Event()

    async def note(self, event: str) -> None:
        await asyncio.sleep(0)
        self.events.append(event)
        if event == "shutdown":
            self.stopping.set()
        if event == self.fails:
            raise ValueError(f"{event} is broken")

    async def context(self, app: Application) -> AsyncIterator[None]:
        await self.note("enter")
        yield
        await self.note("leave")

    async def work(self) -> None:
        await self.stopping.wait()
        await self.note("task")

    async def handle(self, request: Request) -> Response:
        _ = request.app.spawn(self.work())
        return Response(text="ok")


ALL = ["enter", "startup", "shutdown", "leave", "cleanup"]


@each_loop
def test_a_life(run: Run) -> None:
    async def main() -> None:
        recorder = Recorder()
        server = ScopeServer(STARTUP)
        life = server.task(recorder.callable, SCOPE)
        await server.wait_sent(1)
        assert server.sent == [{"type": "lifespan.startup.complete"}]
        assert recorder.events == ["enter", "startup"]
        answer = await ScopeServer().run(recorder.callable, http_scope())
        assert (answer.status, answer.body) == (200, b"ok")
        server.give(SHUTDOWN)
        await life
        assert server.sent[1:] == [{"type": "lifespan.shutdown.complete"}]
        assert recorder.events == ["enter", "startup", "shutdown", "task", "leave", "cleanup"]

    run(main())


@each_loop
@pytest.mark.parametrize(
    ("fails", "answer", "events"),
    [
        ("enter", "lifespan.startup.failed", ["enter"]),
        ("startup", "lifespan.startup.failed", ["enter", "startup", "leave"]),
        ("shutdown", "lifespan.shutdown.failed", ALL),
        ("leave", "lifespan.shutdown.failed", ALL),
        ("cleanup", "lifespan.shutdown.failed", ALL),
    ],
)
def test_failures(run: Run, fails: str, answer: str, events: list[str]) -> None:
    async def main() -> None:
        recorder = Recorder(fails)
        server = await ScopeServer(STARTUP, SHUTDOWN).run(recorder.callable, SCOPE)
        assert server.sent[-1]["type"] == answer
        assert f"ValueError: {fails} is broken" in server.sent[-1]["message"]
        assert recorder.events == events
        with pytest.raises(RuntimeError, match=r"has not started|was stopped"):
            await ScopeServer().run(recorder.callable, http_scope())

    run(main())


@each_loop
def test_the_first_request_starts_once(run: Run) -> None:
    async def main() -> None:
        recorder = Recorder()
        requests = [ScopeServer().task(recorder.callable, http_scope()) for _ in range(5)]
        # The one that has begun the start is cancelled: the others wait for it all the same.
        await asyncio.sleep(0)
        requests[0].cancel()
        done = await asyncio.gather(*requests, return_exceptions=True)
        assert [getattr(each, "status", None) for each in done] == [None, 200, 200, 200, 200]
        async with recorder.callable as same:
            assert same is recorder.callable
        assert [each for each in recorder.events if each != "task"] == ALL

    run(main())


@each_loop
def test_a_failed_start_of_the_first_request(run: Run) -> None:
    async def main() -> None:
        recorder = Recorder("startup")
        with pytest.raises(ValueError, match="startup is broken"):
            await ScopeServer().run(recorder.callable, http_scope())
        with pytest.raises(RuntimeError, match="has not started, because of ValueError"):
            await ScopeServer().run(recorder.callable, http_scope())
        with pytest.raises(RuntimeError, match="has not started"):
            async with recorder.callable:
                pass

    run(main())


@each_loop
def test_one_life_only(run: Run) -> None:
    async def main() -> None:
        recorder = Recorder()
        async with recorder.callable:
            pass
        again = await ScopeServer(STARTUP).run(recorder.callable, SCOPE)
        assert again.sent[0]["type"] == "lifespan.startup.failed"
        assert "was stopped, and an application is started once" in again.sent[0]["message"]

    run(main())


def test_one_event_loop_only() -> None:
    recorder = Recorder()
    asyncio.run(recorder.callable.__aenter__())
    with pytest.raises(RuntimeError, match="with TestClient"):
        asyncio.run(ScopeServer().run(recorder.callable, http_scope()))


@each_loop
@pytest.mark.parametrize("steps", range(12))
def test_a_lifespan_that_is_cancelled_at_any_step(run: Run, steps: int) -> None:
    async def main() -> None:
        recorder = Recorder()
        communicator = ApplicationCommunicator(recorder.callable, SCOPE)  # type: ignore[no-untyped-call]  # it has no types
        await communicator.send_input(STARTUP)  # type: ignore[no-untyped-call]  # as above
        for _ in range(steps):
            await asyncio.sleep(0)
        communicator.future.cancel()
        await asyncio.wait([communicator.future])
        assert communicator.future.cancelled()
        # What was entered is left.
        assert recorder.events.count("leave") == ("enter" in recorder.events and steps > 0)
        assert recorder.callable._life.state is None

    run(main())
