"""Typed keys for the mappings that applications, requests and responses are.

A key is equal only to itself: two libraries that both choose the name ``"user"`` do not meet.
"""

import sys
from typing import Generic, TypeVar, final, get_args

__all__ = ["AppKey", "RequestKey", "ResponseKey"]

_T = TypeVar("_T")


class _Key(Generic[_T]):
    """The base of the three kinds of keys; ``t`` is the type of the value, for people to read."""

    __slots__ = ("__orig_class__", "_name", "_t")

    # Set by ``Key[Type](...)`` after __init__ has run.
    __orig_class__: type[object]

    def __init__(self, name: str, t: type[_T] | None = None) -> None:
        frame = sys._getframe(1)
        # ``Key[Type](...)`` calls through the typing module.
        while frame.f_globals.get("__name__") == "typing" and frame.f_back is not None:
            frame = frame.f_back
        module = frame.f_globals.get("__name__", "")
        self._name = f"{module}.{name}" if module else name
        self._t = t

    def __lt__(self, other: object) -> bool:
        # Keys sort behind strings, so that a mapping with both can be listed in order.
        if isinstance(other, str):
            return False
        if isinstance(other, _Key):
            return self._name < other._name
        return NotImplemented

    def __gt__(self, other: object) -> bool:
        if isinstance(other, str):
            return True
        if isinstance(other, _Key):
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
class AppKey(_Key[_T]):
    """A key of an application's state: ``app[KEY]`` has the type that the key was made with."""

    __slots__ = ()


@final
class RequestKey(_Key[_T]):
    """A key of a request's state."""

    __slots__ = ()


@final
class ResponseKey(_Key[_T]):
    """A key of a response's state."""

    __slots__ = ()
