"""The place and the signature of a handler, for the errors about it.

Functions from a handler to a sentence. They are called when something has gone wrong already, so
they take any object and raise nothing.
"""

import functools
import inspect
from collections.abc import Iterable

from .handlers import AbstractView, as_given

__all__ = ["is_not_async", "place_of", "wrong_signature"]

#: What the annotation of a plain function has that returns something to await.
_AWAITABLES = ("awaitable", "coroutine", "future", "task")

#: The methods of a view that answer requests.
_VIEW_METHODS = ("get", "head", "post", "put", "patch", "delete", "options")


def place_of(handler: object, middlewares: Iterable[object] = ()) -> str:
    """Return the name of a handler, its file and line, and the middlewares around it.

    As ``app.hello, /srv/app.py:7; inside app.auth``. Our own middlewares return what they get, and
    are left out.
    """
    target = _inside(handler)
    place = _name(target)
    code = getattr(target, "__code__", None)
    if code is not None:
        place += f", {code.co_filename}:{code.co_firstlineno}"
    around = [
        _name(_inside(middleware))
        for middleware in middlewares
        if not str(getattr(middleware, "__module__", "")).startswith("treadle")
    ]
    return f"{place}; inside {', '.join(around)}" if around else place


def wrong_signature(handler: object) -> str | None:
    """Return a sentence if ``handler`` cannot be called with a request, None if it can be."""
    if isinstance(handler, type):
        return _wrong_view(handler) if issubclass(handler, AbstractView) else None
    handler = as_given(handler)
    signature = _signature(handler)
    if signature is None or _binds(signature, 1):
        return None
    return (
        f"a handler is called with one argument, the request, but this one is "
        f"{_shown(handler, signature)}"
    )


def is_not_async(handler: object) -> bool:
    """Return True if neither a function nor any decorator around it returns what can be awaited.

    An async decorator may run a plain function in a thread, and a plain one may return the
    coroutine of an async function.
    """
    function: object = as_given(handler)
    while function is not None:
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            return False
        returns = str(getattr(function, "__annotations__", {}).get("return", "")).lower()
        if any(word in returns for word in _AWAITABLES):
            return False
        inner = getattr(function, "func", None)
        function = getattr(function, "__wrapped__", None) if inner is None else inner
    return True


def _wrong_view(view: type[AbstractView]) -> str | None:
    for name in _VIEW_METHODS:
        method = getattr(view, name, None)
        if not inspect.isfunction(method):
            continue
        signature = _signature(method)
        if signature is not None and not _binds(signature, 1):
            return (
                f"a method of a view is called without arguments, the request is self.request, but "
                f"this one is {view.__qualname__}.{name}{signature}"
            )
    return None


def _inside(function: object) -> object:
    """Return the function inside decorators and partials."""
    target = inspect.unwrap(function) if callable(function) else function
    while isinstance(target, functools.partial):
        target = target.func
    return target


def _name(target: object) -> str:
    name = getattr(target, "__qualname__", type(target).__qualname__)
    module = getattr(target, "__module__", None)
    return name if module in (None, "__main__") else f"{module}.{name}"


def _shown(handler: object, signature: inspect.Signature) -> str:
    """Return the name of a handler with what it takes, and say so if a decorator does."""
    inside = _inside(handler)
    if hasattr(handler, "__wrapped__"):
        return f"{_name(inside)}, as its decorator is called: {signature}"
    return f"{_name(inside)}{signature}"


def _signature(target: object) -> inspect.Signature | None:
    """Return what is called, which for a decorated function is its decorator's."""
    try:
        return inspect.signature(
            target,  # type: ignore[arg-type]  # what cannot be called raises
            follow_wrapped=False,
        )
    except (TypeError, ValueError):
        return None


def _binds(signature: inspect.Signature, number: int) -> bool:
    try:
        signature.bind(*range(number))
    except TypeError:
        return False
    return True
