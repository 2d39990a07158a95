"""``Addresses``: where ``run_app`` listens, as sites of one process or sockets that many share."""

import os
import socket
import ssl
from collections.abc import Iterable
from typing import Final, final

from yarl import URL

from .listeners import activated_sockets, bind_tcp, bind_unix
from .runner import BaseRunner, BaseSite
from .shared import SharedSite
from .sites import SockSite, TCPSite, UnixSite

__all__ = ["Addresses", "Path"]

Path = str | os.PathLike[str]


@final
class Addresses:
    """The arguments of ``run_app`` that say where it listens.

    Without any, it listens on the sockets that systemd passes, or else on TCP on all interfaces.
    """

    def __init__(
        self,
        host: str | Iterable[str] | None,
        port: int | None,
        path: Path | Iterable[Path] | None,
        sock: socket.socket | Iterable[socket.socket] | None,
        ssl_context: ssl.SSLContext | None,
        backlog: int,
        reuse_address: bool | None,
        reuse_port: bool | None,
    ) -> None:
        if host is None and port is None and path is None and sock is None:
            sock = activated_sockets() or None
        self._hosts: list[str | None] = [host] if isinstance(host, str) else list(host or ())
        self._paths = [path] if isinstance(path, (str, os.PathLike)) else list(path or ())
        self._socks = list(sock or ()) if isinstance(sock, Iterable) or sock is None else [sock]
        # An empty list asks for nothing, unlike None.
        if host is None and ((path is None and sock is None) or port is not None):
            self._hosts = [None]
        self._port: Final = port
        self._ssl_context: Final = ssl_context
        self._backlog: Final = backlog
        self._reuse_address: Final = reuse_address
        self._reuse_port: Final = reuse_port

    def sites(self, runner: BaseRunner) -> list[BaseSite]:
        """Return a site for each address."""
        context, backlog = self._ssl_context, self._backlog
        sites: list[BaseSite] = [
            TCPSite(
                runner,
                host,
                self._port,
                ssl_context=context,
                backlog=backlog,
                reuse_address=self._reuse_address,
                reuse_port=self._reuse_port,
            )
            for host in self._hosts
        ]
        sites += [
            UnixSite(runner, path, ssl_context=context, backlog=backlog) for path in self._paths
        ]
        sites += [
            SockSite(runner, sock, ssl_context=context, backlog=backlog) for sock in self._socks
        ]
        return sites

    @property
    def each_binds(self) -> bool:
        """True if each worker opens sockets of its own (SO_REUSEPORT)."""
        return bool(self._reuse_port) and bool(self._hosts)

    def bind(self) -> list[socket.socket]:
        """Listen on all addresses, and return the sockets for ``shared_sites``.

        Raises ``OSError`` for an address that cannot be used, and ``ValueError`` for port 0 where
        each worker would get another one.
        """
        sockets = list(self._socks)
        for sock in sockets:
            sock.listen(self._backlog)
        if self.each_binds and self._port == 0:
            raise ValueError("with reuse_port each worker would get another port 0: give a number")
        if self._hosts and not self.each_binds:
            port = (8443 if self._ssl_context else 8080) if self._port is None else self._port
            sockets += bind_tcp(self._hosts, port, self._backlog, self._reuse_address)
        return sockets + [bind_unix(os.fspath(path), self._backlog) for path in self._paths]

    def shared_sites(self, runner: BaseRunner, sockets: Iterable[socket.socket]) -> list[BaseSite]:
        """Return the sites of one worker on what ``bind`` has returned."""
        sites: list[BaseSite] = [
            SharedSite(runner, sock, ssl_context=self._ssl_context, backlog=self._backlog)
            for sock in sockets
        ]
        if self.each_binds:
            sites += [
                TCPSite(
                    runner, host, self._port, ssl_context=self._ssl_context, backlog=self._backlog,
                    reuse_address=self._reuse_address, reuse_port=True,
                )
                for host in self._hosts
            ]  # fmt: skip
        return sites

    def names(self, sockets: Iterable[socket.socket]) -> list[str]:
        """Return the addresses of ``sockets`` for people, as sites have them."""
        scheme = "https" if self._ssl_context else "http"
        names = []
        for sock in sockets:
            address = sock.getsockname()
            if isinstance(address, tuple):
                names.append(str(URL.build(scheme=scheme, host=address[0], port=address[1])))
            else:
                names.append(f"{scheme}://unix:{address}:")
        if self.each_binds:
            port = (8443 if self._ssl_context else 8080) if self._port is None else self._port
            names += [
                str(URL.build(scheme=scheme, host=host or "0.0.0.0", port=port))
                for host in self._hosts
            ]
        return sorted(names)

    def remove_paths(self) -> None:
        """Remove the Unix sockets from the file system, when nobody listens any more."""
        for path in self._paths:
            if os.path.exists(path):  # noqa: PTH110  # one stat, as in ``UnixSite``
                os.unlink(path)  # noqa: PTH108
