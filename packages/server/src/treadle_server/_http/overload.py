"""The answer to clients beyond the caps: 503 and ``Retry-After``, at the least expense.

Both caps are off by default and cost nothing then: one is another protocol for the connections
beyond it, the other a wrapper around the handler.
"""

import asyncio
from typing import Final, cast, final

from treadle_http_parser import ServerConnection
from treadle_responses import HTTPServiceUnavailable, StreamResponse
from treadle_server._core.types import ConnectionInfo, ProxiedInfo
from treadle_server._transport.deadlines import NEVER
from treadle_server._transport.flow import FlowControl
from treadle_server._transport.upgrade import not_switched

from .logged import log_refusal
from .request import BaseRequest
from .state import RawHandler, ServerState
from .unserved import UnservedConnection
from .waits import Wait
from .writer import StreamWriter

__all__ = ["OverloadProtocol", "limit_handlers"]

#: The seconds that a client is asked to wait (RFC 9110 section 10.2.3).
_RETRY_AFTER: Final = "1"

_REASON: Final = "The server has no room for more connections now."
_TEXT: Final = f"503: {_REASON}".encode()


@final
class OverloadProtocol(UnservedConnection):
    """A connection beyond ``max_connections``: answers 503 to the first bytes, and closes.

    It parses no request, which would take the resources that are short.
    """

    __slots__ = ("_answered", "_born", "_info", "_state", "deadline")

    _born: float

    def __init__(self, state: ServerState) -> None:
        self._state: Final = state
        self._answered = False
        # What a header of the PROXY protocol has said.
        self._info: ProxiedInfo | None = None
        #: When, by the sweeper's clock, the connection is cut off.
        self.deadline = NEVER

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Give the client as much time as one whose unread body is dropped."""
        self._transport = cast("asyncio.Transport", transport)
        state = self._state
        state.add(self)
        state.overload_count += 1
        self._born = state.sweeper.now
        self._renew()

    def came_through(self, source: tuple[str, int] | str | None, *, source_tls: bool) -> None:
        """Note the client that a header of the PROXY protocol names."""
        info = ConnectionInfo.of(self._transport)
        self._info = ProxiedInfo(info, source, source_tls=source_tls)

    def _renew(self) -> None:
        self.deadline = self._state.deadline_of(Wait.LINGER, self._born, self._born)

    def data_received(self, data: bytes) -> None:  # noqa: ARG002  # asyncio's signature
        """Answer the first bytes and drop the others, for a bounded time."""
        self._renew()
        if not self._answered:
            self._answered = True
            answer = (
                b"HTTP/1.1 503 Service Unavailable\r\n"
                b"Content-Type: text/plain; charset=utf-8\r\n"
                b"Content-Length: %d\r\nRetry-After: %b\r\n%bConnection: close\r\n\r\n%b"
                % (len(_TEXT), _RETRY_AFTER.encode(), self._state.head_block, _TEXT)
            )
            self._transport.write(answer)
            flow = FlowControl(self._transport)
            # Closing now could reset the connection before the client has read the answer.
            flow.stop_sending()
            if self._state.access_logger is not None:
                self._log(flow, len(answer))

    def _log(self, flow: FlowControl, size: int) -> None:
        state, transport = self._state, self._transport
        channel = StreamWriter(ServerConnection(), flow, transport, state, not_switched)
        info = self._info or ConnectionInfo.of(transport)
        log_refusal(state, channel, info, 503, _REASON, size)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Count the connection out."""
        self.deadline = NEVER
        self._state.overload_count -= 1
        self._state.remove(self)

    def shut_down(self) -> None:
        """Close."""
        self._transport.close()

    def on_deadline(self) -> None:
        """Close at once."""
        self.deadline = NEVER
        self._transport.abort()


def limit_handlers(handler: RawHandler, most: int) -> RawHandler:
    """Return a handler that answers 503 while ``handler`` runs ``most`` times already."""
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
