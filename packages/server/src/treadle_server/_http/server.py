"""``Server``: the protocol factory of an event loop's listener, and the end of its connections."""

import asyncio
import functools
import ssl
import weakref
from collections.abc import Callable, Iterable
from typing import Any, Final, Unpack, final

from treadle_server._body.stream import StreamReader
from treadle_server._core.config import ServerConfig
from treadle_server._core.logs import log_warning

from .connection import HttpConnection
from .factories import AnyFactory, GivenFactory, believing_factory, direct_factory
from .handler import RequestHandler
from .interfaces import Connection, DirectFactory
from .message import RawRequestMessage
from .options import ServerOptions
from .overload import OverloadProtocol, limit_handlers
from .payload_writer import AbstractStreamWriter
from .proxied import ProxiedConnection, ProxyGate
from .request import BaseRequest
from .slow import SlowRequests
from .state import RawHandler, ServerState

__all__ = ["Server"]

#: The seconds that the clients of WebSockets and open streams get for the last bytes, and for their
#: close frames, when the server stops. With the second of a roll before it, less than two.
_LAST_BYTES: Final = 0.8


@final
class Server:
    """Serves connections with one handler; give it to ``loop.create_server`` as the factory.

    ``handler`` is any function from a request to an awaitable response. ``request_factory`` makes
    the requests, ``BaseRequest`` by default: it is called with the message, its body, the
    connection, the writer of the response and a task that may be None. ``loop`` is the event loop
    of the connections, the running one by default. The keyword arguments are the fields of
    ``ServerConfig``; an unknown one is ignored, with a
    warning in the log. Make it where the event loop runs.
    """

    def __init__(
        self,
        handler: RawHandler,
        *,
        request_factory: AnyFactory | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        **kwargs: Unpack[ServerOptions],
    ) -> None:
        #: The handler.
        self.request_handler: Final = handler
        #: The function that makes requests, as it is called with aiohttp's arguments.
        self.request_factory: Final[GivenFactory] = (
            self._make_request
            if request_factory is None or isinstance(request_factory, DirectFactory)
            else request_factory
        )
        # Handlers that were registered by hand; the connections of this server are in its state.
        self._foreign: Final[dict[RequestHandler, object]] = {}
        if loop is None:
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
        factory = believing_factory(direct_factory(request_factory), config)
        slow = SlowRequests(config) if config.slow_request_time else None
        if slow is not None:
            handler = slow.watch(handler)
        state = self._state = ServerState(loop, handler, factory, config)
        if slow is not None:
            state.on_tick = functools.partial(slow.look, state.connections)
        self._gate: Final = ProxyGate(state) if config.proxy_protocol else None
        self._is_plain: Final = not (config.max_connections or config.proxy_protocol)

    def _make_request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[Any] | None",
    ) -> BaseRequest:
        return BaseRequest(message, payload, protocol, writer, task, self._state.loop)

    def __call__(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        state = self._state
        if self._is_plain:
            return HttpConnection(state)
        if self._gate is not None:
            return self._proxied(self._gate, None)
        if not self._has_room:
            return OverloadProtocol(state)
        connection = HttpConnection(state, self._handshakes.pop)
        self._handshakes[connection] = state.loop.time()
        return connection

    def _proxied(self, gate: ProxyGate, ssl_context: ssl.SSLContext | None) -> ProxiedConnection:
        timeout = self.handshake_timeout
        return ProxiedConnection(gate, ssl_context, timeout, has_room=self._has_room)

    def listening(
        self, ssl_context: ssl.SSLContext | None
    ) -> tuple[Callable[[], asyncio.Protocol], dict[str, Any]]:
        """Return the factory for a listener of the event loop, and its options for TLS.

        A header of the PROXY protocol comes before the handshake, so the listener is plain then.
        """
        if ssl_context is None:
            return self, {}
        if self._gate is not None:
            return functools.partial(self._proxied, self._gate, ssl_context), {}
        return self, {"ssl": ssl_context, "ssl_handshake_timeout": self.handshake_timeout}

    @property
    def state(self) -> ServerState:
        """The settings and the open connections, for other transports (``interfaces``)."""
        return self._state

    @property
    def _has_room(self) -> bool:
        """True if ``max_connections`` allows another connection."""
        state = self._state
        most = state.config.max_connections
        room = most - (len(state.connections) - state.overload_count)
        return not most or room > len(self._handshakes) or room > self._count_handshakes()

    def _count_handshakes(self) -> int:
        """Return how many handshakes may be under way: none is older than its timeout."""
        oldest = self._state.loop.time() - self.handshake_timeout
        return sum(begun >= oldest for begun in list(self._handshakes.values()))

    @property
    def handshake_timeout(self) -> float:
        """The seconds for a TLS handshake; ``ssl_handshake_timeout`` of ``loop.create_server``."""
        return max(self._state.config.head_timeout, 1.0)

    @property
    def connections(self) -> list[RequestHandler]:
        """The open connections, but those that only get a 503."""
        own = [each for each in self._state.connections if isinstance(each, RequestHandler)]
        return [*own, *self._foreign]

    @property
    def requests_count(self) -> int:
        """Requests handled so far."""
        return self._state.requests_count

    @property
    def handler_cancellation(self) -> bool:
        """True if a handler is cancelled when its client leaves."""
        return self._state.config.handler_cancellation

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Add a handler that is no connection of this server, to be shut down with it."""
        self._foreign[handler] = transport

    def connection_lost(
        self,
        handler: RequestHandler,
        exc: BaseException | None = None,  # noqa: ARG002  # aiohttp's signature
    ) -> None:
        """Forget a handler that ``connection_made`` has added."""
        self._foreign.pop(handler, None)

    async def retire(self, timeout: float) -> None:
        """Make the next request of each connection its last one.

        Returns once there is no connection but WebSockets and open streams, which ``shutdown``
        ends, or after ``timeout`` seconds.
        """
        self.move_on()
        connections = self._state.connections
        await self._wait_closed(timeout, {each for each in connections if not each.lasting})

    def move_on(self) -> None:
        """Make the next response of each connection its last one, those of new ones included."""
        self._state.retire()
        for connection in list(self._state.connections):
            if connection.busy:
                # The response under way is the last one; an idle connection waits for a request.
                connection.shut_down()

    def pre_shutdown(self) -> None:
        """Close idle connections and make the response under way the last one of the others."""
        self._state.drain()
        for connection in list(self._state.connections):
            connection.shut_down()
        for handler in self._foreign:
            handler.close()

    async def shutdown(self, timeout: float | None = None) -> None:
        """End all connections: wait for handlers, then cancel them, then cut off.

        WebSockets and open streams are told to end at once, and cut off 0.8 seconds later.
        ``timeout`` in seconds bounds the wait for handlers and, once more, the wait for those that
        were cancelled; None waits for ever. A handler that does not end even then is named in a
        warning and given up, so that a stop takes twice the timeout at most.
        """
        self.pre_shutdown()
        await asyncio.gather(*(handler.shutdown(timeout) for handler in self._foreign))
        self._foreign.clear()
        # Not in ``pre_shutdown``: ``on_shutdown`` may send them a last message.
        lasting = [each for each in self._state.connections if each.lasting]
        for connection in lasting:
            connection.shut_down_upgraded()
        self._state.streams.shut_down()
        cut = self._state.loop.call_later(_LAST_BYTES, self._cut_off, lasting)
        try:
            if not await self._wait_closed(timeout):
                self.cancel()
                await self._wait_closed(timeout)
        finally:
            cut.cancel()
        for connection in list(self._state.connections):
            if connection.busy:
                log_warning(
                    self._state.config.logger,
                    "The handler of %s did not end although it was cancelled; it is given up",
                    connection.describe(),
                )
                connection.abandon()
            else:
                connection.abort()
        await self._wait_closed(None)
        for task in self._state.log_tasks:
            # An asynchronous access logger that does not end.
            task.cancel()

    def _cut_off(self, connections: Iterable[Connection]) -> None:
        """Close those of ``connections`` that are still open; their handlers may run on."""
        for connection in self._state.connections.intersection(connections):
            connection.abort()

    def cancel(self) -> None:
        """Cancel the handlers that run, and wait for nothing: a stop is broken off."""
        for connection in list(self._state.connections):
            connection.cancel()

    async def _wait_closed(
        self, timeout: float | None, awaited: set[Connection] | None = None
    ) -> bool:
        """Wait for the end of all connections, or of those in ``awaited``; True if it came."""
        state = self._state
        state.awaited = state.connections if awaited is None else awaited
        if not state.awaited:
            return True
        waiter = state.idle_waiter = state.loop.create_future()
        try:
            await asyncio.wait_for(waiter, timeout)
        except TimeoutError:
            return False
        finally:
            state.idle_waiter = None
        return True
