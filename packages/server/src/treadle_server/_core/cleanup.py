"""Cleanup contexts: asynchronous set-up and tear-down in one function, run in order."""

import functools
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Generic, TypeVar

from .signals import FrozenList
from .teardown import run_all

__all__ = ["CleanupContext"]

_A = TypeVar("_A")

#: An async generator function with one ``yield``, or a function that returns a context manager.
_Factory = Callable[[_A], AsyncIterator[None] | AbstractAsyncContextManager[None]]


class CleanupContext(FrozenList[_Factory[_A]], Generic[_A]):
    """The cleanup contexts of an application: entered in order, left in reverse.

    Only contexts that were entered are left; one error is raised as it is, several as
    ``CleanupError``.
    """

    def __init__(self) -> None:
        super().__init__(what="cleanup_ctx")
        self._entered: list[AbstractAsyncContextManager[None]] = []

    async def enter(self, app: _A) -> None:
        """Enter every context; if one fails, those before it stay entered."""
        for factory in self:
            made = factory(app)
            if not isinstance(made, AbstractAsyncContextManager):
                # An async generator: run to its yield now and to its end when cleaning up.
                made = asynccontextmanager(lambda generator=made: generator)()
            await made.__aenter__()
            self._entered.append(made)

    async def leave(self) -> None:
        """Leave every context that was entered, the last one first."""
        entered, self._entered = self._entered, []
        await run_all(
            functools.partial(context.__aexit__, None, None, None) for context in reversed(entered)
        )
