"""The transport of a server's protocol in memory: what is written reaches the client at once."""

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any, Final, Protocol, cast, final

__all__ = ["ClientSide", "MemoryTransport"]


class ClientSide(Protocol):
    """The client's side of a connection."""

    def receive(self, data: bytes) -> None:
        """Take bytes of the server."""

    def lost(self) -> None:
        """Take the end of the connection."""


@final
class MemoryTransport(asyncio.Transport):
    """One connection: ``protocol`` is the server's, ``client`` gets what it writes.

    Each side can stop the other, as on a socket: the server with ``pause_reading``, the client with
    ``hold``.
    """

    def __init__(self, client: ClientSide, extra: dict[str, Any]) -> None:
        super().__init__(extra)
        self._loop: Final = asyncio.get_running_loop()
        self._client: Final = client
        # The server must not see the context variables of the test that happens to send.
        self._context: Final = contextvars.Context()
        self._protocol: asyncio.Protocol | None = None
        self._closing = False
        self._lost = False
        # While one side is behind: the bytes that wait for it.
        self._client_holds = self._server_holds = False
        self._to_client: Final[list[bytes]] = []
        self._to_server: Final[list[bytes]] = []

    # The client's side.

    def connect(self, factory: Callable[[], asyncio.BaseProtocol]) -> None:
        """Make the server's protocol."""
        self._context.run(self._connect, factory)

    def _connect(self, factory: Callable[[], asyncio.BaseProtocol]) -> None:
        self._protocol = cast("asyncio.Protocol", factory())
        self._protocol.connection_made(self)

    def send(self, data: bytes) -> None:
        """Give bytes to the server; none once it has closed the connection."""
        if self._closing or self._protocol is None:
            return
        if self._server_holds or self._to_server:
            self._to_server.append(data)
        else:
            self._context.run(self._protocol.data_received, data)

    async def drain(self) -> None:
        """Wait until the server has taken what was sent."""
        while self._to_server and not self._closing:  # noqa: ASYNC110  # a turn or two
            await asyncio.sleep(0)

    def hold(self) -> None:
        """Stop taking bytes of the server: its writers wait."""
        if not self._client_holds:
            self._client_holds = True
            if self._protocol is not None and not self._lost:
                self._context.run(self._protocol.pause_writing)

    def release(self) -> None:
        """Take bytes of the server again."""
        if self._client_holds:
            self._client_holds = False
            self._loop.call_soon(self._deliver, context=self._context)

    def _deliver(self) -> None:
        while self._to_client and not self._client_holds:
            self._client.receive(self._to_client.pop(0))
        if self._client_holds or self._to_client or self._lost:
            return
        if self._closing:
            self._lose()
        elif self._protocol is not None:
            self._protocol.resume_writing()

    def hang_up(self) -> None:
        """Leave: the server finds the connection lost."""
        self._to_client.clear()
        self._client_holds = False
        self.close()

    # The server's side: what asyncio's transports do.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Give bytes to the client."""
        if self._closing:
            return
        if self._client_holds or self._to_client:
            self._to_client.append(bytes(data))
        else:
            self._client.receive(data if type(data) is bytes else bytes(data))

    def get_write_buffer_size(self) -> int:
        """Return the number of bytes that wait for the client."""
        return sum(map(len, self._to_client))

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Do nothing: the client's own buffer decides."""

    def pause_reading(self) -> None:
        """Let the client's bytes wait."""
        self._server_holds = True

    def resume_reading(self) -> None:
        """Take the client's bytes again."""
        if self._server_holds:
            self._server_holds = False
            self._loop.call_soon(self._take, context=self._context)

    def _take(self) -> None:
        while self._to_server and not (self._server_holds or self._closing):
            if self._protocol is not None:
                self._protocol.data_received(self._to_server.pop(0))

    def is_reading(self) -> bool:
        """Return True if the server takes bytes."""
        return not self._server_holds

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Give the client's bytes to another protocol."""
        self._protocol = cast("asyncio.Protocol", protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol."""
        assert self._protocol is not None
        return self._protocol

    def can_write_eof(self) -> bool:
        """Return True."""
        return True

    def write_eof(self) -> None:
        """End the server's side; the client has nothing more to say either, and leaves."""
        self.close()

    def is_closing(self) -> bool:
        """Return True once one side has closed the connection."""
        return self._closing

    def close(self) -> None:
        """Close the connection when the client has taken everything."""
        if not self._closing:
            self._closing = True
            self._to_server.clear()
            self._loop.call_soon(self._deliver, context=self._context)

    def abort(self) -> None:
        """Close the connection; what waits for the client is lost."""
        self._to_client.clear()
        self._client_holds = False
        self.close()

    def _lose(self) -> None:
        self._lost = True
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.connection_lost(None)
        self._client.lost()
