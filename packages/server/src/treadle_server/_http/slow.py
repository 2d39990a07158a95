"""The log of slow requests: those whose response has not begun after a time.

No request has a timer: the clock of the server looks at the running ones once a second, so that
a request is reported up to a second late. A response that has begun is not slow, however long it
takes: a WebSocket, a stream of events and a large file live as long as their clients want.
"""

import asyncio
import linecache
from collections.abc import Iterable, Iterator
from functools import partial
from time import monotonic
from types import FrameType
from typing import Final, final

from treadle_server._core.config import ServerConfig
from treadle_server._core.logs import log_stack, log_warning

from .exchange import Exchange
from .interfaces import Connection
from .request import BaseRequest
from .state import RawHandler, context_of

__all__ = ["SlowRequests", "stack_of"]

#: The most frames that are looked at: a coroutine that awaits itself has no end.
_MOST_FRAMES: Final = 500


@final
class SlowRequests:
    """Reports the slow requests on the connections of a server."""

    def __init__(self, config: ServerConfig) -> None:
        self._limit: Final = config.slow_request_time
        self._logger: Final = config.logger

    def watch(self, handler: RawHandler) -> RawHandler:
        """Return ``handler``; each of its requests gets the time of its beginning."""

        def begin(request: BaseRequest) -> object:
            request.began = monotonic()
            return handler(request)

        return begin  # type: ignore[return-value]  # whatever it returns is the exchange's to check

    def look(self, connections: Iterable[Connection]) -> None:
        """Report the requests that have become slow; called once a second."""
        latest = monotonic() - self._limit
        for connection in connections:
            # Of ``HttpConnection`` and of other transports; those that only say 503 have none.
            exchange = getattr(connection, "exchange", None)
            if isinstance(exchange, Exchange):
                request = exchange.request
                if request is not None and 0 < request.began <= latest:
                    self._examine(request, exchange.task)

    def _examine(self, request: BaseRequest, task: "asyncio.Task[object] | None") -> None:
        began = request.began
        # Once.
        request.began = 0.0
        if request.response_writer.head_sent or task is None:
            return
        # A copy of the handler's context, for its variables: the handler may have entered its own.
        context = context_of(task).copy()
        context.run(
            log_stack,
            self._logger,
            "%s %s (%s) has had no response for %s s; its handler waits here:",
            *_names(request),
            f"{monotonic() - began:.1f}",
            stack=list(stack_of(task)),
        )
        request.add_cleanup(partial(context.run, self._ended, request, began))

    def _ended(self, request: BaseRequest, began: float) -> None:
        seconds = f"{monotonic() - began:.1f}"
        message = "%s %s (%s) was slow: it has ended after %s s"
        log_warning(self._logger, message, *_names(request), seconds)


def _names(request: BaseRequest) -> tuple[str, str, str]:
    return request.method, request.raw_path, request.route_template or "no route"


def stack_of(task: "asyncio.Task[object]") -> Iterator[str]:
    """Yield the lines of a waiting task's stack, the outermost coroutine first.

    ``Task.get_stack`` has only the outermost one; this follows what each coroutine awaits.
    """
    awaited: object = task.get_coro()
    for _ in range(_MOST_FRAMES):
        frame = _first(awaited, "cr_frame", "gi_frame", "ag_frame")
        if not isinstance(frame, FrameType):
            return
        code = frame.f_code
        yield f'  File "{code.co_filename}", line {frame.f_lineno}, in {code.co_qualname}'
        if line := linecache.getline(code.co_filename, frame.f_lineno).strip():
            yield f"    {line}"
        awaited = _first(awaited, "cr_await", "gi_yieldfrom", "ag_await")


def _first(value: object, *names: str) -> object:
    return next((found for name in names if (found := getattr(value, name, None))), None)
