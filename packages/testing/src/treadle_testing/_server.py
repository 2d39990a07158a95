"""Real servers on free ports of this machine, for the time of a test."""

import abc
import socket
import ssl
from types import TracebackType
from typing import Any, Final, Self

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

__all__ = ["BaseTestServer", "RawTestServer", "TestServer", "get_unused_port_socket", "unused_port"]


def get_unused_port_socket(
    host: str, family: socket.AddressFamily = socket.AF_INET
) -> socket.socket:
    """Return a socket bound to a free port of ``host``, which no other program can take."""
    return _port_socket(host, 0, family)


def _port_socket(host: str, port: int, family: socket.AddressFamily) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    # A port that a test has just used may be used again.
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

    ``host`` is the address to listen on and ``port`` the port, a free one by default. Options of
    the server (the fields of ``ServerConfig``) are given to ``start_server``.
    """

    # pytest collects classes called Test...; these are not tests.
    __test__ = False

    def __init__(
        self, *, scheme: str = "", host: str = "127.0.0.1", port: int | None = None
    ) -> None:
        self.host: Final = host
        self.port: int | None = port
        self.scheme = scheme
        self.runner: BaseRunner | None = None
        self.closed = False
        self._root: URL | None = None

    @abc.abstractmethod
    async def _make_runner(self, **kwargs: Any) -> BaseRunner:
        """Return the runner for the application or the handler."""

    @property
    def started(self) -> bool:
        """True once the server has listened, also after it was closed."""
        return self.runner is not None

    @property
    def handler(self) -> Server:
        """The server that makes connections; raises ``RuntimeError`` while not running."""
        if self.runner is None or self.runner.server is None:
            raise RuntimeError("The test server is not running: call start_server()")
        return self.runner.server

    async def start_server(self, *, ssl: ssl.SSLContext | None = None, **kwargs: Any) -> None:
        """Start to listen; a second call does nothing."""
        if self.runner is not None:
            return
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        sock = _port_socket(self.host, self.port or 0, family)
        self.port = sock.getsockname()[1]
        kwargs.setdefault("handler_cancellation", True)
        try:
            runner = self.runner = await self._make_runner(**kwargs)
            await runner.setup()
            await SockSite(runner, sock, ssl_context=ssl).start()
        except BaseException:
            sock.close()
            if self.runner is not None:
                await self.runner.cleanup()
            raise
        self.scheme = self.scheme or ("https" if ssl else "http")
        self._root = URL.build(scheme=self.scheme, host=self.host, port=self.port)

    def make_url(self, path: str | URL) -> URL:
        """Return the absolute URL of a path; raises ``ValueError`` for one that is absolute."""
        if self._root is None:
            raise RuntimeError("The test server has no URL before start_server()")
        url = URL(path)
        if url.absolute:
            raise ValueError(f"make_url takes a path of this server, not {str(url)!r}")
        return URL(str(self._root) + str(url), encoded=True)

    async def close(self) -> None:
        """Stop the server; a second call does nothing."""
        if self.runner is not None and not self.closed:
            self.closed = True
            await self.runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start_server()
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
    ) -> None:
        super().__init__(scheme=scheme, host=host, port=port)
        self.app: Final = app

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
    ) -> None:
        super().__init__(scheme=scheme, host=host, port=port)
        self._handler: Final = handler

    async def _make_runner(self, **kwargs: Any) -> BaseRunner:
        timeout = _timeout(kwargs)
        return ServerRunner(Server(self._handler, **kwargs), shutdown_timeout=timeout)


def _timeout(kwargs: dict[str, Any]) -> float:
    """Take the shutdown timeout out of the options: short, since a test waits for it."""
    value = kwargs.pop("shutdown_timeout", 2.0)
    if not isinstance(value, (int, float)):
        raise TypeError(f"shutdown_timeout is a number of seconds, got {value!r}")
    return float(value)
