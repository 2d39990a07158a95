"""Flow control of one connection, both ways: the whole of its back-pressure."""

import asyncio
from typing import final

from ._errors import ClientConnectionResetError

__all__ = ["FlowControl"]


@final
class FlowControl:
    """Pauses reading for whoever is full, and makes writers wait while the peer is slow."""

    __slots__ = ("_transport", "_waiters", "reading_paused", "transport", "write_paused")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        #: The transport, None once the connection is lost.
        self.transport: asyncio.Transport | None = transport
        #: Whether somebody has stopped reading from the peer.
        self.reading_paused = False
        #: Whether the peer is behind with reading.
        self.write_paused = False
        self._waiters: list[asyncio.Future[None]] = []

    @property
    def lost(self) -> bool:
        """Whether the connection is gone, or going without another byte."""
        return self.transport is None or self._transport.is_closing()

    def pause_reading(self) -> None:
        """Stop taking bytes from the peer."""
        if not self.reading_paused and not self.lost:
            self.reading_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take bytes again."""
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

    def connection_lost(self) -> None:
        """Wake everybody for the last time."""
        self.transport = None
        self._wake()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def drain(self) -> None:
        """Wait until the peer keeps up; raises ``ClientConnectionResetError`` if it is gone."""
        while self.write_paused and self.transport is not None:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        if self.transport is None:
            raise ClientConnectionResetError("Cannot write: the client has closed the connection")
