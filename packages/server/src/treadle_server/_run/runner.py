"""Runners and sites: from an application to listening sockets, and back in order.

A runner owns a ``Server``; its sites own one listener each. A stop goes the other way round:
listeners close, idle connections close, handlers get time and are then cancelled, and the
application cleans up last.
"""

import abc
import asyncio
import functools
import os
import signal
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast, final

from yarl import URL

from treadle_server._app.application import Application
from treadle_server._core.config import ServerConfig
from treadle_server._core.keywords import check_keywords, suggest_keywords
from treadle_server._core.teardown import run_all
from treadle_server._http.server import Server
from treadle_server._http.state import RawHandler

from .ports import check_port

__all__ = [
    "AppRunner",
    "BaseRunner",
    "BaseSite",
    "GracefulExit",
    "ServerRunner",
    "SockSite",
    "TCPSite",
    "UnixSite",
]


class GracefulExit(SystemExit):  # aiohttp's name
    """Raised in the event loop by SIGINT and SIGTERM."""

    code = 1


def _raise_graceful_exit() -> None:
    raise GracefulExit


class BaseSite(abc.ABC):
    """One listener of a runner."""

    def __init__(
        self, runner: "BaseRunner", *, ssl_context: ssl.SSLContext | None, backlog: int
    ) -> None:
        if runner.server is None:
            raise RuntimeError("Call runner.setup() before making a site")
        self._runner: Final = runner
        self._ssl_context: Final = ssl_context
        self._backlog: Final = backlog
        self._server: asyncio.AbstractServer | None = None

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """The address for people: a URL, or a path."""

    @abc.abstractmethod
    async def _listen(self, server: Server) -> asyncio.AbstractServer:
        """Open the listener."""

    def _handshake_timeout(self, server: Server) -> float | None:
        """Return the option of an event loop's listener, which takes it only with TLS."""
        return server.handshake_timeout if self._ssl_context is not None else None

    async def start(self) -> None:
        """Begin to listen; raises ``OSError`` for an address that cannot be used."""
        if self._server is not None:
            raise RuntimeError(f"{self.name} is already started")
        server = self._runner.server
        assert server is not None
        self._runner._register(self)  # noqa: SLF001  # a runner and its sites are one unit
        try:
            self._server = await self._listen(server)
        except BaseException:
            self._runner._unregister(self)  # noqa: SLF001  # as above
            raise

    async def stop(self) -> None:
        """Stop listening; connections go on."""
        self._runner._unregister(self)  # noqa: SLF001  # as in ``start``
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _addresses(self) -> list[Any]:
        sockets = getattr(self._server, "sockets", None) or ()
        return [sock.getsockname() for sock in sockets]


@final
class TCPSite(BaseSite):
    """Listens on ``host`` (all interfaces without one) and ``port`` (8080, or 8443 with TLS).

    Port 0 takes a free one; ``port`` tells which after ``start``.
    """

    @suggest_keywords("TCPSite()")
    def __init__(
        self,
        runner: "BaseRunner",
        host: str | None = None,
        port: int | None = None,
        *,
        ssl_context: ssl.SSLContext | None = None,
        backlog: int = 128,
        reuse_address: bool | None = None,
        reuse_port: bool | None = None,
    ) -> None:
        super().__init__(runner, ssl_context=ssl_context, backlog=backlog)
        self._host: Final = host
        self._port = (8443 if ssl_context else 8080) if port is None else check_port(port)
        self._reuse_address: Final = reuse_address
        self._reuse_port: Final = reuse_port

    @property
    def port(self) -> int:
        """The port, the real one once started."""
        for address in self._addresses():
            return int(address[1])
        return self._port

    @property
    def name(self) -> str:
        """The site's URL."""
        scheme = "https" if self._ssl_context else "http"
        return str(URL.build(scheme=scheme, host=self._host or "0.0.0.0", port=self.port))

    async def _listen(self, server: Server) -> asyncio.AbstractServer:
        return await asyncio.get_running_loop().create_server(
            server,
            self._host,
            self._port,
            ssl=self._ssl_context,
            ssl_handshake_timeout=self._handshake_timeout(server),
            backlog=self._backlog,
            reuse_address=self._reuse_address,
            reuse_port=self._reuse_port,
        )


@final
class UnixSite(BaseSite):
    """Listens on a Unix domain socket at ``path``."""

    @suggest_keywords("UnixSite()")
    def __init__(
        self,
        runner: "BaseRunner",
        path: str | os.PathLike[str],
        *,
        ssl_context: ssl.SSLContext | None = None,
        backlog: int = 128,
    ) -> None:
        super().__init__(runner, ssl_context=ssl_context, backlog=backlog)
        self._path: Final = os.fspath(path)

    @property
    def name(self) -> str:
        """The socket's path."""
        scheme = "https" if self._ssl_context else "http"
        return f"{scheme}://unix:{self._path}:"

    async def _listen(self, server: Server) -> asyncio.AbstractServer:
        return await asyncio.get_running_loop().create_unix_server(
            server,
            self._path,
            ssl=self._ssl_context,
            ssl_handshake_timeout=self._handshake_timeout(server),
            backlog=self._backlog,
        )

    async def stop(self) -> None:
        """Stop listening and remove the socket from the file system."""
        was_listening = self._server is not None
        await super().stop()
        # Python 3.13 removes it by itself.
        if was_listening and os.path.exists(self._path):  # noqa: PTH110, ASYNC240  # one stat, no wait
            os.unlink(self._path)  # noqa: PTH108


