"""Keyword arguments that do not exist: one sentence for all of them, with the nearest that does."""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

__all__ = ["check_keywords", "keywords_of", "suggest_keywords", "suggestion"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


def check_keywords(given: Iterable[str], known: Iterable[str], where: str) -> None:
    """Raise ``TypeError`` for a name that is not among ``known``, as Python itself would.

    ``where`` is the function that was called, such as ``TCPSite()``.
    """
    known = frozenset(known)
    for name in given:
        if name not in known:
            hint = suggestion(name, known)
            raise TypeError(f"{where} got an unexpected keyword argument {name!r}. {hint}")


def suggestion(name: str, known: frozenset[str]) -> str:
    """Return a sentence with the name that ``name`` may stand for, or with all that are known."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1) or [
        other for other in sorted(known) if name in other.split("_")
    ]
    return f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(known))}."


def suggest_keywords(where: str) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """Check the keywords of a function that takes a fixed set of them.

    Type checkers see the function as it is. Python names an unknown keyword too, but a near one
    only since 3.13.
    """

    def decorate(function: Callable[_P, _T]) -> Callable[_P, _T]:
        known = keywords_of(function)

        @functools.wraps(function)
        def call(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            check_keywords(kwargs, known, where)
            return function(*args, **kwargs)

        return call

    return decorate


def keywords_of(function: Callable[..., object]) -> frozenset[str]:
    """Return the names of the parameters that may be given as keywords, but ``self``."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(function).parameters.values()
    return frozenset(p.name for p in parameters if p.kind in kinds and p.name != "self")
