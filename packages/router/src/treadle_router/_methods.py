"""Methods of routes: case-sensitive tokens, with one spelling for those that are registered.

RFC 9110 section 9.1: "The method token is case-sensitive". Requests are compared as they are. In
the declaration of a route a registered method may be written in any case, as users of aiohttp do:
``get`` is ``GET``. Any other token is kept as it is written, so that a route for ``private`` takes
requests with ``private``, and not those with ``PRIVATE``, which is another method.
"""

import re
from typing import Final

from ._errors import MethodError

__all__ = ["ANY_METHOD", "REGISTERED_METHODS", "check_method"]

#: The method of a route that takes every method without a route of its own.
ANY_METHOD: Final = "*"

#: The IANA registry of HTTP methods; then those of UPnP, caches and Icecast, which servers know.
REGISTERED_METHODS: Final = frozenset({
    "ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "CONNECT", "COPY", "DELETE",
    "GET", "HEAD", "LABEL", "LINK", "LOCK", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL",
    "MKREDIRECTREF", "MKWORKSPACE", "MOVE", "OPTIONS", "ORDERPATCH", "PATCH", "POST", "PRI",
    "PROPFIND", "PROPPATCH", "PUT", "QUERY", "REBIND", "REPORT", "SEARCH", "TRACE", "UNBIND",
    "UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL",
    "M-SEARCH", "NOTIFY", "PURGE", "SOURCE", "SUBSCRIBE", "UNSUBSCRIBE",
})  # fmt: skip

# RFC 9110, section 5.6.2: token = 1*tchar
_TOKEN: Final = re.compile(r"[0-9A-Za-z!#$%&'*+\-.^_`|~]+")


def check_method(method: str) -> str:
    """Return ``method`` as requests have it, or raise ``MethodError`` if it is not a token."""
    if not isinstance(method, str) or _TOKEN.fullmatch(method) is None:
        raise MethodError(
            f"{method!r} is not allowed as a method: it must be a token like 'GET', or '*' for "
            "every method.",
            method,
        )
    upper = method.upper()
    return upper if upper in REGISTERED_METHODS else method
