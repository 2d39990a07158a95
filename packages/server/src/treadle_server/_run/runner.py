"""Runners: from an application to listening sockets, and back in order.

A runner owns a ``Server``; its sites own one listener each. A stop goes the other way round:
listeners close, idle connections close, handlers get time and are then cancelled, and the
application cleans up last.
"""

import abc
import asyncio
import functools
import signal
import ssl
import warnings
from collections.abc import Awaitable, Callable
from typing import Any, Final, Unpack

from treadle_server._app.application import Application
from treadle_server._core.teardown import run_all
from treadle_server._http.access_log import AccessLogClass, AccessLogger, check_access_log_class
from treadle_server._http.options import RunnerOptions, ServerOptions
from treadle_server._http.server import Server
from treadle_server._transport.tls import prepare_context

__all__ = [
    "AppRunner",
    "BaseRunner",
    "BaseSite",
    "GracefulExit",
    "ServerRunner",
]


#: The least seconds of background tasks at a stop, unless ``shutdown_timeout`` is less.
_LAST_TASKS: Final = 1.0


class GracefulExit(SystemExit):  # aiohttp's name
    """Raised in the event loop by SIGINT and SIGTERM."""

    code: int = 1


def _raise_graceful_exit() -> None:
    raise GracefulExit


class BaseSite(abc.ABC):
    """One listener of a runner.

    A site of your own has a ``name``, and a ``start`` that first awaits the one of this class, then
    sets ``_server`` to a server of the event loop that makes its protocols with the runner's
    ``server``. ``shutdown_timeout`` is a setting of the runner; here it is deprecated.
    """

    def __init__(
        self,
        runner: "BaseRunner",
        *,
        shutdown_timeout: float = 60.0,
        ssl_context: ssl.SSLContext | None = None,
        backlog: int = 128,
    ) -> None:
        if runner.server is None:
            raise RuntimeError("Call runner.setup() before making a site")
        if shutdown_timeout != 60.0:
            warnings.warn(
                "shutdown_timeout should be set on BaseRunner: give it to AppRunner() or "
                "ServerRunner() instead of to a site",
                DeprecationWarning,
                stacklevel=3,
            )
            runner._shutdown_timeout = shutdown_timeout  # noqa: SLF001  # a runner and its sites are one unit
        if ssl_context is not None:
            prepare_context(ssl_context)
        self._runner = runner
        self._ssl_context = ssl_context
        self._backlog = backlog
        self._server: asyncio.AbstractServer | None = None

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """The address for people: a URL, or a path."""

    @abc.abstractmethod
    async def start(self) -> None:
        """Register the site with its runner; raises ``RuntimeError`` if it is already."""
        self._runner._reg_site(self)  # noqa: SLF001  # as above

    async def stop(self) -> None:
        """Stop listening; connections go on."""
        self._runner._unreg_site(self)  # noqa: SLF001  # as above
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _addresses(self) -> list[Any]:
        sockets = getattr(self._server, "sockets", None) or ()
        return [sock.getsockname() for sock in sockets]


