"""The messages of a client: its body, and the news that it has left."""

import asyncio

import pytest

from testkit import Run, ScopeServer, each_loop
from treadle_asgi._callable.intake import Intake, end_of
from treadle_server import ClientConnectionResetError


def piece(body: bytes, more: bool = True) -> dict[str, object]:
    return {"type": "http.request", "body": body, "more_body": more}


LEFT = {"type": "http.disconnect"}


def intake_of(server: ScopeServer) -> Intake:
    def left(error: BaseException | None) -> None:
        intake.leave(error)

    intake = Intake(server.receive, asyncio.get_running_loop(), left)
    return intake


@each_loop
@pytest.mark.parametrize(
    ("messages", "body"),
    [
        ([piece(b"", False)], b""),
        ([piece(b"a"), piece(b"b", False)], b"ab"),
        ([piece(b"a"), piece(b""), {"type": "http.request"}], b"a"),
        ([piece(b"a"), {"type": "http.something"}, piece(b"b", False)], b"ab"),
    ],
)
def test_bodies(run: Run, messages: list[dict[str, object]], body: bytes) -> None:
    async def main() -> None:
        server = ScopeServer(*messages)
        intake = intake_of(server)
        reader = intake.open(1000)
        assert server.asked == 0
        assert await reader.read() == body
        # It is not asked for more than the body.
        await asyncio.sleep(0)
        assert server.asked == len(messages)
        await intake.stop()

    run(main())


@each_loop
def test_no_more_is_received_than_fits(run: Run) -> None:
    async def main() -> None:
        server = ScopeServer(*[piece(b"x" * 100)] * 20, piece(b"", False))
        intake = intake_of(server)
        reader = intake.open(250)
        assert len(await reader.readexactly(10)) == 10
        for _ in range(20):
            await asyncio.sleep(0)
        assert server.asked == 3
        assert len(await reader.read()) == 1990
        await intake.stop()

    run(main())


@each_loop
@pytest.mark.parametrize("how", ["a message", "an error"])
def test_a_client_that_leaves(run: Run, how: str) -> None:
    async def main() -> None:
        server = ScopeServer(piece(b"a"))
        intake = intake_of(server)
        reader = intake.open(1000)
        waiting = asyncio.ensure_future(intake.wait_left())
        assert await reader.readany() == b"a"
        assert not waiting.done()
        # A message without a type is an error of the server.
        server.give(LEFT if how == "a message" else {})
        await waiting
        assert intake.is_left
        with pytest.raises(ClientConnectionResetError) as raised:
            await reader.readany()
        assert (raised.value.__cause__ is None) is (how == "a message")
        # Nothing more is asked.
        asked = server.asked
        intake.start()
        await intake.wait_left()
        assert server.asked == asked
        await intake.stop()

    run(main())


@each_loop
def test_the_client_is_watched_behind_the_body(run: Run) -> None:
    async def main() -> None:
        server = ScopeServer(piece(b"a", False))
        intake = intake_of(server)
        reader = intake.open(1000)
        assert await reader.read() == b"a"
        intake.watch()
        server.give(LEFT)
        await asyncio.wait_for(intake.wait_left(), 5)
        assert await reader.read() == b""
        await intake.stop()

    run(main())


@each_loop
def test_the_end_of_a_task_is_waited_for_though_the_caller_is_cancelled(run: Run) -> None:
    async def main() -> None:
        ended = asyncio.Event()

        async def slow() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                for _ in range(5):
                    await asyncio.sleep(0)
                ended.set()

        task = asyncio.get_running_loop().create_task(slow())
        await asyncio.sleep(0)
        task.cancel()
        ending = asyncio.ensure_future(end_of(task))
        await asyncio.sleep(0)
        ending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ending
        assert ended.is_set()

    run(main())
