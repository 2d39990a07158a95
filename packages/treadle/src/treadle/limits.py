"""Rate limits: ``pip install treadle[limits]``.

``RedisStore`` is imported on first use, because it needs a client of Redis.
"""

import typing as _typing

try:
    from treadle_limits import AnyRates as AnyRates
    from treadle_limits import Decision as Decision
    from treadle_limits import Limiter as Limiter
    from treadle_limits import MemoryStore as MemoryStore
    from treadle_limits import Rate as Rate
    from treadle_limits import Store as Store
    from treadle_limits import StoreError as StoreError
    from treadle_limits.web import *
except ModuleNotFoundError as _error:
    if _error.name != "treadle_limits":
        raise
    raise ModuleNotFoundError(
        "treadle.limits needs treadle_limits: pip install 'treadle[limits]'", name=_error.name
    ) from _error

if _typing.TYPE_CHECKING:
    from treadle_limits import RedisStore as RedisStore
else:

    def __getattr__(name: str) -> object:
        if name != "RedisStore":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from treadle_limits import RedisStore

        return RedisStore
