"""The delays between attempts to reach an engine that is gone.

The first attempt comes soon, because most losses are short. The longest delay is about a second:
an engine that comes back is found within two seconds, and an attempt in a second costs nothing.
"""

import random
from collections.abc import Callable
from typing import Final, final

__all__ = ["Backoff"]

_FIRST: Final = 0.05
_LONGEST: Final = 1.0


@final
class Backoff:
    """Delays that double up to a second, each shortened at random by up to a half.

    Chance keeps the workers of a site from coming back all at the same moment.
    """

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._next = _FIRST

    def delay(self) -> float:
        """Return the seconds to wait before the next attempt."""
        delay = self._next
        self._next = min(2 * delay, _LONGEST)
        return delay * (1 - self._chance() / 2)

    def reset(self) -> None:
        """Begin with the shortest delay again: the engine was reached."""
        self._next = _FIRST
