"""Log lines that could come with each message: one in ten seconds, with the number left out."""

import logging
import time
from collections.abc import Callable
from typing import Final, final

__all__ = ["RareLog", "logger"]

logger: Final = logging.getLogger("treadle.channels")

_SECONDS: Final = 10.0


@final
class RareLog:
    """Logs the first of many like events at once, and later ones with their number."""

    __slots__ = ("_clock", "_next", "_skipped")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock: Final = clock
        self._next = float("-inf")
        self._skipped = 0

    def error(self, text: str, *values: object, error: BaseException | None = None) -> None:
        """Log an error, unless one was logged in the last ten seconds."""
        now = self._clock()
        if now < self._next:
            self._skipped += 1
            return
        if self._skipped:
            text += " (and %d others like this)"
            values = (*values, self._skipped)
        self._next, self._skipped = now + _SECONDS, 0
        logger.error(text, *values, exc_info=error)
