"""The head of a response: its fields and cookies, and the properties derived from them.

Nothing here knows how a response is sent. The header object is made at its first use, because most
responses never need one.
"""

import datetime
import operator
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex

from multidict import CIMultiDict, istr

from ._etag import ETag, format_etag, parse_etag
from ._headers import (
    OCTET_STREAM,
    check_charset,
    check_content_type,
    format_content_type,
    http_date,
    parse_http_date,
    parse_length,
    split_content_type,
    with_charset,
)
from ._keys import ResponseKey
from ._state import KeyedState

if TYPE_CHECKING:
    from http.cookies import SimpleCookie

    from ._cookies import Cookies, SameSite

__all__ = ["LooseHeaders", "ResponseHead"]

#: The forms in which users give fields: any mapping, including multidicts and their proxies, or
#: pairs.
LooseHeaders = Mapping[str, str] | Mapping[istr, str] | Iterable[tuple[str, str]]


class ResponseHead(KeyedState[ResponseKey[Any], Literal["response"]]):
    """Fields and cookies; the class attributes are defaults for objects made on demand."""

    mapping_name = "the response"
    _headers: CIMultiDict[str] | None = None
    _cookies: "Cookies | None" = None
    _chunked: bool = False

    @property
    def headers(self) -> CIMultiDict[str]:
        """The fields; change them freely until ``prepare``."""
        if self._headers is None:
            self._headers = CIMultiDict()
        return self._headers

    def _own_cookies(self) -> "Cookies":
        if self._cookies is None:
            # Few responses have cookies, but all programs import this module.
            from ._cookies import Cookies

            self._cookies = Cookies()
        return self._cookies

    @property
    def cookies(self) -> "SimpleCookie":
        """The cookies to set; of several with the same name, the last one."""
        return self._own_cookies()

    def set_cookie(
        self,
        name: str,
        value: str | float,
        *,
        expires: str | datetime.datetime | None = None,
        domain: str | None = None,
        max_age: int | str | None = None,
        path: str | None = "/",
        secure: bool | None = None,
        httponly: bool | None = None,
        version: int | str | None = None,
        samesite: "SameSite | None" = None,
        partitioned: bool | None = None,
    ) -> None:
        """Set a cookie, or change the given attributes of a cookie that was set before.

        Cookies of the same name with another ``domain`` or ``path`` are different cookies for a
        client: all are sent. A number as ``value`` is sent as its text. ``expires`` is a moment, or
        a ``str`` in the field's form; ``max_age`` is in whole seconds; ``partitioned`` has no
        effect without ``secure``; ``version`` (RFC 2109) is sent, but clients ignore it.

        Raises ``http.cookies.CookieError`` for a name that is not a token; ``ValueError`` for a
        value or attribute with a character that would break the header, a ``max_age`` that is not a
        number and a ``samesite`` that no client knows; ``TypeError`` for a value or attribute of
        another type. Each names the cookie.
        """
        self._own_cookies().put(
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
        samesite: "SameSite | None" = None,
        partitioned: bool | None = None,
    ) -> None:
        """Delete a cookie of the client; ``domain`` and ``path`` must be those it was set with."""
        self._own_cookies().put_deleted(
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
        """The size of the body in bytes, None while unknown; not for chunked responses.

        Set it to an ``int`` before ``prepare``: a body of another size is an error then. Raises
        ``ValueError`` for a negative number and for a header that is not one, ``TypeError`` for a
        value that is not a whole number.
        """
        value = None if self._headers is None else self._headers.get("Content-Length")
        return None if value is None else parse_length(value)

    @content_length.setter
    def content_length(self, value: int | None) -> None:
        if value is None:
            self.headers.pop("Content-Length", None)
            return
        if self._chunked:
            raise RuntimeError(
                "You can't set content length when chunked encoding is enabled: chunks tell where "
                "the body ends"
            )
        if isinstance(value, str):
            # aiohttp takes it; so does code that copies the field of another response.
            value = parse_length(value)
        if isinstance(value, bool) or not isinstance(value, SupportsIndex):
            raise TypeError(f"content_length must be an int or None, got {value!r}")
        value = operator.index(value)
        if value < 0:
            raise ValueError(f"content_length must not be negative, got {value}")
        self.headers["Content-Length"] = str(value)

    # The storage of the Content-Type; a subclass may have a cheaper one than a header object.

    def _read_content_type(self) -> str | None:
        return None if self._headers is None else self._headers.get("Content-Type")

    def _write_content_type(self, value: str) -> None:
        self.headers["Content-Type"] = value

    @property
    def content_type(self) -> str:
        """The media type without parameters, ``application/octet-stream`` if none is set.

        Setting it keeps the charset, unless the new value has one, and drops other parameters.
        Raises ``ValueError`` for control characters, ``TypeError`` for anything but a ``str``.
        """
        return split_content_type(self._read_content_type() or OCTET_STREAM)[0]

    @content_type.setter
    def content_type(self, value: str) -> None:
        value = check_content_type(value)
        charset = None if split_content_type(value)[1] else self.charset
        self._write_content_type(format_content_type(value, charset))

    @property
    def charset(self) -> str | None:
        """The lower-cased charset of the Content-Type, or None.

        Setting it needs a media type (``RuntimeError`` for ``application/octet-stream``). Raises
        ``ValueError`` for a malformed name, ``TypeError`` for anything but a ``str`` or None.
        """
        return split_content_type(self._read_content_type() or OCTET_STREAM)[1]

    @charset.setter
    def charset(self, value: str | None) -> None:
        if self.content_type == OCTET_STREAM:
            raise RuntimeError(
                "A charset says nothing about application/octet-stream: set content_type first"
            )
        charset = None if value is None else check_charset(value).lower()
        self._write_content_type(with_charset(self._read_content_type() or "", charset))

    @property
    def last_modified(self) -> datetime.datetime | None:
        """The Last-Modified field as a UTC ``datetime``, None if absent or malformed.

        Set it to a ``datetime`` (a naive one is UTC), POSIX seconds, a ``str`` in the field's form,
        or None to remove it; fractions of seconds are rounded up. Raises ``TypeError`` for other
        types.
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

        Set it to an ``ETag``, a ``str`` (the value of a strong tag, without quotes) or None to
        remove it. Raises ``ValueError`` for forbidden characters and for other types.
        """
        return None if self._headers is None else parse_etag(self._headers.get("ETag"))

    @etag.setter
    def etag(self, value: ETag | str | None) -> None:
        if value is None:
            self.headers.pop("ETag", None)
        else:
            self.headers["ETag"] = format_etag(value)
