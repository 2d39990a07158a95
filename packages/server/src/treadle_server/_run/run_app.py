"""``run_app``: serve an application until a signal ends it."""

import asyncio
import contextlib
import inspect
import logging
import os
import signal
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Unpack

from treadle_server._app.application import Application
from treadle_server._core.errors import access_logger
from treadle_server._http.access_log import AccessLogClass, AccessLogger
from treadle_server._http.options import ConnectionOptions, RunnerOptions

from .ports import check_port
from .runner import AppRunner, BaseSite, GracefulExit
from .sites import SockSite, TCPSite, UnixSite

__all__ = ["NotAnApplicationError", "run_app"]

_Path = str | os.PathLike[str]


class NotAnApplicationError(TypeError):
    """``run_app`` was given something else, or a coroutine that returned something else."""

    def __init__(self, given: object) -> None:
        super().__init__(
            f"run_app() serves a web.Application or a coroutine that returns one, not {given!r}"
        )
        self.given: Final = given


def _sites(
    runner: AppRunner,
    host: str | Iterable[str] | None,
    port: int | None,
    path: _Path | Iterable[_Path] | None,
    sock: socket.socket | Iterable[socket.socket] | None,
    ssl_context: ssl.SSLContext | None,
    backlog: int,
    reuse_address: bool | None,
    reuse_port: bool | None,
) -> list[BaseSite]:
    """Return the sites for what was asked for; TCP on all interfaces if nothing was."""
    hosts: list[str | None] = [host] if isinstance(host, str) else list(host or ())
    paths = [path] if isinstance(path, (str, os.PathLike)) else list(path or ())
    socks = list(sock or ()) if isinstance(sock, Iterable) or sock is None else [sock]
    # An empty list asks for nothing, unlike None.
    if host is None and ((path is None and sock is None) or port is not None):
        hosts = [None]
    sites: list[BaseSite] = [
        TCPSite(
            runner,
            name,
            port,
            ssl_context=ssl_context,
            backlog=backlog,
            reuse_address=reuse_address,
            reuse_port=reuse_port,
        )
        for name in hosts
    ]
    sites += [UnixSite(runner, one, ssl_context=ssl_context, backlog=backlog) for one in paths]
    sites += [SockSite(runner, one, ssl_context=ssl_context, backlog=backlog) for one in socks]
    return sites


def _show_access_log(logger: logging.Logger) -> None:
    """Show the default access log on standard error, unless it is configured: for development."""
    if logger.name == access_logger.name:
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.DEBUG)
        if not logger.hasHandlers():
            logger.addHandler(logging.StreamHandler())


async def _serve(
    app: Application | Awaitable[Application],
    make_sites: Callable[[AppRunner], list[BaseSite]],
    print: Callable[[str], object] | None,  # noqa: A002  # aiohttp's name
    shutdown_timeout: float,
    handle_signals: bool,
    options: RunnerOptions,
    access_log_class: AccessLogClass,
) -> None:
    if not isinstance(app, Application):
        app = await app if isinstance(app, Awaitable) else app
        if not isinstance(app, Application):
            raise NotAnApplicationError(app)
    runner = AppRunner(
        app,
        handle_signals=handle_signals,
        shutdown_timeout=shutdown_timeout,
        access_log_class=access_log_class,
        **options,
    )
    try:
        await runner.setup()
        for site in make_sites(runner):
            await site.start()
        if callable(print):
            names = sorted(site.name for site in runner.sites)
            print(f"======== Running on {', '.join(names)} ========\n(Press CTRL+C to quit)")
        await asyncio.get_running_loop().create_future()
    finally:
        await runner.cleanup()


