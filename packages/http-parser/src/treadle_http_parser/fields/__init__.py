"""Small parsers for the values of header fields: text in, plain values out, linear in time.

None of them raises for a value that a peer may send; each leaves out what it cannot read, as its
docstring says.

>>> from treadle_http_parser.fields import (
...     parse_accept, parse_content_type, parse_cookies, parse_etags, parse_forwarded,
... )
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

from importlib import import_module
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
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

# Imported on first use: few programs read all these fields. Type checkers see the imports above
# instead.
if not TYPE_CHECKING:
    _LAZY = {
        "AcceptedCodings": "_accept",
        "AcceptedLanguages": "_accept",
        "AcceptedTypes": "_accept",
        "MediaRange": "_accept",
        "parse_accept": "_accept",
        "parse_accept_encoding": "_accept",
        "parse_accept_language": "_accept",
        "encode_basic_auth": "_auth",
        "MimeType": "_content_type",
        "OCTET_STREAM": "_content_type",
        "parse_content_type": "_content_type",
        "parse_mimetype": "_content_type",
        "parse_cookies": "_cookies",
        "format_http_date": "_dates",
        "parse_http_date": "_dates",
        "ETag": "_etag",
        "ETAG_ANY": "_etag",
        "parse_etag": "_etag",
        "parse_etags": "_etag",
        "validate_etag_value": "_etag",
        "parse_forwarded": "_forwarded",
    }

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

    def __getattr__(name: str) -> object:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f".{_LAZY[name]}", __name__), name)
        return value
