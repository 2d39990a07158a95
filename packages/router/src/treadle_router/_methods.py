"""Methods of routes: case-sensitive tokens (RFC 9110 section 9.1), compared as they are.

A route for ``get`` is not a route for ``GET``. No HTTP client sends ``get``, so that declaring it
is allowed, for programs whose methods are verbs of their own, but warns. ``canonical_method`` is
for frameworks whose users may write a registered method in any case, as those of aiohttp do; any
other token keeps its case there too.
"""

import re
from typing import Final

from ._advice import advise
from ._errors import MethodError

__all__ = ["ANY_METHOD", "REGISTERED_METHODS", "canonical_method", "check_method"]

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

# Those that a wrong case is warned of. A ``link`` or ``move`` may well be a verb of a program.
_COMMON: Final = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
)

# RFC 9110, section 5.6.2: token = 1*tchar
_TOKEN: Final = re.compile(r"[0-9A-Za-z!#$%&'*+\-.^_`|~]+")


def check_method(method: str) -> str:
    """Return ``method`` as it is, or raise ``MethodError`` if it is not a token.

    Warns with ``RouterWarning`` of ``get`` and its like, which no HTTP client sends.
    """
    _check_token(method)
    if method not in _COMMON and (upper := method.upper()) in _COMMON:
        advise(
            f"The method {method!r} is not {upper!r}: methods are case-sensitive, and HTTP clients "
            f"send {upper!r}. Write {upper!r}, or filter this RouterWarning if {method!r} is "
            "meant."
        )
    return method


def canonical_method(method: str) -> str:
    """Return ``method``, in upper case if it is registered so; raises ``MethodError``."""
    _check_token(method)
    upper = method.upper()
    return upper if upper in REGISTERED_METHODS else method


def _check_token(method: object) -> None:
    if not isinstance(method, str) or _TOKEN.fullmatch(method) is None:
        raise MethodError(
            f"{method!r} is not allowed as a method: it must be a token like 'GET', or '*' for "
            "every method.",
            method,
        )
