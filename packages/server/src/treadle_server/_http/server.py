"""``Server``: the protocol factory of an event loop's listener, and the end of its connections."""

import asyncio
import weakref
from typing import Final, final

from treadle_server._core.config import ServerConfig
from treadle_server._core.logs import log_warning

from .connection import HttpConnection
from .interfaces import Connection, RequestFactory
from .overload import OverloadProtocol, limit_handlers
from .request import BaseRequest
from .state import RawHandler, ServerState

__all__ = ["Server"]


@final
class Server:
    """Serves connections with one handler; give it to ``loop.create_server`` as the factory.

    ``handler`` is any function from a request to an awaitable response. ``request_factory`` makes
    the requests (``BaseRequest`` by default). The keyword arguments are the fields of
    ``ServerConfig``; an unknown one is ignored, with a warning in the log. Make it where the event
    loop runs.
    """

    def __init__(
        self,
        handler: RawHandler,
        *,
        request_factory: RequestFactory[BaseRequest] | None = None,
        **kwargs: object,
    ) -> None:
        loop = asyncio.get_running_loop()
        config = ServerConfig.from_options(kwargs)
        if config.max_concurrent_requests:
            handler = limit_handlers(handler, config.max_concurrent_requests)
        # The time of each connection whose TLS handshake has not ended, if connections are limited.
        # The event loop does not call the protocol of a handshake that fails, it only forgets it
        # (asyncio of Python 3.11 leaves it to the garbage collector).
        self._handshakes: Final[weakref.WeakKeyDictionary[HttpConnection, float]] = (
            weakref.WeakKeyDictionary()
        )
        self._state: Final = ServerState(loop, handler, request_factory or BaseRequest, config)

    def __call__(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        state = self._state
        most = state.config.max_connections
        if not most:
            return HttpConnection(state)
        room = most - (len(state.connections) - state.overload_count)
        if room <= len(self._handshakes) and room <= self._count_handshakes():
            return OverloadProtocol(state)
        connection = HttpConnection(state, self._handshakes.pop)
        self._handshakes[connection] = state.loop.time()
        return connection

    def _count_handshakes(self) -> int:
        """Return how many handshakes may be under way: none is older than its timeout."""
        oldest = self._state.loop.time() - self.handshake_timeout
        return sum(begun >= oldest for begun in list(self._handshakes.values()))

    @property
    def handshake_timeout(self) -> float:
        """The seconds for a TLS handshake; ``ssl_handshake_timeout`` of ``loop.create_server``."""
        return max(self._state.config.head_timeout, 1.0)

    @property
    def connections(self) -> list[Connection]:
        """The open connections."""
        return list(self._state.connections)

    @property
    def requests_count(self) -> int:
        """Requests handled so far."""
        return self._state.requests_count

    def pre_shutdown(self) -> None:
        """Close idle connections and make the response under way the last one of the others."""
        self._state.drain()
        for connection in self.connections:
            connection.shut_down()

    async def shutdown(self, timeout: float | None = None) -> None:
        """End all connections: wait for handlers, then cancel them, then cut off.

        ``timeout`` in seconds bounds the wait for handlers and, once more, the wait for those that
        were cancelled; None waits for ever. A handler that does not end even then is named in a
        warning and given up, so that a stop takes twice the timeout at most.
        """
        self.pre_shutdown()
        for connection in self.connections:
            # Not in ``pre_shutdown``: ``on_shutdown`` may send the WebSockets a last message.
            connection.shut_down_upgraded()
        if not await self._wait_closed(timeout):
            self.cancel()
            await self._wait_closed(timeout)
        for connection in self.connections:
            if connection.busy:
                log_warning(
                    self._state.config.logger,
                    "The handler of %s did not end although it was cancelled; it is given up",
                    connection.describe(),
                )
                connection.abandon()
            else:
                connection.close()
        await self._wait_closed(None)
        for task in self._state.log_tasks:
            # An asynchronous access logger that does not end.
            task.cancel()

    def cancel(self) -> None:
        """Cancel the handlers that run, and wait for nothing: a stop is broken off."""
        for connection in self.connections:
            connection.cancel()

    async def _wait_closed(self, timeout: float | None) -> bool:
        state = self._state
        if not state.connections:
            return True
        waiter = state.idle_waiter = state.loop.create_future()
        try:
            await asyncio.wait_for(waiter, timeout)
        except TimeoutError:
            return False
        finally:
            state.idle_waiter = None
        return True
