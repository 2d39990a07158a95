"""The threads of an application: how many, who waits, how they end."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from testkit import Run
from treadle_asgi._wsgi.pool import ThreadPool


class Work:
    """A job of the tests."""

    def __init__(self, call: Callable[[], object], name: str = "GET /work") -> None:
        self.call = call
        self.name = name
        self.dropped = False

    def run(self) -> None:
        self.call()

    def drop(self) -> None:
        self.dropped = True

    def describe(self) -> str:
        return self.name


def test_as_many_at_a_time_as_there_are_threads_and_as_many_that_wait(run: Run) -> None:
    release = threading.Event()
    barrier = threading.Barrier(3)
    names: list[str] = []
    ran = threading.Semaphore(0)

    def hold() -> None:
        names.append(threading.current_thread().name)
        barrier.wait(10)
        release.wait(10)
        ran.release()

    async def main() -> None:
        pool = ThreadPool("wsgi /x", 2, 1)
        assert pool.add(Work(hold))
        assert pool.add(Work(hold))
        await asyncio.to_thread(barrier.wait, 10)
        # Both run now: one more waits, and the next has no room.
        assert not pool.is_full
        assert pool.add(Work(ran.release))
        assert pool.is_full
        assert not pool.add(Work(ran.release))
        assert pool.add(Work(ran.release), must=True)
        release.set()
        for _ in range(4):
            assert await asyncio.to_thread(ran.acquire, timeout=10)
        await pool.close(10)
        assert sorted(names) == ["wsgi /x-1", "wsgi /x-2"]
        assert not pool.add(Work(ran.release), must=True)

    run(main())


def test_a_thread_is_used_again(run: Run) -> None:
    names: list[str] = []

    async def main() -> None:
        pool = ThreadPool("p", 4, 0)
        loop = asyncio.get_running_loop()
        for _ in range(3):
            done = asyncio.Event()

            def work(done: asyncio.Event = done) -> None:
                names.append(threading.current_thread().name)
                loop.call_soon_threadsafe(done.set)

            assert pool.add(Work(work))
            await done.wait()
        await pool.close(10)
        # A thread that has called back may still be on its way to the next job.
        assert set(names) <= {"p-1", "p-2", "p-3"}
        assert len(names) == 3

    run(main())


def test_an_error_does_not_end_the_thread(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        pool = ThreadPool("p", 1, 5)
        done = threading.Event()

        def fail() -> None:
            raise SystemExit(3)

        assert pool.add(Work(fail, "GET /exit"))
        assert pool.add(Work(done.set))
        assert await asyncio.to_thread(done.wait, 10)
        await pool.close(10)

    run(main())
    assert caplog.messages == ["Error in a thread for GET /exit"]


def test_close_drops_what_waits_and_names_what_runs(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    release, began = threading.Event(), threading.Event()

    def hold() -> None:
        began.set()
        release.wait(20)

    async def main() -> None:
        pool = ThreadPool("wsgi /admin", 1, 5)
        waiting = Work(hold, "GET /waits")
        assert pool.add(Work(hold, "GET /admin/slow\x1b"))
        assert await asyncio.to_thread(began.wait, 10)
        assert pool.add(waiting)
        await pool.close(0.01)
        assert waiting.dropped
        release.set()
        await pool.close(10)

    run(main())
    text = "The thread wsgi /admin-1 still runs GET /admin/slow\\x1b, and cannot be stopped: "
    assert caplog.messages == [f"{text}it goes on until the process ends"]


def test_close_without_threads(run: Run) -> None:
    async def main() -> None:
        pool = ThreadPool("p", 1, 0)
        await pool.close(10)
        assert not pool.add(Work(lambda: None))

    run(main())
