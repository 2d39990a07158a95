"""``StreamResponse``: a status, headers, cookies and state, and a body written piece by piece.

The response is a value until :meth:`StreamResponse.prepare` sends its head through the request's
writer; then come any number of :meth:`~StreamResponse.write` and one
:meth:`~StreamResponse.write_eof`.  Nothing is built before somebody asks for it: most responses of
most applications never need a header object (class attributes hold the defaults).
"""

import datetime
from collections.abc import Iterator, Mapping, MutableMapping
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import Any, Final, TypeVar, overload

from multidict import CIMultiDict

from ._cookies import SameSite, delete_cookie, put_cookie
from ._headers import (
    OCTET_STREAM,
    check_reason,
    format_content_type,
    http_date,
    split_content_type,
)
from ._keys import ResponseKey
from ._types import RequestInfo, ResponseWriter

__all__ = ["LooseHeaders", "StreamResponse"]

_T = TypeVar("_T")

LooseHeaders = Mapping[str, str] | CIMultiDict[str]

# The phrases of RFC 9110; the standard library of Python 3.11 and 3.12 still has older ones, which
# are kept where aiohttp's users see them.
_REASONS: Final[dict[int, str]] = {status.value: status.phrase for status in HTTPStatus}


def default_reason(status: int) -> str:
    """Return the reason phrase registered for ``status``, or ``""``."""
    return _REASONS.get(status, "")


def must_be_empty(method: str, status: int) -> bool:
    """Whether a response to ``method`` with ``status`` has no content (RFC 9110 section 6.4.1)."""
    return (
        method == "HEAD"
        or status in (204, 304)
        or 100 <= status < 200
        or (method == "CONNECT" and 200 <= status < 300)
    )


