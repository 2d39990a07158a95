"""Rate limits for asyncio programs and treadle applications.

>>> import asyncio
>>> from treadle_limits import Limiter
>>> limiter = Limiter("2/second")
>>> async def work() -> list[bool]:
...     return [(await limiter.hit("ada")).allowed for _ in range(3)]
>>> asyncio.run(work())
[True, True, False]

``treadle_limits.web`` has the middleware and the decorators for applications of treadle.
"""

import typing as _typing

from ._core.decision import Decision as Decision
from ._core.rate import AnyRates as AnyRates
from ._core.rate import Rate as Rate
from ._limiter.limiter import Limiter as Limiter
from ._stores.interfaces import Store as Store
from ._stores.interfaces import StoreError as StoreError
from ._stores.memory import MemoryStore as MemoryStore
from ._version import __version__ as __version__

if _typing.TYPE_CHECKING:
    from ._stores.redis import RedisStore as RedisStore

__all__ = [
    "AnyRates",
    "Decision",
    "Limiter",
    "MemoryStore",
    "Rate",
    "RedisStore",
    "Store",
    "StoreError",
    "__version__",
]

# Imported on first use: it needs a client of Redis, which not each program has.
if not _typing.TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name != "RedisStore":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from ._stores.redis import RedisStore

        globals()[name] = RedisStore
        return RedisStore
