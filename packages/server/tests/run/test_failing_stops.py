"""A stop whose parts fail: every other part still runs, and nothing is left open."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from testkit import LOOPS, new_loop, open_descriptors
from treadle_responses import Response
from treadle_server import Application, AppRunner, Request, SockSite


class Odd(BaseException):
    """An exception that ``except Exception`` lets pass."""


ERRORS: dict[str, Callable[[], BaseException]] = {
    "Exception": lambda: ValueError("mine"),
    "CancelledError": asyncio.CancelledError,
    "BaseException": Odd,
}
#: The parts of the application's end, in their order.
PARTS = [
    "on_shutdown 1", "sub on_shutdown", "on_shutdown 2", "leave 2", "leave 1", "on_cleanup 1",
    "sub leave", "sub on_cleanup", "on_cleanup 2",
]  # fmt: skip


@dataclass
class Story:
    """An application that notes its parts, one of which fails."""

    failing: str
    error: Callable[[], BaseException]
    events: list[str] = field(default_factory=list)

    def note(self, part: str) -> None:
        self.events.append(part)
        if part == self.failing:
            raise self.error()

    def receiver(self, part: str) -> Callable[[object], object]:
        async def receive(app: object) -> None:
            await asyncio.sleep(0)
            self.note(part)

        return receive

    def context(self, part: str) -> Callable[[object], AsyncIterator[None]]:
        async def enter(app: object) -> AsyncIterator[None]:
            yield
            self.note(part)

        return enter

    def application(self) -> Application:
        app, sub = Application(), Application()

        async def poll(request: Request) -> Response:
            await asyncio.get_running_loop().create_future()
            return Response()

        app.router.add_get("/", poll)
        for name in ("on_shutdown", "on_cleanup"):
            getattr(app, name).append(self.receiver(f"{name} 1"))
            getattr(sub, name).append(self.receiver(f"sub {name}"))
        app.cleanup_ctx.append(self.context("leave 1"))
        sub.cleanup_ctx.append(self.context("sub leave"))
        app.add_subapp("/sub", sub)
        for name in ("on_shutdown", "on_cleanup"):
            getattr(app, name).append(self.receiver(f"{name} 2"))
        app.cleanup_ctx.append(self.context("leave 2"))
        return app


async def stop(story: Story) -> BaseException | None:
    """Serve a client that waits, stop, and return what the stop raised."""
    runner = AppRunner(story.application(), shutdown_timeout=0.05)
    await runner.setup()
    sock = socket.create_server(("127.0.0.1", 0))
    await SockSite(runner, sock).start()
    reader, writer = await asyncio.open_connection(*sock.getsockname())
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    server = runner.server
    assert server is not None
    while not server.requests_count:  # noqa: ASYNC110  # a server has no event for a request
        await asyncio.sleep(0)
    raised: BaseException | None = None
    try:
        await asyncio.wait_for(runner.cleanup(), 10)
    except BaseException as error:  # noqa: BLE001  # looked at by the test
        raised = error
    assert await asyncio.wait_for(reader.read(), 10) == b""
    for _ in range(20):
        await asyncio.sleep(0)
    assert server.connections == []
    writer.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    # A second one finds nothing to do.
    await runner.cleanup()
    assert runner.sites == set()
    return raised


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize("part", PARTS)
def test_every_other_part_of_a_stop_runs(part: str, loop_name: str, name: str) -> None:
    with contextlib.closing(new_loop(loop_name)) as first:
        # uvloop opens something for all loops with the first one.
        first.run_until_complete(asyncio.sleep(0))
    before = open_descriptors()
    story = Story(part, ERRORS[name])
    with contextlib.closing(new_loop(loop_name)) as loop:
        raised = loop.run_until_complete(stop(story))
    assert sorted(story.events) == sorted(PARTS)
    assert type(raised) is type(ERRORS[name]())
    assert open_descriptors() == before


def test_the_order_of_a_stop() -> None:
    story = Story("", ValueError)
    with contextlib.closing(new_loop("asyncio")) as loop:
        assert loop.run_until_complete(stop(story)) is None
    assert story.events == PARTS
