"""The methods of ``RequestHandler`` on a connection of a server."""

import abc
import asyncio
import weakref

from treadle_responses import Response, StreamResponse
from treadle_server._core.config import ServerConfig
from treadle_server._core.types import ConnectionInfo, ProxiedInfo

from .answers import error_of_handler, server_error
from .request import BaseRequest
from .state import ServerState
from .waiting import WaitingConnection

__all__ = ["ProtocolConnection"]

_NOT_CONNECTED = ConnectionInfo(None, None, None)


class ProtocolConnection(WaitingConnection):
    """A connection that programs can ask and close through ``request.protocol``."""

    __slots__ = ("__weakref__", "_info")

    def __init__(self, state: ServerState) -> None:
        super().__init__(state)
        self._info = _NOT_CONNECTED

    def _connected(self, transport: asyncio.Transport) -> None:
        # Weak, because requests have it: a connection must not wait for the garbage collector.
        self._info = ConnectionInfo.of(transport, weakref.ref(self))

    def came_through(self, source: tuple[str, int] | str | None, *, source_tls: bool) -> None:
        """Note the client that a header of the PROXY protocol names."""
        self._info = ProxiedInfo(self._info, source, source_tls=source_tls)

    # Of ``interfaces.Connection``, which the connection implements.

    @property
    @abc.abstractmethod
    def busy(self) -> bool:
        """True while a handler runs or a response is sent."""

    @abc.abstractmethod
    def shut_down(self) -> None:
        """Close if idle, otherwise after the response under way."""

    @abc.abstractmethod
    def cancel(self) -> None:
        """Cancel the handler that is running."""

    @abc.abstractmethod
    def abandon(self) -> None:
        """Forget a handler that does not end although it was cancelled; close at once."""

    # Of ``RequestHandler``.

    @property
    def config(self) -> ServerConfig:
        """The settings of the server."""
        return self._state.config

    @property
    def info(self) -> ConnectionInfo:
        """The addresses and the TLS context; without values before the connection is made."""
        return self._info

    @property
    def transport(self) -> asyncio.Transport | None:
        """The transport; None before the connection is made and once the client has left."""
        if self._info is _NOT_CONNECTED or self._writer.client_left:
            return None
        # What was written before is on its way first: the caller may write too, or close.
        return self._writer.transport

    @property
    def writing_paused(self) -> bool:
        """True while the client is behind with reading."""
        return self._info is not _NOT_CONNECTED and self._flow.write_paused

    def pause_reading(self) -> None:
        """Stop taking bytes from the client."""
        self._flow.pause_reading()

    def resume_reading(self) -> None:
        """Take bytes from the client again."""
        self._flow.resume_reading()

    def close(self) -> None:
        """Close if idle, otherwise after the response under way."""
        if self._info is not _NOT_CONNECTED:
            self.shut_down()

    def force_close(self) -> None:
        """Close when the bytes that wait for the client are written."""
        if self._info is _NOT_CONNECTED:
            return
        transport = self._writer.transport
        if transport is not None:
            transport.close()

    def keep_alive(self, val: bool) -> None:
        """Make the response under way the last one if ``val`` is false."""
        if not val:
            self._core.close_after_response()

    async def shutdown(self, timeout: float | None = 15.0) -> None:
        """End: wait ``timeout`` seconds for the handler, cancel it, wait as long again, close."""
        self.close()
        for step in (self.cancel, self.abandon):
            if not self.busy:
                break
            task = self._exchange.task
            if task is not None:
                await asyncio.wait([task], timeout=timeout)
            if self.busy:
                step()
        self.force_close()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> StreamResponse:
        """Log ``exc`` and return the response to it, which closes the connection."""
        error_of_handler(self._state.config.logger, request, exc)
        if request.response_writer.head_sent:
            raise ConnectionError(
                "Response is sent already, cannot send another response with the error message"
            )
        if status == 500 and exc is not None and message is None:
            return server_error(request, exc, debug=self.debug)
        response = Response(status=status, text=message)
        response.force_close()
        return response
