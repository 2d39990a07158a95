"""Lists that are frozen when an application starts, and signals: such lists of coroutines."""

import functools
from collections.abc import Awaitable, Callable, Iterable, MutableSequence
from typing import Generic, ParamSpec, TypeVar, overload

from .teardown import run_all

__all__ = ["FrozenList", "Signal"]

_T = TypeVar("_T")
_P = ParamSpec("_P")


class FrozenList(MutableSequence[_T]):
    """A list that refuses changes after ``freeze``; ``what`` names it in the error."""

    def __init__(self, items: Iterable[_T] = (), *, what: str = "list") -> None:
        self._items = list(items)
        self._what = what
        self._frozen = False

    @property
    def frozen(self) -> bool:
        """True if changes are refused."""
        return self._frozen

    def freeze(self) -> None:
        """Refuse changes from now on."""
        self._frozen = True

    def _check(self) -> None:
        if self._frozen:
            raise RuntimeError(f"Cannot change {self._what} after the application has started")

    @overload
    def __getitem__(self, index: int) -> _T: ...

    @overload
    def __getitem__(self, index: slice) -> "FrozenList[_T]": ...

    def __getitem__(self, index: int | slice) -> "_T | FrozenList[_T]":
        if isinstance(index, slice):
            return FrozenList(self._items[index], what=self._what)
        return self._items[index]

    @overload
    def __setitem__(self, index: int, value: _T) -> None: ...

    @overload
    def __setitem__(self, index: slice, value: Iterable[_T]) -> None: ...

    def __setitem__(self, index: int | slice, value: _T | Iterable[_T]) -> None:
        self._check()
        self._items[index] = value  # type: ignore[index, assignment]  # the overloads pair them

    def __delitem__(self, index: int | slice) -> None:
        self._check()
        del self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def insert(self, index: int, value: _T) -> None:
        """Insert ``value`` before ``index``."""
        self._check()
        self._items.insert(index, value)

    def __eq__(self, other: object) -> bool:
        return list(self) == other if isinstance(other, list) else self is other

    __hash__ = None  # type: ignore[assignment]  # mutable, like a list

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._what} frozen={self._frozen} {self._items!r}>"


class Signal(FrozenList[Callable[_P, Awaitable[object]]], Generic[_P]):
    """Receivers that are awaited one after the other, in the order of registration."""

    async def send(self, *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Await every receiver; raises ``RuntimeError`` before ``freeze``."""
        if not self._frozen:
            raise RuntimeError(f"Cannot send {self._what}: the application has not started")
        for receiver in self._items:
            await receiver(*args, **kwargs)

    async def send_all(self, *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Await every receiver, whatever those before it raise; see ``run_all``."""
        if not self._frozen:
            raise RuntimeError(f"Cannot send {self._what}: the application has not started")
        await run_all(functools.partial(receiver, *args, **kwargs) for receiver in self._items)
