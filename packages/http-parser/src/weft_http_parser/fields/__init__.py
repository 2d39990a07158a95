"""Small parsers for the values of header fields: text in, plain values out, linear in time.

None of them raises on what a peer may send; what cannot be read is left out, as each docstring
says.

>>> parse_content_type('text/html; charset="utf-8"')
('text/html', {'charset': 'utf-8'})
>>> parse_cookies("a=1; b=two")
[('a', '1'), ('b', 'two')]
"""

from ._content_type import OCTET_STREAM, parse_content_type
from ._cookies import parse_cookies
from ._dates import format_http_date, parse_http_date

__all__ = [
    "OCTET_STREAM",
    "format_http_date",
    "parse_content_type",
    "parse_cookies",
    "parse_http_date",
]
