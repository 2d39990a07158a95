"""One lifespan for all mounts of an application.

An application that is mounted twice starts once, with the first of its mounts, and ends with the
last: its lifespan makes things such as pools of connections, and their owner closes them.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final, final

from treadle_asgi._serving.lifespan import Lifespan, LifespanMode
from treadle_asgi._types import ASGIApplication

__all__ = ["running_lifespan"]


@final
class _Shared:
    """A lifespan that runs, or starts: ``lock`` is held while it does either."""

    def __init__(self, app: ASGIApplication, mode: LifespanMode) -> None:
        self.lock: Final = asyncio.Lock()
        self.state: Final[dict[str, Any]] = {}
        self.lifespan: Final = Lifespan(app, mode, self.state)
        self.started = False
        #: The mounts that use it.
        self.users = 0


# By event loop and by the identity of the application, which the lifespan keeps alive. Only those
# that run are here.
_RUNNING: Final[dict[tuple[asyncio.AbstractEventLoop, int], _Shared]] = {}


@contextlib.asynccontextmanager
async def running_lifespan(
    app: ASGIApplication, mode: LifespanMode
) -> AsyncIterator[dict[str, Any]]:
    """Have ``app`` started inside the block, and give its state.

    Raises ``LifespanError`` if its start-up or its shutdown fails.
    """
    key = asyncio.get_running_loop(), id(app)
    shared = _RUNNING.get(key)
    if shared is None:
        shared = _RUNNING[key] = _Shared(app, mode)
    shared.users += 1
    try:
        async with shared.lock:
            if not shared.started:
                await shared.lifespan.startup()
                shared.started = True
        yield shared.state
    finally:
        shared.users -= 1
        if not shared.users:
            del _RUNNING[key]
            if shared.started:
                await shared.lifespan.shutdown()
