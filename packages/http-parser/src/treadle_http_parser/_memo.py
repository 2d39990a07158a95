"""A bounded memo for values that repeat from request to request: hosts, field names."""

from collections.abc import Callable
from typing import Final, TypeVar, final

__all__ = ["Memo"]

_Key = TypeVar("_Key", bytes, str)
_Value = TypeVar("_Value")

#: Longer keys are computed each time, so that a full memo holds at most ``size`` times this.
_MAX_KEY: Final = 256


@final
class Memo(dict[_Key, _Value]):
    """``memo[key]`` is ``compute(key)``, computed once and kept until ``size`` keys are there.

    A full memo is emptied: a client that varies its keys costs itself the lookup and no memory. A
    ``dict`` with ``__missing__`` because a hit is one subscription; ``functools.lru_cache`` also
    keeps the order of use, and a hit costs about twice as much. If ``compute`` raises, nothing is
    kept.
    """

    __slots__ = ("_compute", "_size")

    def __init__(self, compute: Callable[[_Key], _Value], size: int) -> None:
        super().__init__()
        self._compute: Final[Callable[[_Key], _Value]] = compute
        self._size: Final = size

    def __missing__(self, key: _Key) -> _Value:
        value = self._compute(key)
        if len(key) <= _MAX_KEY:
            if len(self) >= self._size:
                self.clear()
            self[key] = value
        return value