def run_app(
    app: Application | Awaitable[Application],
    *,
    host: str | Iterable[str] | None = None,
    port: int | None = None,
    path: _Path | Iterable[_Path] | None = None,
    sock: socket.socket | Iterable[socket.socket] | None = None,
    shutdown_timeout: float = 60.0,
    keepalive_timeout: float = 75.0,
    ssl_context: ssl.SSLContext | None = None,
    print: Callable[[str], object] | None = print,  # noqa: A002  # aiohttp's name
    backlog: int = 128,
    access_log_class: AccessLogClass = AccessLogger,
    access_log_format: str = AccessLogger.LOG_FORMAT,
    access_log: logging.Logger | None = access_logger,
    handle_signals: bool = True,
    reuse_address: bool | None = None,
    reuse_port: bool | None = None,
    handler_cancellation: bool = False,
    loop: asyncio.AbstractEventLoop | None = None,
    **kwargs: Unpack[ConnectionOptions],
) -> None:
    """Serve ``app`` (an application, or a coroutine that returns one) until SIGINT or SIGTERM.

    Listens on ``host`` and ``port`` (8080, or 8443 with ``ssl_context``), on the Unix sockets
    ``path`` and on the bound sockets ``sock``; each may be several. Without any, on all
    interfaces. Stopping lets running handlers finish for ``shutdown_timeout`` seconds. ``print``
    shows the addresses; None is silent. Other keyword arguments are options of the server
    (``ServerConfig``).

    ``access_log_class`` writes each answer to the logger ``access_log``, or nothing if that is
    None; see ``AccessLogger`` for ``access_log_format``. In the debug mode of the event loop, the
    default logger writes to standard error if nothing else is configured. ``loop`` is closed at the
    end, as one that is made here.

    A second signal ends the wait for handlers, and each further one the step of the stop that it
    meets: a stop never needs more than a few of them.

    Raises ``OSError`` for an address that cannot be used, ``ValueError`` for a port beyond 65535,
    ``TypeError`` for an ``access_log_class`` or an application of another kind, and what the
    start-up raises.
    """
    try:
        if port is not None:
            check_port(port)
    except (TypeError, ValueError):
        if inspect.iscoroutine(app):
            # It will never run: do not let Python warn of it too.
            app.close()
        raise
    if loop is None:
        loop = asyncio.new_event_loop()
    if loop.get_debug() and access_log is not None:
        _show_access_log(access_log)
    options: RunnerOptions = {
        "keepalive_timeout": keepalive_timeout,
        "access_log_format": access_log_format,
        "access_log": access_log,
        "handler_cancellation": handler_cancellation,
        **kwargs,
    }

    def make_sites(runner: AppRunner) -> list[BaseSite]:
        return _sites(
            runner, host, port, path, sock, ssl_context, backlog, reuse_address, reuse_port
        )

    main = loop.create_task(
        _serve(app, make_sites, print, shutdown_timeout, handle_signals, options, access_log_class)
    )
    stopping = _Stopping(loop, main, handle_signals)
    try:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(main)
    except (GracefulExit, KeyboardInterrupt):
        pass
    finally:
        try:
            stopping.run()
        finally:
            asyncio.set_event_loop(None)
            loop.close()


class _Stopping:
    """The steps that end an event loop, each of which a signal breaks off."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, main: "asyncio.Task[None]", handle_signals: bool
    ) -> None:
        self._loop: Final = loop
        self._main: Final = main
        self._handle_signals: Final = handle_signals
        # The step that runs.
        self._step: asyncio.Task[None] | None = None
        # True if a signal came during the stop.
        self._hurried = False

    def run(self) -> None:
        """Take all steps; raises what the application's clean-up raises."""
        first: BaseException | None = None
        for step in (
            self._stop_main,
            self._cancel_all_tasks,
            self._loop.shutdown_asyncgens,
            self._loop.shutdown_default_executor,
        ):
            self._step = self._loop.create_task(step())
            try:
                # For each step, because the runner removes them when it has cleaned up.
                self._catch_signals()
                self._loop.run_until_complete(self._step)
            except (asyncio.CancelledError, GracefulExit, KeyboardInterrupt):
                self._hurried = True
            except BaseException as error:  # noqa: BLE001  # the other steps come first
                first = error if first is None else first
        if self._hurried:
            # Tasks that are not waited for are destroyed with the loop; the user wants it so.
            self._loop.set_exception_handler(lambda _loop, _context: None)
        if first is not None:
            raise first

    def _catch_signals(self) -> None:
        if self._handle_signals:
            # Not on Windows.
            with contextlib.suppress(NotImplementedError):
                for number in (signal.SIGINT, signal.SIGTERM):
                    self._loop.add_signal_handler(number, self._hurry)

    def _hurry(self) -> None:
        """Break off the wait for handlers first, then the step that runs."""
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
