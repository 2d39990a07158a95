"""Flow control of one connection, both ways: the whole of its back-pressure."""

import asyncio
from typing import final

from ._errors import ClientConnectionResetError

__all__ = ["FlowControl"]


@final
class FlowControl:
    """Pauses reading for whoever is full, and makes writers wait while the peer is slow."""

    __slots__ = ("_lost", "_paused_reading", "_transport", "_waiters", "_write_paused")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._paused_reading = False
        self._write_paused = False
        self._lost = False
        self._waiters: list[asyncio.Future[None]] = []

    @property
    def transport(self) -> asyncio.Transport | None:
        """The transport, None once the connection is lost."""
        return None if self._lost else self._transport

    @property
    def write_paused(self) -> bool:
        """Whether the peer is behind with reading."""
        return self._write_paused

    @property
    def lost(self) -> bool:
        """Whether the connection is gone, or going without another byte."""
        return self._lost or self._transport.is_closing()

    def pause_reading(self) -> None:
        """Stop taking bytes from the peer."""
        if not self._paused_reading and not self.lost:
            self._paused_reading = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take bytes again."""
        if self._paused_reading:
            self._paused_reading = False
            if not self.lost:
                self._transport.resume_reading()

    def pause_writing(self) -> None:
        """Note that the transport's buffer is full (an asyncio callback)."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """Wake the writers (an asyncio callback)."""
        self._write_paused = False
        self._wake()

    def connection_lost(self) -> None:
        """Wake everybody for the last time."""
        self._lost = True
        self._wake()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def drain(self) -> None:
        """Wait until the peer keeps up; raises ``ClientConnectionResetError`` if it is gone."""
        while self._write_paused and not self._lost:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        if self._lost:
            raise ClientConnectionResetError("Cannot write: the client has closed the connection")
