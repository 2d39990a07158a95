"""A connection of the server over a transport without a socket, whose clock the test moves."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from treadle_responses import StreamResponse
from treadle_server import BaseRequest, ServerConfig
from treadle_server._http.connection import HttpConnection
from treadle_server._http.interfaces import RequestFactory
from treadle_server._http.state import ServerState

from ._loops import new_loop
from ._transport import FakeTransport

__all__ = ["Link", "run_link", "turns"]


@dataclass
class Link:
    """A connection and the objects around it."""

    state: ServerState
    connection: HttpConnection
    transport: FakeTransport

    def tick(self, seconds: float) -> None:
        """Let the clock of the deadlines go on, and the deadline pass if it is over."""
        self.state.sweeper.now += seconds
        self.state.tick()
        if self.connection.deadline <= self.state.sweeper.now:
            self.connection.on_deadline()

    def feed(self, data: bytes) -> None:
        """Let ``data`` come from the peer."""
        self.connection.data_received(data)


async def turns(count: int = 20) -> None:
    """Let the event loop run ``count`` times."""
    for _ in range(count):
        await asyncio.sleep(0)


def run_link(
    play: Callable[[Link], Awaitable[None]],
    handler: Callable[[BaseRequest], Awaitable[StreamResponse]],
    *,
    factory: RequestFactory[BaseRequest] = BaseRequest.received,
    **options: object,
) -> None:
    """Run ``play`` with a new connection, which is lost afterwards and must leave nothing."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        state = ServerState(loop, handler, factory, ServerConfig.from_kwargs(options))
        link = Link(state, HttpConnection(state), FakeTransport())
        link.connection.connection_made(link.transport)
        # Only ``tick`` moves the time.
        state.sweeper.stop()
        try:
            await play(link)
        finally:
            link.connection.connection_lost(None)
        await turns()
        if state.connections:
            raise RuntimeError("The connection was not forgotten when it was lost")

    with contextlib.closing(new_loop("asyncio")) as loop:
        loop.run_until_complete(main())
