"""``run_app``: serve an application until a signal ends it."""

import asyncio
import inspect
import logging
import math
import socket
import ssl
from collections.abc import Callable, Iterable
from typing import Any, Literal, Unpack

from treadle_server._app.application import Application
from treadle_server._core.errors import access_logger
from treadle_server._core.trusted_proxies import as_trusted_proxies
from treadle_server._http.access_log import AccessLogClass, AccessLogger
from treadle_server._http.options import ConnectionOptions

from .addresses import Addresses, Path
from .loops import LoopName, new_loop
from .ports import check_port
from .serving import AppSource, serve

__all__ = ["run_app"]


def _show_access_log(logger: logging.Logger) -> None:
    """Show the default access log on standard error, unless it is configured: for development."""
    if logger.name == access_logger.name:
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.DEBUG)
        if not logger.hasHandlers():
            logger.addHandler(logging.StreamHandler())


def run_app(
    app: AppSource,
    *,
    host: str | Iterable[str] | None = None,
    port: int | None = None,
    path: Path | Iterable[Path] | None = None,
    sock: socket.socket | Iterable[socket.socket] | None = None,
    shutdown_timeout: float = 60.0,
    drain_delay: float = 0.0,
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
    loop: asyncio.AbstractEventLoop | LoopName | None = None,
    workers: int | Literal["auto"] | None = None,
    max_requests: int = 0,
    max_lifetime: float = 0.0,
    max_rss: int = 0,
    limit_jitter: float = 0.1,
    start_timeout: float = 60.0,
    heartbeat_timeout: float = 30.0,
    **kwargs: Unpack[ConnectionOptions],
) -> None:
    """Serve ``app`` (an application, a coroutine or a function that returns one) until a signal.

    Listens on ``host`` and ``port`` (8080, or 8443 with ``ssl_context``), on the Unix sockets
    ``path`` and on the bound sockets ``sock``; each may be several. Without any, on the sockets
    that systemd passes, or else on all interfaces. SIGINT and SIGTERM end it; running handlers may
    finish for ``shutdown_timeout`` seconds. ``print`` shows the addresses; None is silent. Other
    keyword arguments are options of the server (``ServerConfig``).

    ``access_log_class`` writes each answer to the logger ``access_log``, or nothing if that is
    None; see ``AccessLogger`` for ``access_log_format``. In the debug mode of the event loop, the
    default logger writes to standard error if nothing else is configured. ``loop`` is an event loop
    or the name of one: ``auto`` is uvloop if it is installed. It is closed at the end.

    ``workers`` is the number of processes that serve, or ``"auto"`` for one per processor; see
    ``WorkerSettings`` for their limits. They share the sockets, and this process only watches and
    replaces them: docs/workers.md. Linux forks them after ``app`` is made, and macOS starts them
    anew, where ``app`` must be a function of a module. An event loop cannot be given then, and
    ``handle_signals`` is not looked at.

    With a ``drain_delay``, a signal first makes ``Health`` answer 503, while the server accepts
    connections and answers requests for that many seconds, so that balancers can turn away:
    docs/health.md. A second signal ends the delay, the next one the wait for handlers, and each
    further one the step of the stop that it meets: a stop never needs more than a few of them.

    Raises ``OSError`` for an address that cannot be used, ``ValueError`` for a port beyond 65535 or
    options that exclude each other, ``TypeError`` for an ``access_log_class`` or an application of
    another kind, and what the start-up raises. With workers, exits with status 3 if none can start.
    """
    options: dict[str, Any] = {
        "keepalive_timeout": keepalive_timeout,
        "access_log_class": access_log_class,
        "access_log_format": access_log_format,
        "access_log": access_log,
        "handler_cancellation": handler_cancellation,
        **kwargs,
    }
    limits = {"max_requests": max_requests, "max_lifetime": max_lifetime, "max_rss": max_rss}
    begun = False
    try:
        if port is not None:
            check_port(port)
        # Before the application starts, and only once: it may be an iterator.
        if (proxies := options.get("trusted_proxies")) is not None:
            options["trusted_proxies"] = as_trusted_proxies(proxies)
        if not 0 <= drain_delay < math.inf:
            raise ValueError(f"drain_delay must be 0 or more seconds, got {drain_delay!r}")
        if workers is None and any(limits.values()):
            given = " and ".join(name for name, value in limits.items() if value)
            raise ValueError(f"{given}: only for workers; workers=1 is one that is replaced")
        addresses = Addresses(
            host, port, path, sock, ssl_context, backlog, reuse_address, reuse_port
        )
        if workers is not None:
            # Only those who start workers load them.
            from .many import WorkerSettings, run_workers

            settings = WorkerSettings(
                workers,
                limit_jitter=limit_jitter,
                start_timeout=start_timeout,
                heartbeat_timeout=heartbeat_timeout,
                stop_timeout=drain_delay + 2 * shutdown_timeout + 5.0,
                drain_delay=drain_delay,
                max_requests=max_requests,
                max_lifetime=max_lifetime,
                max_rss=max_rss,
            )
            run_workers(
                app, addresses, settings, loop=loop, print=print,
                shutdown_timeout=shutdown_timeout, options=options,
            )  # fmt: skip
            return
        if callable(app) and not isinstance(app, Application):
            app = app()
        if not isinstance(loop, asyncio.AbstractEventLoop):
            loop = new_loop(loop)
        begun = True
    finally:
        if not begun and inspect.iscoroutine(app):
            # It does not run in this process: do not let Python warn of it.
            app.close()
    if loop.get_debug() and access_log is not None:
        _show_access_log(access_log)
    serve(
        loop, app, addresses.sites, print, shutdown_timeout, handle_signals, options,
        drain_delay=drain_delay,
    )  # fmt: skip
