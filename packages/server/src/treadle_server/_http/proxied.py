"""Connections that begin with a header of the PROXY protocol, before HTTP and before TLS.

``ProxiedConnection`` is the protocol of a transport until the header is read; with TLS, until the
handshake behind it has ended. Then the transport gets the protocol that serves it, which knows the
client that the header names. Without the header nothing is served.
"""

import asyncio
import enum
import ssl
from typing import Final, cast, final

from treadle_server._core.logs import log_debug, log_warning
from treadle_server._core.trusted_proxies import as_trusted_proxies
from treadle_server._core.types import ConnectionInfo
from treadle_server._transport.deadlines import NEVER
from treadle_server._transport.proxy_header import HeaderFault, ProxyHeader, read_proxy_header

from .connection import HttpConnection
from .forwarded import ForwardedReader
from .overload import OverloadProtocol
from .state import ServerState
from .unserved import UnservedConnection

__all__ = ["ProxiedConnection", "ProxyGate"]

#: The seconds between two warnings of a server: strangers decide how many connections they open.
_WARNING_INTERVAL: Final = 60.0


@final
class ProxyGate:
    """Decides which peers may send a header, and tells the log of refused ones; one per server."""

    def __init__(self, state: ServerState) -> None:
        self.state: Final = state
        config = state.config
        proxies = as_trusted_proxies(config.trusted_proxies)
        self._reader: Final = (
            None
            if proxies is None or config.proxy_protocol == "any-peer"
            else ForwardedReader(proxies)
        )
        self._next_warning = 0.0
        self._untold = 0

    def admits(self, info: ConnectionInfo) -> bool:
        """Return True if a peer may send a header."""
        return self._reader is None or self._reader.trusts(info)

    def warn(self, info: ConnectionInfo, reason: str) -> None:
        """Log a refused connection, unless another one was logged a short time ago."""
        now = self.state.loop.time()
        logger = self.state.config.logger
        if now < self._next_warning:
            self._untold += 1
            log_debug(logger, "Closed a connection from %s: %s", info.remote, reason)
            return
        text = "Closed a connection from %s: %s; %s more were closed since the last such line"
        log_warning(logger, text, info.remote, reason, self._untold)
        self._next_warning, self._untold = now + _WARNING_INTERVAL, 0


@final
class _Stage(enum.Enum):
    """The part of a connection's beginning that is under way."""

    HEADER = enum.auto()
    HANDSHAKE = enum.auto()
    #: It is refused or lost; what still comes is dropped.
    ENDED = enum.auto()
    #: Another protocol has the transport.
    SERVED = enum.auto()


