"""The sites of a runner: listeners on TCP, on Unix sockets, on bound sockets and on named pipes."""

import abc
import asyncio
import os
import socket
import ssl
from typing import Any

from treadle_server._core.keywords import suggest_keywords
from treadle_server._http.server import Server

from .listeners import remove_unix
from .ports import address_name, check_port, default_port
from .runner import BaseRunner, BaseSite

__all__ = ["NamedPipeSite", "SockSite", "TCPSite", "UnixSite"]


class _Listening(BaseSite):
    """The part that the sites of this module share: a listener of the event loop."""

    @abc.abstractmethod
    async def _listen(self, server: Server) -> asyncio.AbstractServer:
        """Open the listener."""

    async def start(self) -> None:
        """Begin to listen; raises ``OSError`` for an address that cannot be used."""
        await super().start()
        server = self._runner.server
        assert server is not None
        try:
            self._server = await self._listen(server)
        except BaseException:
            self._runner._unreg_site(self)  # noqa: SLF001  # as above
            raise


class TCPSite(_Listening):
    """Listens on ``host`` (all interfaces without one) and ``port`` (8080, or 8443 with TLS).

    Port 0 takes a free one; ``port`` tells which after ``start``.
    """

    @suggest_keywords("TCPSite()")
    def __init__(
        self,
        runner: BaseRunner,
        host: str | None = None,
        port: int | None = None,
        *,
        shutdown_timeout: float = 60.0,
        ssl_context: ssl.SSLContext | None = None,
        backlog: int = 128,
        reuse_address: bool | None = None,
        reuse_port: bool | None = None,
    ) -> None:
        super().__init__(
            runner, shutdown_timeout=shutdown_timeout, ssl_context=ssl_context, backlog=backlog
        )
        self._host = host
        self._port = default_port(tls=ssl_context is not None) if port is None else check_port(port)
        self._reuse_address = reuse_address
        self._reuse_port = reuse_port

    @property
    def port(self) -> int:
        """The port, the real one once started."""
        for address in self._addresses():
            return int(address[1])
        return self._port

    @property
    def name(self) -> str:
        """The site's URL."""
        host = self._host or "0.0.0.0"
        return address_name((host, self.port), tls=self._ssl_context is not None)

    async def _listen(self, server: Server) -> asyncio.AbstractServer:
        factory, tls = server.listening(self._ssl_context)
        return await asyncio.get_running_loop().create_server(
            factory,
            self._host,
            self._port,
            backlog=self._backlog,
            reuse_address=self._reuse_address,
            reuse_port=self._reuse_port,
            **tls,
        )


class UnixSite(_Listening):
    """Listens on a Unix domain socket at ``path``."""

    @suggest_keywords("UnixSite()")
    def __init__(
        self,
        runner: BaseRunner,
        path: str | os.PathLike[str],
        *,
        shutdown_timeout: float = 60.0,
        ssl_context: ssl.SSLContext | None = None,
        backlog: int = 128,
    ) -> None:
        super().__init__(
            runner, shutdown_timeout=shutdown_timeout, ssl_context=ssl_context, backlog=backlog
        )
        self._path = os.fspath(path)

    @property
    def name(self) -> str:
        """The socket's path."""
        return address_name(self._path, tls=self._ssl_context is not None)

    async def _listen(self, server: Server) -> asyncio.AbstractServer:
        factory, tls = server.listening(self._ssl_context)
        return await asyncio.get_running_loop().create_unix_server(
            factory,
            self._path,
            backlog=self._backlog,
            **tls,
        )

    async def stop(self) -> None:
        """Stop listening and remove the socket from the file system."""
        was_listening = self._server is not None
        await super().stop()
        # Python 3.13 removes it by itself.
        if was_listening:
            remove_unix(self._path)


class SockSite(_Listening):
    """Listens on a socket that the caller has bound."""

    @suggest_keywords("SockSite()")
    def __init__(
        self,
        runner: BaseRunner,
        sock: socket.socket,
        *,
        shutdown_timeout: float = 60.0,
        ssl_context: ssl.SSLContext | None = None,
        backlog: int = 128,
    ) -> None:
        super().__init__(
            runner, shutdown_timeout=shutdown_timeout, ssl_context=ssl_context, backlog=backlog
        )
        self._sock = sock
        self._name = address_name(sock.getsockname(), tls=ssl_context is not None)

    @property
    def name(self) -> str:
        """The URL of the socket's address."""
        return self._name

    async def _listen(self, server: Server) -> asyncio.AbstractServer:
        factory, tls = server.listening(self._ssl_context)
        return await asyncio.get_running_loop().create_server(
            factory,
            sock=self._sock,
            backlog=self._backlog,
            **tls,
        )


class NamedPipeSite(BaseSite):
    """Listens on a named pipe of Windows; raises ``RuntimeError`` on other event loops."""

    def __init__(self, runner: BaseRunner, path: str, *, shutdown_timeout: float = 60.0) -> None:
        proactor = getattr(asyncio, "ProactorEventLoop", None)
        if proactor is None or not isinstance(asyncio.get_running_loop(), proactor):
            raise RuntimeError(
                "Named Pipes only available in proactor loop under windows: use UnixSite or TCPSite"
            )
        super().__init__(runner, shutdown_timeout=shutdown_timeout)
        self._path = path

    @property
    def name(self) -> str:
        """The path of the pipe."""
        return self._path

    async def start(self) -> None:
        """Begin to listen."""
        await super().start()
        loop: Any = asyncio.get_running_loop()
        # Only Windows' event loop has the method.
        (self._server,) = await loop.start_serving_pipe(self._runner.server, self._path)
