"""The request that handlers get: the values of one message, a body to read, and state.

A request does not own its connection. It is made of the parsed head, the reader of the body, the
channel of its response and the addresses of the connection. Everything else (headers, URL, query,
cookies) is built when it is first asked for, since most handlers ask for little.

A server makes its requests with ``BaseRequest.received``. The constructor is aiohttp's, for
programs and tests that make a request by hand and for overridden request factories.
"""

import asyncio
import enum
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, Self, cast, final

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from treadle_http_parser import Request as Head
from treadle_responses import KeyedState, RequestKey, StreamResponse
from treadle_server._body.stream import StreamReader
from treadle_server._core.types import ConnectionInfo

from .hooks import PrepareHook, RequestHooks
from .interfaces import ResponseChannel
from .legacy import LegacyNames

if TYPE_CHECKING:
    from .handler import RequestHandler
    from .message import RawRequestMessage
    from .payload_writer import AbstractStreamWriter

__all__ = ["BaseRequest", "PrepareHook", "RequestHooks"]

#: Fields as a mapping or as pairs.
LooseHeaders = Mapping[str, str] | Iterable[tuple[str, str]]


@final
class _Unset(enum.Enum):
    """The default of keywords that change something when they are given."""

    UNSET = enum.auto()

    def __repr__(self) -> str:
        return "<unset>"


_UNSET: Final = _Unset.UNSET
# A name in the module: found through a class with a metaclass, it is 1.5 % of a hello.
_new: Final = object.__new__


