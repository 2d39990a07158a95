"""The silence of a peer that counts: that in which it could have been heard.

The session pings a silent peer and gives it up. ``Heartbeat`` tells it when the peer could not be
heard: while this side does not read, while the ping waits behind bytes that the peer has not
read yet (the server's ``write_timeout`` bounds that), and when the program was too busy to look.
"""

import asyncio
from typing import Final, final

from treadle_server._transport.flow import FlowControl
from treadle_websocket import WebSocketSession

from .queue import AnyMessage

__all__ = ["Heartbeat"]

#: Seconds by which a timer of a program that is not busy is late at most.
_LATE: Final = 0.5


@final
class Heartbeat:
    """The pong timeout of one session; made where the session has a heartbeat."""

    __slots__ = ("_flow", "_session", "_suspended", "_transport", "_unsent")

    def __init__(
        self, session: WebSocketSession[AnyMessage], flow: FlowControl, transport: asyncio.Transport
    ) -> None:
        self._session: Final = session
        self._flow: Final = flow
        self._transport: Final = transport
        self._suspended = False
        # The bytes that waited for the peer at the last tick.
        self._unsent = 0

    def flow_changed(self, now: float) -> bool:
        """Note that reading or writing was paused, or goes on; True if the deadline has moved."""
        suspended = self._flow.reading_paused or self._flow.write_paused
        if suspended is self._suspended:
            return False
        self._suspended = suspended
        if suspended:
            self._session.suspend_pong_timeout()
        else:
            self._session.restart_pong_timeout(now)
        return not suspended

    def before_tick(self, now: float, due: float) -> None:
        """Give the peer its time again if it reads, or if this tick, ``due`` before, is late.

        A loop that was held up runs its timers before it reads what has arrived meanwhile (uvloop
        does). A peer that reads what was sent to it lives, although the ping may be behind that.
        """
        unsent = self._transport.get_write_buffer_size()
        if not self._suspended and (now - due > _LATE or unsent < self._unsent):
            self._session.restart_pong_timeout(now)
        self._unsent = unsent
