"""The generic cell rate algorithm: when is a key free again, and may it be hit until then.

The state of a key is one integer for each rate: the theoretical arrival time, at which the key
will have rested from all its hits, in ticks of the rate (see ``rate``). What lies between now and
then is the debt. A hit adds its cost to the debt, and passes if the sum is no more than the burst.
With several rates all must agree, and a hit that one of them refuses costs nothing.

Pure functions: the stores keep the states and know the time. The script of the Redis store is the
same algorithm in Lua.
"""

from collections.abc import Sequence

from .decision import Decision
from .rate import Rate

__all__ = ["check_cost", "debts_at", "decide", "judge"]


def debts_at(rates: Sequence[Rate], states: Sequence[int], now: int) -> list[int]:
    """Return the debts of a key at a time in microseconds.

    A clock that was set back would lock a key for as long: a debt is never more than the burst.
    """
    return [
        min(max(0, state - now * rate.drain), rate.capacity)
        for rate, state in zip(rates, states, strict=True)
    ]


def judge(
    rates: Sequence[Rate], debts: Sequence[int], cost: int, *, passed: bool
) -> tuple[Decision, ...]:
    """Return the decisions on a hit that has ``passed`` or not, by the debts behind it.

    Behind a hit that was refused these are the debts before it.
    """
    decisions = []
    for rate, debt in zip(rates, debts, strict=True):
        over = 0 if passed else debt + cost * rate.unit - rate.capacity
        second = rate.drain * 1_000_000
        decisions.append(
            Decision(
                over <= 0, rate, (rate.capacity - debt) // rate.unit, debt / second,
                over / second if over > 0 else 0.0,
            )
        )  # fmt: skip
    return tuple(decisions)


def decide(
    rates: Sequence[Rate],
    states: Sequence[int] | None,
    now: int,
    cost: int = 1,
    *,
    take: bool = True,
) -> tuple[tuple[Decision, ...], tuple[int, ...] | None]:
    """Return the decisions on a hit at ``now``, and the states behind it if all let it pass.

    ``states`` is None for a key that was never hit, and ``now`` is a time in microseconds. Without
    ``take`` the hit costs nothing, and there are no states.
    """
    if len(rates) == 1:
        return _decide_one(rates[0], 0 if states is None else states[0], now, cost, take)
    debts = [0] * len(rates) if states is None else debts_at(rates, states, now)
    for index, rate in enumerate(rates):
        if debts[index] + cost * rate.unit > rate.capacity:
            return judge(rates, debts, cost, passed=False), None
    if not take:
        return judge(rates, debts, cost, passed=True), None
    for index, rate in enumerate(rates):
        debts[index] += cost * rate.unit
    after = tuple(now * rate.drain + debt for rate, debt in zip(rates, debts, strict=True))
    return judge(rates, debts, cost, passed=True), after


def _decide_one(
    rate: Rate, state: int, now: int, cost: int, take: bool
) -> tuple[tuple[Decision], tuple[int] | None]:
    # Fast path of bench:limits: the same for one rate, in a third of the time.
    unit, drain, capacity = rate.unit, rate.drain, rate.capacity
    debt = state - now * drain
    if debt < 0:
        debt = 0
    elif debt > capacity:
        debt = capacity
    over = debt + cost * unit - capacity
    second = drain * 1_000_000
    if over > 0:
        left = (capacity - debt) // unit
        return (Decision(False, rate, left, debt / second, over / second),), None
    if take:
        debt += cost * unit
    decision = Decision(True, rate, (capacity - debt) // unit, debt / second)
    return (decision,), (now * drain + debt,) if take else None


def check_cost(rates: Sequence[Rate], cost: int) -> None:
    """Raise ``TypeError`` or ``ValueError`` for a cost that is no hit, or that can never pass."""
    if isinstance(cost, bool) or not isinstance(cost, int):
        raise TypeError(f"The cost of a hit is a whole number, not {cost!r}")
    if cost < 1:
        raise ValueError(f"The cost of a hit is {cost}: give 1 or more")
    for rate in rates:
        if cost > rate.burst:
            raise ValueError(
                f"A hit of cost {cost} never passes the rate {rate}: give a burst of {cost} or more"
            )
