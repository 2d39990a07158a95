"""Bytes on their way to a transport, which may wait for each other to leave in one write."""

import asyncio
from typing import Final, final

from .flow import FlowControl

__all__ = ["OutputBuffer"]

#: Bytes that are held back at most: only the transport knows that the peer is behind, so it must
#: see them.
_MAX_HELD: Final = 64 * 1024


@final
class OutputBuffer:
    """Writes to the transport of ``flow``, at once or, between ``hold`` and ``release``, in one go.

    Bytes for a connection that is lost or closing are dropped.
    """

    __slots__ = ("_flow", "_held", "_pieces", "_transport", "holding")

    def __init__(self, flow: FlowControl, transport: asyncio.Transport) -> None:
        self._flow: Final = flow
        self._transport: Final = transport
        #: True between ``hold`` and ``release``.
        self.holding = False
        self._pieces: Final[list[bytes]] = []
        self._held = 0

    def hold(self) -> None:
        """Keep what is written until ``release``, up to a bound."""
        self.holding = True

    def release(self) -> None:
        """Write what was kept in one piece, and keep nothing any more."""
        self.flush()
        self.holding = False

    def write(self, data: bytes) -> None:
        """Write ``data``, or keep it while ``holding``."""
        if not data:
            return
        if self.holding:
            self.keep(data)
        elif not self._flow.lost:
            self._transport.write(data)

    def keep(self, data: bytes) -> None:
        """Keep ``data``, which is not empty, up to a bound; only while ``holding``."""
        self._pieces.append(data)
        held = self._held = self._held + len(data)
        if held > _MAX_HELD:
            self.flush()

    def flush(self) -> None:
        """Write what was kept so far."""
        pieces = self._pieces
        if pieces:
            data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            self.drop()
            if not self._flow.lost:
                self._transport.write(data)

    def drop(self) -> None:
        """Forget what was kept."""
        self._pieces.clear()
        self._held = 0

    @property
    def is_empty(self) -> bool:
        """True if no byte is kept."""
        return not self._pieces
