"""The fields of requests and responses in the forms of ASGI and WSGI.

ASGI has bytes, WSGI has text of which each character is a byte. The bytes of a response are those
that treadle's own server sends: UTF-8, and bytes that a request had in another encoding come back
as they were. A field that would break the head is refused.
"""

import functools
import re
from collections.abc import Callable, Iterable
from typing import Final

from multidict import CIMultiDict

from ._headers import shown

__all__ = ["asgi_fields", "from_bytes", "joined_fields", "text_fields"]

# RFC 9110 section 5.1: a name is a token.
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# RFC 9110 section 5.5; of the control characters only HTAB is allowed.
_CONTROL: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
#: Names that are cached: an application has a few dozen.
_CACHED: Final = 512

#: The fields of the connection, which belong to the server: PEP 3333 forbids them to applications.
_OF_THE_CONNECTION: Final = frozenset(
    (
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailers",
        "transfer-encoding", "upgrade",
    )
)  # fmt: skip


def asgi_fields(headers: CIMultiDict[str], *, keep_connection: bool) -> list[tuple[bytes, bytes]]:
    """Return the fields for ASGI, names in lower case.

    Without Transfer-Encoding, which the server sets; with ``keep_connection`` (HTTP/1) the other
    fields of the connection stay. Raises ``ValueError`` for a name that is not a token and for
    control characters in a value, ``TypeError`` for other types than ``str``.
    """
    left_out = ("transfer-encoding",) if keep_connection else _OF_THE_CONNECTION
    return [
        (lower.encode(), _encoded(name, value))
        for name, value in headers.items()
        if (lower := _lower_name(name)) not in left_out
    ]


def text_fields(headers: CIMultiDict[str]) -> list[tuple[str, str]]:
    """Return the fields for WSGI, without those of the connection; raises as ``asgi_fields``."""
    return [
        # The servers test for exactly ``str``, and a multidict's names may be a subclass.
        (str(name), _encoded(name, value).decode("latin-1"))
        for name, value in headers.items()
        if _lower_name(name) not in _OF_THE_CONNECTION
    ]


def from_bytes(data: bytes) -> str:
    """Return the text of a request's field, which ``asgi_fields`` turns into the same bytes."""
    return data.decode("utf-8", "surrogateescape")


def joined_fields(fields: Iterable[tuple[str, str]]) -> CIMultiDict[str]:
    """Return a mapping of a request's fields, lines of one name joined (RFC 9110 section 5.3)."""
    joined: CIMultiDict[str] = CIMultiDict()
    for name, value in fields:
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _encoded(name: str, value: str) -> bytes:
    isprintable: Callable[[], bool] | None = getattr(value, "isprintable", None)
    if isprintable is None:
        raise TypeError(
            f"The value of {name!r} must be a str, not {shown(value)}: give the text that the "
            "client is to read"
        )
    # A cheap test that nearly all values pass; the pattern decides on the others.
    if not isprintable() and (bad := _CONTROL.search(value)) is not None:
        raise ValueError(
            f"The value of {name!r} has the control character {bad[0]!r} at {bad.start()}, which "
            f"would break the head: {shown(value)}"
        )
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"The value of {name!r} has {value[error.start]!a}, half of a surrogate pair, which no "
            "encoding has"
        ) from error


@functools.lru_cache(_CACHED)
def _lower_name(name: str) -> str:
    if _TOKEN.fullmatch(name) is None:
        raise ValueError(f"{shown(name)} is not the name of a field: it must be a token")
    return name.lower()
