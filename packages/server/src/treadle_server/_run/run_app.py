"""``run_app``: serve an application until a signal ends it."""

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable

from treadle_server._app.application import Application
from treadle_server._core.errors import server_logger
from treadle_server._core.logs import log_error

from .runner import AppRunner, BaseSite, GracefulExit, SockSite, TCPSite, UnixSite

__all__ = ["run_app"]

_Path = str | os.PathLike[str]


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
    socks = [sock] if isinstance(sock, socket.socket) else list(sock or ())
    if not hosts and ((not paths and not socks) or port is not None):
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


async def _serve(
    app: Application | Awaitable[Application],
    make_sites: Callable[[AppRunner], list[BaseSite]],
    print: Callable[[str], object] | None,  # noqa: A002  # aiohttp's name
    shutdown_timeout: float,
    handle_signals: bool,
    options: dict[str, object],
) -> None:
    if not isinstance(app, Application):
        app = await app
    runner = AppRunner(
        app, handle_signals=handle_signals, shutdown_timeout=shutdown_timeout, **options
    )
    try:
        await runner.setup()
        for site in make_sites(runner):
            await site.start()
        if print is not None:
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
    handle_signals: bool = True,
    reuse_address: bool | None = None,
    reuse_port: bool | None = None,
    handler_cancellation: bool = False,
    loop: asyncio.AbstractEventLoop | None = None,
    **kwargs: object,
) -> None:
    """Serve ``app`` (an application, or a coroutine that returns one) until SIGINT or SIGTERM.

    Listens on ``host`` and ``port`` (8080, or 8443 with ``ssl_context``), on the Unix sockets
    ``path`` and on the bound sockets ``sock``; each may be several. Without any, on all
    interfaces. Stopping lets running handlers finish for ``shutdown_timeout`` seconds. ``print``
    shows the addresses; None is silent. Other keyword arguments are the fields of
    ``ServerConfig``.

    Raises ``OSError`` for an address that cannot be used, and whatever the start-up raises.
    """
    own_loop = loop is None
    if loop is None:
        loop = asyncio.new_event_loop()
    options = {
        "keepalive_timeout": keepalive_timeout,
        "handler_cancellation": handler_cancellation,
        **kwargs,
    }

    def make_sites(runner: AppRunner) -> list[BaseSite]:
        return _sites(
            runner, host, port, path, sock, ssl_context, backlog, reuse_address, reuse_port
        )

    main = loop.create_task(
        _serve(app, make_sites, print, shutdown_timeout, handle_signals, options)
    )
    try:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(main)
    except (GracefulExit, KeyboardInterrupt):
        pass
    finally:
        try:
            # False if it has ended. A task that ended with SystemExit or KeyboardInterrupt, raised
            # by ``on_startup`` for example, does not stop the loop a second time: this would hang.
            if main.cancel():
                with contextlib.suppress(asyncio.CancelledError, GracefulExit, KeyboardInterrupt):
                    loop.run_until_complete(main)
            _cancel_all_tasks(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            asyncio.set_event_loop(None)
            if own_loop:
                loop.close()


def _cancel_all_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what the application left running, and report what it raised."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    for task in tasks:
        if not task.cancelled() and task.exception() is not None:
            text = "A task that was left running raised at shutdown"
            log_error(server_logger, text, error=task.exception())
