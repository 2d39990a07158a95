"""``SharedSite``: listens on a socket that other processes listen on too.

A listener of an event loop accepts all connections that wait, so one worker would get those of the
others: at 4,000 kept connections, uvloop's gave one of two workers 3.7 times as many. This one
accepts a connection and looks what else is due, so that a worker that is busy leaves the next one
to another.
"""

import asyncio
import contextlib
import errno
import socket
import ssl
from typing import Final, final

from treadle_server._core.errors import server_logger
from treadle_server._core.logs import log_debug, log_error
from treadle_server._http.server import Server

from .sites import SockSite

__all__ = ["SharedSite"]

#: Errors of ``accept`` that say that this process or the system has no room for a connection.
_NO_ROOM: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
#: Seconds that a stop waits for TLS handshakes.
_HANDSHAKES: Final = 2.0
#: Seconds until it is tried again, as in asyncio.
_PAUSE: Final = 1.0


@final
class SharedSite(SockSite):
    """A ``SockSite`` that accepts one connection at a time: for sockets that processes share."""

    async def _listen(self, server: Server) -> asyncio.AbstractServer:
        return _Acceptor(server, self._sock, self._ssl_context)

    async def stop(self) -> None:
        """Stop listening, and wait for the connections that are being made, but not for long."""
        acceptor = self._server
        await super().stop()
        if acceptor is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(acceptor.wait_closed(), _HANDSHAKES)


@final
class _Acceptor(asyncio.AbstractServer):
    """Accepts connections from a socket until it is closed."""

    def __init__(
        self, server: Server, sock: socket.socket, ssl_context: ssl.SSLContext | None
    ) -> None:
        self._server: Final = server
        self._sock: Final = sock
        self._ssl_context: Final = ssl_context
        self._loop: Final = asyncio.get_running_loop()
        self._closed = False
        # Connections that are being made; behind TLS this takes a handshake.
        self._made: Final[set[asyncio.Task[None]]] = set()
        self._pause: asyncio.TimerHandle | None = None
        sock.setblocking(False)
        self._watch()

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """The socket, until it is closed."""
        return () if self._closed else (self._sock,)

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop."""
        return self._loop

    def is_serving(self) -> bool:
        """Return True until it is closed."""
        return not self._closed

    def close(self) -> None:
        """Accept no more; connections that are being made go on."""
        if not self._closed:
            self._closed = True
            if self._pause is not None:
                self._pause.cancel()
            self._loop.remove_reader(self._sock)
            self._sock.close()

    async def start_serving(self) -> None:
        """Do nothing: it serves from the beginning."""

    async def serve_forever(self) -> None:
        """Wait until the call is cancelled."""
        await self._loop.create_future()

    async def wait_closed(self) -> None:
        """Return when the connections are made that were accepted."""
        if self._made:
            await asyncio.wait(self._made)

    def _watch(self) -> None:
        self._pause = None
        self._loop.add_reader(self._sock, self._accept)

    def _accept(self) -> None:
        try:
            connection, _ = self._sock.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            # Another process was quicker, or the client has left.
            return
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            log_error(server_logger, "No room for a connection that waits", error=error)
            self._loop.remove_reader(self._sock)
            self._pause = self._loop.call_later(_PAUSE, self._watch)
            return
        connection.setblocking(False)
        task = self._loop.create_task(self._make(connection))
        self._made.add(task)
        task.add_done_callback(self._made.discard)

    async def _make(self, connection: socket.socket) -> None:
        factory, tls = self._server.listening(self._ssl_context)
        try:
            await self._loop.connect_accepted_socket(factory, connection, **tls)
        except (OSError, EOFError, ssl.SSLError) as error:
            # A handshake that failed, or a client that has left.
            log_debug(server_logger, "A connection was not made: %s", error)
            with contextlib.suppress(OSError):
                connection.close()
