"""``DataQueue``: a queue of values with one reader, as libraries for aiohttp use it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final, Generic, TypeVar

__all__ = ["DataQueue", "EofStream"]

_T = TypeVar("_T")


class EofStream(Exception):  # noqa: N818  # aiohttp's name
    """A ``DataQueue`` has ended, and all of its values were read."""


class DataQueue(Generic[_T]):
    """A queue of values: ``feed_data`` puts one in, ``read`` waits for the next one.

    ``read`` raises ``EofStream`` behind the last value once ``feed_eof`` was called, or the error
    that ``set_exception`` has given. It is iterated with ``async for``.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop: Final = loop
        self._values: Final[deque[_T]] = deque()
        self._eof = False
        self._exception: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._values)

    def is_eof(self) -> bool:
        """Return True if no further value comes."""
        return self._eof

    def at_eof(self) -> bool:
        """Return True if no further value comes, and all were read."""
        return self._eof and not self._values

    def exception(self) -> BaseException | None:
        """Return the error that ``read`` raises behind the last value, or None."""
        return self._exception

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """End the queue with an error."""
        if exc_cause is not None:
            exc.__cause__ = exc_cause
        self._eof = True
        self._exception = exc
        self._wake()

    def feed_data(self, data: _T, size: int = 0) -> None:  # noqa: ARG002  # aiohttp's signature
        """Add a value; ``size`` means nothing."""
        self._values.append(data)
        self._wake()

    def feed_eof(self) -> None:
        """End the queue."""
        self._eof = True
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def read(self) -> _T:
        """Return the next value; raises ``RuntimeError`` if another task waits for it already."""
        while not self._values and not self._eof:
            if self._waiter is not None:
                raise RuntimeError("read() of this queue waits in another task: one task reads it")
            loop = self._loop or asyncio.get_running_loop()
            waiter = self._waiter = loop.create_future()
            try:
                await waiter
            finally:
                if self._waiter is waiter:
                    self._waiter = None
        if self._values:
            return self._values.popleft()
        raise EofStream if self._exception is None else self._exception

    async def __aiter__(self) -> AsyncIterator[_T]:
        try:
            while True:
                yield await self.read()
        except EofStream:
            return
