"""A bounded number of threads for one WSGI application, and a bounded queue in front of them.

A thread takes one call of the application from its first line to the ``close`` of its result, since
applications keep things in thread-local variables. Threads start when they are needed. They are
daemons: one that never ends must not keep the process from ending, but it is named in the log.
"""

import asyncio
import collections
import contextlib
import threading
from typing import Final, Protocol, final

from treadle_server import web_logger
from treadle_server.interfaces import log_error, log_warning

__all__ = ["Job", "ThreadPool"]


class Job(Protocol):
    """Work for a thread."""

    def run(self) -> None:
        """Do the work, in a thread."""

    def drop(self) -> None:
        """Let go of everything: the work will not be done."""

    def describe(self) -> str:
        """Return the request for a log line."""


@final
class ThreadPool:
    """At most ``threads`` threads that run jobs, while at most ``max_waiting`` others wait.

    ``name`` is the start of the names of the threads.
    """

    def __init__(self, name: str, threads: int, max_waiting: int) -> None:
        self._name: Final = name
        self._most: Final = threads
        self._max_waiting: Final = max_waiting
        # All below is guarded by it.
        self._changed: Final = threading.Condition()
        self._jobs: Final[collections.deque[Job]] = collections.deque()
        self._threads: Final[set[threading.Thread]] = set()
        self._running: Final[dict[threading.Thread, Job]] = {}
        self._started = 0
        self._closed = False
        # Called, in a thread, when the last one ends.
        self._ended: tuple[asyncio.AbstractEventLoop, asyncio.Future[None]] | None = None

    @property
    def is_full(self) -> bool:
        """True if no job can be added."""
        with self._changed:
            return self._is_full()

    def _is_full(self) -> bool:
        return len(self._jobs) + len(self._running) >= self._most + self._max_waiting

    def add(self, job: Job, *, must: bool = False) -> bool:
        """Have a thread run ``job``; return False, with nothing done, if the pool is full.

        With ``must`` there is room as long as the pool is open.
        """
        with self._changed:
            if self._closed or (not must and self._is_full()):
                return False
            self._jobs.append(job)
            if len(self._threads) < min(self._most, len(self._jobs) + len(self._running)):
                self._started += 1
                thread = threading.Thread(
                    target=self._work, name=f"{self._name}-{self._started}", daemon=True
                )
                self._threads.add(thread)
                try:
                    thread.start()
                except RuntimeError:
                    # The system has no more threads: another one of the pool takes the job.
                    self._threads.discard(thread)
                    if not self._threads:
                        self._jobs.remove(job)
                        return False
            self._changed.notify()
            return True

    def _work(self) -> None:
        thread = threading.current_thread()
        while (job := self._next(thread)) is not None:
            try:
                job.run()
            except BaseException as error:  # noqa: BLE001  # the thread goes on with the next job
                log_error(web_logger, "Error in a thread for %s", job.describe(), error=error)

    def _next(self, thread: threading.Thread) -> Job | None:
        """Wait for a job; None at the end of the pool."""
        with self._changed:
            self._running.pop(thread, None)
            while not self._jobs:
                if self._closed:
                    self._threads.discard(thread)
                    if not self._threads:
                        self._tell_ended()
                    return None
                self._changed.wait()
            job = self._running[thread] = self._jobs.popleft()
            return job

    def _tell_ended(self) -> None:
        if self._ended is not None:
            loop, ended = self._ended
            # If the loop is closed, a thread has outlived the wait for it.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_set, ended)

    async def close(self, timeout: float) -> None:
        """Drop the jobs that wait, and wait for the others up to ``timeout`` seconds.

        A thread cannot be stopped: those that go on are named in the log.
        """
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        with self._changed:
            self._closed = True
            dropped = list(self._jobs)
            self._jobs.clear()
            if self._threads:
                self._ended = loop, ended
            else:
                ended.set_result(None)
            self._changed.notify_all()
        for job in dropped:
            job.drop()
        await asyncio.wait([ended], timeout=timeout)
        with self._changed:
            left = [(thread.name, job.describe()) for thread, job in self._running.items()]
        for name, what in left:
            log_warning(
                web_logger,
                "The thread %s still runs %s, and cannot be stopped: it goes on until the process "
                "ends",
                name,
                what,
            )


def _set(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
