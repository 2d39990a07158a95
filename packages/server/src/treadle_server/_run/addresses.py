"""``Addresses``: where ``run_app`` listens, as sites of one process or sockets that many share."""

import contextlib
import os
import socket
import ssl
from collections.abc import Iterable
from typing import Final, final

from .listeners import activated_sockets, bind_tcp, bind_unix, remove_unix
from .ports import address_name, default_port
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
    def _known_port(self) -> int:
        tls = self._ssl_context is not None
        return default_port(tls=tls) if self._port is None else self._port

    @property
    def each_binds(self) -> bool:
        """True if each worker opens sockets of its own (SO_REUSEPORT)."""
        return bool(self._reuse_port) and bool(self._hosts)

    def bind(self) -> list[socket.socket]:
        """Listen on all addresses, and return the sockets for ``shared_sites``.

        Raises ``OSError`` for an address that cannot be used, and ``ValueError`` for port 0 where
        each worker would get another one.
        """
        if self.each_binds and self._port == 0:
            raise ValueError("with reuse_port each worker would get another port 0: give a number")
        for sock in self._socks:
            sock.listen(self._backlog)
        with contextlib.ExitStack() as opened:
            sockets: list[socket.socket] = []
            if self._hosts and not self.each_binds:
                port = self._known_port
                sockets += bind_tcp(self._hosts, port, self._backlog, self._reuse_address)
            for sock in sockets:
                opened.callback(sock.close)
            for path in self._paths:
                sockets.append(bind_unix(os.fspath(path), self._backlog))
                opened.callback(sockets[-1].close)
            opened.pop_all()
        return [*self._socks, *sockets]

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
        tls = self._ssl_context is not None
        addresses: list[object] = [sock.getsockname() for sock in sockets]
        if self.each_binds:
            addresses += [(host or "0.0.0.0", self._known_port) for host in self._hosts]
        return sorted(address_name(address, tls=tls) for address in addresses)

    def remove_paths(self) -> None:
        """Remove the Unix sockets from the file system; call it when nobody listens any more."""
        for path in self._paths:
            remove_unix(os.fspath(path))
