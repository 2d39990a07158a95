"""The head of a request as values: request line, URL, fields, cookies.

They are built when they are first asked for, since most handlers ask for little.
"""

import functools
import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from multidict import CIMultiDict, CIMultiDictProxy, MultiDict, MultiDictProxy
from yarl import URL

from treadle_http_parser import Fields
from treadle_http_parser import Request as Head
from treadle_http_parser import fields as parsers
from treadle_responses import ETag
from treadle_server._core.types import ConnectionInfo, HttpVersion, HttpVersion10, HttpVersion11

__all__ = ["RequestHead", "decode_headers"]

# Names decoded before; bounded, because clients make names up. Ten fields take 2.2 us with it and
# 3.0 us without (``request.headers``, Python 3.13).
_names: Final[dict[bytes, str]] = {}
_MAX_NAMES: Final = 512

_OCTET_STREAM: Final = "application/octet-stream"

#: One range of bytes (RFC 9110 section 14.1.1: units are case-insensitive).
_RANGE: Final = re.compile(r"bytes=([0-9]*)-([0-9]*)", re.IGNORECASE)


def decode_headers(fields: Fields) -> CIMultiDictProxy[str]:
    """Return the fields as text: UTF-8, with other bytes kept as surrogates (PEP 383)."""
    headers: CIMultiDict[str] = CIMultiDict()
    for raw_name, raw_value in fields:
        name = _names.get(raw_name)
        if name is None:
            name = raw_name.decode("ascii")
            if len(_names) >= _MAX_NAMES:
                _names.clear()
            _names[raw_name] = name
        headers.add(name, raw_value.decode("utf-8", "surrogateescape"))
    return CIMultiDictProxy(headers)


@functools.lru_cache(maxsize=64)
def _lower(name: str) -> bytes:
    return name.lower().encode()


