"""``UnservedConnection``: the part that connections without requests share."""

import asyncio

__all__ = ["UnservedConnection"]


class UnservedConnection(asyncio.Protocol):
    """A connection on which no request is read: an ``interfaces.Connection`` that never waits.

    A subclass has the deadline, and ``shut_down`` and ``on_deadline``.
    """

    __slots__ = ("_transport",)

    _transport: asyncio.Transport

    @property
    def busy(self) -> bool:
        """False: no handler runs."""
        return False

    @property
    def lasting(self) -> bool:
        """False: nothing is served."""
        return False

    def shut_down_upgraded(self) -> None:
        """Do nothing: this connection is never upgraded."""

    def cancel(self) -> None:
        """Close at once."""
        self._transport.abort()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def abandon(self) -> None:
        """Close at once."""
        self._transport.abort()

    def describe(self) -> str:
        """Return ``""``: no request is read."""
        return ""
