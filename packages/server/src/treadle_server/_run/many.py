"""``run_workers``: what ``run_app`` does with ``workers``."""

import asyncio
import inspect
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final, final

from treadle_server._app.application import Application
from treadle_server._core.errors import workers_logger
from treadle_server._core.logs import log_warning
from treadle_server._workers.settings import WorkerSettings
from treadle_server._workers.supervisor import START_METHOD, Supervisor
from treadle_server._workers.worker import Link, UnusableError

from .addresses import Addresses
from .loops import LoopName, new_loop
from .runner import AppRunner, BaseSite
from .serving import AppSource, NotAnApplicationError, serve

__all__ = ["WorkerServe", "WorkerSettings", "run_workers"]


@final
class WorkerServe:
    """Serves an application in a worker: the ``Serve`` of ``run_app``.

    A class, because a worker that is not forked gets it by pickle.
    """

    def __init__(
        self,
        app: AppSource,
        addresses: Addresses,
        loop: LoopName | None,
        shutdown_timeout: float,
        options: dict[str, Any],
        drain_delay: float = 0.0,
    ) -> None:
        self._app: Final = app
        self._addresses: Final = addresses
        self._loop: Final[LoopName | None] = loop
        self._shutdown_timeout: Final = shutdown_timeout
        self._options: Final = options
        self._drain_delay: Final = drain_delay

    def __call__(self, sockets: list[socket.socket], link: Link, /) -> None:
        """Serve until SIGTERM."""
        app = self._app
        if not isinstance(app, (Application, Awaitable)):
            app = app()

        def make_sites(runner: AppRunner) -> list[BaseSite]:
            return self._addresses.shared_sites(runner, sockets)

        loop = new_loop(self._loop)
        timeout, delay = self._shutdown_timeout, self._drain_delay
        try:
            serve(loop, app, make_sites, None, timeout, True, self._options, link, delay)
        except NotAnApplicationError as error:
            raise UnusableError(2) from error


def run_workers(
    app: AppSource,
    addresses: Addresses,
    settings: WorkerSettings,
    *,
    loop: asyncio.AbstractEventLoop | LoopName | None,
    print: Callable[[str], object] | None,  # noqa: A002  # aiohttp's name
    shutdown_timeout: float,
    options: dict[str, Any],
) -> None:
    """Serve ``app`` in worker processes until a signal ends this one.

    Exits with the supervisor's status if workers cannot start.
    """
    if sys.platform == "win32":
        raise ValueError("workers need signals that Windows does not have: start several processes")
    if isinstance(loop, asyncio.AbstractEventLoop):
        raise TypeError("each worker has an event loop of its own: give its name, not a loop")
    if START_METHOD == "spawn" and (isinstance(app, Application) or inspect.isawaitable(app)):
        raise ValueError(
            "workers are not copies of this process on this system: give run_app() a function of "
            f"a module that returns the application, not {app!r}"
        )
    sockets = addresses.bind()
    try:
        if addresses.each_binds:
            log_warning(
                workers_logger,
                "With reuse_port each worker has a queue of its own for new connections, and those "
                "that wait in it are lost when the worker is replaced; without it nothing is lost",
            )
        names = ", ".join(addresses.names(sockets))

        def on_complete() -> None:
            if callable(print):
                count = "1 worker" if settings.workers == 1 else f"{settings.workers} workers"
                print(f"======== Running on {names} ({count}) ========\n(Press CTRL+C to quit)")

        delay = settings.drain_delay
        target = WorkerServe(app, addresses, loop, shutdown_timeout, options, delay)
        supervisor = Supervisor(
            target, sockets, settings, on_complete=on_complete, start_method=START_METHOD
        )
        status = supervisor.run()
    finally:
        for sock in sockets:
            sock.close()
        addresses.remove_paths()
    if status:
        sys.exit(status)
