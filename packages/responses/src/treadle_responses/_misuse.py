"""Errors of calls that aiohttp checks with ``assert``: the usual class, and ``AssertionError`` too.

Programs written for aiohttp may catch the ``AssertionError``; all others expect the usual class.
"""

from typing import final

__all__ = ["WrongMomentError", "WrongTypeError"]


@final
class WrongMomentError(RuntimeError, AssertionError):
    """The call came too early or too late."""


@final
class WrongTypeError(TypeError, AssertionError):
    """An argument is of a type that cannot be used."""
