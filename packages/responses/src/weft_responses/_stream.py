"""``StreamResponse``: a status, headers, cookies and state, and a body written piece by piece.

The response is a value until :meth:`StreamResponse.prepare` sends its head through the request's
writer; then come any number of :meth:`~StreamResponse.write` and one
:meth:`~StreamResponse.write_eof`.  Nothing is built before somebody asks for it: most responses of
most applications never need a header object (class attributes hold the defaults).
"""

import datetime
from collections.abc import Iterable, Mapping
from http.cookies import SimpleCookie
from typing import Protocol

from multidict import CIMultiDict, istr

from ._cookies import Cookies, SameSite, delete_cookie, put_cookie, set_cookie_lines
from ._etag import ETag, format_etag, parse_etag
from ._headers import (
    OCTET_STREAM,
    check_charset,
    check_content_type,
    check_reason,
    format_content_type,
    http_date,
    parse_http_date,
    split_content_type,
    with_charset,
)
from ._state import ResponseState
from ._status import allows_no_length, default_reason
from ._types import RequestFor, ResponseWriter

__all__ = ["LooseHeaders", "RequestInfo", "StreamResponse"]

#: Fields as users have them: any mapping, multidicts and their proxies included, or pairs.
LooseHeaders = Mapping[str, str] | Mapping[istr, str] | Iterable[tuple[str, str]]


class RequestInfo(RequestFor["StreamResponse"], Protocol):
    """What a response looks at in the request that it answers; a server's requests satisfy it."""


