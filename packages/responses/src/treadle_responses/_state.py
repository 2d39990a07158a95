"""The mapping that a response is: state for whoever handles it, by string or typed key."""

from collections.abc import Iterator, MutableMapping
from typing import Any, TypeVar, overload

from ._keys import ResponseKey

__all__ = ["ResponseState"]

_T = TypeVar("_T")


class ResponseState(MutableMapping[str | ResponseKey[Any], Any]):
    """A mapping that is made on first use, always true, and equal and hashed by identity."""

    _state: dict[str | ResponseKey[Any], Any] | None = None

    @overload
    def __getitem__(self, key: ResponseKey[_T]) -> _T: ...

    @overload
    def __getitem__(self, key: str) -> Any: ...

    def __getitem__(self, key: str | ResponseKey[_T]) -> Any:
        if self._state is None:
            raise KeyError(key)
        return self._state[key]

    @overload
    def __setitem__(self, key: ResponseKey[_T], value: _T) -> None: ...

    @overload
    def __setitem__(self, key: str, value: Any) -> None: ...

    def __setitem__(self, key: str | ResponseKey[_T], value: Any) -> None:
        if self._state is None:
            self._state = {}
        self._state[key] = value

    def __delitem__(self, key: str | ResponseKey[Any]) -> None:
        if self._state is None:
            raise KeyError(key)
        del self._state[key]

    def __len__(self) -> int:
        return 0 if self._state is None else len(self._state)

    def __iter__(self) -> Iterator[str | ResponseKey[Any]]:
        return iter(self._state or ())

    def __bool__(self) -> bool:
        # A response without state is no less a response.
        return True

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __eq__(self, other: object) -> bool:
        return self is other
