"""Small parsers for the values of header fields: text in, plain values out, linear in time.

None of them raises for a value that a peer may send; each leaves out what it cannot read, as its
docstring says.

>>> parse_content_type('text/html; charset="utf-8"')
('text/html', {'charset': 'utf-8'})
>>> parse_cookies("a=1; b=two")
[('a', '1'), ('b', 'two')]
>>> parse_etags('W/"a", "b"')
(ETag(value='a', is_weak=True), ETag(value='b', is_weak=False))
>>> parse_accept("text/*;q=0.5, application/json").best(["text/html", "application/json"])
'application/json'
>>> [dict(element) for element in parse_forwarded('for="[::1]:80";proto=https, for=unknown')]
[{'for': '[::1]:80', 'proto': 'https'}, {'for': 'unknown'}]
"""

from ._accept import (
    AcceptedCodings,
    AcceptedLanguages,
    AcceptedTypes,
    MediaRange,
    parse_accept,
    parse_accept_encoding,
    parse_accept_language,
)
from ._auth import encode_basic_auth
from ._content_type import OCTET_STREAM, MimeType, parse_content_type, parse_mimetype
from ._cookies import parse_cookies
from ._dates import format_http_date, parse_http_date
from ._etag import ETAG_ANY, ETag, parse_etag, parse_etags, validate_etag_value
from ._forwarded import parse_forwarded

__all__ = [
    "ETAG_ANY",
    "OCTET_STREAM",
    "AcceptedCodings",
    "AcceptedLanguages",
    "AcceptedTypes",
    "ETag",
    "MediaRange",
    "MimeType",
    "encode_basic_auth",
    "format_http_date",
    "parse_accept",
    "parse_accept_encoding",
    "parse_accept_language",
    "parse_content_type",
    "parse_cookies",
    "parse_etag",
    "parse_etags",
    "parse_forwarded",
    "parse_http_date",
    "parse_mimetype",
    "validate_etag_value",
]
