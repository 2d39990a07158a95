"""Deadlines: one coarse timer per server instead of one per connection.

Every item with a ``deadline`` (seconds of the sweeper's own clock) is looked at about once a second
and told when its time is over. Setting a deadline is storing a number, which is all that the hot
path can afford; the price is that a deadline is met up to a second late.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Collection
from typing import Final, Protocol, final

from treadle_server._core.logs import log_error

__all__ = ["NEVER", "HasDeadline", "Sweeper"]

#: The time of a deadline that is never met.
NEVER: Final = math.inf

_TICK: Final = 1.0


class HasDeadline(Protocol):
    """An item that the sweeper looks after."""

    deadline: float

    def on_deadline(self) -> None:
        """Act on a deadline that has passed; must set another one or end."""

    def abort(self) -> None:
        """End at once: ``on_deadline`` has failed."""


@final
class Sweeper:
    """Calls ``on_deadline`` of every item whose deadline has passed, until stopped.

    An item that fails is logged and closed; the others are served all the same.
    """

    __slots__ = ("_each_tick", "_handle", "_items", "_logger", "_loop", "now")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        items: Collection[HasDeadline],
        each_tick: Callable[[], None],
        logger: logging.Logger,
    ) -> None:
        self._loop: Final = loop
        self._items: Final = items
        self._each_tick: Final = each_tick
        self._logger: Final = logger
        #: The loop's time at the last tick: the clock that deadlines are set by.
        self.now: float = loop.time()
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to tick."""
        if self._handle is None:
            self.now = self._loop.time()
            self._handle = self._loop.call_later(_TICK, self._tick)

    def stop(self) -> None:
        """End ticking."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _tick(self) -> None:
        self._handle = self._loop.call_later(_TICK, self._tick)
        now = self.now = self._loop.time()
        self._each_tick()
        # A list first: acting on a deadline may remove the item.
        for item in [item for item in self._items if item.deadline <= now]:
            try:
                item.on_deadline()
            except Exception as error:  # noqa: BLE001  # see below
                # One connection must never take the deadlines of the others with it.
                item.deadline = NEVER
                item.abort()
                log_error(self._logger, "A deadline failed; its connection is closed", error=error)
