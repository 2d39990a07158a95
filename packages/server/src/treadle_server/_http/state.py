"""What all connections of a server share: settings, handler, clock, and who is connected."""

import asyncio
import functools
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, Protocol, final

from treadle_http_parser import Limits
from treadle_http_parser import Request as Head
from treadle_http_parser.fields import format_http_date
from treadle_responses import StreamResponse
from treadle_server._body.stream import StreamReader
from treadle_server._core.config import ServerConfig
from treadle_server._core.types import ConnectionInfo
from treadle_server._transport.deadlines import HasDeadline, Sweeper

from .request import BaseRequest
from .writer import StreamWriter

__all__ = ["Connection", "RawHandler", "RequestFactory", "Shared"]

_EAGER: Final[dict[str, Any]] = {"eager_start": True} if sys.version_info >= (3, 12) else {}

#: A bare server: any function from a request to an awaitable response.
RawHandler = Callable[[BaseRequest], Awaitable[StreamResponse]]
StartTask = Callable[[Coroutine[Any, Any, StreamResponse]], "asyncio.Task[StreamResponse]"]
RequestFactory = Callable[[Head, StreamReader, StreamWriter, ConnectionInfo], BaseRequest]


class Connection(HasDeadline, Protocol):
    """What the server needs of a connection to end it."""

    @property
    def busy(self) -> bool:
        """Whether a handler is running."""

    def shut_down(self) -> None:
        """Close when idle, else after the response under way."""

    def shut_down_upgraded(self) -> None:
        """Have the protocol that HTTP was left for say good-bye, if there is one."""

    def cancel(self) -> None:
        """Cancel the handler that is running."""

    def close(self) -> None:
        """Close at once."""


@final
class Shared:
    """One per server; connections read it, only the server and the ticking clock change it."""

    __slots__ = (
        "bounded",
        "closing",
        "config",
        "connections",
        "date",
        "handler",
        "head_block",
        "idle_deadline",
        "idle_waiter",
        "limits",
        "loop",
        "request_factory",
        "requests_count",
        "server_name",
        "start_task",
        "sweeper",
        "turned_away",
        "write_timeout",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        handler: RawHandler,
        request_factory: RequestFactory,
        config: ServerConfig,
    ) -> None:
        self.loop: Final = loop
        self.handler: Final = handler
        #: Makes a coroutine a task; from Python 3.12 on it runs up to its first wait at once.
        self.start_task: Final[StartTask] = functools.partial(asyncio.Task, loop=loop, **_EAGER)
        self.request_factory: Final = request_factory
        self.config: Final = config
        self.write_timeout: Final = config.write_timeout
        self.limits: Final[Limits] = config.limits()
        self.connections: Final[set[Connection]] = set()
        self.requests_count = 0
        #: Whether connections end after the response under way.
        self.closing = False
        #: Whether that, their age or their number of requests decides if they take another one.
        self.bounded = bool(config.keepalive_time or config.keepalive_requests)
        #: How many of the connections are there only to be turned away.
        self.turned_away = 0
        #: Set while somebody waits for the last connection to end.
        self.idle_waiter: asyncio.Future[None] | None = None
        self.server_name: Final = config.server_header
        self.sweeper: Final = Sweeper(loop, self.connections, self.tick)
        #: The deadline of a connection that becomes idle in this second.
        self.idle_deadline = 0.0
        self.date = ""
        self.head_block = b""
        self.tick()

    def tick(self) -> None:
        """Renew what is the same for all requests of a second; called by the sweeper."""
        self.idle_deadline = self.sweeper.now + self.config.keepalive_timeout
        self.date = format_http_date(time.time())
        server = "" if self.server_name is None else f"Server: {self.server_name}\r\n"
        self.head_block = f"Date: {self.date}\r\n{server}".encode()

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
            if self.idle_waiter is not None and not self.idle_waiter.done():
                self.idle_waiter.set_result(None)
