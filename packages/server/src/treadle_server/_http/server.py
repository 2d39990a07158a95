"""``Server``: the protocol factory of an event loop's listener, and the end of its connections."""

import asyncio
from typing import Final, final

from treadle_server._core.config import ServerConfig

from .connection import HttpConnection
from .overload import TurnedAway, limit_handlers
from .request import BaseRequest
from .state import Connection, RawHandler, RequestFactory, Shared

__all__ = ["Server"]


@final
class Server:
    """Serves connections with one handler; give it to ``loop.create_server`` as the factory.

    ``handler`` is any function from a request to an awaitable response. ``request_factory`` makes
    the requests (``BaseRequest`` by default). The keyword arguments are the fields of
    ``ServerConfig``; an unknown one raises ``TypeError``. Make it where the event loop runs.
    """

    def __init__(
        self,
        handler: RawHandler,
        *,
        request_factory: RequestFactory | None = None,
        **kwargs: object,
    ) -> None:
        loop = asyncio.get_running_loop()
        config = ServerConfig.from_kwargs(kwargs)
        if config.max_concurrent_requests:
            handler = limit_handlers(handler, config.max_concurrent_requests)
        self._shared: Final = Shared(loop, handler, request_factory or BaseRequest, config)

    def __call__(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        shared = self._shared
        most = shared.config.max_connections
        if most and len(shared.connections) - shared.turned_away >= most:
            return TurnedAway(shared)
        return HttpConnection(shared)

    @property
    def connections(self) -> list[Connection]:
        """The open connections."""
        return list(self._shared.connections)

    @property
    def requests_count(self) -> int:
        """Requests handled so far."""
        return self._shared.requests_count

    def pre_shutdown(self) -> None:
        """Close idle connections and make the response under way the last one of the others."""
        self._shared.closing = self._shared.bounded = True
        for connection in self.connections:
            connection.shut_down()

    async def shutdown(self, timeout: float | None = None) -> None:
        """End all connections: wait for handlers, then cancel them, then cut off.

        ``timeout`` in seconds bounds the wait for handlers and, once more, the wait for those that
        were cancelled; None waits for ever.
        """
        self.pre_shutdown()
        for connection in self.connections:
            # Not before: ``on_shutdown`` may have something to tell them.
            connection.shut_down_upgraded()
        if not await self._wait_closed(timeout):
            for connection in self.connections:
                connection.cancel()
            await self._wait_closed(timeout)
        for connection in self.connections:
            connection.close()
        await self._wait_closed(None)

    async def _wait_closed(self, timeout: float | None) -> bool:
        shared = self._shared
        if not shared.connections:
            return True
        waiter = shared.idle_waiter = shared.loop.create_future()
        try:
            await asyncio.wait_for(waiter, timeout)
        except TimeoutError:
            return False
        finally:
            shared.idle_waiter = None
        return True
