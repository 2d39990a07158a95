"""The names of ``aiohttp.helpers`` that libraries for servers use.

Those of the client (proxies, netrc, timers, cookies that it receives) are not among them.
"""

import asyncio
import enum
import re
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Final, Protocol, TypeVar

from propcache.api import under_cached_property

from treadle_http_parser.fields import (
    ETAG_ANY,
    MimeType,
    encode_basic_auth,
    format_http_date,
    parse_content_type,
    parse_http_date,
    parse_mimetype,
    validate_etag_value,
)
from treadle_http_parser.hdrs import METH_CONNECT, METH_HEAD
from treadle_responses import (
    AppKey,
    ETag,
    RequestKey,
    ResponseKey,
    StateKey,
    content_disposition_header,
)
from treadle_server import ChainMapProxy

from ._auth import BasicAuth

__all__ = [
    "CHAR",
    "CTL",
    "DEBUG",
    "DEFAULT_CHUNK_SIZE",
    "EMPTY_BODY_METHODS",
    "EMPTY_BODY_STATUS_CODES",
    "ETAG_ANY",
    "IS_MACOS",
    "IS_WINDOWS",
    "PY_311",
    "QCONTENT",
    "SEPARATORS",
    "TOKEN",
    "AppKey",
    "BaseKey",
    "BasicAuth",
    "ChainMapProxy",
    "ETag",
    "MimeType",
    "RequestKey",
    "ResponseKey",
    "content_disposition_header",
    "encode_basic_auth",
    "guess_filename",
    "is_ip_address",
    "must_be_empty_body",
    "noop",
    "parse_content_type",
    "parse_http_date",
    "parse_mimetype",
    "quoted_string",
    "reify",
    "rfc822_formatted_time",
    "sentinel",
    "set_exception",
    "set_result",
    "should_remove_content_length",
    "validate_etag_value",
]

_T = TypeVar("_T")
_T_contra = TypeVar("_T_contra", contravariant=True)

#: The base of the three kinds of keys.
BaseKey = StateKey

#: The size in bytes in which files and bodies are read.
DEFAULT_CHUNK_SIZE: Final = 2**18
#: A property that is computed once for each object, and kept in its ``_cache``.
reify = under_cached_property

#: True in Python's development mode, ``python -X dev``.
DEBUG: Final = sys.flags.dev_mode
#: True on macOS.
IS_MACOS: Final = sys.platform == "darwin"
#: True on Windows.
IS_WINDOWS: Final = sys.platform == "win32"
#: True: treadle needs Python 3.11.
PY_311: Final = True

#: The statuses and methods of responses without a body (RFC 9112 section 6.3).
EMPTY_BODY_STATUS_CODES: Final = frozenset({204, 304, *range(100, 200)})
#: The methods whose responses have no body: HEAD.
EMPTY_BODY_METHODS: Final = frozenset({METH_HEAD})

# Sets of characters (RFC 9110 section 5.6.2).
#: All characters of ASCII.
CHAR: Final = frozenset(map(chr, range(128)))
#: The control characters of ASCII.
CTL: Final = frozenset({*map(chr, range(32)), "\x7f"})
#: The characters that end a token.
SEPARATORS: Final = frozenset('()<>@,;:\\"/[]?={} \t')
#: The characters of a token, such as the name of a field.
TOKEN: Final = CHAR - CTL - SEPARATORS
#: The characters of a quoted string.
QCONTENT: Final = frozenset({*map(chr, range(0x20, 0x7F)), "\t"})
_QUOTED: Final = re.compile(r'[\\" \t]')


class _Sentinel(enum.Enum):
    sentinel = enum.auto()


#: A default that differs from every value that a caller can give.
sentinel: Final = _Sentinel.sentinel


class noop:  # noqa: N801  # aiohttp's name
    """An awaitable that gives way to the event loop once."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class _TakesResult(Protocol[_T_contra]):
    def done(self) -> bool: ...

    def set_result(self, result: _T_contra, /) -> object: ...


def set_result(fut: _TakesResult[_T], result: _T) -> None:
    """Set the result of a future that has none yet."""
    if not fut.done():
        fut.set_result(result)


class _TakesException(Protocol):
    def set_exception(self, exc: BaseException, /) -> object: ...


def set_exception(
    fut: _TakesException, exc: BaseException, exc_cause: BaseException | None = None
) -> None:
    """Set the exception of a future that is not done, or of a stream; ``exc_cause`` caused it."""
    if asyncio.isfuture(fut) and fut.done():
        return
    if exc_cause is not None and exc_cause is not exc:
        exc.__cause__ = exc_cause
    fut.set_exception(exc)


def guess_filename(obj: object, default: str | None = None) -> str | None:
    """Return the last component of the name of an open file, ``default`` without one."""
    name = getattr(obj, "name", None)
    if isinstance(name, str) and name and name[0] != "<" and name[-1] != ">":
        return Path(name).name
    return default


def quoted_string(content: str) -> str:
    """Return ``content`` with what must be escaped inside quotes (RFC 5322 section 3.2.4).

    Raises ``ValueError`` for a character that is not visible ASCII, a space or a tab.
    """
    if not QCONTENT.issuperset(content):
        raise ValueError(f"bad content for quoted-string {content!r}: it takes visible ASCII only")
    return _QUOTED.sub(lambda found: "\\" + found[0], content)


def is_ip_address(host: str | None) -> bool:
    """Return True if ``host`` looks like an IP address and not like a name."""
    return host is not None and (":" in host or host.replace(".", "").isdigit())


def rfc822_formatted_time() -> str:
    """Return the time now as the value of Date (RFC 9110 section 5.6.7)."""
    return format_http_date(time.time())


def must_be_empty_body(method: str, code: int) -> bool:
    """Return True if the response to ``method`` with this status has no body."""
    return method in EMPTY_BODY_METHODS or should_remove_content_length(method, code)


def should_remove_content_length(method: str, code: int) -> bool:
    """Return True if the response to ``method`` with this status has no Content-Length."""
    return code in EMPTY_BODY_STATUS_CODES or (200 <= code < 300 and method == METH_CONNECT)
