"""Middlewares of the package, and the decorator that marks one."""

from typing import TypeVar

__all__ = ["middleware"]

_T = TypeVar("_T")


def middleware(function: _T) -> _T:
    """Return ``function`` unchanged.

    Every ``async def m(request, handler)`` is a middleware; the mark is kept for code that was
    written for aiohttp.
    """
    return function
