"""The body of a request: as a stream, and as bytes, text, JSON or a form."""

import json
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from multidict import CIMultiDictProxy, MultiDict, MultiDictProxy

from treadle_responses import HTTPRequestEntityTooLarge
from treadle_server._body.access import decode_text, join_pieces, load_json, pieces_of
from treadle_server._body.stream import EmptyStreamReader, RequestBody, StreamReader

from .head import RequestHead, decode_headers
from .hooks import RequestHooks
from .interfaces import ResponseChannel

if TYPE_CHECKING:
    # Imported with the first form; what they import takes longer than all the rest of a start.
    from treadle_multipart import MultipartLimits, SpoolPolicy
    from treadle_server._forms.multipart import MultipartReader
    from treadle_server._forms.uploads import FormValue

__all__ = ["RequestContent"]

_FORM_TYPES: Final = ("", "application/x-www-form-urlencoded", "multipart/form-data")


class RequestContent(RequestHead):
    """The body of a request, and the ways to read it."""

    #: The methods whose forms ``post`` reads.
    POST_METHODS: frozenset[str] = frozenset({"PATCH", "POST", "PUT", "TRACE", "DELETE"})

    _payload: StreamReader
    _channel: ResponseChannel

    # Class attributes are the defaults of what is built on demand.
    _read_bytes: bytes | None = None
    _post: "MultiDictProxy[FormValue] | None" = None
    _client_max_size: int = 1024**2
    _client_max_fields: int = 1000

    #: True for a request that a program has made, not a connection.
    made_by_hand: bool = False
    #: Calls before the response is sent and after its end; None for most requests, so that a small
    #: response leaves in one write.
    hooks: RequestHooks | None = None

    def add_cleanup(self, cleanup: Callable[[], None]) -> None:
        """Call ``cleanup`` when the response has been sent, or cannot be sent."""
        self._own_hooks().cleanups.append(cleanup)

    def _own_hooks(self) -> RequestHooks:
        """Return the hooks, made if there are none yet."""
        if self.hooks is None:
            self.hooks = RequestHooks()
        return self.hooks

    @property
    def body_size(self) -> int:
        """The bytes of the body on the wire; of one without a length, those received so far."""
        size = self._head.framing.content_length
        return self._payload.total_raw_bytes if size is None else size

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
        if self.made_by_hand:
            # By its name: the empty body of aiohttp is one too.
            return type(self._payload).__name__ != EmptyStreamReader.__name__
        return self._head.has_body

    @property
    def has_body(self) -> bool:
        """True if some of the body is still unread; deprecated, as in aiohttp."""
        warnings.warn(
            "has_body is deprecated: use can_read_body, or body_exists for a body that was "
            "announced",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.can_read_body

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
            payload = self._payload
            body = payload.take_whole() if type(payload) is RequestBody else None
            if body is None:
                body = await join_pieces(payload, self._head.content_length, limit)
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
        from treadle_server._forms.urlencoded import parse_urlencoded_form

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
        payload = self._payload
        while not payload.at_eof():
            await payload.readany()
