"""Decide when to ping a silent peer and when to give it up.

A ``KeepAlive`` reads no clock: the caller passes ``now``, in seconds of any clock that does not go
back, and calls ``judge()`` at ``deadline``. Silence counts only while the peer could be heard: the
caller calls ``suspend()`` when it stops reading, and ``restart()`` when it goes on. Any byte from
the peer counts as a sign of life (RFC 6455 section 5.5.2: a ping serves "either as a keepalive or
as a means to verify that the remote endpoint is still responsive"), so a peer that keeps sending is
never pinged.
"""

from enum import Enum
from typing import final

__all__ = ["KeepAlive", "Verdict"]


class Verdict(Enum):
    """The action that is due: none, a ping, or the end of the connection."""

    WAIT = "wait"
    PING = "ping"
    DEAD = "dead"


@final
class KeepAlive:
    """Pings after ``interval`` seconds of silence; gives up ``patience`` seconds after the ping."""

    __slots__ = ("_interval", "_pinged", "_suspended", "deadline", "patience")

    def __init__(self, interval: float, patience: float, now: float) -> None:
        self._interval = interval
        self.patience: float = patience
        self._pinged = False
        self._suspended = False
        self.deadline: float = now + interval

    def heard(self, now: float) -> None:
        """Note that the peer sent bytes at ``now``."""
        self._pinged = False
        self.deadline = now + self._interval

    def suspend(self) -> None:
        """Ping, but do not give up: the caller does not read, or the ping cannot reach the peer."""
        self._suspended = True

    def restart(self, now: float) -> None:
        """Give up again: ``patience`` seconds after ``now`` at the earliest."""
        self._suspended = False
        if self._pinged:
            self.deadline = now + self.patience

    def judge(self, now: float) -> Verdict:
        """Return the action due at ``now``; after PING the peer has ``patience`` seconds."""
        if now < self.deadline:
            return Verdict.WAIT
        if self._suspended:
            # Silence would be the caller's doing. The pings keep the path open, for example in a
            # proxy that drops idle connections.
            self._pinged = True
            self.deadline = now + self._interval
            return Verdict.PING
        if self._pinged:
            return Verdict.DEAD
        self._pinged = True
        self.deadline = now + self.patience
        return Verdict.PING