@final
class SockSite(BaseSite):
    """Listens on a socket that the caller has bound."""

    @suggest_keywords("SockSite()")
    def __init__(
        self,
        runner: "BaseRunner",
        sock: socket.socket,
        *,
        ssl_context: ssl.SSLContext | None = None,
        backlog: int = 128,
    ) -> None:
        super().__init__(runner, ssl_context=ssl_context, backlog=backlog)
        self._sock: Final = sock
        scheme = "https" if ssl_context else "http"
        address = sock.getsockname()
        if isinstance(address, tuple):
            self._name = str(URL.build(scheme=scheme, host=address[0], port=address[1]))
        else:
            self._name = f"{scheme}://unix:{address}:"

    @property
    def name(self) -> str:
        """The URL of the socket's address."""
        return self._name

    async def _listen(self, server: Server) -> asyncio.AbstractServer:
        return await asyncio.get_running_loop().create_server(
            server,
            sock=self._sock,
            ssl=self._ssl_context,
            ssl_handshake_timeout=self._handshake_timeout(server),
            backlog=self._backlog,
        )


class BaseRunner(abc.ABC):
    """Owns a server and its sites.

    A stop waits ``shutdown_timeout`` seconds for the handlers, and as long again for those that it
    then cancels. Other keyword arguments are the fields of ``ServerConfig``.
    """

    def __init__(
        self, *, handle_signals: bool = False, shutdown_timeout: float = 60.0, **kwargs: object
    ) -> None:
        self._handle_signals: Final = handle_signals
        self._shutdown_timeout: Final = shutdown_timeout
        self._kwargs: Final = kwargs
        self._server: Server | None = None
        self._sites: Final[list[BaseSite]] = []

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
        """Stop in order: listeners, idle connections, handlers, the application.

        Each step runs, whatever the ones before raise; see ``run_all`` for what is raised then.
        """
        stops = [site.stop for site in self._sites]
        server, self._server = self._server, None
        steps: list[Callable[[], Awaitable[None]]] = [*stops]
        if server is not None:
            steps.append(functools.partial(self._stop_server, server))
        await run_all((*steps, self._cleanup_server, self._release_signals))

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
                loop.remove_signal_handler(number)

    def _register(self, site: BaseSite) -> None:
        if site in self._sites:
            raise RuntimeError(f"Site {site.name} is already registered in the runner")
        self._sites.append(site)

    def _unregister(self, site: BaseSite) -> None:
        if site not in self._sites:
            raise RuntimeError(f"Site {site.name} is not registered in the runner")
        self._sites.remove(site)


@final
class AppRunner(BaseRunner):
    """Runs an ``Application``; raises ``TypeError`` for anything else."""

    def __init__(
        self,
        app: Application,
        *,
        handle_signals: bool = False,
        shutdown_timeout: float = 60.0,
        **kwargs: object,
    ) -> None:
        if not isinstance(app, Application):
            raise TypeError(f"The first argument must be a web.Application, got {app!r}")
        own = ("app", "handle_signals", "shutdown_timeout")
        check_keywords(kwargs, ServerConfig.keywords().union(own), "AppRunner()")
        super().__init__(handle_signals=handle_signals, shutdown_timeout=shutdown_timeout, **kwargs)
        self._app: Final = app
        self._started = False

    @property
    def app(self) -> Application:
        """The application."""
        return self._app

    async def _make_server(self) -> Server:
        self._started = True
        await self._app.startup()
        # Both are for servers only; add-ons know ``_handle`` from aiohttp by this name.
        handler = cast("RawHandler", self._app._handle)  # noqa: SLF001
        options = self._app._server_options(self._kwargs)  # noqa: SLF001
        factory = self._app._request_factory()  # noqa: SLF001
        return Server(handler, request_factory=factory, **options)  # type: ignore[arg-type]  # the server checks its options

    async def shutdown(self) -> None:
        """Send the application's ``on_shutdown``."""
        await self._app.shutdown()

    async def _cleanup_server(self) -> None:
        # Also after a start-up that failed halfway: contexts that were entered must be left.
        if self._started:
            self._started = False
            await self._app.cleanup()


@final
class ServerRunner(BaseRunner):
    """Runs a ``Server`` that the caller has made, without an application."""

    @suggest_keywords("ServerRunner()")
    def __init__(
        self, web_server: Server, *, handle_signals: bool = False, shutdown_timeout: float = 60.0
    ) -> None:
        super().__init__(handle_signals=handle_signals, shutdown_timeout=shutdown_timeout)
        self._web_server: Final = web_server

    async def _make_server(self) -> Server:
        return self._web_server

    async def shutdown(self) -> None:
        """Do nothing: a bare server has no signals."""

    async def _cleanup_server(self) -> None:
        """Do nothing: a bare server has no clean-up."""
