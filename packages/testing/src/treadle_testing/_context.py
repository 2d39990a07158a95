"""``RequestContext``: a request or a WebSocket to come, as ``aiohttp.ClientSession`` returns it."""

from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import Any, Final, Generic, TypeVar, final

__all__ = ["RequestContext"]

_T = TypeVar("_T")


@final
class RequestContext(Coroutine[Any, Any, _T], Generic[_T]):
    """A coroutine that can be used in ``async with`` too: await it, or give it to a task."""

    __slots__ = ("_close", "_result", "_send")

    def __init__(
        self, send: Coroutine[Any, Any, _T], close: Callable[[_T], Coroutine[Any, Any, None]]
    ) -> None:
        self._send: Final = send
        self._close: Final = close
        self._result: list[_T] = []

    # A coroutine.

    def send(self, value: Any) -> Any:
        """Resume the coroutine."""
        return self._send.send(value)

    def throw(self, *error: Any) -> Any:
        """Raise an exception in the coroutine."""
        return self._send.throw(*error)

    def close(self) -> None:
        """End the coroutine."""
        self._send.close()

    def __await__(self) -> Generator[Any, None, _T]:
        return self._send.__await__()

    # A context.

    async def __aenter__(self) -> _T:
        self._result.append(await self._send)
        return self._result[0]

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        while self._result:
            await self._close(self._result.pop())