class StreamResponse(ResponseState):
    """A response whose body is written by the handler.

    ``status`` is an ``int`` from 100 to 999, ``reason`` the phrase behind it (``None`` takes the
    registered one) and ``headers`` the initial fields, which are copied.  Names and values of
    fields are checked by the writer, when the head is sent.  The mapping interface holds state for
    whoever handles the response; use :class:`ResponseKey` for typed access.
    """

    _status: int = 200
    _reason: str | None = None
    _headers: CIMultiDict[str] | None = None
    _cookies: Cookies | None = None
    _keep_alive: bool | None = None
    _chunked: bool = False
    _req: RequestInfo | None = None
    _payload_writer: ResponseWriter | None = None
    _eof_sent: bool = False
    _body_length: int = 0
    # Whether there is nothing to the response but a status, cookies and a body: one look instead of
    # one at each of the attributes above, whoever changes them clears it.
    _simple: bool = True
    # Whether write_eof() comes right behind prepare(), so that the head can wait for it.
    _body_follows: bool = False

    def __init__(
        self,
        *,
        status: int = 200,
        reason: str | None = None,
        headers: LooseHeaders | None = None,
    ) -> None:
        if status != 200 or reason is not None:
            self.set_status(status, reason)
        if headers is not None:
            self._headers = CIMultiDict(headers)
            self._simple = False

    # Status.

    @property
    def status(self) -> int:
        """The status code."""
        return self._status

    @property
    def reason(self) -> str:
        """The reason phrase."""
        return default_reason(self._status) if self._reason is None else self._reason

    def set_status(self, status: int, reason: str | None = None) -> None:
        """Set status and reason; only before :meth:`prepare`.

        Raises ``RuntimeError`` once prepared, ``ValueError`` for a status that is not from 100 to
        999 and for control characters in ``reason``.
        """
        if self._eof_sent or self._payload_writer is not None:
            raise RuntimeError("Cannot change the status: the response's head is already sent")
        status = int(status)
        if not 100 <= status <= 999:
            raise ValueError(f"A status code has three digits (100 to 999), got {status}")
        self._status = status
        self._reason = None if reason is None else check_reason(reason)

    # Headers and cookies.

    @property
    def headers(self) -> CIMultiDict[str]:
        """The fields; change them freely until :meth:`prepare`."""
        if self._headers is None:
            self._headers = CIMultiDict()
            self._simple = False
        return self._headers

    def _own_cookies(self) -> Cookies:
        if self._cookies is None:
            self._cookies = Cookies()
        return self._cookies

    @property
    def cookies(self) -> SimpleCookie:
        """The cookies that are going to be set; of several with one name, the last one set."""
        return self._own_cookies()

    def set_cookie(
        self,
        name: str,
        value: str,
        *,
        expires: str | None = None,
        domain: str | None = None,
        max_age: int | str | None = None,
        path: str | None = "/",
        secure: bool | None = None,
        httponly: bool | None = None,
        version: int | str | None = None,
        samesite: SameSite | None = None,
        partitioned: bool | None = None,
    ) -> None:
        """Set a cookie, or change the given attributes of one that was set before.

        A client takes cookies with another ``domain`` or ``path`` for different ones: those of one
        name are all sent.  ``max_age`` is in seconds; ``partitioned`` needs ``secure`` to have an
        effect; ``version`` (RFC 2109) is sent, and clients ignore it.

        Raises ``http.cookies.CookieError`` for a name that is no token and ``ValueError`` for a
        value or attribute with a character that would break the header.
        """
        put_cookie(
            self._own_cookies(),
            name,
            value,
            expires=expires,
            domain=domain,
            max_age=max_age,
            path=path,
            secure=secure,
            httponly=httponly,
            version=version,
            samesite=samesite,
            partitioned=partitioned,
        )

    def del_cookie(
        self,
        name: str,
        *,
        domain: str | None = None,
        path: str = "/",
        secure: bool | None = None,
        httponly: bool | None = None,
        samesite: SameSite | None = None,
        partitioned: bool | None = None,
    ) -> None:
        """Ask the client to forget a cookie; ``domain`` and ``path`` are those it was set with."""
        delete_cookie(
            self._own_cookies(),
            name,
            domain=domain,
            path=path,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
            partitioned=partitioned,
        )

    @property
    def content_length(self) -> int | None:
        """The size of the body in bytes, None while unknown; not for chunked responses."""
        value = None if self._headers is None else self._headers.get("Content-Length")
        return None if value is None else int(value)

    @content_length.setter
    def content_length(self, value: int | None) -> None:
        if value is None:
            self.headers.pop("Content-Length", None)
            return
        if self._chunked:
            raise RuntimeError("A chunked response has no Content-Length")
        if int(value) < 0:
            raise ValueError(f"Content-Length must not be negative, got {value}")
        self.headers["Content-Length"] = str(int(value))

    # Where the Content-Type is kept; a subclass may have a cheaper place than a header object.

    def _read_content_type(self) -> str | None:
        return None if self._headers is None else self._headers.get("Content-Type")

    def _write_content_type(self, value: str) -> None:
        self.headers["Content-Type"] = value

    @property
    def content_type(self) -> str:
        """The media type without parameters, ``application/octet-stream`` if none is set.

        Setting it keeps the charset, unless the new value has one; other parameters go.  Raises
        ``ValueError`` for control characters.
        """
        return split_content_type(self._read_content_type() or OCTET_STREAM)[0]

    @content_type.setter
    def content_type(self, value: str) -> None:
        value = check_content_type(str(value))
        charset = None if split_content_type(value)[1] else self.charset
        self._write_content_type(format_content_type(value, charset))

    @property
    def charset(self) -> str | None:
        """The lower-cased charset of the Content-Type, or None.

        Setting it needs a media type (``RuntimeError`` for ``application/octet-stream``); raises
        ``ValueError`` for what is no name.
        """
        return split_content_type(self._read_content_type() or OCTET_STREAM)[1]

    @charset.setter
    def charset(self, value: str | None) -> None:
        if self.content_type == OCTET_STREAM:
            raise RuntimeError(
                "A charset says nothing about application/octet-stream: set content_type first"
            )
        charset = None if value is None else check_charset(str(value).lower())
        self._write_content_type(with_charset(self._read_content_type() or "", charset))

    @property
    def last_modified(self) -> datetime.datetime | None:
        """The Last-Modified field as a UTC ``datetime``, None if absent or malformed.

        Set it to a ``datetime`` (a naive one is UTC), POSIX seconds, a ``str`` in the field's form,
        or None to remove it; fractions of seconds are rounded up.  Raises ``TypeError`` for others.
        """
        return (
            None if self._headers is None else parse_http_date(self._headers.get("Last-Modified"))
        )

    @last_modified.setter
    def last_modified(self, value: datetime.datetime | float | str | None) -> None:
        if value is None:
            self.headers.pop("Last-Modified", None)
        else:
            self.headers["Last-Modified"] = http_date(value)

    @property
    def etag(self) -> ETag | None:
        """The entity tag, None if absent or malformed.

        Set it to an :class:`ETag`, a ``str`` (the value of a strong tag, without quotes) or None to
        remove it.  Raises ``ValueError`` for characters that no tag may have and for other types.
        """
        return None if self._headers is None else parse_etag(self._headers.get("ETag"))

    @etag.setter
    def etag(self, value: ETag | str | None) -> None:
        if value is None:
            self.headers.pop("ETag", None)
        else:
            self.headers["ETag"] = format_etag(value)

    # Framing and connection.

    @property
    def chunked(self) -> bool:
        """Whether the body is sent in chunks."""
        return self._chunked

    def enable_chunked_encoding(self) -> None:
        """Send the body in chunks; raises ``RuntimeError`` with a Content-Length set."""
        if self._headers is not None and "Content-Length" in self._headers:
            raise RuntimeError("A response with Content-Length cannot be chunked")
        self._chunked = True
        self._simple = False

    @property
    def compression(self) -> bool:
        """Whether the body is compressed while it is sent: it is not."""
        return False

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection goes on after this response; None until prepared."""
        return self._keep_alive

    def force_close(self) -> None:
        """Close the connection after this response."""
        self._keep_alive = False
        self._simple = False

    # Sending.

    @property
    def prepared(self) -> bool:
        """Whether the head was sent."""
        return self._eof_sent or self._payload_writer is not None

    @property
    def body_length(self) -> int:
        """Bytes of the body written so far."""
        return self._body_length

    async def prepare(self, request: RequestInfo) -> ResponseWriter | None:
        """Send the head and return the writer; a second call does nothing.

        Headers that follow from the body and the request are filled in first, then the
        application's ``on_response_prepare`` signals run.
        """
        if self._eof_sent:
            return None
        if self._payload_writer is not None:
            return self._payload_writer
        self._req = request
        cookies = set_cookie_lines(self._cookies)
        self.complete_headers(request)
        await request._prepare_hook(self)
        if self._cookies is not None:
            # A signal may set cookies too.
            for line in set_cookie_lines(self._cookies):
                if line not in cookies:
                    self.headers.add("Set-Cookie", line)
        writer = request.response_writer
        writer.write_head(self._status, self.reason, self.headers, body_follows=self._body_follows)
        self._payload_writer = writer
        self._simple = False
        return writer

    def complete_headers(self, request: RequestInfo) -> None:
        """Fill in the fields that follow from cookies, body and request.

        For servers that send a response without :meth:`prepare`; others need not call it.
        """
        headers = self.headers
        for line in set_cookie_lines(self._cookies):
            headers.add("Set-Cookie", line)
        if self._keep_alive is None:
            self._keep_alive = request.keep_alive
            self._simple = False
        elif not self._keep_alive:
            headers["Connection"] = "close"
        if self._chunked:
            if request.version < (1, 1):
                raise RuntimeError("Chunked encoding needs an HTTP/1.1 client, this one is older")
            headers["Transfer-Encoding"] = "chunked"
        if allows_no_length(request.method, self._status):
            headers.pop("Content-Length", None)
            headers.pop("Transfer-Encoding", None)
        else:
            headers.setdefault("Content-Type", OCTET_STREAM)

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a piece of the body and wait while the peer is slow to take it.

        Raises ``TypeError`` for anything but bytes, ``RuntimeError`` before :meth:`prepare` and
        after :meth:`write_eof`, ``ConnectionResetError`` when the peer is gone.
        """
        _check_data(data)
        if self._eof_sent:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self._payload_writer is None:
            raise RuntimeError("Cannot call write() before prepare()")
        self._body_length += data.nbytes if isinstance(data, memoryview) else len(data)
        await self._payload_writer.write(data)

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the last piece and end the response; a second call does nothing.

        Raises what :meth:`write` raises.
        """
        _check_data(data)
        if self._eof_sent:
            return
        if self._payload_writer is None:
            raise RuntimeError("Cannot call write_eof() before prepare()")
        data = bytes(data)
        self._body_length += len(data)
        await self._payload_writer.write_eof(data)
        self._eof_sent = True
        self._simple = False
        self._req = None
        self._payload_writer = None

    def whole(self) -> tuple[bytes, bytes] | None:
        """Return field lines and body of a response that is no more than that; None for others.

        See :meth:`Response.whole`: a response that is written piece by piece is never whole.
        """
        return None

    def mark_sent(self, body_length: int) -> None:
        """Note that a server has sent this response as a whole, without :meth:`prepare`."""
        self._body_length = body_length
        self._eof_sent = True
        self._simple = False

    def __repr__(self) -> str:
        state = "eof" if self._eof_sent else "prepared" if self.prepared else "not prepared"
        return f"<{type(self).__name__} {self._status} {self.reason} {state}>"


def _check_data(data: bytes | bytearray | memoryview) -> None:
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"data must be bytes, bytearray or memoryview, not {type(data).__name__}")
