"""Serve one application on an event loop until a signal ends it, and end everything in order."""

import asyncio
import contextlib
import functools
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from treadle_server._app.application import Application

from .runner import AppRunner, BaseSite, GracefulExit

if TYPE_CHECKING:
    from treadle_server._workers.worker import Link

__all__ = ["AppSource", "NotAnApplicationError", "serve"]

#: An application, a coroutine that returns one, or a function that returns either of them.
AppSource: TypeAlias = (
    Application | Awaitable[Application] | Callable[[], Application | Awaitable[Application]]
)

_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

#: Seconds in which a worker that is replaced waits for requests on the connections that it has.
_LAST_REQUESTS: Final = 1.0


class NotAnApplicationError(TypeError):
    """``run_app`` was given something else, or a coroutine that returned something else."""

    def __init__(self, given: object) -> None:
        super().__init__(
            f"run_app() serves a web.Application or a coroutine that returns one, not {given!r}"
        )
        self.given: Final = given


def _leave() -> None:
    raise GracefulExit


class _ReplacedError(GracefulExit):
    """Raised in a worker whose place another one has taken: its port stays open."""


def _leave_replaced() -> None:
    raise _ReplacedError


async def _serve(
    app: Application | Awaitable[Application],
    make_sites: Callable[[AppRunner], list[BaseSite]],
    print: Callable[[str], object] | None,  # noqa: A002  # aiohttp's name
    shutdown_timeout: float,
    handle_signals: bool,
    options: dict[str, Any],
    link: "Link | None",
    serving: list[AppRunner],
) -> None:
    if not isinstance(app, Application):
        app = await app if isinstance(app, Awaitable) else app
        if not isinstance(app, Application):
            raise NotAnApplicationError(app)
    runner = AppRunner(
        app,
        handle_signals=handle_signals and link is None,
        shutdown_timeout=shutdown_timeout,
        **options,
    )
    if link is not None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, _leave)
        loop.add_signal_handler(link.REPLACED, _leave_replaced)
    try:
        await runner.setup()
        for site in make_sites(runner):
            await site.start()
        if callable(print):
            names = sorted(site.name for site in runner.sites)
            print(f"======== Running on {', '.join(names)} ========\n(Press CTRL+C to quit)")
        if link is not None:
            server = runner.server
            assert server is not None
            link.ready(lambda: server.requests_count)
        serving.append(runner)
        await asyncio.get_running_loop().create_future()
    finally:
        try:
            if link is not None and link.is_ready:
                await runner.retire(_LAST_REQUESTS)
        finally:
            await runner.cleanup()


def serve(
    loop: asyncio.AbstractEventLoop,
    app: Application | Awaitable[Application],
    make_sites: Callable[[AppRunner], list[BaseSite]],
    print: Callable[[str], object] | None,  # noqa: A002  # aiohttp's name
    shutdown_timeout: float,
    handle_signals: bool,
    options: dict[str, Any],
    link: "Link | None" = None,
    drain_delay: float = 0.0,
) -> None:
    """Serve ``app`` on the sites that ``make_sites`` returns, and close ``loop`` at the end.

    ``link`` is that of a worker, which ends by SIGTERM only. At a signal the server goes on for
    ``drain_delay`` seconds, and its application is not ready any more. Raises what the start-up and
    the clean-up raise.
    """
    # The runner, once it serves.
    serving: list[AppRunner] = []
    main = loop.create_task(
        _serve(app, make_sites, print, shutdown_timeout, handle_signals, options, link, serving)
    )
    signals = () if not handle_signals else _STOP_SIGNALS if link is None else (signal.SIGTERM,)
    stopping = _Stopping(loop, main, signals)
    try:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(main)
    except _ReplacedError:
        serving.clear()
    except (GracefulExit, KeyboardInterrupt):
        pass
    finally:
        try:
            stopping.run([functools.partial(runner.drain, drain_delay) for runner in serving])
        finally:
            asyncio.set_event_loop(None)
            loop.close()


class _Stopping:
    """The steps that end an event loop, each of which a signal breaks off."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, main: "asyncio.Task[None]", signals: Sequence[int]
    ) -> None:
        self._loop: Final = loop
        self._main: Final = main
        self._signals: Final = signals
        # The step that runs.
        self._step: asyncio.Task[None] | None = None
        # True while the server serves on before its end.
        self._draining = False
        # True if a signal came during the stop.
        self._hurried = False

    def run(self, drains: Sequence[Callable[[], Coroutine[Any, Any, None]]]) -> None:
        """Take all steps, ``drains`` first; raises what the application's clean-up raises."""
        first: BaseException | None = None
        for step in (
            *drains,
            self._stop_main,
            self._cancel_all_tasks,
            self._loop.shutdown_asyncgens,
            self._loop.shutdown_default_executor,
        ):
            self._draining = step in drains and not self._main.done()
            self._step = self._loop.create_task(step())
            try:
                # For each step, because the runner removes them when it has cleaned up.
                self._catch_signals()
                self._loop.run_until_complete(self._step)
            except (asyncio.CancelledError, GracefulExit, KeyboardInterrupt):
                self._step.cancel()
                self._hurried = not self._draining
            except BaseException as error:  # noqa: BLE001  # the other steps come first
                first = error if first is None else first
        if self._hurried:
            # Tasks that are not waited for are destroyed with the loop; the user wants it so.
            self._loop.set_exception_handler(lambda _loop, _context: None)
        if first is not None:
            raise first

    def _catch_signals(self) -> None:
        # Not on Windows.
        with contextlib.suppress(NotImplementedError):
            for number in self._signals:
                self._loop.add_signal_handler(number, self._hurry)

    def _hurry(self) -> None:
        """End the delay, then break off the wait for handlers, then the step that runs."""
        if self._draining and self._step is not None:
            self._step.cancel()
            return
        if not self._hurried and not self._main.done():
            self._main.cancel()
        elif self._step is not None:
            self._step.cancel()
        self._hurried = True

    async def _stop_main(self) -> None:
        # False if it has ended. A task that ended with SystemExit or KeyboardInterrupt, raised by
        # ``on_startup`` for example, does not stop the loop a second time: this would hang.
        if self._main.cancel():
            # Unlike ``await``, it can be broken off without an end of the task.
            await asyncio.wait((self._main,))
            if not self._main.cancelled():
                self._main.result()

    async def _cancel_all_tasks(self) -> None:
        """Cancel what the application left running, and report what it raised to the loop."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        if not tasks:
            return
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled() and task.exception() is not None:
                self._loop.call_exception_handler(
                    {
                        # The words of asyncio and aiohttp.
                        "message": "unhandled exception during asyncio.run() shutdown",
                        "exception": task.exception(),
                        "task": task,
                    }
                )
