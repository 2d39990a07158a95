"""The request that handlers get: the values of one message, a body to read, and state.

A request does not own its connection. It is made of the parsed head, the reader of the body, the
channel of its response and the addresses of the connection. Everything else (headers, URL, query,
cookies) is built when it is first asked for, since most handlers ask for little.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, final

from multidict import CIMultiDictProxy, MultiDict, MultiDictProxy

from treadle_http_parser import Request as Head
from treadle_responses import HTTPRequestEntityTooLarge, KeyedState, RequestKey, StreamResponse
from treadle_server._body.access import decode_text, join_pieces, load_json, pieces_of
from treadle_server._body.stream import StreamReader
from treadle_server._core.types import ConnectionInfo
from treadle_server._forms.urlencoded import parse_urlencoded_form

from .head import RequestHead, decode_headers
from .interfaces import ResponseChannel

if TYPE_CHECKING:
    # Imported with the first form; what they import takes longer than all the rest of a start.
    from treadle_multipart import MultipartLimits, SpoolPolicy
    from treadle_server._forms.multipart import MultipartReader
    from treadle_server._forms.uploads import FormValue

__all__ = ["BaseRequest", "PrepareHook", "RequestHooks"]

_FORM_TYPES: Final = ("", "application/x-www-form-urlencoded", "multipart/form-data")

#: Runs before a response's head is sent, with the request and the response.
PrepareHook = Callable[["BaseRequest", StreamResponse], Awaitable[None]]


@final
class RequestHooks:
    """The calls that belong to the response of one request."""

    __slots__ = ("cleanups", "prepare")

    def __init__(self, prepare: PrepareHook | None = None) -> None:
        #: Called before the head of the response is sent.
        self.prepare = prepare
        #: Called when the response has been sent, or cannot be sent.
        self.cleanups: list[Callable[[], None]] = []


class BaseRequest(RequestHead, KeyedState[RequestKey[Any], Literal["request"]]):
    """A request as any handler of a server sees it, without an application around it.

    The mapping interface holds the state of handlers and middlewares; use ``RequestKey`` for typed
    access.
    """

    mapping_name = "the request"
    #: The methods whose forms ``post`` reads.
    POST_METHODS: frozenset[str] = frozenset({"PATCH", "POST", "PUT", "TRACE", "DELETE"})

    # Class attributes are the defaults of what is built on demand.
    _read_bytes: bytes | None = None
    _post: "MultiDictProxy[FormValue] | None" = None
    _task: "asyncio.Task[StreamResponse] | None" = None
    #: Calls before the response is sent and after its end; None for most requests, so that a small
    #: response leaves in one write.
    hooks: "RequestHooks | None" = None
    #: The last response that was prepared, while it is sent; for the access log.
    answer: StreamResponse | None = None
    _client_max_size: int = 1024**2
    _client_max_fields: int = 1000

    def __init__(
        self,
        head: Head,
        payload: StreamReader,
        channel: ResponseChannel,
        connection: ConnectionInfo,
    ) -> None:
        self._head = head
        self._payload = payload
        self._channel = channel
        self._connection = connection

    # The connection, as a view.

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
    def task(self) -> "asyncio.Task[StreamResponse]":
        """The task that runs the handler; raises ``RuntimeError`` outside of any task."""
        # Until its first wait a handler runs before the exchange has its task.
        task = self._task or asyncio.current_task()
        if task is None:
            raise RuntimeError("The request's handler has no task now")
        return task

    def bind_task(self, task: "asyncio.Task[StreamResponse] | None") -> None:
        """Set the task that runs the handler, None when it has ended; the exchange calls it."""
        self._task = task

    @property
    def writer(self) -> ResponseChannel:
        """The channel that the response is written to."""
        return self._channel

    @property
    def response_writer(self) -> ResponseChannel:
        """The channel that the response is written to, under the name of ``treadle_responses``."""
        return self._channel

    def get_extra_info(self, name: str, default: object = None) -> Any:
        """Return the transport's extra information, ``default`` without it or a transport."""
        transport = self._channel.transport
        return default if transport is None else transport.get_extra_info(name, default)

    # The body.

    @property
    def content(self) -> StreamReader:
        """The body as a stream."""
        return self._payload

    @property
    def trailers(self) -> CIMultiDictProxy[str]:
        """The fields behind a chunked body (RFC 9112 section 7.1.2).

        Raises ``RuntimeError`` before the body has been read, since they come behind it.
        """
        if not self._payload.at_eof():
            raise RuntimeError("Trailers come behind the body: read it first")
        return decode_headers(self._payload.trailers)

    @property
    def body_exists(self) -> bool:
        """True if a body was announced."""
        return self._head.has_body

    @property
    def can_read_body(self) -> bool:
        """True if some of the body is still unread."""
        return not self._payload.at_eof()

    @property
    def client_max_size(self) -> int:
        """The most bytes that ``read`` takes; 0 means any number."""
        return self._client_max_size

    @property
    def client_max_fields(self) -> int:
        """The most fields of ``post`` and parts of ``multipart``; 0 means any number."""
        return self._client_max_fields

    async def read(self) -> bytes:
        """Return the whole body; a second call returns the same bytes.

        Raises ``HTTPRequestEntityTooLarge`` for more than ``client_max_size`` bytes: at once
        when the Content-Length says so, else as soon as they have arrived.
        """
        if self._read_bytes is None:
            limit = self.client_max_size
            body = self._payload.take_whole()
            if body is None:
                body = await join_pieces(self._payload, self._head.content_length, limit)
            elif limit and len(body) > limit:
                raise HTTPRequestEntityTooLarge(limit, len(body))
            self._read_bytes = body
        return self._read_bytes

    async def text(self) -> str:
        """Return the body as text, UTF-8 unless the media type names a charset.

        Raises ``HTTPUnsupportedMediaType`` for an unknown charset and ``HTTPBadRequest`` for bytes
        that are not of it, besides what ``read`` raises.
        """
        return decode_text(await self.read(), self.charset)

    async def json(self, *, loads: Callable[[str], Any] = json.loads) -> Any:
        """Return the body as JSON.

        Raises ``HTTPBadRequest`` that tells where the text stops being JSON, besides what
        ``text`` raises.
        """
        return load_json(await self.text(), loads)

    async def post(
        self, *, limits: "MultipartLimits | None" = None, spool: "SpoolPolicy | None" = None
    ) -> "MultiDictProxy[FormValue]":
        """Return the fields of a form, files as ``FileField``; a second call returns the same.

        Empty for other methods and media types. A file above the threshold of ``spool`` (1 MiB)
        is written to a temporary one, which is removed when the response has been sent.
        ``limits`` are those of a multipart form in place of ``client_max_size`` and
        ``client_max_fields``.

        Raises ``HTTPRequestEntityTooLarge`` for too large a form or too many fields,
        ``HTTPUnsupportedMediaType`` for an unknown charset or coding, ``HTTPBadRequest`` for
        what is malformed and ``HTTPRequestHeaderFieldsTooLarge`` for the headers of a part.
        """
        if self._post is None:
            fields: MultiDict[FormValue] = MultiDict()
            content_type = self.content_type if "Content-Type" in self.headers else ""
            if self.method in self.POST_METHODS and content_type in _FORM_TYPES:
                if content_type == "multipart/form-data":
                    fields = await self._read_multipart(limits, spool)
                else:
                    fields.extend(await self._read_urlencoded())
            self._post = MultiDictProxy(fields)
        return self._post

    async def _read_urlencoded(self) -> MultiDict[str]:
        body = await self.read()
        charset = self.charset or "utf-8"
        return parse_urlencoded_form(body, charset, self.client_max_fields)

    async def _read_multipart(
        self, limits: "MultipartLimits | None", spool: "SpoolPolicy | None"
    ) -> "MultiDict[FormValue]":
        from treadle_multipart import SpoolPolicy
        from treadle_server._forms.limits import form_limits
        from treadle_server._forms.uploads import read_multipart_form

        if limits is None:
            limits = form_limits(self.client_max_size, self.client_max_fields)
        announced = self._head.content_length
        if limits.max_total is not None and (announced or 0) > limits.max_total:
            raise HTTPRequestEntityTooLarge(limits.max_total, announced or 0)
        fields, uploads = await read_multipart_form(
            self.headers["Content-Type"],
            pieces_of(self._payload, self._read_bytes),
            self._channel,
            limits,
            spool or SpoolPolicy(),
        )
        if uploads is not None:
            self.add_cleanup(uploads.close_soon)
        return fields

    async def multipart(self) -> "MultipartReader":
        """Return a reader for the parts of a multipart body of any size.

        ``read()`` of a part takes ``client_max_size`` bytes, ``read_chunk()`` any number; there
        are ``client_max_fields`` parts at most. The reader's errors are answers.

        Raises ``HTTPUnsupportedMediaType`` for another media type and ``HTTPBadRequest`` for a bad
        boundary.
        """
        from treadle_server._forms.multipart import request_reader

        return request_reader(
            self.headers,
            pieces_of(self._payload, self._read_bytes),
            client_max_size=self.client_max_size,
            max_parts=self.client_max_fields,
            max_size_error_cls=HTTPRequestEntityTooLarge,
        )

    async def release(self) -> None:
        """Read and drop what is left of the body."""
        while await self._payload.readany():
            pass

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
        if self._head.version == (1, 1):
            items = headers.items() if isinstance(headers, Mapping) else headers
            self._channel.write_informational(status, items)
            await self._channel.drain()

    # The end of the request; for responses and the exchange.

    async def on_prepare(self, response: StreamResponse) -> None:
        """Run before a response's head is sent.

        A hook that fails is not run again for the answer to its error.
        """
        self.answer = response
        hooks = self.hooks
        if hooks is not None and (prepare := hooks.prepare) is not None:
            hooks.prepare = None
            await prepare(self, response)
            hooks.prepare = prepare

    def add_cleanup(self, cleanup: Callable[[], None]) -> None:
        """Call ``cleanup`` when the response has been sent, or cannot be sent."""
        if self.hooks is None:
            self.hooks = RequestHooks()
        self.hooks.cleanups.append(cleanup)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.method} {self.path} >"
