"""Types that more than one room needs."""

import asyncio
import ssl
from typing import NamedTuple, final

__all__ = ["ConnectionInfo", "HttpVersion", "HttpVersion10", "HttpVersion11"]


class HttpVersion(NamedTuple):
    """A version of HTTP, for example ``HttpVersion(1, 1)``."""

    major: int
    minor: int


HttpVersion10 = HttpVersion(1, 0)
HttpVersion11 = HttpVersion(1, 1)


@final
class ConnectionInfo:
    """The facts of a connection that a request has: two addresses and the TLS context."""

    __slots__ = ("peername", "sockname", "ssl_context")

    def __init__(
        self, peername: object, sockname: object, ssl_context: ssl.SSLContext | None
    ) -> None:
        self.peername = peername
        self.sockname = sockname
        self.ssl_context = ssl_context

    @classmethod
    def of(cls, transport: asyncio.BaseTransport) -> "ConnectionInfo":
        """Return the facts of a transport's connection."""
        return cls(
            transport.get_extra_info("peername"),
            transport.get_extra_info("sockname"),
            transport.get_extra_info("sslcontext"),
        )

    @property
    def remote(self) -> str | None:
        """The peer's address: the host, or the path of a Unix socket."""
        if isinstance(self.peername, (tuple, list)):
            return str(self.peername[0])
        return str(self.peername) if self.peername else None

    @property
    def local_host(self) -> str:
        """The address that the client has connected to, as a URL's authority."""
        if isinstance(self.sockname, (tuple, list)):
            host, port = str(self.sockname[0]), self.sockname[1]
            return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return ""
