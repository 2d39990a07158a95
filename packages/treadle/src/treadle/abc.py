"""The abstract base classes of ``aiohttp.abc`` that a server has."""

from treadle_server import (
    AbstractAccessLogger,
    AbstractAsyncAccessLogger,
    AbstractMatchInfo,
    AbstractRouter,
    AbstractStreamWriter,
    AbstractView,
)

__all__ = [
    "AbstractAccessLogger",
    "AbstractAsyncAccessLogger",
    "AbstractMatchInfo",
    "AbstractRouter",
    "AbstractStreamWriter",
    "AbstractView",
]
