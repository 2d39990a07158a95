"""Read nearly every head in one step: one expression for heads without a surprise.

What it accepts is a subset of RFC 9112's grammar that no reader understands differently: HTTP/1.1,
a method that llhttp knows, a path, exactly one Host, at most one Content-Length, and fields of the
application. ``read_ordinary`` returns None for all other heads, good or bad, and ``HeadParser``
judges those. So this module refuses nothing, and what it returns is what ``HeadParser`` would
return; ``test_ordinary`` compares the two, as do all tests that read a head byte by byte, which is
the way of ``HeadParser``.

Each repetition is possessive: a head that does not match fails in linear time.
"""

import re
from typing import Final

from ._events import Request
from ._framing import PLAIN, Framing, valid_authority
from ._limits import Limits

__all__ = ["ordinary_size", "read_ordinary"]

#: Methods that every llhttp since httptools 0.7 accepts with a target that is a path: those of RFC
#: 9110 except CONNECT, PATCH, and those of WebDAV (RFC 4918, 3253, 3744, 5323).
_METHODS: Final = {
    name.encode(): name
    for name in (
        "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND",
        "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "CHECKOUT", "MERGE",
        "MKACTIVITY", "ACL", "SEARCH",
    )
}  # fmt: skip
_VERSION: Final = (1, 1)

# Any field but those that ``read_framing`` reads or refuses. It may leave out a few others, such as
# Expires. A name with a 1 could be Sec-WebSocket-Key1.
_FIELD: Final = rb"""
    (?![CcEeHhTtUu][OoPpRrXx](?:
        [Ss][Tt]:                       # Host
        | [Nn](?:
            [Nn](?!ection:[ ][Kk]eep-[Aa]live\r\n)   # Connection, but for the default of HTTP/1.1
            | [Tt][Ee][Nn][Tt]-[EeLl]   # Content-Encoding, Content-Length
        )
        | [Aa][Nn]                      # Transfer-Encoding
        | [Gg][Rr][Aa][Dd][Ee]:         # Upgrade
        | [Pp]                          # Expect
    ))
    [!#$%&'*+\-.^_`|~02-9A-Za-z]++ : [\t\x20-\x7e\x80-\xff]*+ \r\n
"""
# The numbers of fields are the most that are usual at each place.
_HEAD: Final = re.compile(
    rb"""
    ([A-Z]++) [ ] (/[\x21\x22\x24-\x7e]*+) [ ] HTTP/1\.1 \r\n
    (?:%b){0,16}+
    [Hh]ost : [ \t]*+ ([\x21-\x7e]++) \r\n
    (?:%b){0,60}+
    (?: [Cc]ontent-[Ll]ength : [ \t]*+ ([0-9]{1,18}+) \r\n (?:%b){0,16}+ )?+
    \r\n
    """
    % (_FIELD, _FIELD, _FIELD),
    re.VERBOSE,
)
_MOST_FIELDS: Final = 16 + 1 + 60 + 1 + 16


def ordinary_size(limits: Limits) -> int:
    """Return the size up to which an ordinary head exceeds none of the limits."""
    if limits.max_fields < _MOST_FIELDS:
        return 0
    return min(limits.max_request_line, limits.max_field_line, limits.max_head)


def read_ordinary(head: bytes) -> Request | None:
    """Return the request of an ordinary head of at most ``ordinary_size``, None for another one."""
    match = _HEAD.fullmatch(head)
    if match is None:
        return None
    method, target, host, length = match.groups()
    name = _METHODS.get(method)
    authority = valid_authority(host)
    if name is None or authority is None:
        return None
    framing = PLAIN if length is None else Framing(True, int(length))
    return Request(name, target.decode("ascii"), authority, _VERSION, head, framing)
