"""Typed keys for the mappings that applications, requests and responses are.

A key is equal only to itself: two libraries may both choose the name ``"user"``.
"""

import sys
from types import FrameType
from typing import Generic, Literal, TypeVar, final, get_args

__all__ = ["AppKey", "NotAppKeyWarning", "RequestKey", "ResponseKey", "StateKey", "short_name"]

_Kind = TypeVar("_Kind")
_T = TypeVar("_T")


class NotAppKeyWarning(UserWarning):
    """A string is the key of a value where a typed key would tell its type."""


class StateKey(Generic[_Kind, _T]):
    """The base of the three kinds of keys; ``_Kind`` tells type checkers which kind it is.

    ``t`` is the type of the value; only ``repr`` shows it.
    """

    __slots__ = ("__orig_class__", "_name", "_t")

    # Set by ``Key[Type](...)`` after __init__ has run.
    __orig_class__: type[object]

    def __init__(self, name: str, t: type[_T] | None = None) -> None:
        # As in aiohttp: the module whose import makes the key; in a function that is called later,
        # the program.
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # sys has no public name for it
        while frame is not None and frame.f_code.co_name != "<module>":
            frame = frame.f_back
        module = "" if frame is None else frame.f_globals.get("__name__", "")
        self._name = f"{module}.{name}" if module else name
        self._t = t

    def __lt__(self, other: object) -> bool:
        # Keys sort before strings, so that a mapping with both can be listed in order.
        if isinstance(other, str):
            return True
        if isinstance(other, StateKey):
            return self._name < other._name
        return NotImplemented

    def __gt__(self, other: object) -> bool:
        if isinstance(other, str):
            return False
        if isinstance(other, StateKey):
            return self._name > other._name
        return NotImplemented

    def __repr__(self) -> str:
        kind: object = self._t
        if kind is None:
            arguments = get_args(getattr(self, "__orig_class__", None))
            kind = arguments[0] if arguments else "unspecified"
        if isinstance(kind, type):
            module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
            kind = f"{module}{kind.__qualname__}"
        return f"<{type(self).__name__}({self._name}, type={kind})>"


@final
class AppKey(StateKey[Literal["app"], _T]):
    """A key of an application's state: ``app[KEY]`` has the type that the key was made with."""

    __slots__ = ()


@final
class RequestKey(StateKey[Literal["request"], _T]):
    """A key of a request's state."""

    __slots__ = ()


@final
class ResponseKey(StateKey[Literal["response"], _T]):
    """A key of a response's state."""

    __slots__ = ()


def short_name(key: object) -> str:
    """Return the name of a key without its module; a ``str`` is its own name."""
    if isinstance(key, StateKey):
        return key._name.rpartition(".")[2]  # noqa: SLF001  # a name for errors, not for users
    return key if isinstance(key, str) else repr(key)
