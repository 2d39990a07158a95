"""Real servers on free ports of this machine, for the time of a test."""

import abc
import asyncio
import ipaddress
import os
import socket
import ssl
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, Unpack

from yarl import URL

from treadle_server import (
    Application,
    AppRunner,
    BaseRunner,
    RawHandler,
    Server,
    ServerRunner,
    SockSite,
)

from ._options import ListenOptions, SocketFactory, StartOptions

__all__ = [
    "REUSE_ADDRESS",
    "BaseTestServer",
    "RawTestServer",
    "TestServer",
    "get_port_socket",
    "get_unused_port_socket",
    "unused_port",
]

#: True where a port that a test has just used may be used again at once.
REUSE_ADDRESS: Final = os.name == "posix" and sys.platform != "cygwin"


def get_unused_port_socket(
    host: str, family: socket.AddressFamily = socket.AF_INET
) -> socket.socket:
    """Return a socket bound to a free port of ``host``, which no other program can take."""
    return get_port_socket(host, 0, family)


def get_port_socket(host: str, port: int, family: socket.AddressFamily) -> socket.socket:
    """Return a socket bound to ``port`` of ``host``; raises ``OSError`` if it is taken."""
    sock = socket.socket(family, socket.SOCK_STREAM)
    if REUSE_ADDRESS:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


def unused_port() -> int:
    """Return a port of 127.0.0.1 that is free now; prefer ``get_unused_port_socket``."""
    with get_unused_port_socket("127.0.0.1") as sock:
        port: int = sock.getsockname()[1]
        return port


class BaseTestServer(abc.ABC):
    """A server between ``start_server()`` and ``close()``, or inside ``async with``.

    ``host`` is the address to listen on and ``port`` the port, a free one by default;
    ``socket_factory`` makes the listening socket from host, port and address family. Options of the
    server (the fields of ``ServerConfig``) are given to ``start_server``. ``loop`` and further
    keyword arguments are taken as aiohttp takes them, and mean nothing.
    """

    # pytest collects classes called Test...; these are not tests.
    __test__ = False

    def __init__(
        self,
        *,
        scheme: str = "",
        loop: asyncio.AbstractEventLoop | None = None,
        host: str = "127.0.0.1",
        port: int | None = None,
        skip_url_asserts: bool = False,
        socket_factory: SocketFactory = get_port_socket,
        **kwargs: object,  # noqa: ARG002  # aiohttp's contract
    ) -> None:
        self._loop = loop
        self.host: str = host
        self.port: int | None = port
        self.scheme: str = scheme
        #: True if ``make_url`` takes whatever it gets, an absolute URL for a proxy for example.
        self.skip_url_asserts: bool = skip_url_asserts
        self.socket_factory: SocketFactory = socket_factory
        self.runner: BaseRunner | None = None
        self._closed = False
        self._root: URL | None = None

    @abc.abstractmethod
    async def _make_runner(self, **kwargs: Any) -> BaseRunner:
        """Return the runner for the application or the handler."""

    @property
    def started(self) -> bool:
        """True once the server has listened, also after it was closed."""
        return self.runner is not None

    @property
    def closed(self) -> bool:
        """True once the server was closed."""
        return self._closed

    @property
    def handler(self) -> Server:
        """The server that makes connections; raises ``AssertionError`` while not running."""
        if self.runner is None or self.runner.server is None:
            raise AssertionError("The test server is not running: call start_server()")
        return self.runner.server

    async def start_server(
        self,
        loop: asyncio.AbstractEventLoop | None = None,
        *,
        ssl: ssl.SSLContext | None = None,
        **kwargs: Unpack[StartOptions],
    ) -> None:
        """Start to listen; a second call does nothing."""
        if self.runner is not None:
            return
        self._loop = loop
        kwargs.setdefault("handler_cancellation", True)
        host = self.host
        family = socket.AF_INET
        try:
            if ipaddress.ip_address(host).version == 6:
                family, host = socket.AF_INET6, f"[{host}]"
        except ValueError:
            # A name.
            pass
        runner = await self._make_runner(**kwargs)
        sock = None
        try:
            await runner.setup()
            sock = self.socket_factory(self.host, self.port or 0, family)
            self.host, self.port = sock.getsockname()[:2]
            await SockSite(runner, sock, ssl_context=ssl).start()
        except BaseException:
            if sock is not None:
                sock.close()
            await runner.cleanup()
            raise
        self.runner = runner
        self.scheme = self.scheme or ("https" if ssl else "http")
        self._root = URL(f"{self.scheme}://{host}:{self.port}")

    def make_url(self, path: str | URL) -> URL:
        """Return the absolute URL of a path of this server.

        Raises ``AssertionError`` for a URL that is absolute, unless ``skip_url_asserts``, and
        before ``start_server()``.
        """
        if self._root is None:
            raise AssertionError("The test server has no URL before start_server()")
        if self.skip_url_asserts:
            return URL(f"{self._root}{path}")
        url = URL(path)
        if url.absolute:
            raise AssertionError(f"make_url takes a path of this server, not {str(url)!r}")
        # Not joined: dot segments and doubled slashes are for the server to judge.
        return URL(str(self._root) + str(url), encoded=True)

    async def close(self) -> None:
        """Stop the server; a second call does nothing."""
        if self.runner is not None and not self._closed:
            self._closed = True
            self._root = self.port = None
            await self.runner.cleanup()

    # Type checkers report ``with``, because they do not see these.
    if not TYPE_CHECKING:

        def __enter__(self) -> NoReturn:
            raise TypeError("Use async with instead")

        def __exit__(self, *error: object) -> None:
            """Do nothing: ``__enter__`` refuses ``with``."""

    async def __aenter__(self) -> Self:
        await self.start_server(loop=self._loop)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class TestServer(BaseTestServer):
    """Serves an application."""

    def __init__(
        self,
        app: Application,
        *,
        scheme: str = "",
        host: str = "127.0.0.1",
        port: int | None = None,
        **kwargs: Unpack[ListenOptions],
    ) -> None:
        super().__init__(scheme=scheme, host=host, port=port, **kwargs)
        self.app = app

    async def _make_runner(self, **kwargs: Any) -> BaseRunner:
        return AppRunner(self.app, shutdown_timeout=_timeout(kwargs), **kwargs)


class RawTestServer(BaseTestServer):
    """Serves one handler without an application."""

    def __init__(
        self,
        handler: RawHandler,
        *,
        scheme: str = "",
        host: str = "127.0.0.1",
        port: int | None = None,
        **kwargs: Unpack[ListenOptions],
    ) -> None:
        super().__init__(scheme=scheme, host=host, port=port, **kwargs)
        self._handler = handler

    async def _make_runner(self, *, debug: bool = True, **kwargs: Any) -> BaseRunner:
        timeout = _timeout(kwargs)
        server = Server(self._handler, debug=debug, **kwargs)
        return ServerRunner(server, shutdown_timeout=timeout)


def _timeout(kwargs: dict[str, Any]) -> float:
    """Take the shutdown timeout out of the options: short, since a test waits for it."""
    value = kwargs.pop("shutdown_timeout", 2.0)
    if not isinstance(value, (int, float)):
        raise TypeError(f"shutdown_timeout is a number of seconds, got {value!r}")
    return float(value)
