"""``Store``: what a limit needs of the place where its states are."""

from collections.abc import Sequence
from typing import Protocol

from treadle_limits._core.decision import Decision
from treadle_limits._core.rate import Rate

__all__ = ["Store", "StoreError"]


class StoreError(Exception):
    """A store is not there, or answers nonsense; the text has no secrets."""


class Store(Protocol):
    """Keeps the states of keys, and decides on hits in one step.

    Two hits at one time are two hits, from whichever task or process they come.
    """

    async def hit(
        self, key: str, rates: Sequence[Rate], cost: int, /, *, take: bool = True
    ) -> tuple[Decision, ...]:
        """Return the decision of each rate on a hit; without ``take`` it costs nothing.

        The hit passes if all of them let it pass, and costs nothing otherwise. One key always comes
        with the same rates. Raises ``StoreError`` if the store is not there.
        """

    async def reset(self, key: str, /) -> None:
        """Forget the hits of a key; raises like ``hit``."""

    async def aclose(self) -> None:
        """Close connections; the store may be used again, and closed again."""
