"""The interfaces between a transport of HTTP and the code that answers requests.

``Exchange``, ``BaseRequest``, ``FileResponse`` and ``WebSocketResponse`` talk to a
``ResponseChannel`` and never to a connection. ``StreamWriter`` implements it for HTTP/1.1. Another
transport (HTTP/2, ASGI, an in-memory client) provides:

- a ``ResponseChannel`` for each request, or one for several requests in turn;
- a ``RequestBody`` for the body of each request, fed with ``feed`` and ``end`` or failed with
  ``fail``; as its flow an object with ``pause_reading`` and ``resume_reading``, or None for a body
  that has arrived;
- a ``treadle_http_parser.Request`` as the head and a ``ConnectionInfo``, from which the request
  factory makes the request;
- an ``Exchange`` that it starts with each request. ``Exchange.start`` returns True, or ``done`` is
  called later, exactly once, whatever the handler does;
- a ``Connection`` that it registers with ``ServerState.add`` and ``ServerState.remove``, so that a
  stopping server ends it; with the attribute ``exchange`` its slow requests are logged;
- for WebSockets either ``switch``, or the channel is a ``WebSocketOpener`` too
  (``_websocket.channel``), if its messages come from a server that speaks the protocol itself.

``Server.state`` has the handler, the request factory and the options of a server.

``tests/http/test_interfaces.py`` runs applications over such an implementation without a socket.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar, final, runtime_checkable

from multidict import CIMultiDict

from treadle_http_parser import Request as Head
from treadle_responses import ResponseWriter
from treadle_server._body.stream import StreamReader
from treadle_server._core.types import ConnectionInfo
from treadle_server._transport.deadlines import HasDeadline

if TYPE_CHECKING:
    from treadle_server._transport.upgrade import Upgraded

    from .streams import OpenStreams

__all__ = [
    "Connection", "DirectFactory", "HeadDefaults", "RequestFactory", "ResponseChannel",
    "TrailerSender",
]  # fmt: skip

_T = TypeVar("_T")
_Request_co = TypeVar("_Request_co", covariant=True)


class ResponseChannel(ResponseWriter, Protocol):
    """The way of one response to its client.

    It has the three methods of ``ResponseWriter`` (``write_head``, ``write``, ``write_eof``), and:
    """

    @property
    def transport(self) -> asyncio.Transport | None:
        """The connection's transport, None once the client is gone."""

    @property
    def is_lost(self) -> bool:
        """True if the client is gone: what is written now reaches nothing."""

    @property
    def client_left(self) -> bool:
        """True once the client has closed its side: it sends nothing more, but may still read."""

    async def wait_client_left(self) -> None:
        """Wait until ``client_left``."""

    @property
    def streams(self) -> "OpenStreams":
        """The open streams of the server, for a response that is one."""

    @property
    def head_sent(self) -> bool:
        """True if the current request's response has begun."""

    @property
    def response_ended(self) -> bool:
        """True if the current request's response is complete."""

    def withdraw(self) -> bool:
        """Forget a response of which no byte has left the server.

        Return True if another response may be sent. ``write_head`` and ``write_whole`` begin with
        it.
        """

    def end_bodiless(self) -> None:
        """End a response that has no body, whatever is written to it; its head is sent."""

    @property
    def output_size(self) -> int:
        """The bytes of the current response so far, head and framing included.

        Unless ``write_whole`` has written it, which returns its size.
        """

    def write_whole(self, status: int, reason: str | None, block: bytes, body: bytes) -> int:
        """Write a whole response; ``block`` has its field lines but for Date and Server.

        Returns the number of bytes: none if the client is gone. Raises ``LocalProtocolError`` if
        the request has a response already.
        """

    def write_informational(self, status: int, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Write a 1xx response; raises ``ValueError`` if none may be sent now."""

    async def drain(self) -> None:
        """Wait until the client keeps up; raises ``ClientConnectionResetError`` if it is gone."""

    async def run_blocking(self, call: Callable[[], _T], executor: Executor | None = None) -> _T:
        """Return ``call()``, made in a thread behind the calls before it (``ResponseWriter``)."""

    def switch(self, headers: CIMultiDict[str], upgraded: "Upgraded") -> None:
        """Send 101 and hand the transport to ``upgraded``.

        Raises ``ValueError`` for a field that cannot be sent, and ``ClientConnectionResetError``
        if the client is gone.
        """

    def fail(self, error: BaseException | None) -> None:
        """End a response that cannot be completed, because of ``error`` or, for None, a cancel.

        Cuts the connection off, so that the client can tell; after ``switch`` the upgraded protocol
        decides. Never raises.
        """


@runtime_checkable
class TrailerSender(Protocol):
    """A ``ResponseChannel`` that can send fields behind a body."""

    def finish(self, data: bytes = b"", trailers: Iterable[tuple[str, str]] = ()) -> None:
        """Write the last piece, ``trailers`` and the end, without waiting for the peer.

        Raises like ``write_eof``; trailers are left out where the framing has no place for them.
        """


class RequestFactory(Protocol[_Request_co]):
    """Makes the request that a handler gets."""

    def __call__(
        self,
        head: Head,
        body: StreamReader,
        channel: ResponseChannel,
        connection: ConnectionInfo,
        /,
    ) -> _Request_co:
        """Return the request for one head."""


@final
class DirectFactory(Generic[_Request_co]):
    """Marks a request factory that takes the parser's head, as ``RequestFactory`` does.

    Any other ``request_factory`` of a ``Server`` gets what aiohttp gives.
    """

    __slots__ = ("make",)

    def __init__(self, make: RequestFactory[_Request_co]) -> None:
        self.make: Final = make


class Connection(HasDeadline, Protocol):
    """A connection as the server ends it."""

    @property
    def busy(self) -> bool:
        """True while a handler runs or a response is sent."""

    def shut_down(self) -> None:
        """Close if idle, otherwise after the response under way."""

    @property
    def lasting(self) -> bool:
        """True for a WebSocket or an open stream, which goes on until it is told to end."""

    def shut_down_upgraded(self) -> None:
        """Have the protocol behind a 101 say good-bye, if there is one."""

    def cancel(self) -> None:
        """Cancel the handler that is running."""

    def abort(self) -> None:
        """Close at once."""

    def abandon(self) -> None:
        """Close at once, and forget a handler that does not end although it was cancelled."""

    def describe(self) -> str:
        """Return the request under way for a log line, ``""`` without one."""


class HeadDefaults(Protocol):
    """The parts of a response head that all connections of a server share."""

    @property
    def head_block(self) -> bytes:
        """The Date and Server lines, renewed every second."""

    @property
    def date(self) -> str:
        """The value of Date."""

    @property
    def server_header(self) -> str | None:
        """The value of Server, None to send no such field."""

    @property
    def streams(self) -> "OpenStreams":
        """The open streams of the server."""

    @property
    def write_timeout(self) -> float:
        """The seconds in which a peer must read something."""
