"""Cleanup contexts: asynchronous set-up and tear-down in one function, run in order."""

import functools
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Generic, TypeVar

from treadle_responses import StreamResponse

from .logs import shown
from .signals import FrozenList, name_of
from .teardown import run_all

__all__ = ["CleanupContext"]

_A = TypeVar("_A")

#: An async generator function with one ``yield``, or a function that returns a context manager.
_Factory = Callable[[_A], AsyncIterator[None] | AbstractAsyncContextManager[None]]


class CleanupContext(FrozenList[_Factory[_A]], Generic[_A]):
    """The cleanup contexts of an application: entered in order, left in reverse.

    Only contexts that were entered are left; one error is raised as it is, several as
    ``CleanupError``. Raises ``TypeError`` for a function that is neither, where it is added.
    """

    def __init__(self) -> None:
        super().__init__(what="cleanup_ctx", check=_check_factory)
        self._entered: list[AbstractAsyncContextManager[None]] = []

    async def enter(self, app: _A) -> None:
        """Enter every context; if one fails, those before it stay entered."""
        for factory in self:
            made: object = factory(app)
            if not isinstance(made, (AbstractAsyncContextManager, AsyncIterator)):
                raise TypeError(
                    f"{name_of(factory)} of cleanup_ctx returned {shown(made)}: it must be an "
                    "async generator function with one `yield`, or return an async context manager"
                )
            if not isinstance(made, AbstractAsyncContextManager):
                # An async generator: run to its yield now and to its end when cleaning up.
                made = asynccontextmanager(lambda generator=made: generator)()
            await made.__aenter__()
            self._entered.append(made)

    async def leave(self, app: object = None) -> None:  # noqa: ARG002  # a receiver's signature
        """Leave every context that was entered, the last one first."""
        entered, self._entered = self._entered, []
        await run_all(
            functools.partial(context.__aexit__, None, None, None) for context in reversed(entered)
        )


def _check_factory(factory: object) -> None:
    if inspect.isgeneratorfunction(factory):
        fix = ": define it with `async def`"
    elif inspect.iscoroutinefunction(factory):
        fix = ": it has no `yield`; functions without one belong to on_startup and on_cleanup"
    elif isinstance(factory, (AbstractAsyncContextManager, AsyncIterator)):
        fix = ": pass the function, do not call it"
    elif callable(factory) and not isinstance(factory, StreamResponse):
        return
    else:
        fix = ""
    raise TypeError(
        "An item of cleanup_ctx is an async generator function with one `yield`, not "
        f"{name_of(factory)}{fix}"
    )
