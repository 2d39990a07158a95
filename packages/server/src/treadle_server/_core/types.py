"""Types that more than one room needs."""

import asyncio
import ssl
from collections.abc import Callable
from typing import NamedTuple, final

__all__ = ["ConnectionInfo", "HttpVersion", "HttpVersion10", "HttpVersion11", "ProxiedInfo"]


class HttpVersion(NamedTuple):
    """A version of HTTP, for example ``HttpVersion(1, 1)``."""

    major: int
    minor: int


#: HTTP/1.0.
HttpVersion10: HttpVersion = HttpVersion(1, 0)
#: HTTP/1.1.
HttpVersion11: HttpVersion = HttpVersion(1, 1)


class ConnectionInfo:
    """The facts of a connection that a request has: addresses, TLS, and the connection itself."""

    __slots__ = ("handler", "kept", "peername", "sockname", "ssl_context")

    def __init__(
        self,
        peername: object,
        sockname: object,
        ssl_context: ssl.SSLContext | None,
        handler: Callable[[], object] | None = None,
    ) -> None:
        self.peername: object = peername
        self.sockname: object = sockname
        self.ssl_context: ssl.SSLContext | None = ssl_context
        #: Returns the connection while it exists; None for a connection of another kind.
        self.handler: Callable[[], object] | None = handler
        #: A value that a handler of every request of the connection may keep here for the next one.
        self.kept: object = None

    @classmethod
    def of(
        cls, transport: asyncio.BaseTransport, handler: Callable[[], object] | None = None
    ) -> "ConnectionInfo":
        """Return the facts of a transport's connection."""
        return cls(
            transport.get_extra_info("peername"),
            transport.get_extra_info("sockname"),
            transport.get_extra_info("sslcontext"),
            handler,
        )

    @property
    def remote(self) -> str | None:
        """The peer's address: the host, or the path of a Unix socket."""
        if isinstance(self.peername, (tuple, list)):
            return str(self.peername[0])
        return None if self.peername is None else str(self.peername)

    @property
    def local_host(self) -> str:
        """The host that the client has connected to, or the path of a Unix socket.

        An IPv6 address has brackets, as in a URL.
        """
        if isinstance(self.sockname, (tuple, list)):
            host = str(self.sockname[0])
            return f"[{host}]" if ":" in host else host
        return "" if self.sockname is None else str(self.sockname)


@final
class ProxiedInfo(ConnectionInfo):
    """The facts of a connection that began with a header of the PROXY protocol.

    ``peername`` stays the address of the proxy.
    """

    __slots__ = ("source", "source_tls")

    def __init__(
        self, info: ConnectionInfo, source: tuple[str, int] | str | None, *, source_tls: bool
    ) -> None:
        super().__init__(info.peername, info.sockname, info.ssl_context, info.handler)
        #: The client of the proxy: address and port, or the path of its Unix socket; None if the
        #: proxy does not name it.
        self.source: tuple[str, int] | str | None = source
        #: True if the client has connected to the proxy over TLS.
        self.source_tls: bool = source_tls

    @property
    def remote(self) -> str | None:
        """The address of the proxy's client, or the proxy's own if it names no client."""
        if self.source is None:
            return super().remote
        return self.source if isinstance(self.source, str) else self.source[0]
