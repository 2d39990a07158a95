"""The state that an application keeps for its handlers: a mapping, and several read as one.

State is meant to change until the application has started. To change a value later, store an object
that can change before.
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, TypeVar, overload

from treadle_responses import AppKey, KeyedState, StateKey, UnknownKeyError

__all__ = ["AppState", "ChainMapProxy"]

_T = TypeVar("_T")
_D = TypeVar("_D")


class AppState(KeyedState[AppKey[Any], Literal["app"]]):
    """A mapping that warns of changes once the application runs; compared by identity."""

    mapping_name = "the application"
    # True once start-up is over.
    _frozen: bool = False

    @overload
    def __setitem__(self, key: StateKey[Literal["app"], _T], value: _T) -> None: ...

    @overload
    def __setitem__(self, key: str, value: Any) -> None: ...

    def __setitem__(self, key: Any, value: Any) -> None:
        if self._frozen:
            self._warn_of_change(key)
        if not isinstance(key, AppKey):
            self._recommend_typed_keys(key, "application-s-config")
        if self._state is None:
            self._state = {}
        self._state[key] = value

    def __delitem__(self, key: str | AppKey[Any]) -> None:
        if self._frozen:
            self._warn_of_change(key)
        super().__delitem__(key)

    def _warn_of_change(self, key: object) -> None:
        warnings.warn(
            "Changing state of started or joined application is deprecated: store an object that "
            f"changes under {key!r} before or at start-up, or use the request's state",
            DeprecationWarning,
            stacklevel=3,
        )


class ChainMapProxy(Mapping[str | AppKey[Any], Any]):
    """Several mappings read as one: the first that has a key decides. Cannot be subclassed."""

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
            if key in mapping:
                return mapping[key]
        raise UnknownKeyError(key, "config_dict", self)

    @overload  # type: ignore[override]  # the mapping's own knows nothing of typed keys
    def get(self, key: AppKey[_T], default: None = ...) -> _T | None: ...

    @overload
    def get(self, key: AppKey[_T], default: _D) -> _T | _D: ...

    @overload
    def get(self, key: str, default: Any = ...) -> Any: ...

    def get(self, key: str | AppKey[_T], default: Any = None) -> Any:
        """Return the value for ``key``, or ``default`` without one."""
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
