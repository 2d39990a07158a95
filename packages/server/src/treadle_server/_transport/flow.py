"""Flow control of one connection, both ways: the whole of its back-pressure."""

import asyncio
import contextlib
import socket
from collections.abc import Iterable
from typing import Final, final

from treadle_server._core.errors import ClientConnectionResetError

__all__ = ["FlowControl"]

#: The most bytes in the kernel that the peer is not ready for: a few packets more than it
#: acknowledges between two turns of a busy event loop.
_MAX_UNSENT: Final = 64 * 1024

#: None on systems without the option; Linux and macOS have it.
_NOTSENT_LOWAT: Final[int | None] = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_INTERNET: Final = (socket.AF_INET, socket.AF_INET6)

_GONE: Final = "Cannot write: the client has closed the connection"


@final
class FlowControl:
    """Pauses reading while a buffer is full, and makes writers wait while the peer is slow."""

    __slots__ = (
        "_end_waiters",
        "_expects_much",
        "_transport",
        "_unread",
        "_waiters",
        "peer_ended",
        "reading_paused",
        "transport",
        "write_paused",
    )

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        #: The transport, None once the connection is lost.
        self.transport: asyncio.Transport | None = transport
        #: True while reading from the peer is paused.
        self.reading_paused: bool = False
        #: True while the peer is behind with reading.
        self.write_paused: bool = False
        #: True once the peer has closed its side of the connection, or the connection is lost.
        self.peer_ended: bool = False
        # Both are made with the first task that waits, for the peer to read or for its end: most
        # connections have none.
        self._waiters: list[asyncio.Future[None]] | None = None
        self._end_waiters: list[asyncio.Future[None]] | None = None
        self._expects_much = False
        # The bytes that would wait for a peer that has read nothing since the watch began.
        self._unread = 0

    @property
    def lost(self) -> bool:
        """True if the connection is lost, or closing without another byte."""
        return self.transport is None or self._transport.is_closing()

    def check_connected(self) -> None:
        """Raise ``ClientConnectionResetError`` if ``lost``."""
        if self.lost:
            raise ClientConnectionResetError(_GONE)

    def pause_reading(self) -> None:
        """Stop taking bytes from the peer."""
        if not self.reading_paused and not self.lost:
            self.reading_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take bytes from the peer again."""
        if self.reading_paused:
            self.reading_paused = False
            if not self.lost:
                self._transport.resume_reading()

    def pause_writing(self) -> None:
        """Note that the transport's buffer is full (an asyncio callback)."""
        self.write_paused = True

    def resume_writing(self) -> None:
        """Wake the writers (an asyncio callback)."""
        self.write_paused = False
        self._wake()

    def watch_peer(self) -> None:
        """Begin to watch the progress of the peer, for ``has_progress``."""
        self._unread = self._transport.get_write_buffer_size()

    def note_write(self, size: int) -> None:
        """Count bytes that are written although the peer is behind: they hide its progress."""
        self._unread += size

    @property
    def has_progress(self) -> bool:
        """True if the peer has read since the watch began."""
        return self._transport.get_write_buffer_size() < self._unread

    def connection_lost(self) -> None:
        """Wake the writers for the last time."""
        self.transport = None
        self._wake()
        self.eof_received()

    def eof_received(self) -> None:
        """Note that the peer has closed its side."""
        self.peer_ended = True
        waiters, self._end_waiters = self._end_waiters, None
        _wake(waiters or ())

    async def wait_peer_ended(self) -> None:
        """Wait until ``peer_ended``; any number of tasks may."""
        if self.peer_ended:
            return
        waiter = asyncio.get_running_loop().create_future()
        if self._end_waiters is None:
            self._end_waiters = []
        self._end_waiters.append(waiter)
        try:
            await waiter
        finally:
            # A task that waits for it only for some seconds, again and again, leaves nothing.
            if self._end_waiters is not None:
                self._end_waiters.remove(waiter)

    def stop_sending(self) -> None:
        """Close our side when everything is written: the peer gets the end of input."""
        if not self.lost and self._transport.can_write_eof():
            # The peer may have reset the connection.
            with contextlib.suppress(OSError):
                self._transport.write_eof()

    def expect_much(self) -> None:
        """Prepare for more bytes than a slow peer will read at once.

        By default the kernel copies megabytes into the socket's buffer, whether the peer reads them
        or not: memory, and time of the event loop. With ``TCP_NOTSENT_LOWAT`` it takes the bytes
        that it can send and ``_MAX_UNSENT`` more; bytes in flight to a fast peer are not counted.
        """
        if self._expects_much or self._transport.is_closing():
            return
        self._expects_much = True
        sock = self._transport.get_extra_info("socket")
        if _NOTSENT_LOWAT is not None and sock is not None and sock.family in _INTERNET:
            sock.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, _MAX_UNSENT)

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, None
        _wake(waiters or ())

    def wake_with(self, waiter: asyncio.Future[None]) -> None:
        """End ``waiter`` when writers are woken, at the latest when the connection is lost."""
        if self._waiters is None:
            self._waiters = []
        self._waiters.append(waiter)

    def forget(self, waiter: asyncio.Future[None]) -> None:
        """Do not wake ``waiter`` any more."""
        if self._waiters is not None and waiter in self._waiters:
            self._waiters.remove(waiter)

    async def drain(self) -> None:
        """Wait until the peer keeps up; raises ``ClientConnectionResetError`` if it is gone."""
        if self.write_paused:
            self.expect_much()
        while self.write_paused and self.transport is not None:
            waiter = asyncio.get_running_loop().create_future()
            self.wake_with(waiter)
            await waiter
        if self.transport is None:
            raise ClientConnectionResetError(_GONE)


def _wake(waiters: Iterable[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
