"""Background tasks: tasks that outlive the request that started them, and end with the application.

One ``BackgroundTasks`` per tree of applications. It refers to its tasks, so that the garbage
collector does not take them, bounds their number, logs the errors that nothing else would see, and
waits for the tasks at the stop: behind the last request, and before the application cleans up.
"""

import asyncio
import contextvars
import enum
import functools
import inspect
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final, Literal, ParamSpec, TypeVar, final

from treadle_server._core.logs import log_error, log_warning, shown

__all__ = ["BackgroundTasks", "TooManyTasksError"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: The seconds in which a task must end that was cancelled, because its time was over.
_AFTER_CANCEL: Final = 2.0

#: The most names of tasks in one log line.
_MOST_NAMES: Final = 10

#: The time of the tasks if no runner says another one.
_DRAIN_TIME: Final = 60.0


class TooManyTasksError(RuntimeError):
    """A background task was refused, because ``max_background_tasks`` of them run already."""


@final
class _Stage(enum.Enum):
    """The progress of an application, as far as its tasks are concerned."""

    #: It has not started.
    NEW = enum.auto()
    #: Tasks may be started.
    OPEN = enum.auto()
    #: It has stopped, or it cancels the tasks that have had their time.
    CLOSED = enum.auto()


_REFUSED: Final = {
    _Stage.NEW: (
        "the application has not started, and tasks need its event loop. Call it in on_startup, in "
        "a cleanup context or later"
    ),
    _Stage.CLOSED: (
        "the application has stopped, and its background tasks with it. Await the coroutine "
        "instead, for example in on_cleanup"
    ),
}


@final
class BackgroundTasks:
    """The background tasks of an application and of those inside it; iterate it for the tasks.

    ``limit`` bounds their number. Raises ``ValueError`` for a limit below 1.
    """

    __slots__ = ("_logger", "_loop", "_reserved", "_stage", "_tasks", "_waiters", "limit")

    def __init__(self, limit: int, logger: logging.Logger) -> None:
        if not isinstance(limit, int) or isinstance(limit, bool):
            raise TypeError(f"max_background_tasks is a number of tasks, not {limit!r}")
        if limit < 1:
            raise ValueError(f"max_background_tasks={limit} must be at least 1")
        #: The most tasks at a time.
        self.limit: Final = limit
        self._logger: Final = logger
        # The tasks, and what happens to them at the stop.
        self._tasks: Final[dict[asyncio.Task[Any], Literal["wait", "cancel"]]] = {}
        # Calls of ``reserve``, until the response is out.
        self._reserved = 0
        # The tasks that wait for room, the first one first.
        self._waiters: Final[deque[asyncio.Future[None]]] = deque()
        self._stage = _Stage.NEW
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        return len(self._tasks)

    def __iter__(self) -> Iterator["asyncio.Task[Any]"]:
        return iter(list(self._tasks))

    def __repr__(self) -> str:
        return f"<BackgroundTasks {len(self)} of {self.limit}>"

    # Tasks.

    def spawn(
        self,
        coroutine: Coroutine[Any, Any, _T],
        *,
        name: str | None = None,
        at_stop: Literal["wait", "cancel"] = "wait",
    ) -> "asyncio.Task[_T]":
        """Start ``coroutine`` as a task; see ``Application.spawn``."""
        try:
            self._check(coroutine, at_stop)
            return self._start(coroutine, name, at_stop)
        except BaseException:
            if inspect.iscoroutine(coroutine):
                # It does not run: do not let Python warn of it.
                coroutine.close()
            raise

    def reserve(
        self,
        function: Callable[_P, Coroutine[Any, Any, object]],
        /,
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Callable[[], None]:
        """Keep room for a task, and return the function that starts it; to be called once.

        The task calls ``function`` with the context variables of now.
        """
        if not callable(function):
            text = "after_response() takes an async function and its arguments"
            if asyncio.iscoroutine(function):
                called = _name_of(function)
                function.close()
                raise TypeError(f"{text}: after_response({called}, ...), not {called}(...)")
            raise TypeError(f"{text}, not {shown(function)}")
        self._check_moment("after_response()")
        self._check_room(_name_of(function))
        self._reserved += 1
        call = functools.partial(function, *args, **kwargs)
        return functools.partial(self._start_reserved, call, contextvars.copy_context())

    def _start_reserved(
        self, call: Callable[[], Coroutine[Any, Any, object]], context: contextvars.Context
    ) -> None:
        self._reserved -= 1
        made: object = None
        try:
            made = context.run(call)
            self._check_made(call, made)
        except BaseException:
            self._wake_next()
            if asyncio.iscoroutine(made):
                made.close()
            raise
        assert asyncio.iscoroutine(made)
        # A task copies the context that it is made in. As an argument, ``context`` would need a
        # task factory that knows it.
        _ = context.run(self._start, made, None, "wait")

    def _check_made(self, call: object, made: object) -> None:
        if not asyncio.iscoroutine(made):
            raise TypeError(
                f"after_response() calls an async function: {shown(call)} has returned "
                f"{shown(made)}"
            )
        self._check_moment("after_response()")

    def _start(
        self,
        coroutine: Coroutine[Any, Any, _T],
        name: str | None,
        at_stop: Literal["wait", "cancel"],
    ) -> "asyncio.Task[_T]":
        assert self._loop is not None
        task = self._loop.create_task(coroutine, name=name or _name_of(coroutine))
        self._tasks[task] = at_stop
        task.add_done_callback(self._ended)
        return task

    def _check(self, coroutine: object, at_stop: str) -> None:
        if not asyncio.iscoroutine(coroutine):
            raise TypeError(_not_a_coroutine(coroutine))
        if at_stop not in ("wait", "cancel"):
            raise ValueError(f"at_stop={at_stop!r} must be 'wait' or 'cancel'")
        self._check_moment("spawn()")
        self._check_room(_name_of(coroutine))

    def _check_moment(self, call: str) -> None:
        if self._stage is not _Stage.OPEN:
            raise RuntimeError(f"Cannot call {call}: {_REFUSED[self._stage]}")
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        if running is not self._loop:
            raise RuntimeError(
                f"Cannot call {call}: this thread does not run the application's event loop. Use "
                "loop.call_soon_threadsafe() or asyncio.run_coroutine_threadsafe()"
            )

    @property
    def _full(self) -> bool:
        return len(self._tasks) + self._reserved >= self.limit

    def _check_room(self, name: str) -> None:
        if self._full:
            raise TooManyTasksError(
                f"Cannot start {name}: {len(self._tasks) + self._reserved} background tasks run "
                f"or are due, and max_background_tasks={self.limit}. Raise it, answer 503, or "
                "await app.background.wait_for_room() first"
            )

    async def wait_for_room(self) -> None:
        """Wait until another task may be started; those that wait get room in turn.

        There is room until the caller awaits something else. Returns too when the application has
        stopped, where ``spawn`` says so.
        """
        while self._full and self._stage is _Stage.OPEN:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except BaseException:
                if waiter.done() and not waiter.cancelled():
                    # It had its turn and does not use it.
                    self._wake_next()
                raise
            finally:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)

    def _wake_next(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        del self._tasks[task]
        self._wake_next()
        if task.cancelled():
            return
        error = task.exception()
        # The event loop has the two others already.
        if error is not None and not isinstance(error, (SystemExit, KeyboardInterrupt)):
            log_error(self._logger, "Background task %s failed", task.get_name(), error=error)

    # Start and end: for the application and its runner.

    def open(self) -> None:
        """Let tasks start on the event loop that runs."""
        self._loop = asyncio.get_running_loop()
        self._stage = _Stage.OPEN

    async def finish(self, timeout: float = _DRAIN_TIME) -> None:
        """Wait ``timeout`` seconds for the tasks, then cancel and name those that have not ended.

        Tasks with ``at_stop="cancel"`` are cancelled first. Tasks may start others until the time
        is over. Does nothing once the application has stopped.
        """
        if self._stage is not _Stage.OPEN:
            self._stage = _Stage.CLOSED
            return
        assert self._loop is not None
        try:
            for task, at_stop in list(self._tasks.items()):
                if at_stop == "cancel" and task is not asyncio.current_task():
                    task.cancel()
            await self._wait(self._loop.time() + timeout)
            self._stage = _Stage.CLOSED
            if rest := self._others():
                text = "Background tasks that did not end within %s seconds are cancelled: %s"
                log_warning(self._logger, text, f"{timeout:.3g}", _names(rest))
                for task in rest:
                    task.cancel()
                await self._wait(self._loop.time() + _AFTER_CANCEL)
            if rest := self._others():
                text = "Background tasks did not end although they were cancelled; given up: %s"
                log_warning(self._logger, text, _names(rest))
        except BaseException:
            # By another signal, for example.
            if rest := self._others():
                text = "Background tasks are cancelled, because the stop is broken off: %s"
                log_warning(self._logger, text, _names(rest))
            for task in rest:
                task.cancel()
            raise
        finally:
            self._stage = _Stage.CLOSED
            while self._waiters:
                self._wake_next()

    def _others(self) -> list["asyncio.Task[Any]"]:
        """Return the tasks, but the running one: a task may stop its own application."""
        current = asyncio.current_task()
        return [task for task in self._tasks if task is not current]

    async def _wait(self, until: float) -> None:
        assert self._loop is not None
        while tasks := self._others():
            left = until - self._loop.time()
            if left <= 0:
                return
            # Each may have started others meanwhile.
            await asyncio.wait(tasks, timeout=left)


def _name_of(given: object) -> str:
    name = getattr(given, "__qualname__", None)
    return name if isinstance(name, str) else type(given).__name__


def _names(tasks: list["asyncio.Task[Any]"]) -> str:
    names = ", ".join(shown(task.get_name(), 50) for task in tasks[:_MOST_NAMES])
    more = len(tasks) - _MOST_NAMES
    return f"{names} and {more} more" if more > 0 else names


def _not_a_coroutine(given: object) -> str:
    text = "spawn() takes a coroutine"
    if isinstance(given, asyncio.Future):
        return f"{text}, not {shown(given)}: that runs already, so await it in an async function"
    if inspect.isasyncgen(given):
        name = _name_of(given)
        return f"{text}, not the async generator {name}(): loop over it in an async function"
    if callable(given):
        name = _name_of(given)
        return f"{text}, not the function {name}: call it, as in spawn({name}(...))"
    return f"{text}, not {shown(given)}: call an async function, as in spawn(send_mail(address))"
