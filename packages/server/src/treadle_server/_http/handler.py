"""``RequestHandler``: a connection under aiohttp's names, as ``request.protocol`` shows it.

The connections of a server derive from it. They are not made by hand: a ``Server`` is the factory.
"""

import abc
import asyncio
import logging
import ssl
from typing import Any

from treadle_responses import StreamResponse
from treadle_server._core.config import ServerConfig
from treadle_server._core.logs import log_given
from treadle_server._core.types import ConnectionInfo

__all__ = ["RequestHandler"]


class RequestHandler(asyncio.Protocol, abc.ABC):
    """One connection of a ``Server``: its addresses, its end, its log."""

    __slots__ = ()

    # Implemented by the connection.

    @property
    @abc.abstractmethod
    def config(self) -> ServerConfig:
        """The settings of the server."""

    @property
    @abc.abstractmethod
    def info(self) -> ConnectionInfo:
        """The addresses and the TLS context; without values before the connection is made."""

    @property
    @abc.abstractmethod
    def transport(self) -> asyncio.Transport | None:
        """The transport; None before the connection is made and after it is lost."""

    @property
    @abc.abstractmethod
    def writing_paused(self) -> bool:
        """True while the client is behind with reading."""

    @abc.abstractmethod
    def pause_reading(self) -> None:
        """Stop taking bytes from the client."""

    @abc.abstractmethod
    def resume_reading(self) -> None:
        """Take bytes from the client again."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close if idle, otherwise after the response under way."""

    @abc.abstractmethod
    def force_close(self) -> None:
        """Close when the bytes that wait for the client are written."""

    @abc.abstractmethod
    def keep_alive(self, val: bool) -> None:
        """Make the response under way the last one if ``val`` is false.

        A true value changes nothing: the client and the server decide together.
        """

    @abc.abstractmethod
    async def shutdown(self, timeout: float | None = 15.0) -> None:
        """End: wait ``timeout`` seconds for the handler, cancel it, wait as long again, close."""

    @abc.abstractmethod
    def handle_error(
        self,
        request: Any,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> StreamResponse:
        """Log ``exc`` and return the response to it, which closes the connection.

        Raises ``ConnectionError`` if a response has begun.
        """

    # What follows from these.

    @property
    def connected(self) -> bool:
        """True while there is a transport."""
        return self.transport is not None

    @property
    def peername(self) -> Any:
        """The client's address: a tuple, the path of a Unix socket, or None."""
        return self.info.peername

    @property
    def sockname(self) -> Any:
        """The address that the client has connected to."""
        return self.info.sockname

    @property
    def ssl_context(self) -> ssl.SSLContext | None:
        """The TLS context, None for plain HTTP."""
        return self.info.ssl_context

    @property
    def keepalive_timeout(self) -> float:
        """The seconds after which an idle connection is closed."""
        return self.config.keepalive_timeout

    @property
    def max_line_size(self) -> int:
        """The most bytes of a request line."""
        return self.config.limits.max_request_line

    @property
    def max_field_size(self) -> int:
        """The most bytes of a field line."""
        return self.config.limits.max_field_line

    @property
    def max_headers(self) -> int:
        """The most field lines of a head."""
        return self.config.limits.max_fields

    @property
    def logger(self) -> logging.Logger:
        """The logger of unhandled errors."""
        return self.config.logger

    @property
    def debug(self) -> bool:
        """True if error pages show tracebacks."""
        return self.config.debug

    def log_debug(self, *args: Any, **kw: Any) -> None:
        """Log at the level DEBUG if the server is in debug mode."""
        if self.debug:
            log_given(self.logger.debug, args, kw)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log an error with its traceback."""
        log_given(self.logger.exception, args, kw)

    def __repr__(self) -> str:
        return f"<RequestHandler {'connected' if self.connected else 'disconnected'}>"