@final
class ProxiedConnection(UnservedConnection):
    """A connection up to the end of its header, or of the TLS handshake behind the header.

    It counts as a connection of the server, and the header has ``head_timeout`` to come.
    ``ssl_context`` is that of the TLS behind the header, ``has_room`` false for a connection beyond
    ``max_connections``.
    """

    __slots__ = (
        "_data", "_eof", "_gate", "_handshake", "_has_room", "_header", "_inner", "_ssl_context",
        "_stage", "_state", "_timeout", "deadline",
    )  # fmt: skip

    _header: ProxyHeader
    _inner: HttpConnection | OverloadProtocol
    _handshake: "asyncio.Task[asyncio.Transport | None]"

    def __init__(
        self,
        gate: ProxyGate,
        ssl_context: ssl.SSLContext | None,
        handshake_timeout: float,
        *,
        has_room: bool,
    ) -> None:
        self._gate: Final = gate
        self._state: Final = gate.state
        self._ssl_context: Final = ssl_context
        self._timeout: Final = handshake_timeout
        self._has_room: Final = has_room
        self._stage = _Stage.HEADER
        # The header so far, then what the client has sent before it is served.
        self._data = bytearray()
        self._eof = False
        #: When, by the sweeper's clock, the header must have come.
        self.deadline = NEVER

    # asyncio's callbacks.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the header, if the peer may send one."""
        self._transport = cast("asyncio.Transport", transport)
        state = self._state
        state.add(self)
        if not self._has_room:
            state.overload_count += 1
        self.deadline = state.sweeper.now + state.config.head_timeout
        info = self._info
        admitted = self._gate.admits(info)
        if state.draining or (not admitted and info.remote is None):
            # Without an address it was reset before it was accepted, as the checks of some proxies
            # are, and the system has forgotten it.
            self.shut_down()
        elif not admitted:
            self._refuse("it is not one of trusted_proxies")

    @property
    def _info(self) -> ConnectionInfo:
        return ConnectionInfo.of(self._transport)

    def data_received(self, data: bytes) -> None:
        """Take bytes of the header; behind TLS, bytes of the client that come early."""
        if self._stage is _Stage.ENDED:
            return
        self._data += data
        if self._stage is _Stage.HANDSHAKE:
            return
        header = read_proxy_header(self._data)
        if isinstance(header, HeaderFault):
            self._refuse(header.reason)
        elif header is not None:
            self._header = header
            del self._data[: header.size]
            self.deadline = NEVER
            if self._ssl_context is None:
                self._serve(self._transport)
            else:
                self._start_tls(self._ssl_context)

    def eof_received(self) -> None:
        """Refuse half a header; a peer that has sent nothing only looked if the port is open."""
        self._eof = True
        if self._stage is _Stage.HEADER:
            if self._data:
                self._refuse("it has ended within its header")
            else:
                self.shut_down()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the connection out."""
        if self._stage is _Stage.SERVED:
            # The event loop had decided on the callback before the transport got its protocol.
            self._inner.connection_lost(exc)
        else:
            self._stage = _Stage.ENDED
            self._count_out()

    def _count_out(self) -> None:
        self.deadline = NEVER
        if not self._has_room and self in self._state.connections:
            self._state.overload_count -= 1
        self._state.remove(self)

    def _refuse(self, reason: str) -> None:
        self._gate.warn(self._info, reason)
        self.shut_down()

    # Behind the header.

    def _start_tls(self, context: ssl.SSLContext) -> None:
        self._stage = _Stage.HANDSHAKE
        loop = self._state.loop
        hello = bytes(self._data)
        self._data.clear()
        # Until TLS has the transport, no byte may come to this protocol.
        self._transport.pause_reading()
        # Not made by a task factory, which could start it at once: see below.
        self._handshake = asyncio.Task(
            loop.start_tls(
                self._transport, self, context, server_side=True,
                ssl_handshake_timeout=self._timeout,
            ),
            loop=loop,
        )  # fmt: skip
        self._handshake.add_done_callback(self._secured)
        # The task gives the transport the protocol of TLS, and has two calls made in the next turn
        # of the loop: the one that tells it of the connection, and the one that lets more bytes
        # come. The bytes that came with the header must be told in between, which is this turn.
        loop.call_soon(loop.call_soon, self._feed, hello)

    def _feed(self, data: bytes) -> None:
        """Give bytes to the protocol of TLS, as a transport does."""
        protocol = self._transport.get_protocol()
        if protocol is self or self._transport.is_closing():
            return
        tls = cast("asyncio.BufferedProtocol", protocol)
        while data:
            buffer = cast("memoryview", tls.get_buffer(len(data)))
            size = min(len(buffer), len(data))
            buffer[:size] = data[:size]
            tls.buffer_updated(size)
            data = data[size:]

    def _secured(self, handshake: "asyncio.Task[asyncio.Transport | None]") -> None:
        error = None if handshake.cancelled() else handshake.exception()
        if error is not None or handshake.cancelled():
            log_debug(self._state.config.logger, "A connection was not made: %s", error)
            self._transport.abort()
        else:
            transport = handshake.result()
            if (
                transport is not None
                and not transport.is_closing()
                and self._stage is _Stage.HANDSHAKE
            ):
                self._serve(transport)
                return
        self._stage = _Stage.ENDED
        self._count_out()

    def _serve(self, transport: asyncio.Transport) -> None:
        """Give the transport the protocol that serves it, and the bytes that came early."""
        state = self._state
        if self._has_room:
            self._inner = HttpConnection(state)
        else:
            self._inner = OverloadProtocol(state)
        inner, header = self._inner, self._header
        self._stage = _Stage.SERVED
        transport.set_protocol(inner)
        # It is counted in before this one is counted out: the server is never without either.
        inner.connection_made(transport)
        self._count_out()
        inner.came_through(header.source, source_tls=header.tls)
        if self._data:
            inner.data_received(bytes(self._data))
            self._data.clear()
        if self._eof and isinstance(inner, HttpConnection) and not inner.eof_received():
            transport.close()

    # The methods of ``interfaces.Connection``.

    def shut_down(self) -> None:
        """Close."""
        if self._stage is _Stage.HEADER:
            self._stage = _Stage.ENDED
            self.deadline = NEVER
            self._transport.close()
        elif self._stage is _Stage.HANDSHAKE:
            self._transport.abort()

    def on_deadline(self) -> None:
        """Refuse a header that did not come in time."""
        self._refuse("its header did not come within head_timeout")
