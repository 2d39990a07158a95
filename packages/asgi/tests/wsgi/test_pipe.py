"""The pipe between a thread and the event loop: order, waiting, ends."""

import asyncio
import threading

import pytest

from testkit import Run
from treadle_asgi._wsgi.pipe import AbandonedError, Pipe


def test_pieces_arrive_in_order_and_the_thread_waits(run: Run) -> None:
    pieces = [bytes([number]) * 40_000 for number in range(20)]

    async def main() -> None:
        pipe = Pipe(asyncio.get_running_loop())

        def put() -> None:
            for piece in pieces:
                pipe.put(piece)
            pipe.end()

        thread = threading.Thread(target=put)
        thread.start()
        got = []
        while (data := await pipe.get()) is not None:
            # No more than the bound and the piece that reached it.
            assert len(data) <= 64 * 1024 + 40_000
            got.append(data)
        assert b"".join(got) == b"".join(pieces)
        assert await pipe.get() is None
        thread.join()

    run(main())


def test_an_error_comes_behind_the_pieces(run: Run) -> None:
    async def main() -> None:
        pipe = Pipe(asyncio.get_running_loop())
        pipe.put(b"a")
        pipe.end(OSError("broken"))
        assert await pipe.get() == b"a"
        with pytest.raises(OSError, match="broken"):
            await pipe.get()

    run(main())


def test_a_thread_that_waits_learns_that_the_pipe_is_abandoned(run: Run) -> None:
    async def main() -> None:
        pipe = Pipe(asyncio.get_running_loop())
        raised: list[BaseException] = []
        full = asyncio.Event()
        loop = asyncio.get_running_loop()

        def put() -> None:
            try:
                pipe.put(b"x" * 100_000)
                loop.call_soon_threadsafe(full.set)
                pipe.put(b"y")
            except AbandonedError as error:
                raised.append(error)

        thread = threading.Thread(target=put)
        thread.start()
        await full.wait()
        assert not pipe.abandoned
        pipe.abandon()
        thread.join()
        assert pipe.abandoned
        assert "the client has left" in str(raised[0])
        with pytest.raises(AbandonedError):
            pipe.put(b"z")

    run(main())


def test_a_waiting_task_is_woken(run: Run) -> None:
    async def main() -> None:
        pipe = Pipe(asyncio.get_running_loop())
        waiting = asyncio.ensure_future(pipe.get())
        await asyncio.sleep(0)
        threading.Thread(target=pipe.put, args=(b"late",)).start()
        assert await waiting == b"late"
        waiting = asyncio.ensure_future(pipe.get())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        # A wake for a task that is gone.
        pipe.put(b"later")
        assert await pipe.get() == b"later"

    run(main())


def test_a_closed_loop_is_an_abandoned_pipe() -> None:
    loop = asyncio.new_event_loop()
    pipe = Pipe(loop)
    waiting = loop.create_task(pipe.get())
    loop.run_until_complete(asyncio.sleep(0))
    waiting.cancel()
    loop.run_until_complete(asyncio.wait([waiting]))
    loop.close()
    pipe.put(b"a")
    assert pipe.abandoned