class BaseRunner(abc.ABC):
    """Owns a server and its sites.

    A stop waits ``shutdown_timeout`` seconds for the handlers, and as long again for those that it
    then cancels; background tasks get the same seconds as the handlers. Other keyword arguments are
    options of the server (``ServerConfig``).
    """

    def __init__(
        self,
        *,
        handle_signals: bool = False,
        shutdown_timeout: float = 60.0,
        **kwargs: Unpack[ServerOptions],
    ) -> None:
        self._handle_signals = handle_signals
        self._shutdown_timeout = shutdown_timeout
        self._kwargs = kwargs
        self._server: Server | None = None
        self._sites: Final[list[BaseSite]] = []
        # The event loop's time at the begin of the stop.
        self._stop_begun = 0.0

    @property
    def server(self) -> Server | None:
        """The server, None before ``setup`` and after ``cleanup``."""
        return self._server

    @property
    def addresses(self) -> list[Any]:
        """The addresses of all listening sockets, as ``socket.getsockname()`` gives them."""
        sites = self._sites
        return [address for site in sites for address in site._addresses()]  # noqa: SLF001  # a unit

    @property
    def sites(self) -> set[BaseSite]:
        """The sites that are started."""
        return set(self._sites)

    @abc.abstractmethod
    async def _make_server(self) -> Server:
        """Start the application, if there is one, and return its server."""

    @abc.abstractmethod
    async def shutdown(self) -> None:
        """Tell the application that the end begins."""

    @abc.abstractmethod
    async def _cleanup_server(self) -> None:
        """Clean up the application, if there is one."""

    async def setup(self) -> None:
        """Start the application; sites may be made then."""
        if self._handle_signals:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                try:
                    loop.add_signal_handler(number, _raise_graceful_exit)
                except NotImplementedError:  # pragma: no cover  # Windows
                    break
        self._server = await self._make_server()

    async def cleanup(self) -> None:
        """Stop in order: listeners, idle connections, handlers, background tasks, the application.

        Each step runs, whatever the ones before raise; see ``run_all`` for what is raised then.
        """
        self._stop_begun = asyncio.get_running_loop().time()
        self._begin_stop()
        stops = [site.stop for site in self._sites]
        server, self._server = self._server, None
        steps: list[Callable[[], Awaitable[None]]] = [*stops]
        if server is not None:
            steps.append(functools.partial(self._stop_server, server))
        await run_all((*steps, self._cleanup_server, self._release_signals))

    def _begin_stop(self) -> None:  # noqa: B027  # a server without an application has no state
        """Note that a stop has begun."""

    async def drain(self, delay: float) -> None:
        """Begin a stop: serve on for ``delay`` seconds while ``Health`` says that it is not ready.

        New connections are accepted, and the next answer on each connection is its last one, so
        that balancers and clients move on. ``cleanup`` is to follow.
        """
        self._begin_stop()
        if self._server is not None and delay > 0:
            self._server.move_on()
        await asyncio.sleep(delay)

    async def retire(self, timeout: float) -> None:
        """Stop listening, and let each connection have one more request, which is its last one.

        Returns once there is no connection, or after ``timeout`` seconds. It is for a process that
        another one on the same sockets replaces: a request that is under way to a kept connection
        gets its answer. ``cleanup`` is to follow.
        """
        for site in self.sites:
            await site.stop()
        if self._server is not None:
            # The event loop makes connections that it has accepted just now.
            await asyncio.sleep(0)
            await self._server.retire(timeout)

    async def _stop_server(self, server: Server) -> None:
        try:
            # The event loop makes connections that it has accepted just now.
            await asyncio.sleep(0)
            server.pre_shutdown()
            try:
                await self.shutdown()
            except Exception:
                # A receiver of ``on_shutdown`` failed: the handlers get their time.
                await server.shutdown(self._shutdown_timeout)
                raise
            await server.shutdown(self._shutdown_timeout)
        except BaseException:
            # The stop is broken off, by another signal for example.
            server.cancel()
            raise

    async def _release_signals(self) -> None:
        if self._handle_signals:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                try:
                    loop.remove_signal_handler(number)
                except NotImplementedError:  # pragma: no cover  # Windows
                    break

    # Sites of others call these by aiohttp's names.

    def _reg_site(self, site: BaseSite) -> None:
        if site in self._sites:
            raise RuntimeError(f"Site {site.name} is already registered in the runner")
        self._sites.append(site)

    def _check_site(self, site: BaseSite) -> None:
        if site not in self._sites:
            raise RuntimeError(f"Site {site.name} is not registered in the runner")

    def _unreg_site(self, site: BaseSite) -> None:
        self._check_site(site)
        self._sites.remove(site)


class AppRunner(BaseRunner):
    """Runs an ``Application``; raises ``TypeError`` for anything else.

    Keyword arguments are options of the server, among them those of the access log; the application
    may override them (``handler_args``).
    """

    def __init__(
        self,
        app: Application,
        *,
        handle_signals: bool = False,
        access_log_class: AccessLogClass = AccessLogger,
        shutdown_timeout: float = 60.0,
        **kwargs: Unpack[RunnerOptions],
    ) -> None:
        super().__init__(handle_signals=handle_signals, shutdown_timeout=shutdown_timeout, **kwargs)
        if not isinstance(app, Application):
            raise TypeError(f"The first argument should be web.Application instance, got {app!r}")
        self._kwargs["access_log_class"] = access_log_class
        self._app = app
        self._started = False

    @property
    def app(self) -> Application:
        """The application."""
        return self._app

    async def _make_server(self) -> Server:
        check_access_log_class(self._kwargs.get("access_log_class"))
        self._started = True
        await self._app.startup()
        return self._app._make_server(self._kwargs)  # noqa: SLF001  # for runners only

    def _begin_stop(self) -> None:
        self._app._begin_stop()  # noqa: SLF001  # for runners only

    async def shutdown(self) -> None:
        """Send the application's ``on_shutdown``."""
        await self._app.shutdown()

    async def _cleanup_server(self) -> None:
        # Also after a start-up that failed halfway: contexts that were entered must be left.
        if self._started:
            self._started = False
            await run_all((self._finish_tasks, self._app.cleanup))

    async def _finish_tasks(self) -> None:
        """Give the background tasks what is left of ``shutdown_timeout``, but a second at least.

        They have run beside the handlers; it is the tasks of the last handlers that are younger.
        """
        timeout = self._shutdown_timeout
        spent = asyncio.get_running_loop().time() - self._stop_begun
        left = max(timeout - spent, min(timeout, _LAST_TASKS))
        await self._app.background.finish(left if self._app.frozen else 0.0)


class ServerRunner(BaseRunner):
    """Runs a ``Server`` that the caller has made, without an application.

    The options of the server are those that it was made with; other keywords than those of
    ``BaseRunner`` are ignored.
    """

    def __init__(
        self,
        web_server: Server,
        *,
        handle_signals: bool = False,
        shutdown_timeout: float = 60.0,
        **kwargs: Unpack[ServerOptions],
    ) -> None:
        super().__init__(handle_signals=handle_signals, shutdown_timeout=shutdown_timeout, **kwargs)
        self._web_server = web_server

    async def _make_server(self) -> Server:
        return self._web_server

    async def shutdown(self) -> None:
        """Do nothing: a bare server has no signals."""

    async def _cleanup_server(self) -> None:
        """Do nothing: a bare server has no clean-up."""
