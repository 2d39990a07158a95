"""The answer to a hit: a value."""

from typing import NamedTuple, final

from .rate import Rate

__all__ = ["Decision", "strictest"]


@final
class Decision(NamedTuple):
    """The answer to a hit, and the state of its key behind it."""

    allowed: bool
    #: The rate that was asked.
    rate: Rate
    #: The hits that would pass now.
    remaining: int
    #: Seconds without a hit after which the whole burst may come again.
    reset_after: float
    #: Seconds after which the same hit would pass; 0 for one that has passed.
    retry_after: float = 0.0
    #: False if the store was not there, so that nothing is known but the option ``fail``.
    counted: bool = True

    @property
    def limit(self) -> int:
        """The hits of the rate in its period."""
        return self.rate.limit


def strictest(decisions: tuple[Decision, ...]) -> Decision:
    """Return the decision that counts: the longest wait, or else the fewest hits that remain."""
    if len(decisions) == 1:
        return decisions[0]
    return min(decisions, key=_leniency)


def _leniency(decision: Decision) -> tuple[bool, float, int, float]:
    return (
        decision.allowed, -decision.retry_after, decision.remaining, -decision.reset_after,
    )  # fmt: skip
