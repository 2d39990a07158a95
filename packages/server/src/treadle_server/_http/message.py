"""The head of a request under aiohttp's names, and to and from the head that our parser makes.

The server's own requests are made of a ``treadle_http_parser.Request``. Programs and tests that
make one by hand have a ``RawRequestMessage``, and so have overridden request factories.
"""

from typing import NamedTuple

from multidict import CIMultiDictProxy, MultiMapping
from yarl import URL

from treadle_http_parser import Fields, Framing
from treadle_http_parser import Request as Head
from treadle_server._core.types import HttpVersion

__all__ = ["RawRequestMessage", "encode_headers", "head_of", "message_of"]


class RawRequestMessage(NamedTuple):
    """The head of a request: its first line, its fields, and facts that follow from them."""

    method: str
    #: The target as sent.
    path: str
    version: HttpVersion
    headers: CIMultiDictProxy[str]
    raw_headers: tuple[tuple[bytes, bytes], ...]
    #: True if the connection ends after the response.
    should_close: bool
    #: The Content-Encoding if the server decodes it: gzip, deflate, br or zstd.
    compression: str | None
    #: True if the client asks for another protocol.
    upgrade: bool
    chunked: bool
    url: URL


def message_of(
    head: Head, version: HttpVersion, headers: CIMultiDictProxy[str], url: URL
) -> RawRequestMessage:
    """Return the head of our parser under aiohttp's names."""
    coding = head.content_coding
    return RawRequestMessage(
        head.method,
        head.target,
        version,
        headers,
        head.fields,
        not head.keep_alive,
        coding if coding in ("gzip", "deflate", "br", "zstd") else None,
        bool(head.upgrade),
        head.chunked,
        url,
    )


def encode_headers(headers: MultiMapping[str]) -> Fields:
    """Return fields as they are sent."""
    return tuple(
        (name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in headers.items()
    )


def head_of(message: RawRequestMessage) -> Head:
    """Return a message that was made by hand as a head of our parser; it is taken as it is."""
    headers = message.headers
    fields = message.raw_headers or encode_headers(headers)
    length = headers.get("Content-Length", "0")
    framing = Framing(
        not message.should_close,
        None if message.chunked else int(length) if length.isdecimal() else 0,
        headers.get("Upgrade", "").lower() if message.upgrade else "",
        headers.get("Expect", "").lower(),
        headers.get("Content-Encoding", "").lower(),
    )
    host = headers.get("Host", "")
    major, minor = message.version
    return Head(message.method, message.path, host, (major, minor), fields, framing)