class BaseRequest(LegacyNames, KeyedState[RequestKey[Any], Literal["request"]]):
    """A request as any handler of a server sees it, without an application around it.

    The mapping interface holds the state of handlers and middlewares; use ``RequestKey`` for typed
    access.

    The constructor is for requests that are made by hand. ``protocol`` gives the addresses and the
    transport, and ``payload_writer`` takes the response; both may be mocks. ``scheme``, ``host``
    and ``remote`` override what follows from the message and the connection.
    """

    mapping_name = "the request"

    # Class attributes are the defaults of what is built on demand.
    _task: "asyncio.Task[Any] | None" = None
    _loop: asyncio.AbstractEventLoop | None = None
    #: False to leave the answer out of the access log; handlers and middlewares set it.
    access_log: bool = True
    #: The time at which the handler was called, if slow requests are logged; 0 for none.
    began: float = 0.0
    #: Names and values of fields for any response to this request that does not have them.
    answer_fields: tuple[tuple[str, str], ...] = ()
    #: The last response that was prepared, while it is sent; for the access log.
    answer: StreamResponse | None = None

    def __init__(
        self,
        message: "RawRequestMessage",
        payload: StreamReader,
        protocol: "RequestHandler",
        payload_writer: "AbstractStreamWriter",
        task: "asyncio.Task[Any] | None",
        loop: asyncio.AbstractEventLoop | None,
        *,
        client_max_size: int = 1024**2,
        client_max_fields: int = 1000,
        state: dict[RequestKey[Any] | str, Any] | None = None,
        scheme: str | None = None,
        host: str | None = None,
        remote: str | None = None,
    ) -> None:
        # Servers make none by hand: ``received``.
        from .message import head_of
        from .payload_writer import PayloadWriter
        from .writer_channel import WriterChannel

        self.made_by_hand = True
        self._raw_message = message
        self._head = head_of(message)
        self._headers = message.headers
        self._payload = payload
        self._given_protocol = protocol
        self._writer = payload_writer
        if isinstance(payload_writer, PayloadWriter):
            self._channel = payload_writer.channel
        else:
            self._channel = WriterChannel(payload_writer, protocol, self._head)
        self._connection = ConnectionInfo(
            protocol.peername, protocol.sockname, protocol.ssl_context
        )
        self._task = task
        self._loop = loop
        # None means no limit, as in aiohttp.
        self._client_max_size = client_max_size or 0
        self._client_max_fields = client_max_fields
        self._state = state
        self._remote = remote
        self._set_url(message.url, scheme, host)

    def _set_url(self, url: URL, scheme: str | None, host: str | None) -> None:
        # The client has chosen the scheme of an absolute target: the connection decides.
        self._scheme = scheme
        self._host = host
        if url.absolute:
            self._host = host or url.host_port_subcomponent
            url = url.relative()
        self._rel_url = url

    @classmethod
    def received(
        cls, head: Head, payload: StreamReader, channel: ResponseChannel, connection: ConnectionInfo
    ) -> Self:
        """Return the request that a connection has received: the factory of a server."""
        # Fast path of hello in tools/bench/compare.py: no ``__init__``, and no values but these.
        self = _new(cls)
        self._head = head
        self._payload = payload
        self._channel = channel
        self._connection = connection
        return self

    def clone(
        self,
        *,
        method: str | _Unset = _UNSET,
        rel_url: URL | str | _Unset = _UNSET,
        headers: LooseHeaders | _Unset = _UNSET,
        scheme: str | _Unset = _UNSET,
        host: str | _Unset = _UNSET,
        remote: str | _Unset = _UNSET,
        client_max_size: int | _Unset = _UNSET,
        client_max_fields: int | _Unset = _UNSET,
    ) -> Self:
        """Return a copy with other values; both have one body, and one response.

        ``rel_url`` is the path with the query. Raises ``RuntimeError`` once the body was read.
        """
        if self._read_bytes:
            raise RuntimeError("Cannot clone request after reading its content: clone it before")
        changes: dict[str, Any] = {}
        if method is not _UNSET:
            changes["method"] = method
        if rel_url is not _UNSET:
            changes["url"] = URL(rel_url)
            changes["path"] = str(changes["url"])
        if headers is not _UNSET:
            fields = CIMultiDict(headers)
            changes["headers"] = CIMultiDictProxy(fields)
            from .message import encode_headers

            changes["raw_headers"] = encode_headers(fields)
        protocol = self._protocol
        size, number = self.client_max_size, self.client_max_fields
        copy = type(self)(
            self._message._replace(**changes),
            self._payload,
            # A connection that is none of ours has at least its addresses.
            cast("RequestHandler", self._connection) if protocol is None else protocol,
            self._payload_writer,
            self._task,
            self._loop,
            client_max_size=size if client_max_size is _UNSET else client_max_size,
            client_max_fields=number if client_max_fields is _UNSET else client_max_fields,
            state=dict(self._state or {}),
            scheme=self._scheme if scheme is _UNSET else scheme,
            host=self._host if host is _UNSET else host,
            remote=self._remote if remote is _UNSET else remote,
        )
        copy.root_path = self.root_path
        copy._given_protocol = protocol  # noqa: SLF001  # another request
        # The files of a form that the copy reads are closed with the response of the request.
        copy.hooks = self._own_hooks()
        self._carry_over(copy)
        return copy

    def _carry_over(self, copy: Self) -> None:
        """Give a clone what a subclass adds."""

    # What it was made of, for handlers that are no application's.

    @property
    def head(self) -> Head:
        """The head, as the parser has read it."""
        return self._head

    @property
    def connection_info(self) -> ConnectionInfo:
        """The addresses and the TLS context of the connection."""
        return self._connection

    # The connection, as a view.

    @property
    def protocol(self) -> "RequestHandler":
        """The connection; raises ``RuntimeError`` if it is none of a ``Server``, or has ended."""
        protocol = self._protocol
        if protocol is None:
            raise RuntimeError(
                "The request has no protocol: its connection has ended, or is not one of a Server"
            )
        return protocol

    @property
    def debug(self) -> bool:
        """True if errors are shown to clients: with the option ``debug``, and by ``treadle dev``.

        A middleware with an error page of its own asks it, and raises the error again.
        """
        return self._protocol is not None and self._protocol.debug

    @property
    def transport(self) -> asyncio.Transport | None:
        """The connection's transport, None once the client has left (see ``wait_disconnected``)."""
        return None if self._channel.client_left else self._channel.transport

    async def wait_disconnected(self) -> None:
        """Wait until the client has left: it has closed its side of the connection, or lost it.

        For handlers that wait for something of their own, such as long polling. A client that
        closes only its side, and reads on, counts as one that has left, because the two look the
        same until something is written; the response is still sent to it. The end of input is seen
        while the server reads: not behind an unread body of more than ``read_bufsize`` bytes, nor
        behind 64 KiB of further requests.
        """
        await self._channel.wait_client_left()

    @property
    def task(self) -> "asyncio.Task[Any]":
        """The task that runs the handler, and then the one that sends its response.

        Raises ``RuntimeError`` outside of any task.
        """
        # Until its first wait a handler runs before the exchange has its task.
        task = self._task or asyncio.current_task()
        if task is None:
            raise RuntimeError("The request's handler has no task now")
        return task

    def bind_task(self, task: "asyncio.Task[StreamResponse] | None") -> None:
        """Set the task under way, None at its end; the exchange calls it."""
        self._task = task

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop; deprecated, as in aiohttp."""
        warnings.warn("request.loop property is deprecated", DeprecationWarning, stacklevel=2)
        return self._loop or asyncio.get_running_loop()

    @property
    def message(self) -> "RawRequestMessage":
        """The head under aiohttp's names; deprecated, as in aiohttp."""
        warnings.warn("Request.message is deprecated", DeprecationWarning, stacklevel=2)
        return self._message

    @property
    def writer(self) -> "AbstractStreamWriter":
        """The writer of the response; most programs use the methods of the response instead."""
        return self._payload_writer

    @property
    def response_writer(self) -> ResponseChannel:
        """The channel that the response is written to, under the name of ``treadle_responses``."""
        return self._channel

    def get_extra_info(self, name: str, default: object = None) -> Any:
        """Return the transport's extra information, ``default`` without it or a transport."""
        transport = self._channel.transport
        return default if transport is None else transport.get_extra_info(name, default)

    # Answers besides the response.

    async def send_informational(
        self, status: int, headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()
    ) -> None:
        """Send a 1xx response such as 103 Early Hints (RFC 8297); nothing to an HTTP/1.0 client.

        Raises ``ValueError`` for a status that is not informational (101 is not) and once the
        response has begun.
        """
        if not 100 <= status <= 199 or status == 101:
            raise ValueError(f"{status} is not an informational status (100, 102 to 199)")
        if self._head.version >= (1, 1):
            items = headers.items() if isinstance(headers, Mapping) else headers
            self._channel.write_informational(status, items)
            await self._channel.drain()

    # The end of the request; for responses and the exchange.

    async def on_prepare(self, response: StreamResponse) -> None:
        """Run before a response's head is sent.

        A hook that fails is not run again for the answer to its error.
        """
        self.answer = response
        if self.answer_fields:
            for field in self.answer_fields:
                response.headers.setdefault(*field)
        hooks = self.hooks
        if hooks is not None and (prepare := hooks.prepare) is not None:
            hooks.prepare = None
            await prepare(self, response)
            hooks.prepare = prepare

    @property
    def route_template(self) -> str | None:
        """The path of the route with its variables in braces, None without a route."""
        return None

    # Of the handler, for the errors about it; a request that was routed knows which one it is.

    def handler_place(self) -> str:
        """Return the name of the handler and its place in the source, ``""`` if it is not known."""
        return ""

    def handler_advice(self) -> str | None:
        """Return a sentence if the handler cannot be called with a request."""
        return None

    def __repr__(self) -> str:
        path = self.path.encode("ascii", "backslashreplace").decode("ascii")
        return f"<{type(self).__name__} {self.method} {path} >"
