"""``KeyedState``: the mapping that an application, a request and a response are for their users.

Its keys are strings, or typed keys (``AppKey``, ``RequestKey``, ``ResponseKey``) that decide on the
type of the value.
"""

import warnings
from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any, ClassVar, Final, Generic, TypeVar, final, overload

from ._headers import shown
from ._keys import NotAppKeyWarning, StateKey, short_name

__all__ = ["KeyedState", "UnknownKeyError"]

#: The keys that the error for an unknown one lists.
_MOST_LISTED: Final = 10
#: The string keys of one kind of mapping that are warned of. A program that makes keys up does not
#: fill the memory with them.
_MOST_WARNED: Final = 1000
#: The page that users know the warning from.
_PAGE: Final = "https://docs.aiohttp.org/en/stable/web_advanced.html"

_Kind = TypeVar("_Kind")
_Key = TypeVar("_Key", bound=StateKey[Any, Any])
_T = TypeVar("_T")
_D = TypeVar("_D")


@final
class UnknownKeyError(KeyError):
    """A ``KeyError`` whose text names the place, the key and what is near it.

    ``args[0]`` is the key, as in every ``KeyError``. The text is made when it is asked for, since
    most of these errors are caught.
    """

    def __init__(self, key: object, place: str, known: Iterable[object] = ()) -> None:
        super().__init__(key)
        self._place: Final = place
        self._known: Final = tuple(known)

    def __str__(self) -> str:
        key = self.args[0]
        text = f"{self._place} has no {shown(key)}"
        hint = self._hint(key)
        return f"{text}. {hint}" if hint else text

    def _hint(self, key: object) -> str:
        if not self._known:
            return ""
        name = short_name(key)
        names = {short_name(other): other for other in self._known}
        if name in names:
            return f"It has {names[name]!r}, which is another key: use that object"
        from difflib import get_close_matches  # few programs come here

        near = get_close_matches(name, names, 1)
        if near:
            return f"Did you mean {names[near[0]]!r}?"
        listed = ", ".join(shown(other) for other in self._known[:_MOST_LISTED])
        more = "" if len(self._known) <= _MOST_LISTED else ", ..."
        return f"It has {listed}{more}"

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.args[0], self._place, self._known)


class KeyedState(MutableMapping[str | _Key, Any], Generic[_Key, _Kind]):
    """A mixin: a mapping that is always true, and is hashed and compared by identity.

    ``_Key`` is the class of the typed keys, and ``_Kind`` their kind, which checks them one by one:
    ``KeyedState[RequestKey[Any], Literal["request"]]``. The dictionary is made when the first value
    is stored, since most objects never hold one.
    """

    _state: dict[str | _Key, Any] | None = None
    #: The name of the mapping in the error for an unknown key.
    mapping_name: ClassVar[str] = "the mapping"
    # The string keys that were warned of; each kind of mapping has a set of its own.
    _seen_str_keys: ClassVar[set[object]] = set()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "mapping_name" in vars(cls):
            cls._seen_str_keys = set()

    def _recommend_typed_keys(self, key: object, part: str) -> None:
        """Warn of a string as a key, in the caller of the method that called this."""
        name = {"the application": "AppKey", "the request": "RequestKey"}.get(self.mapping_name)
        warnings.warn(
            f"It is recommended to use web.{name or 'ResponseKey'} instances for keys, of which "
            f"type checkers know the type of the value, rather than {shown(key)}.\n{_PAGE}#{part}",
            category=NotAppKeyWarning,
            stacklevel=3,
        )

    def _unknown(self, key: object) -> UnknownKeyError:
        return UnknownKeyError(key, self.mapping_name, self)

    @overload
    def __getitem__(self, key: StateKey[_Kind, _T]) -> _T: ...

    @overload
    def __getitem__(self, key: str) -> Any: ...

    def __getitem__(self, key: Any) -> Any:
        if self._state is not None:
            try:
                return self._state[key]
            except KeyError:
                pass
        raise self._unknown(key)

    @overload
    def __setitem__(self, key: StateKey[_Kind, _T], value: _T) -> None: ...

    @overload
    def __setitem__(self, key: str, value: Any) -> None: ...

    def __setitem__(self, key: Any, value: Any) -> None:
        seen = self._seen_str_keys
        if type(key) is str and key not in seen and len(seen) < _MOST_WARNED:
            seen.add(key)
            self._recommend_typed_keys(key, f"{self.mapping_name.removeprefix('the ')}-s-storage")
        if self._state is None:
            self._state = {}
        self._state[key] = value

    def __delitem__(self, key: str | _Key) -> None:
        if key not in self:
            raise self._unknown(key)
        assert self._state is not None
        del self._state[key]

    def __contains__(self, key: object) -> bool:
        return self._state is not None and key in self._state

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
