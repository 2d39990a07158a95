"""The outages of one store: when to ask it again, and one line of the log for each.

A store that is gone would cost each request its deadline. So it is left alone for a second after
each failure, and then one request asks again; the others are decided by the option ``fail``.
"""

import logging
from typing import Final, final

__all__ = ["PAUSE", "Outage"]

_logger: Final = logging.getLogger("treadle.limits")

#: Seconds for which a store that has failed is not asked.
PAUSE: Final = 1.0


@final
class Outage:
    """Knows if a store is down; one for all limits of a store."""

    def __init__(self) -> None:
        # The time from which on it may be asked again, None while it answers.
        self._next: float | None = None

    def may_ask(self, now: float) -> bool:
        """Return True if the store should be asked; the caller then reports how that ended."""
        if self._next is None:
            return True
        if now < self._next:
            return False
        # The others wait for what this caller finds.
        self._next = now + PAUSE
        return True

    def failed(self, now: float, reason: str, consequence: str) -> None:
        """Note that the store has not answered."""
        if self._next is None:
            _logger.warning("Rate limits: %s. Until it answers, %s", reason, consequence)
        self._next = now + PAUSE

    def answered(self) -> None:
        """Note that the store has answered."""
        if self._next is not None:
            self._next = None
            _logger.info("Rate limits: the store answers again")
