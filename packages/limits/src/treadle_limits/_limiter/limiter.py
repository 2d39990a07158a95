"""``Limiter``: one limit of a program, made of rates and a store.

It gives keys their names in the store, bounds the time in which the store must answer, and decides
by the option ``fail`` when it does not.
"""

import asyncio
import math
from collections.abc import Sequence
from typing import Final, Literal, final
from weakref import WeakKeyDictionary

from treadle_limits._core.decision import Decision, strictest
from treadle_limits._core.fields import check_name
from treadle_limits._core.gcra import check_cost
from treadle_limits._core.keys import bounded_key
from treadle_limits._core.rate import AnyRates, Rate, as_rates
from treadle_limits._stores.interfaces import Store, StoreError
from treadle_limits._stores.memory import MemoryStore

from .outage import PAUSE, Outage

__all__ = ["Limiter"]

_CONSEQUENCES: Final = {"open": "nothing is limited", "closed": "everything is refused"}

#: One for each store, whichever limits use it.
_outages: "Final[WeakKeyDictionary[Store, Outage]]" = WeakKeyDictionary()


@final
class Limiter:
    """A limit for any asyncio program.

    >>> limiter = Limiter("3/minute", MemoryStore())
    >>> async def work() -> list[bool]:
    ...     return [(await limiter.hit("ada")).allowed for _ in range(4)]
    >>> asyncio.run(work())
    [True, True, True, False]

    ``rate`` is one rate or several, as text or as ``Rate``: a hit passes if all let it pass.
    Without a ``store`` the limiter has a ``MemoryStore`` of its own. Limits with one store need
    different names, or they count the same hits. If the store fails, or has not answered within
    ``timeout`` seconds, hits pass with ``fail="open"`` and are refused with ``"closed"``.

    Raises ``TypeError`` and ``ValueError`` for options that cannot be meant.
    """

    def __init__(
        self,
        rate: AnyRates,
        store: Store | None = None,
        *,
        name: str = "default",
        fail: Literal["open", "closed"] = "open",
        timeout: float = 0.5,
    ) -> None:
        if fail not in _CONSEQUENCES:
            raise ValueError(f"fail is 'open' or 'closed', not {fail!r}")
        if isinstance(timeout, bool) or not 0 < timeout < math.inf:
            raise ValueError(f"timeout is a number of seconds, more than 0, not {timeout!r}")
        if store is not None and not callable(getattr(store, "hit", None)):
            raise TypeError(f"store is a MemoryStore, a RedisStore or another Store, not {store!r}")
        #: The rates, in the order of ``hit_each``.
        self.rates: Final[tuple[Rate, ...]] = as_rates(rate)
        self.name: Final = check_name(name)
        self.store: Final[Store] = MemoryStore() if store is None else store
        self._fail: Final = fail
        self._timeout: Final = timeout
        # A memory needs no deadline, and no coroutine.
        self._memory: Final = self.store if isinstance(self.store, MemoryStore) else None
        # Other rates after a change of the program begin anew: their states are other numbers.
        rates = ",".join(f"{each.unit}.{each.drain}.{each.burst}" for each in self.rates)
        self._start: Final = f"{name}:{rates}:"

    def __repr__(self) -> str:
        rates = ", ".join(map(str, self.rates))
        return f"<Limiter {self.name!r} of {rates} in {self.store!r}>"

    async def hit(self, key: str, cost: int = 1) -> Decision:
        """Count a hit of ``key`` if it passes; return the decision of the strictest rate.

        Raises ``TypeError`` and ``ValueError`` for a key that is no text, and for a cost that is
        below 1 or more than a burst.
        """
        return strictest(await self.hit_each(key, cost))

    async def peek(self, key: str, cost: int = 1) -> Decision:
        """Return what ``hit`` would decide; it counts nothing, and raises like ``hit``."""
        return strictest(await self._decide(key, cost, take=False))

    async def hit_each(self, key: str, cost: int = 1) -> tuple[Decision, ...]:
        """Do what ``hit`` does, and return the decisions of all rates, in their order."""
        decisions = self.hit_at_once(key, cost)
        return await self._decide(key, cost, take=True) if decisions is None else decisions

    def hit_at_once(self, key: str, cost: int = 1) -> tuple[Decision, ...] | None:
        """Do what ``hit_each`` does if the store is a ``MemoryStore``; None for another one."""
        if self._memory is None:
            return None
        return self._memory.hit_now(self._start + bounded_key(key), self.rates, cost)

    async def reset(self, key: str) -> None:
        """Forget the hits of ``key``.

        Raises ``StoreError`` if the store is not there, and ``TimeoutError`` if it takes too long.
        """
        async with asyncio.timeout(self._timeout):
            await self.store.reset(self._start + bounded_key(key))

    async def _decide(self, key: str, cost: int, *, take: bool) -> tuple[Decision, ...]:
        name = self._start + bounded_key(key)
        if self._memory is not None:
            return self._memory.hit_now(name, self.rates, cost, take=take)
        # Not only in the store: an absurd cost is an absurd cost during an outage too.
        check_cost(self.rates, cost)
        time = asyncio.get_running_loop().time
        outage = _outage_of(self.store)
        if not outage.may_ask(time()):
            return self._without_store(self.rates)
        try:
            async with asyncio.timeout(self._timeout):
                decisions = await self.store.hit(name, self.rates, cost, take=take)
        except TimeoutError:
            reason = f"{self.store!r} has not answered in {self._timeout} seconds"
        except StoreError as error:
            reason = str(error)
        else:
            outage.answered()
            return decisions
        outage.failed(time(), reason, _CONSEQUENCES[self._fail])
        return self._without_store(self.rates)

    def _without_store(self, rates: Sequence[Rate]) -> tuple[Decision, ...]:
        if self._fail == "open":
            return tuple(Decision(True, rate, rate.burst, 0.0, counted=False) for rate in rates)
        return tuple(Decision(False, rate, 0, PAUSE, PAUSE, counted=False) for rate in rates)


def _outage_of(store: Store) -> Outage:
    outage = _outages.get(store)
    if outage is None:
        outage = _outages[store] = Outage()
    return outage
