"""Lists that are frozen when an application starts, and signals: such lists of coroutines.

They have what users need of ``frozenlist.FrozenList`` and ``aiosignal.Signal``. They are made by an
application only, and their constructors are not those of these classes.
"""

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable, MutableSequence
from typing import ClassVar, Final, Generic, ParamSpec, TypeVar, overload

from treadle_responses import StreamResponse

from .logs import shown
from .teardown import run_all

__all__ = ["FrozenList", "Signal", "name_of"]

_T = TypeVar("_T")
_P = ParamSpec("_P")


def name_of(value: object) -> str:
    """Return the name of a function or class for an error, else its ``repr``."""
    return shown(getattr(value, "__qualname__", None) or value)


class FrozenList(MutableSequence[_T]):
    """A list that refuses changes after ``freeze``; ``what`` names it in the error.

    ``check`` raises for an item that cannot be used; every way to add one calls it.
    """

    def __init__(
        self,
        items: Iterable[_T] = (),
        *,
        what: str = "list",
        check: Callable[[object], object] | None = None,
    ) -> None:
        self._what = what
        self._check_item: Final = check
        self._items = self._checked(items)
        self._frozen = False

    def _checked(self, items: Iterable[_T]) -> list[_T]:
        items = list(items)
        if self._check_item is not None:
            for item in items:
                self._check_item(item)
        return items

    @property
    def frozen(self) -> bool:
        """True if changes are refused."""
        return self._frozen

    def freeze(self) -> None:
        """Refuse changes from now on."""
        self._frozen = True

    def _check(self) -> None:
        if self._frozen:
            raise RuntimeError(
                f"Cannot modify frozen list. These are {self._what}, which cannot be changed after "
                "the application has started"
            )

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
        if isinstance(index, slice):
            self._items[index] = self._checked(value)  # type: ignore[arg-type]  # the overloads pair them
        else:
            self._items[index] = self._checked([value])[0]  # type: ignore[list-item]  # as above

    def __delitem__(self, index: int | slice) -> None:
        self._check()
        del self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def insert(self, index: int, value: _T) -> None:
        """Insert ``value`` before ``index``."""
        self._check()
        self._items.insert(index, self._checked([value])[0])

    def __eq__(self, other: object) -> bool:
        if isinstance(other, FrozenList):
            return self._items == other._items
        return self._items == other if isinstance(other, list) else NotImplemented

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # mutable, like a list

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._what} frozen={self._frozen} {self._items!r}>"


class Signal(FrozenList[Callable[_P, Awaitable[object]]], Generic[_P]):
    """Receivers that are awaited one after the other, in the order of registration.

    Anything can be added. ``send`` raises ``TypeError`` for a receiver that cannot be awaited.
    """

    def __init__(
        self, items: Iterable[Callable[_P, Awaitable[object]]] = (), *, what: str = "signal"
    ) -> None:
        super().__init__(items, what=what)

    def _check_sendable(self) -> None:
        if not self._frozen:
            raise RuntimeError(
                f"Cannot send non-frozen signal. {self._what} can be sent when its application has "
                "started"
            )

    async def send(self, *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Await every receiver; raises ``RuntimeError`` before ``freeze``."""
        self._check_sendable()
        for receiver in self._items:
            await self._call(receiver, *args, **kwargs)

    async def send_all(self, *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Await every receiver, whatever those before it raise; see ``run_all``."""
        self._check_sendable()
        await run_all(
            functools.partial(self._call, receiver, *args, **kwargs) for receiver in self._items
        )

    async def _call(
        self, receiver: Callable[_P, Awaitable[object]], *args: _P.args, **kwargs: _P.kwargs
    ) -> None:
        # A response can be called too, as an ASGI application.
        if not callable(receiver) or isinstance(receiver, StreamResponse):
            fix = ": pass the function, do not call it" if inspect.iscoroutine(receiver) else ""
            raise TypeError(
                f"A receiver of {self._what} is an async function, not {name_of(receiver)}{fix}"
            )
        result = receiver(*args, **kwargs)
        if not inspect.isawaitable(result):
            fix = "define it with `async def`"
            if inspect.isasyncgen(result):
                fix = "it has a `yield`, which functions of cleanup_ctx have"
            raise TypeError(
                f"The receiver {name_of(receiver)} of {self._what} returned {shown(result)}, "
                f"which cannot be awaited: {fix}"
            )
        await result
