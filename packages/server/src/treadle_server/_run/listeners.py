"""The listening sockets that workers share: bound here, or given by systemd."""

import contextlib
import os
import socket
import stat
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Final

__all__ = ["activated_sockets", "are_activated", "bind_tcp", "bind_unix", "remove_unix"]

#: The first descriptor that systemd passes (sd_listen_fds(3)).
_FIRST: Final = 3


def bind_tcp(
    hosts: Iterable[str | None], port: int, backlog: int, reuse_address: bool | None = None
) -> list[socket.socket]:
    """Return a listening socket for each address of ``hosts``; None means all interfaces.

    With port 0, all addresses get the port that the first one gets. ``reuse_address`` is that of
    asyncio's ``create_server``. Raises ``OSError`` with the address in its text.
    """
    sockets: list[socket.socket] = []
    with contextlib.ExitStack() as opened:
        for family, address in _addresses(hosts, port):
            if port == 0 and sockets:
                address = (address[0], sockets[0].getsockname()[1], *address[2:])
            try:
                sock = socket.socket(family, socket.SOCK_STREAM)
            except OSError:
                # The system resolves addresses of a family that it has switched off.
                continue
            opened.callback(sock.close)
            if reuse_address is not False and os.name == "posix":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                # An IPv4 socket of the same port has its own queue.
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                sock.bind(address)
            except OSError as error:
                text = f"error while attempting to bind on address {address!r}: {error.strerror}"
                raise OSError(error.errno, text) from None
            sock.listen(backlog)
            sock.setblocking(False)
            sockets.append(sock)
        if not sockets:
            raise OSError("could not bind on any address")
        opened.pop_all()
    return sockets


def _addresses(
    hosts: Iterable[str | None], port: int
) -> list[tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]]:
    """Return the addresses of the hosts, each once."""
    found: dict[object, socket.AddressFamily] = {}
    for host in hosts:
        infos = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        found |= {address: family for family, _, _, _, address in infos}
    return [(family, address) for address, family in found.items()]  # type: ignore[misc]  # of getaddrinfo


def bind_unix(path: str, backlog: int) -> socket.socket:
    """Return a listening Unix socket at ``path``, in place of one that is there (as asyncio)."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path[:1] not in ("", "\0"):
            with contextlib.suppress(FileNotFoundError):
                if stat.S_ISSOCK(os.stat(path).st_mode):  # noqa: PTH116  # one call, as asyncio
                    os.unlink(path)  # noqa: PTH108
        sock.bind(path)
        sock.listen(backlog)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"{error.strerror}: {path!r}") from None
    return sock


def remove_unix(path: str) -> None:
    """Remove a Unix socket from the file system, if it is there."""
    if os.path.exists(path):  # noqa: PTH110  # one stat, no wait
        os.unlink(path)  # noqa: PTH108


def are_activated(environment: Mapping[str, str] = os.environ) -> bool:
    """Return True if systemd has passed sockets to this process."""
    return environment.get("LISTEN_PID") == str(os.getpid())


def activated_sockets(environment: MutableMapping[str, str] = os.environ) -> list[socket.socket]:
    """Return the listening sockets that systemd has opened for this process (sd_listen_fds(3)).

    The variables are removed, so that no child takes the sockets for its own. Raises ``OSError``
    for a descriptor that is no socket to listen on.
    """
    names = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
    pid, count, _ = (environment.pop(name, "") for name in names)
    if pid != str(os.getpid()) or not count.isdecimal():
        return []
    sockets = []
    for fd in range(_FIRST, _FIRST + int(count)):
        sock = socket.socket(fileno=fd)
        if sock.type != socket.SOCK_STREAM or not sock.getsockopt(
            socket.SOL_SOCKET, socket.SO_ACCEPTCONN
        ):
            raise OSError(f"descriptor {fd} of LISTEN_FDS is no socket that listens for streams")
        sock.set_inheritable(False)
        sock.setblocking(False)
        sockets.append(sock)
    return sockets
