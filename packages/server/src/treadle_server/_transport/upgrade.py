"""The hand-over of a connection to another protocol behind 101 Switching Protocols.

``StreamWriter.switch`` sends the 101 and gives the connection an ``Upgraded``. From then on that is
the transport's protocol and gets bytes, end of input and flow control first hand, so that HTTP
costs the new protocol nothing. The connection stays its ``UpgradeOwner``: it counts for the server,
keeps the deadline of a peer that does not read, and takes the transport back to close it.
"""

import abc
import asyncio
from typing import Protocol

from .flow import FlowControl

__all__ = ["UpgradeOwner", "Upgraded", "not_switched"]


class UpgradeOwner(Protocol):
    """The duties that a connection keeps for the protocol that it was upgraded to."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; the upgraded protocol passes its own call on."""

    def watch_writing(self, paused: bool) -> None:
        """Start or end the time that a peer has to read the bytes that wait for it."""

    def end_upgrade(self, *, linger: bool) -> None:
        """Close the transport when everything is written.

        With ``linger`` only our side at first: a peer that may still be sending could lose what was
        written to it when the connection is reset.
        """


class Upgraded(asyncio.Protocol, abc.ABC):
    """A protocol that a connection goes on with; asyncio calls it from ``take_over`` on."""

    __slots__ = ()

    @abc.abstractmethod
    def take_over(
        self, owner: UpgradeOwner, transport: asyncio.Transport, flow: FlowControl
    ) -> None:
        """Begin: the 101 is written, and the transport's protocol is this."""

    @abc.abstractmethod
    def handler_failed(self, error: BaseException | None) -> None:
        """Close, because the request's handler raised ``error``, or was cancelled (None)."""

    @abc.abstractmethod
    def shut_down(self) -> None:
        """Close, because the server stops."""


def not_switched(_upgraded: Upgraded) -> None:
    """Stand for the connection of a writer that has none, or whose connection is lost."""
    raise AssertionError("switch() checks that the connection is not lost")
