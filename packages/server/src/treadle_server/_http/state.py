"""The state that all connections of a server share: settings, handler, clock, open connections."""

import asyncio
import functools
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, Final, Protocol, TypeVar, cast, final

from treadle_http_parser import Limits
from treadle_http_parser.fields import format_http_date
from treadle_responses import StreamResponse
from treadle_server._core.config import ServerConfig
from treadle_server._transport.deadlines import NEVER, Sweeper

from .access_log import make_access_logger
from .interfaces import Connection, RequestFactory
from .request import BaseRequest
from .streams import OpenStreams
from .waits import DROPPING, WAITS, Wait

__all__ = ["RawHandler", "ServerState", "StartTask", "context_of", "error_of"]

_T = TypeVar("_T")


class _HasContext(Protocol):
    def get_context(self) -> Context: ...


if sys.version_info >= (3, 12):
    _Task = asyncio.Task
    _EAGER: Final[dict[str, Any]] = {"eager_start": True}
else:
    _EAGER: Final[dict[str, Any]] = {}

    class _Task(asyncio.Task[_T]):
        """A task that tells its context, as those of Python 3.12 do."""

        def __init__(
            self,
            coroutine: Coroutine[Any, Any, _T],
            *,
            loop: asyncio.AbstractEventLoop,
            context: Context | None = None,
        ) -> None:
            self._own_context: Final = copy_context() if context is None else context
            super().__init__(coroutine, loop=loop, context=self._own_context)

        def get_context(self) -> Context:
            return self._own_context


def context_of(task: "asyncio.Task[Any]") -> Context:
    """Return the context of a task that a server has started."""
    return cast("_HasContext", task).get_context()


def error_of(task: "asyncio.Task[Any]") -> BaseException:
    """Return the exception of a task that raised one or was cancelled."""
    try:
        error = task.exception()
    except asyncio.CancelledError as cancelled:
        return cancelled
    assert error is not None
    return error


#: The seconds that the client of a last response gets to read it, though it still sends, when the
#: server stops.
_LAST_LINGER: Final = 1.0

#: A bare server: any function from a request to an awaitable response.
RawHandler = Callable[[BaseRequest], Awaitable[StreamResponse]]


class StartTask(Protocol):
    """Makes a coroutine a task; from Python 3.12 on it runs up to its first wait at once."""

    def __call__(
        self, coroutine: Coroutine[Any, Any, _T], /, *, context: Context | None = None
    ) -> "asyncio.Task[_T]":
        """Return the task."""


@final
class ServerState:
    """One per server; connections read it, only the server and the ticking clock change it."""

    __slots__ = (
        "access_logger",
        "awaited",
        "checks_requests",
        "config",
        "connections",
        "date",
        "draining",
        "handler",
        "head_block",
        "idle_deadline",
        "idle_waiter",
        "limits",
        "log_tasks",
        "loop",
        "on_tick",
        "overload_count",
        "request_factory",
        "requests_count",
        "retiring",
        "server_header",
        "start_task",
        "streams",
        "sweeper",
        "timeouts",
        "write_timeout",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        handler: RawHandler,
        request_factory: RequestFactory[BaseRequest],
        config: ServerConfig,
    ) -> None:
        self.loop: Final = loop
        self.handler: Final = handler
        self.start_task: Final[StartTask] = functools.partial(_Task, loop=loop, **_EAGER)
        self.request_factory: Final = request_factory
        self.config: Final = config
        self.access_logger: Final = make_access_logger(config)
        #: The lines of refused requests that an asynchronous access logger still writes.
        self.log_tasks: Final[set[asyncio.Task[None]]] = set()
        self.write_timeout: Final = config.write_timeout
        #: The seconds of each wait of a connection, by the table ``WAITS``.
        self.timeouts: Final[dict[Wait, float]] = {
            wait: NEVER if row.timeout is None else getattr(config, row.timeout)
            for wait, row in WAITS.items()
        }
        self.limits: Final[Limits] = config.limits
        self.connections: Final[set[Connection]] = set()
        self.requests_count: int = 0
        #: True once the server stops: the response under way is the last one of its connection.
        self.draining: bool = False
        #: True once another server takes over: the next request is the last one of its connection.
        self.retiring: bool = False
        #: True if each request must first be checked against ``draining``, ``keepalive_time`` or
        #: ``keepalive_requests``.
        self.checks_requests: bool = bool(config.keepalive_time or config.keepalive_requests)
        #: The number of connections that only get a 503, because there are too many.
        self.overload_count: int = 0
        #: The responses that go on until they are told to end.
        self.streams: Final = OpenStreams(loop, config.logger)
        #: Called once a second while there are connections.
        self.on_tick: Callable[[], None] | None = None
        #: Set while the server waits for connections to end: for all, or for these.
        self.idle_waiter: asyncio.Future[None] | None = None
        self.awaited: set[Connection] = self.connections
        self.server_header: Final = config.server_header
        self.sweeper: Final = Sweeper(loop, self.connections, self.tick, config.logger)
        #: The deadline of a connection that becomes idle in this second.
        self.idle_deadline: float = 0.0
        self.date: str = ""
        self.head_block: bytes = b""
        self.tick()

    def tick(self) -> None:
        """Renew the values that all requests of a second share; the sweeper calls it."""
        self.idle_deadline = self.sweeper.now + self.config.keepalive_timeout
        self.date = format_http_date(time.time())
        server = "" if self.server_header is None else f"Server: {self.server_header}\r\n"
        self.head_block = f"Date: {self.date}\r\n{server}".encode()
        if self.on_tick is not None:
            self.on_tick()

    def deadline_of(self, wait: Wait, born: float, dropping_since: float) -> float:
        """Return the deadline of a wait that begins now.

        The connection exists since ``born``; it entered the first of the waits in ``DROPPING``
        since its last request at ``dropping_since``.
        """
        config = self.config
        if wait is Wait.REQUEST:
            if config.keepalive_time:
                return min(self.idle_deadline, born + config.keepalive_time)
            return self.idle_deadline
        deadline = self.sweeper.now + self.timeouts[wait]
        if wait in DROPPING:
            longest = min(config.lingering_time, _LAST_LINGER if self.draining else NEVER)
            deadline = min(deadline, dropping_since + longest)
        return deadline

    def is_last_request(self, count: int, born: float) -> bool:
        """Return True if the server stops or a connection has had its share with this request.

        ``count`` is the number of its requests, this one included, and ``born`` the sweeper's time
        at its beginning.
        """
        config = self.config
        return bool(
            self.retiring
            or self.draining
            or (config.keepalive_requests and count >= config.keepalive_requests)
            or (config.keepalive_time and self.sweeper.now >= born + config.keepalive_time)
        )

    def retire(self) -> None:
        """Make the next request of every connection its last one."""
        self.retiring = self.checks_requests = True

    def drain(self) -> None:
        """Make the response under way the last one of every connection."""
        self.draining = self.checks_requests = True

    def add(self, connection: Connection) -> None:
        """Count a connection in; the first one starts the clock."""
        if not self.connections:
            self.sweeper.start()
            self.tick()
        self.connections.add(connection)

    def remove(self, connection: Connection) -> None:
        """Count a connection out; the last one stops the clock."""
        self.connections.discard(connection)
        if not self.connections:
            self.sweeper.stop()
        if self.idle_waiter is not None:
            self.awaited.discard(connection)
            if not (self.awaited or self.idle_waiter.done()):
                self.idle_waiter.set_result(None)
