"""What an application keeps for its handlers: a mapping by name or ``AppKey``, and several as one.

State may change until the application has started; what must change later is put into an object
that is stored before.
"""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, Final, TypeVar, overload

from treadle_responses import AppKey

__all__ = ["AppState", "ChainMapProxy"]

_T = TypeVar("_T")
_D = TypeVar("_D")


class AppState(MutableMapping[str | AppKey[Any], Any]):
    """A mapping that refuses changes once the application runs; compared by identity."""

    def __init__(self) -> None:
        self._state: dict[str | AppKey[Any], Any] = {}
        # Whether start-up is over.
        self._started = False

    @overload
    def __getitem__(self, key: AppKey[_T]) -> _T: ...

    @overload
    def __getitem__(self, key: str) -> Any: ...

    def __getitem__(self, key: str | AppKey[_T]) -> Any:
        return self._state[key]

    @overload
    def __setitem__(self, key: AppKey[_T], value: _T) -> None: ...

    @overload
    def __setitem__(self, key: str, value: Any) -> None: ...

    def __setitem__(self, key: str | AppKey[_T], value: Any) -> None:
        self._check_not_started(key)
        self._state[key] = value

    def __delitem__(self, key: str | AppKey[Any]) -> None:
        self._check_not_started(key)
        del self._state[key]

    def _check_not_started(self, key: object) -> None:
        if self._started:
            raise RuntimeError(
                f"Cannot change {key!r} of a started application: store an object that changes "
                "before or at start-up, or use the request's state"
            )

    @overload  # type: ignore[override]  # the mapping's own knows nothing of typed keys
    def get(self, key: AppKey[_T], default: None = ...) -> _T | None: ...

    @overload
    def get(self, key: AppKey[_T], default: _D) -> _T | _D: ...

    @overload
    def get(self, key: str, default: Any = ...) -> Any: ...

    def get(self, key: str | AppKey[_T], default: Any = None) -> Any:
        """Return the value for ``key``, else ``default``."""
        return self._state.get(key, default)

    def __len__(self) -> int:
        return len(self._state)

    def __iter__(self) -> Iterator[str | AppKey[Any]]:
        return iter(self._state)

    def __bool__(self) -> bool:
        return True

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __eq__(self, other: object) -> bool:
        return self is other


class ChainMapProxy(Mapping[str | AppKey[Any], Any]):
    """Several mappings read as one: the first that has a key decides. Not to be subclassed."""

    __slots__ = ("_maps",)

    def __init__(self, maps: Iterable[Mapping[str | AppKey[Any], Any]]) -> None:
        self._maps: Final = tuple(maps)

    def __init_subclass__(cls) -> None:
        raise TypeError(f"Inheritance class {cls.__name__} from ChainMapProxy is forbidden")

    @overload
    def __getitem__(self, key: AppKey[_T]) -> _T: ...

    @overload
    def __getitem__(self, key: str) -> Any: ...

    def __getitem__(self, key: str | AppKey[_T]) -> Any:
        for mapping in self._maps:
            try:
                return mapping[key]
            except KeyError:
                pass
        raise KeyError(key)

    @overload  # type: ignore[override]  # the mapping's own knows nothing of typed keys
    def get(self, key: AppKey[_T], default: None = ...) -> _T | None: ...

    @overload
    def get(self, key: AppKey[_T], default: _D) -> _T | _D: ...

    @overload
    def get(self, key: str, default: Any = ...) -> Any: ...

    def get(self, key: str | AppKey[_T], default: Any = None) -> Any:
        """Return the value for ``key``, else ``default``."""
        try:
            return self[key]
        except KeyError:
            return default

    def __contains__(self, key: object) -> bool:
        return any(key in mapping for mapping in self._maps)

    def __len__(self) -> int:
        return len(set().union(*self._maps))

    def __iter__(self) -> Iterator[str | AppKey[Any]]:
        keys: dict[str | AppKey[Any], None] = {}
        for mapping in self._maps:
            keys.update(dict.fromkeys(mapping))
        return iter(keys)

    def __bool__(self) -> bool:
        return any(self._maps)

    def __repr__(self) -> str:
        return f"ChainMapProxy({', '.join(map(repr, self._maps))})"
