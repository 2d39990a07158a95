"""The store of an application: limits find it there, and it is closed with the application.

A limit without a store of its own takes the one that ``setup`` gave to the application of the
request, or to one around it; without any, it has a ``MemoryStore`` for each application.
"""

import logging
import multiprocessing
from collections.abc import AsyncIterator
from typing import Final

from treadle_limits._stores.interfaces import Store
from treadle_limits._stores.memory import MemoryStore
from treadle_responses import AppKey
from treadle_server import Application, Request

__all__ = ["STORE", "setup", "store_of", "warn_of_workers"]

_logger: Final = logging.getLogger("treadle.limits")

#: The store of an application: ``app[limits.STORE]``.
STORE: Final[AppKey[Store]] = AppKey("treadle.limits.store", Store)

_warned = False


def setup(app: Application, store: Store) -> Store:
    """Let the limits of ``app`` and of the applications in it share ``store``; return it.

    It is closed when the application ends. Raises ``ValueError`` if ``app`` has one already.
    """
    if STORE in app:
        raise ValueError(f"The application has a store of limits already: {app[STORE]!r}")
    app[STORE] = store

    async def close_at_end(_app: Application) -> AsyncIterator[None]:
        if isinstance(store, MemoryStore):
            warn_of_workers()
        try:
            yield
        finally:
            await store.aclose()

    app.cleanup_ctx.append(close_at_end)
    return store


def store_of(request: Request) -> Store:
    """Return the store that was set up for ``request``, or a new one in memory."""
    store = request.config_dict.get(STORE)
    if store is None:
        warn_of_workers()
        store = MemoryStore()
    return store


def warn_of_workers() -> None:
    """Say once that limits in memory are those of one worker, if this process is one."""
    global _warned  # noqa: PLW0603  # once in a process
    if not _warned and multiprocessing.parent_process() is not None:
        _warned = True
        _logger.warning(
            "Rate limits are counted in the memory of each worker: with N workers a client may "
            "have N times its limit. Give limits.setup() a RedisStore to count together"
        )