class StreamResponse(MutableMapping[str | ResponseKey[Any], Any]):
    """A response whose body is written by the handler.

    ``status`` is an ``int`` from 100 to 999, ``reason`` the phrase behind it (``None`` takes the
    registered one) and ``headers`` the initial fields.  The mapping interface holds state for
    whoever handles the response; use :class:`ResponseKey` for typed access.
    """

    _status: int = 200
    _reason: str | None = None
    _headers: CIMultiDict[str] | None = None
    _cookies: SimpleCookie | None = None
    _state: dict[str | ResponseKey[Any], Any] | None = None
    _keep_alive: bool | None = None
    _chunked: bool = False
    _req: RequestInfo | None = None
    _payload_writer: ResponseWriter | None = None
    _eof_sent: bool = False
    _body_length: int = 0
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
        if self._payload_writer is not None:
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
        return self._headers

    @property
    def cookies(self) -> SimpleCookie:
        """The cookies that are going to be set."""
        if self._cookies is None:
            self._cookies = SimpleCookie()
        return self._cookies

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
        samesite: SameSite | None = None,
    ) -> None:
        """Set a cookie, or change the given attributes of one that was set before.

        Raises ``http.cookies.CookieError`` for a name that is no token and ``ValueError`` for a
        value or attribute with a character that would break the header.
        """
        put_cookie(
            self.cookies,
            name,
            value,
            expires=expires,
            domain=domain,
            max_age=max_age,
            path=path,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
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
    ) -> None:
        """Ask the client to forget a cookie; ``domain`` and ``path`` are those it was set with."""
        delete_cookie(
            self.cookies,
            name,
            domain=domain,
            path=path,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
        )

    @property
    def content_length(self) -> int | None:
        """The size of the body in bytes, None while unknown; not for chunked responses."""
        value = self.headers.get("Content-Length")
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

    @property
    def content_type(self) -> str:
        """The media type without parameters, ``application/octet-stream`` if none is set."""
        return split_content_type(self.headers.get("Content-Type", OCTET_STREAM))[0]

    @content_type.setter
    def content_type(self, value: str) -> None:
        self.headers["Content-Type"] = format_content_type(str(value), self.charset)

    @property
    def charset(self) -> str | None:
        """The lower-cased charset of the Content-Type, or None."""
        return split_content_type(self.headers.get("Content-Type", OCTET_STREAM))[1]

    @charset.setter
    def charset(self, value: str | None) -> None:
        content_type = self.content_type
        if content_type == OCTET_STREAM:
            raise RuntimeError(
                "A charset says nothing about application/octet-stream: set content_type first"
            )
        charset = None if value is None else str(value).lower()
        self.headers["Content-Type"] = format_content_type(content_type, charset)

    @property
    def last_modified(self) -> str | None:
        """The Last-Modified field; set it to a datetime, POSIX seconds, a str or None."""
        return self.headers.get("Last-Modified")

    @last_modified.setter
    def last_modified(self, value: datetime.datetime | float | str | None) -> None:
        if value is None:
            self.headers.pop("Last-Modified", None)
        else:
            self.headers["Last-Modified"] = http_date(value)

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

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection goes on after this response; None until prepared."""
        return self._keep_alive

    def force_close(self) -> None:
        """Close the connection after this response."""
        self._keep_alive = False

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
        self.complete_headers(request)
        await request._prepare_hook(self)
        writer = request.response_writer
        self._payload_writer = writer
        writer.write_head(
            self._status, self.reason, self.headers, body_follows=self._body_follows
        )
        return writer

    def complete_headers(self, request: RequestInfo) -> None:
        """Fill in the fields that follow from cookies, body and request.

        For servers that send a response without :meth:`prepare`; others need not call it.
        """
        headers = self.headers
        if self._cookies is not None:
            for cookie in self._cookies.values():
                headers.add("Set-Cookie", cookie.output(header="")[1:])
        if self._keep_alive is None:
            self._keep_alive = request.keep_alive
        elif not self._keep_alive:
            headers["Connection"] = "close"
        if self._chunked:
            if request.version < (1, 1):
                raise RuntimeError("Chunked encoding needs an HTTP/1.1 client, this one is older")
            headers["Transfer-Encoding"] = "chunked"
        if must_be_empty("GET", self._status):
            headers.pop("Content-Length", None)
            headers.pop("Transfer-Encoding", None)
        else:
            headers.setdefault("Content-Type", OCTET_STREAM)

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a piece of the body and wait while the peer is slow to take it.

        Raises ``TypeError`` for anything but bytes, ``RuntimeError`` before :meth:`prepare` and
        after :meth:`write_eof`, ``ConnectionResetError`` when the peer is gone.
        """
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(
                f"data must be bytes, bytearray or memoryview, not {type(data).__name__}"
            )
        if self._eof_sent:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self._payload_writer is None:
            raise RuntimeError("Cannot call write() before prepare()")
        self._body_length += len(data)
        await self._payload_writer.write(data)

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the last piece and end the response; a second call does nothing."""
        if self._eof_sent:
            return
        if self._payload_writer is None:
            raise RuntimeError("Cannot call write_eof() before prepare()")
        self._body_length += len(data)
        await self._payload_writer.write_eof(data)
        self._eof_sent = True
        self._req = None
        self._payload_writer = None

    def mark_sent(self, body_length: int) -> None:
        """Note that a server has sent this response as a whole, without :meth:`prepare`."""
        self._body_length = body_length
        self._eof_sent = True

    # State.

    @overload
    def __getitem__(self, key: ResponseKey[_T]) -> _T: ...

    @overload
    def __getitem__(self, key: str) -> Any: ...

    def __getitem__(self, key: str | ResponseKey[_T]) -> Any:
        if self._state is None:
            raise KeyError(key)
        return self._state[key]

    @overload
    def __setitem__(self, key: ResponseKey[_T], value: _T) -> None: ...

    @overload
    def __setitem__(self, key: str, value: Any) -> None: ...

    def __setitem__(self, key: str | ResponseKey[_T], value: Any) -> None:
        if self._state is None:
            self._state = {}
        self._state[key] = value

    def __delitem__(self, key: str | ResponseKey[Any]) -> None:
        if self._state is None:
            raise KeyError(key)
        del self._state[key]

    def __len__(self) -> int:
        return 0 if self._state is None else len(self._state)

    def __iter__(self) -> Iterator[str | ResponseKey[Any]]:
        return iter(self._state or ())

    def __bool__(self) -> bool:
        # A response without state is no less a response.
        return True

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        state = "eof" if self._eof_sent else "prepared" if self.prepared else "not prepared"
        return f"<{type(self).__name__} {self._status} {self.reason} {state}>"
