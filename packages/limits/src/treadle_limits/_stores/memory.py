"""``MemoryStore``: the states of one process, bounded in number.

Strangers choose keys: an attacker with an IPv6 network has as many addresses as a memory has bytes.
So the store has a bound, and must give up keys when it is reached. Which of them decides on two
attacks: a flood of new keys must neither refuse honest clients nor free an attacker whose key is
exhausted.

The first to go are keys that have rested: they are the same as absent ones. Then goes the key that
will have rested first, the one with the least debt in time. A flood of single hits therefore only
pushes out others of its kind. To push out an exhausted key an attacker must exhaust ``max_keys``
others first, which costs as many hits as they allow; until then no key is refused, and no limit is
reset. When keys with a debt must go, the log says so once a minute.

For this the keys are in slots by the second in which they will have rested, and the slots in a
heap. Each hit is a constant number of steps, beside the logarithm of the number of slots.
"""

import heapq
import logging
import time
from collections.abc import Callable, Sequence
from typing import Final, final

from treadle_limits._core.decision import Decision
from treadle_limits._core.gcra import check_cost, decide
from treadle_limits._core.rate import Rate

__all__ = ["MemoryStore"]

_logger: Final = logging.getLogger("treadle.limits")

#: Microseconds of one slot.
_SLOT: Final = 1_000_000
#: Seconds between two lines of the log about a store that is full.
_REPEAT: Final = 60.0


@final
class MemoryStore:
    """The states of one process; the default.

    At most ``max_keys`` keys are kept (100,000, which are about 40 MB): those with the least debt
    are given up. ``clock`` returns seconds, and only goes forward. With several workers each has a
    store of its own, so that a client may have as many times the limit. Raises ``TypeError`` and
    ``ValueError`` for a ``max_keys`` that is no number of keys.
    """

    def __init__(
        self, *, max_keys: int = 100_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if isinstance(max_keys, bool) or not isinstance(max_keys, int):
            raise TypeError(f"max_keys is a number of keys, not {max_keys!r}")
        if max_keys < 1:
            raise ValueError(f"max_keys is {max_keys}: give 1 or more")
        self._max_keys: Final = max_keys
        self._clock: Final = clock
        # For each key its states and its slot; for each slot its keys, in their order.
        self._entries: Final[dict[str, tuple[tuple[int, ...], int]]] = {}
        self._slots: dict[int, dict[str, None]] = {}
        # The slots, each one once: those that have become empty too, until they are the first, or
        # until they are most of them.
        self._heap: list[int] = []
        self._silent_until = -1e300

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<MemoryStore with {len(self._entries)} of {self._max_keys} keys>"

    async def hit(
        self, key: str, rates: Sequence[Rate], cost: int, /, *, take: bool = True
    ) -> tuple[Decision, ...]:
        """Return the decision of each rate on a hit; raises ``ValueError`` for an absurd cost."""
        return self.hit_now(key, rates, cost, take=take)

    def hit_now(
        self, key: str, rates: Sequence[Rate], cost: int, /, *, take: bool = True
    ) -> tuple[Decision, ...]:
        """Do what ``hit`` does, outside of coroutines too; not from two threads at once."""
        check_cost(rates, cost)
        seconds = self._clock()
        now = int(seconds * 1_000_000)
        entry = self._entries.get(key)
        decisions, states = decide(rates, None if entry is None else entry[0], now, cost, take=take)
        if states is not None:
            if len(states) == 1:
                rested = states[0] // rates[0].drain
            else:
                rested = max(state // rate.drain for state, rate in zip(states, rates, strict=True))
            slot = rested // _SLOT + 1
            if entry is None:
                self._make_room(now // _SLOT, seconds)
                self._file(key, slot)
            elif entry[1] != slot:
                self._unfile(key, entry[1])
                self._file(key, slot)
            self._entries[key] = states, slot
        return decisions

    async def reset(self, key: str, /) -> None:
        """Forget the hits of a key."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._unfile(key, entry[1])

    async def aclose(self) -> None:
        """Do nothing: the states stay."""

    # Slots.

    def _file(self, key: str, slot: int) -> None:
        keys = self._slots.get(slot)
        if keys is None:
            if len(self._heap) > 2 * len(self._entries) + 64:
                self._slots = {slot: keys for slot, keys in self._slots.items() if keys}
                self._heap = sorted(self._slots)
            keys = self._slots[slot] = {}
            heapq.heappush(self._heap, slot)
        keys[key] = None

    def _unfile(self, key: str, slot: int) -> None:
        # An empty slot stays: it may get a key again, and the heap has it.
        del self._slots[slot][key]

    def _make_room(self, this_slot: int, seconds: float) -> None:
        """Drop two keys that have rested, so that the number falls with time, or else the first."""
        for _ in range(2):
            slot = self._first_slot()
            if slot is None or slot > this_slot:
                break
            self._drop_from(slot)
        if len(self._entries) >= self._max_keys:
            slot = self._first_slot()
            assert slot is not None, "there are keys, so there is a slot"
            self._drop_from(slot)
            if slot > this_slot and seconds >= self._silent_until:
                self._silent_until = seconds + _REPEAT
                _logger.warning(
                    "The store of rate limits is full with %d keys: those with the fewest recent "
                    "hits are forgotten. Give MemoryStore() larger max_keys, or use RedisStore()",
                    self._max_keys,
                )

    def _first_slot(self) -> int | None:
        """Return the first slot with a key."""
        while self._heap:
            slot = self._heap[0]
            if self._slots[slot]:
                return slot
            heapq.heappop(self._heap)
            del self._slots[slot]
        return None

    def _drop_from(self, slot: int) -> None:
        keys = self._slots[slot]
        key = next(iter(keys))
        del keys[key]
        del self._entries[key]