class RequestHead:
    """The properties of a request that follow from its head and the addresses of its connection."""

    _head: Head
    _connection: ConnectionInfo

    # Class attributes are the defaults of what is built on demand.
    _headers: CIMultiDictProxy[str] | None = None
    _rel_url: URL | None = None
    _query: MultiDictProxy[str] | None = None
    _cookies: Mapping[str, str] | None = None
    # The parts of the Content-Type, and the field that they were read from. Programs set them to
    # read a body as another type (see ``LegacyNames``).
    _stored_content_type: str | None = None
    _content_type: str = _OCTET_STREAM
    _content_dict: Mapping[str, str] = MappingProxyType({})
    _forwarded: tuple[Mapping[str, str], ...] | None = None
    _scheme: str | None = None
    _host: str | None = None
    _remote: str | None = None
    #: True if a proxy in front of the server has given one of the three values above.
    believed: bool = False
    #: The path at which a server in front, or an application around it, has mounted the
    #: application: percent-encoded, ``""`` for none. ``url`` has it; the paths of the request begin
    #: behind it, as those of routes do. To link to a route, put it in front:
    #: ``request.root_path + str(url)``.
    root_path: str = ""

    # The request line.

    @property
    def method(self) -> str:
        """The method, for example ``"GET"``."""
        return self._head.method

    @property
    def version(self) -> HttpVersion:
        """The HTTP version of the request."""
        version = self._head.version
        if version == (1, 1):
            return HttpVersion11
        return HttpVersion10 if version == (1, 0) else HttpVersion(*version)

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
        """The absolute URL of the request, as the client has it: with ``root_path``."""
        return URL.build(
            scheme=self.scheme,
            authority=self.host,
            path=self.root_path + self.rel_url.raw_path,
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
        """``"https"`` if the connection has TLS, else ``"http"``.

        No header field changes it but those of ``trusted_proxies``.
        """
        if self._scheme is not None:
            return self._scheme
        return "https" if self._connection.ssl_context is not None else "http"

    @property
    def secure(self) -> bool:
        """True if ``scheme`` is ``"https"``."""
        return self.scheme == "https"

    @property
    def host(self) -> str:
        """Host and port that the client asked for, else the address that it has reached.

        No field but Host changes it, unless ``trusted_proxies`` names one.
        """
        if self._host is not None:
            return self._host
        return self._head.authority or self._connection.local_host

    @property
    def remote(self) -> str | None:
        """The address of the client (a Unix socket's path), or None.

        It is the peer's, unless that is one of ``trusted_proxies``.
        """
        return self._remote if self._remote is not None else self._connection.remote

    @property
    def host_is_given(self) -> bool:
        """True if ``host`` is not what the client has sent, but from a proxy or a clone."""
        return self._host is not None

    def believe(self, remote: str | None, scheme: str | None, host: str | None) -> None:
        """Take the values that trusted proxies give, None for none; the server calls it once.

        Those that the request was made with stay.
        """
        self.believed = (remote, scheme, host) != (None, None, None)
        if self._remote is None:
            self._remote = remote
        if self._scheme is None:
            self._scheme = scheme
        if self._host is None:
            self._host = host

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

    def first_field(self, name: str, default: str) -> str:
        """Return the first value of a field, without header objects if there are none yet."""
        if self._headers is not None:
            return self._headers.get(name, default)
        wanted = _lower(name)
        size = len(wanted)
        for raw_name, value in self._head.fields:
            if len(raw_name) == size and raw_name.lower() == wanted:
                return value.decode("utf-8", "surrogateescape")
        return default

    @property
    def last_event_id(self) -> str | None:
        """The id of the last event that the client of an event stream has got; None without one.

        The field ``Last-Event-ID`` has UTF-8 (WHATWG HTML, section 9.2.4); what is not UTF-8
        becomes U+FFFD.
        """
        value = self.headers.get("Last-Event-ID")
        if value:
            value = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return value or None

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies; of several with one name the last counts."""
        if self._cookies is None:
            values = self.headers.getall("Cookie", ())
            self._cookies = MappingProxyType(dict(parsers.parse_cookies("; ".join(values))))
        return self._cookies

    def _read_content_type(self) -> None:
        field = self.headers.get("Content-Type")
        if field != self._stored_content_type:
            self._stored_content_type = field
            self._content_type, self._content_dict = parsers.parse_content_type(field or "")

    @property
    def content_type(self) -> str:
        """The body's media type; ``application/octet-stream`` if absent or malformed."""
        self._read_content_type()
        return self._content_type

    @property
    def charset(self) -> str | None:
        """The charset parameter of the media type, as sent."""
        self._read_content_type()
        return self._content_dict.get("charset")

    @property
    def content_length(self) -> int | None:
        """The value of the Content-Length field, None without one."""
        field = self.headers.get("Content-Length")
        return None if field is None else int(field)

    @property
    def forwarded(self) -> tuple[Mapping[str, str], ...]:
        """The elements of the Forwarded fields (RFC 7239), those of the first proxy first.

        Each is a read-only mapping with lower-case names. A client can send the field too: trust
        only the elements that your own proxies have added.
        """
        if self._forwarded is None:
            # Each line by itself, so that an open quote of a client hides no element of a proxy.
            lines = self.headers.getall("Forwarded", ())
            self._forwarded = tuple(
                part for line in lines for part in parsers.parse_forwarded(line)
            )
        return self._forwarded

    @property
    def http_range(self) -> slice:
        """The Range field as a slice of the content; ``slice(None, None, 1)`` without one.

        Raises ``ValueError`` for another unit, several ranges, and ends in front of starts.
        """
        field = self.headers.get("Range")
        if field is None:
            return slice(None, None, 1)
        found = _RANGE.fullmatch(field)
        if found is None:
            raise ValueError(f"range not in acceptable format: {field!r} is not bytes=FIRST-LAST")
        first, last = (int(digits) if digits else None for digits in found.groups())
        if first is None:
            if last is None:
                raise ValueError(f"No start or end of range specified in {field!r}")
            return slice(-last, None, 1)
        if last is not None and first > last:
            raise ValueError(f"start cannot be after end, as in {field!r}")
        return slice(first, None if last is None else last + 1, 1)

    @property
    def if_match(self) -> tuple[ETag, ...] | None:
        """The tags of the If-Match field, None without one; ``ETag("*")`` is the wildcard."""
        return self._tags("If-Match")

    @property
    def if_none_match(self) -> tuple[ETag, ...] | None:
        """The tags of the If-None-Match field, None without one; ``ETag("*")`` is the wildcard."""
        return self._tags("If-None-Match")

    def _tags(self, name: str) -> tuple[ETag, ...] | None:
        field = ", ".join(self.headers.getall(name, ()))
        if not field:
            return None
        return tuple(
            ETag(tag.value, tag.is_weak, is_quoted=tag.is_quoted)
            for tag in parsers.parse_etags(field)
        )

    @property
    def if_range(self) -> datetime | None:
        """The If-Range date, None if absent or not a date, such as an entity tag."""
        return parsers.parse_http_date(self.headers.get("If-Range"))

    @property
    def if_modified_since(self) -> datetime | None:
        """The If-Modified-Since date, None if absent or malformed."""
        return parsers.parse_http_date(self.headers.get("If-Modified-Since"))

    @property
    def if_unmodified_since(self) -> datetime | None:
        """The If-Unmodified-Since date, None if absent or malformed."""
        return parsers.parse_http_date(self.headers.get("If-Unmodified-Since"))

    @property
    def keep_alive(self) -> bool:
        """True if the client wants to keep the connection."""
        return self._head.keep_alive
