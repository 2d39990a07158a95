"""The request that handlers get: values of one message, a body to read and state of its own.

A request does not own its connection. It is made of the parsed head, the body's reader, the
writer for its response and what is known of the peer; everything else (headers, URL, query,
cookies) is built when it is first asked for, since most handlers ask for little.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

from multidict import CIMultiDictProxy, MultiDict, MultiDictProxy
from yarl import URL

from treadle_http_parser import Request as Head
from treadle_http_parser.fields import (
    parse_content_type,
    parse_cookies,
    parse_http_date,
)
from treadle_responses import (
    HTTPBadRequest,
    HTTPRequestEntityTooLarge,
    HTTPUnsupportedMediaType,
    KeyedState,
    RequestKey,
    StreamResponse,
)
from treadle_server._body.stream import StreamReader
from treadle_server._core.types import ConnectionInfo, HttpVersion, HttpVersion10, HttpVersion11
from treadle_server._forms.urlencoded import parse_urlencoded_form

from .fields import decode_headers, known_charset
from .writer import StreamWriter

if TYPE_CHECKING:
    # Imported with the first form; what they import takes longer than all the rest of a start.
    from treadle_multipart import MultipartLimits, SpoolPolicy
    from treadle_server._forms.multipart import MultipartReader
    from treadle_server._forms.uploads import FormValue, Uploads

__all__ = ["BaseRequest"]

_FORM_TYPES: Final = ("", "application/x-www-form-urlencoded", "multipart/form-data")


class BaseRequest(KeyedState[RequestKey[Any], Literal["request"]]):
    """A request as any handler of a server sees it, without an application around it.

    The mapping interface holds state for whoever handles the request; use ``RequestKey`` for
    typed access.
    """

    #: The methods whose forms ``post`` reads.
    POST_METHODS: frozenset[str] = frozenset({"PATCH", "POST", "PUT", "TRACE", "DELETE"})

    # Class attributes are the defaults of what is built on demand.
    _headers: CIMultiDictProxy[str] | None = None
    _rel_url: URL | None = None
    _query: MultiDictProxy[str] | None = None
    _cookies: Mapping[str, str] | None = None
    _media: tuple[str, dict[str, str]] | None = None
    _read_bytes: bytes | None = None
    _post: "MultiDictProxy[FormValue] | None" = None
    # The files of the form, for the exchange to close.
    _uploads: "Uploads | None" = None
    _scheme: str | None = None
    _host: str | None = None
    _remote: str | None = None
    _task: "asyncio.Task[StreamResponse] | None" = None
    #: Whether something must run before a response's head is sent.
    has_prepare_hook: bool = False
    _client_max_size: int = 1024**2
    _client_max_fields: int = 1000

    def __init__(
        self, head: Head, payload: StreamReader, writer: StreamWriter, connection: ConnectionInfo
    ) -> None:
        self._head = head
        self._payload = payload
        self._writer = writer
        self._connection = connection

    # The request line.

    @property
    def method(self) -> str:
        """The method, for example ``"GET"``."""
        return self._head.method

    @property
    def version(self) -> HttpVersion:
        """The HTTP version of the request."""
        return HttpVersion11 if self._head.version == (1, 1) else HttpVersion10

    @property
    def raw_path(self) -> str:
        """Path and query as sent, percent-encoded."""
        return self._head.target

    @property
    def rel_url(self) -> URL:
        """Path and query as a relative URL; dot segments are kept, as routing keeps them."""
        if self._rel_url is None:
            path, _, query = self._head.target.partition("?")
            self._rel_url = URL.build(path=path, query_string=query, encoded=True)
        return self._rel_url

    @property
    def url(self) -> URL:
        """The absolute URL of the request."""
        return URL.build(
            scheme=self.scheme,
            authority=self.host,
            path=self.rel_url.raw_path,
            query_string=self.rel_url.raw_query_string,
            encoded=True,
        )

    @property
    def path(self) -> str:
        """The percent-decoded path, without the query."""
        return self.rel_url.path

    @property
    def path_qs(self) -> str:
        """Path and query, percent-encoded."""
        return str(self.rel_url)

    @property
    def query(self) -> MultiDictProxy[str]:
        """The parameters of the query, decoded."""
        if self._query is None:
            self._query = MultiDictProxy(MultiDict(self.rel_url.query))
        return self._query

    @property
    def query_string(self) -> str:
        """The query without its question mark, percent-decoded."""
        return self.rel_url.query_string

    @property
    def scheme(self) -> str:
        """``"https"`` if the connection has TLS, else ``"http"``; no header changes it."""
        if self._scheme is not None:
            return self._scheme
        return "https" if self._connection.ssl_context is not None else "http"

    @property
    def secure(self) -> bool:
        """Whether ``scheme`` is ``"https"``."""
        return self.scheme == "https"

    @property
    def host(self) -> str:
        """Host and port that the client asked for, else the address that it has reached."""
        if self._host is not None:
            return self._host
        return self._head.authority or self._connection.local_host

    @property
    def remote(self) -> str | None:
        """The peer's address (a Unix socket's path), or None."""
        return self._remote if self._remote is not None else self._connection.remote

    # Headers.

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The header fields."""
        if self._headers is None:
            self._headers = decode_headers(self._head.fields)
        return self._headers

    @property
    def raw_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The header fields as sent, in order."""
        return self._head.fields

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies; of several with one name the last counts."""
        if self._cookies is None:
            values = self.headers.getall("Cookie", ())
            self._cookies = MappingProxyType(dict(parse_cookies("; ".join(values))))
        return self._cookies

    def _content(self) -> tuple[str, dict[str, str]]:
        if self._media is None:
            self._media = parse_content_type(self.headers.get("Content-Type", ""))
        return self._media

    @property
    def content_type(self) -> str:
        """The body's media type; ``application/octet-stream`` if absent or malformed."""
        return self._content()[0]

    @property
    def charset(self) -> str | None:
        """The charset parameter of the media type, as sent."""
        return self._content()[1].get("charset")

    @property
    def content_length(self) -> int | None:
        """The value of the Content-Length field, None without one."""
        return self._head.content_length if "Content-Length" in self.headers else None

    @property
    def if_modified_since(self) -> datetime | None:
        """The If-Modified-Since date, None if absent or malformed."""
        return parse_http_date(self.headers.get("If-Modified-Since"))

    @property
    def if_unmodified_since(self) -> datetime | None:
        """The If-Unmodified-Since date, None if absent or malformed."""
        return parse_http_date(self.headers.get("If-Unmodified-Since"))

    @property
    def keep_alive(self) -> bool:
        """Whether the client wants to keep the connection."""
        return self._head.keep_alive

    # The connection, as a view.

    @property
    def transport(self) -> asyncio.Transport | None:
        """The connection's transport, None once it is lost."""
        return self._writer.transport

    @property
    def task(self) -> "asyncio.Task[StreamResponse]":
        """The task that runs the handler; raises ``RuntimeError`` where no task runs."""
        # Until its first wait the handler runs before anybody has been given its task.
        task = self._task or asyncio.current_task()
        if task is None:
            raise RuntimeError("The request's handler has no task now")
        return task

    @property
    def writer(self) -> StreamWriter:
        """The connection's writer."""
        return self._writer

    @property
    def response_writer(self) -> StreamWriter:
        """Where the response is written (what ``treadle_responses`` asks a request for)."""
        return self._writer

    def get_extra_info(self, name: str, default: object = None) -> Any:
        """Return the transport's extra information, ``default`` without it or a transport."""
        transport = self._writer.transport
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
        """Whether a body was announced."""
        return self._head.has_body

    @property
    def can_read_body(self) -> bool:
        """Whether some of the body is still unread."""
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
                body = await self._read_pieces(limit)
            elif limit and len(body) > limit:
                raise HTTPRequestEntityTooLarge(limit, len(body))
            self._read_bytes = body
        return self._read_bytes

    async def _read_pieces(self, limit: int) -> bytes:
        announced = self._head.content_length
        if limit and announced is not None and announced > limit:
            raise HTTPRequestEntityTooLarge(limit, announced)
        parts: list[bytes] = []
        size = 0
        while piece := await self._payload.readany():
            size += len(piece)
            if limit and size > limit:
                raise HTTPRequestEntityTooLarge(limit, size)
            parts.append(piece)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def text(self) -> str:
        """Return the body as text, UTF-8 unless the media type names a charset.

        Raises ``HTTPUnsupportedMediaType`` for an unknown charset and ``HTTPBadRequest`` for bytes
        that are not of it, besides what ``read`` raises.
        """
        body = await self.read()
        encoding = self.charset or "utf-8"
        if not known_charset(encoding):
            raise HTTPUnsupportedMediaType(text="415: The body's charset is not supported")
        try:
            return body.decode(encoding)
        except UnicodeDecodeError as error:
            raise HTTPBadRequest(
                text=f"400: The body is not valid {error.encoding} (byte {error.start})"
            ) from error

    async def json(self, *, loads: Callable[[str], Any] = json.loads) -> Any:
        """Return the body as JSON.

        Raises ``HTTPBadRequest`` that tells where the text stops being JSON, besides what
        ``text`` raises.
        """
        text = await self.text()
        try:
            return loads(text)
        except json.JSONDecodeError as error:
            raise HTTPBadRequest(
                text=f"400: The body is not valid JSON: {error.msg} "
                f"(line {error.lineno}, column {error.colno})"
            ) from error
        except (ValueError, RecursionError) as error:
            raise HTTPBadRequest(text="400: The body is not valid JSON") from error

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
        fields, self._uploads = await read_multipart_form(
            self.headers["Content-Type"],
            self._pieces(),
            self._writer,
            limits,
            spool or SpoolPolicy(),
        )
        if self._uploads is not None:
            # The way that closes them behind the response.
            self.has_prepare_hook = True
        return fields

    def _pieces(self) -> Callable[[], Awaitable[bytes]]:
        """What reads the body piece by piece, from memory if it was read before."""
        if self._read_bytes is None:
            return self._payload.readany
        left = [self._read_bytes]

        async def read() -> bytes:
            return left.pop() if left else b""

        return read

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
            self._pieces(),
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
            self._writer.write_informational(status, items)
            await self._writer.drain()

    async def on_prepare(self, response: StreamResponse) -> None:
        """Run before a response's head is sent; applications run their signals here."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.method} {self.path} >"
