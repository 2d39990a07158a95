"""``KeyedState``: the mapping that an application, a request and a response are for their users.

Its keys are strings, or typed keys (``AppKey``, ``RequestKey``, ``ResponseKey``) that decide on the
type of the value.
"""

from collections.abc import Iterator, MutableMapping
from typing import Any, Generic, TypeVar, overload

from ._keys import StateKey

__all__ = ["KeyedState"]

_Kind = TypeVar("_Kind")
_Key = TypeVar("_Key", bound=StateKey[Any, Any])
_T = TypeVar("_T")
_D = TypeVar("_D")


class KeyedState(MutableMapping[str | _Key, Any], Generic[_Key, _Kind]):
    """A mixin: a mapping that is always true, and is hashed and compared by identity.

    ``_Key`` is the class of the typed keys, and ``_Kind`` their kind, which checks them one by one:
    ``KeyedState[RequestKey[Any], Literal["request"]]``. The dictionary is made when the first value
    is stored, since most objects never hold one.
    """

    _state: dict[str | _Key, Any] | None = None

    @overload
    def __getitem__(self, key: StateKey[_Kind, _T]) -> _T: ...

    @overload
    def __getitem__(self, key: str) -> Any: ...

    def __getitem__(self, key: Any) -> Any:
        if self._state is None:
            raise KeyError(key)
        return self._state[key]

    @overload
    def __setitem__(self, key: StateKey[_Kind, _T], value: _T) -> None: ...

    @overload
    def __setitem__(self, key: str, value: Any) -> None: ...

    def __setitem__(self, key: Any, value: Any) -> None:
        if self._state is None:
            self._state = {}
        self._state[key] = value

    def __delitem__(self, key: str | _Key) -> None:
        if self._state is None:
            raise KeyError(key)
        del self._state[key]

    @overload  # type: ignore[override]  # the mapping's own knows nothing of typed keys
    def get(self, key: StateKey[_Kind, _T], default: None = ...) -> _T | None: ...

    @overload
    def get(self, key: StateKey[_Kind, _T], default: _D) -> _T | _D: ...

    @overload
    def get(self, key: str, default: Any = ...) -> Any: ...

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value of ``key``, or ``default``."""
        return default if self._state is None else self._state.get(key, default)

    def __len__(self) -> int:
        return 0 if self._state is None else len(self._state)

    def __iter__(self) -> Iterator[str | _Key]:
        return iter(self._state or ())

    def __bool__(self) -> bool:
        # Also without state: ``if request:`` is a test for None.
        return True

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __eq__(self, other: object) -> bool:
        return self is other
