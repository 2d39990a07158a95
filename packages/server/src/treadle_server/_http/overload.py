"""Too much to do: clients beyond the caps are told to come back later, at the least expense.

Both caps are off by default and cost nothing then: one is another protocol for the connections
beyond it, the other a wrapper around the handler.
"""

import asyncio
from typing import Final, cast, final

from treadle_responses import HTTPServiceUnavailable, StreamResponse
from treadle_server._transport.deadlines import NEVER
from treadle_server._transport.flow import FlowControl

from .request import BaseRequest
from .state import RawHandler, Shared

__all__ = ["TurnedAway", "limit_handlers"]

#: Seconds that a client is asked to wait (RFC 9110 section 10.2.3); room may come at any moment.
_RETRY_AFTER: Final = "1"

_TEXT: Final = b"503: The server has no room for more connections now."


@final
class TurnedAway(asyncio.Protocol):
    """A connection beyond ``max_connections``: answers 503 to whatever comes first, and closes.

    It reads no request, since parsing one is what there is no room for.
    """

    __slots__ = ("_answered", "_shared", "_size", "_transport", "deadline")

    _transport: asyncio.Transport

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared
        self._answered = False
        self._size = 0
        #: When, by the sweeper's clock, the connection is cut off.
        self.deadline = NEVER

    @property
    def busy(self) -> bool:
        """False: no handler runs."""
        return False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request for no longer than for one that will be read."""
        self._transport = cast("asyncio.Transport", transport)
        shared = self._shared
        shared.add(self)
        shared.turned_away += 1
        self.deadline = shared.sweeper.now + shared.config.lingering_time

    def data_received(self, data: bytes) -> None:
        """Answer the first bytes, drop the others within bounds."""
        self._size += len(data)
        if self._size > self._shared.config.lingering_size:
            self._transport.abort()
        elif not self._answered:
            self._answered = True
            self._transport.write(
                b"HTTP/1.1 503 Service Unavailable\r\n"
                b"Content-Type: text/plain; charset=utf-8\r\n"
                b"Content-Length: %d\r\nRetry-After: %b\r\n%bConnection: close\r\n\r\n%b"
                % (len(_TEXT), _RETRY_AFTER.encode(), self._shared.head_block, _TEXT)
            )
            # Closing now could reset the connection before the client has read the answer.
            FlowControl(self._transport).stop_sending()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Make room."""
        self.deadline = NEVER
        self._shared.turned_away -= 1
        self._shared.remove(self)

    def shut_down(self) -> None:
        """Close."""
        self._transport.close()

    def shut_down_upgraded(self) -> None:
        """Do nothing: HTTP was not left."""

    def cancel(self) -> None:
        """Close at once."""
        self._transport.abort()

    def close(self) -> None:
        """Close at once."""
        self._transport.abort()

    def on_deadline(self) -> None:
        """Close at once."""
        self.deadline = NEVER
        self._transport.abort()


def limit_handlers(handler: RawHandler, most: int) -> RawHandler:
    """Return ``handler``, of which at most ``most`` run at a time; other requests get a 503."""
    running = 0

    async def limited(request: BaseRequest) -> StreamResponse:
        nonlocal running
        if running >= most:
            raise HTTPServiceUnavailable(headers={"Retry-After": _RETRY_AFTER})
        running += 1
        try:
            return await handler(request)
        finally:
            running -= 1

    return limited
