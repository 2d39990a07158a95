"""Decide from the fields of a head where its body ends and whether the connection is kept.

Pure functions over the fields of one head. Where RFC 9112 leaves a choice, they take the one that
no proxy in front could read differently: everything ambiguous is refused, and the connection closes
after the refusal, because an ambiguous head is how a second request is smuggled past a proxy.
"""

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Final, final

from . import _errors as messages
from ._errors import RefusedError
from ._memo import Memo

__all__ = ["PLAIN", "Fields", "Framing", "read_framing", "valid_authority"]

#: Field lines as sent: names in the sender's case, values without surrounding white space.
Fields = tuple[tuple[bytes, bytes], ...]

# The fields that decide on framing, routing and how the body is read; ``FramingFields.add`` knows
# each. All others are the application's.
_READ: Final = frozenset(
    b"connection content-encoding content-length expect host transfer-encoding upgrade".split()
)

#: The fields that no request may have: name, status and sentence of the refusal.
_REFUSED: Final[dict[bytes, tuple[int, str]]] = {
    # The WebSocket draft of 2010 sends eight bytes behind the head that no framing field announces.
    b"sec-websocket-key1": (400, messages.OLD_WEBSOCKET),
}

# The spellings in which clients and proxies send most of the application's fields, so that their
# names need not be lowered. ``bench:parser``: without this set ``fields differ`` takes 1.09 times
# as long, ``all differ`` 1.07.
_APPLICATION: Final = frozenset(
    spelling
    for name in (
        b"Accept Accept-Encoding Accept-Language Access-Control-Request-Headers "
        b"Access-Control-Request-Method Authorization Cache-Control Content-Type Cookie DNT "
        b"Forwarded If-Match If-Modified-Since If-None-Match If-Range If-Unmodified-Since Origin "
        b"Pragma Priority Range Referer Sec-Ch-Ua Sec-Ch-Ua-Mobile Sec-Ch-Ua-Platform "
        b"Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-User Sec-GPC "
        b"Sec-WebSocket-Extensions Sec-WebSocket-Key Sec-WebSocket-Protocol Sec-WebSocket-Version "
        b"TE Traceparent Tracestate Upgrade-Insecure-Requests User-Agent Via X-Forwarded-For "
        b"X-Forwarded-Host X-Forwarded-Port X-Forwarded-Proto X-Real-IP X-Request-ID "
        b"X-Requested-With"
    ).split()
    for spelling in (name, name.lower())
    if name.lower() not in _READ and name.lower() not in _REFUSED
)

# RFC 3986 section 3.2: a registered name, an IPv4 address or a bracketed IPv6 address, and a port.
# The IPvFuture form is left out: no such version exists.
# User information is left out on purpose: RFC 9110 section 4.2.4 forbids it in http URIs.
_AUTHORITY: Final = re.compile(
    rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+(?::[0-9]{0,5})?"
    rb"|\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{0,5})?"
)
_MAX_AUTHORITY: Final = 512

#: Eighteen digits are an exabyte: a longer Content-Length is an attack on integer overflow.
_MAX_LENGTH_DIGITS: Final = 18


@final
class Framing:
    """The framing of one message and the options of its connection; never changed."""

    __slots__ = ("chunked", "content_coding", "content_length", "expect", "keep_alive", "upgrade")

    def __init__(
        self,
        keep_alive: bool,
        content_length: int | None = 0,
        upgrade: str = "",
        expect: str = "",
        content_coding: str = "",
    ) -> None:
        self.keep_alive: Final = keep_alive
        self.content_length: Final = content_length
        self.chunked: Final = content_length is None
        self.upgrade: Final = upgrade
        self.expect: Final = expect
        self.content_coding: Final = content_coding


#: The framing of nearly every GET: shared, because building one costs as much as two fields.
PLAIN: Final = Framing(keep_alive=True)
_PLAIN_CLOSE: Final = Framing(keep_alive=False)


def valid_authority(value: bytes) -> str | None:
    """Return ``value`` as text if it is ``host [":" port]`` with a port up to 65535, else None."""
    return _AUTHORITIES[value]


def _read_authority(value: bytes) -> str | None:
    if len(value) > _MAX_AUTHORITY or _AUTHORITY.fullmatch(value) is None:
        return None
    text = value.decode("ascii")
    port = text.rpartition("]")[2].rpartition(":")
    if port[1] and port[2] and int(port[2]) > 65535:
        return None
    if text[0] == "[":
        try:
            IPv6Address(text[1 : text.index("]")])
        except AddressValueError:
            return None
    return text


# ``bench:parser``: without this memo ``fields differ`` takes 1.12 times as long, ``all differ``
# 1.10.
_AUTHORITIES: Final[Memo[bytes, str | None]] = Memo(_read_authority, 256)


def read_framing(fields: Fields, version: tuple[int, int]) -> tuple[str, Framing]:
    """Return the host and the framing of a request head.

    The checks are RFC 9112 sections 3.2 (Host), 6.1 (Transfer-Encoding), 6.2 and 6.3
    (Content-Length), 9.3 and 9.6 (persistence), and RFC 9110 sections 7.8 (Upgrade) and 10.1.1
    (Expect). Raises ``RefusedError``.
    """
    host = None
    others = None
    for name, value in fields:
        if name in _APPLICATION:
            continue
        lowered = name.lower()
        if lowered == b"host":
            if host is not None:
                raise RefusedError(400, messages.HOST_REPEATED)
            host = value
        elif lowered in _REFUSED:
            raise RefusedError(*_REFUSED[lowered])
        elif lowered in _READ and (
            lowered != b"connection" or value != b"keep-alive" or version != (1, 1)
        ):
            if others is None:
                others = FramingFields()
            others.add(lowered, value)
    if host is not None:
        authority = _AUTHORITIES[host]
        if authority is None:
            raise RefusedError(400, messages.HOST_INVALID)
    elif version == (1, 1):
        raise RefusedError(400, messages.HOST_MISSING)
    else:
        authority = ""
    if others is not None:
        return authority, others.framing(version)
    return authority, PLAIN if version == (1, 1) else _PLAIN_CLOSE


@final
class FramingFields:
    """Collects the framing fields except Host, which most requests do not have."""

    __slots__ = (
        "connection",
        "content_coding",
        "content_length",
        "expect",
        "transfer_coding",
        "upgrade",
    )

    def __init__(self) -> None:
        self.connection = b""
        self.content_length: bytes | None = None
        self.transfer_coding: bytes | None = None
        self.upgrade = b""
        self.expect = b""
        self.content_coding = b""

    def add(self, name: bytes, value: bytes) -> None:
        """Take one field, ``name`` lower-cased; raises ``RefusedError``."""
        if name == b"connection":
            self.connection += b"," + value
        elif name == b"content-length":
            # Section 6.3 allows two equal lengths, but no honest client sends them.
            if self.content_length is not None:
                raise RefusedError(400, messages.LENGTH_INVALID)
            self.content_length = value
        elif name == b"transfer-encoding":
            before = self.transfer_coding
            # An empty item counts, and is refused: no honest client sends one.
            self.transfer_coding = value if before is None else before + b"," + value
        elif name == b"upgrade":
            self.upgrade = _join(self.upgrade, value)
        elif name == b"expect":
            self.expect = _join(self.expect, value)
        elif name == b"content-encoding":
            self.content_coding = _join(self.content_coding, value)

    def framing(self, version: tuple[int, int]) -> Framing:
        """Return the framing that the fields describe; raises ``RefusedError``."""
        keep_alive = version == (1, 1)
        upgrade = ""
        length: int | None = 0
        if self.transfer_coding is not None:
            _check_transfer_coding(self.transfer_coding, self.content_length, version)
            length = None
        elif self.content_length is not None:
            length = _read_length(self.content_length)
        if self.connection:
            options = {item.strip(b" \t") for item in self.connection.lower().split(b",")}
            if b"close" in options:
                keep_alive = False
            elif b"keep-alive" in options:
                keep_alive = True
            # "A server MUST ignore an Upgrade header field that is received in an HTTP/1.0
            # request" (RFC 9110 section 7.8).
            if b"upgrade" in options and version == (1, 1):
                upgrade = self.upgrade.decode("latin-1").lower()
        expect = self.expect.decode("latin-1").lower()
        content_coding = self.content_coding.decode("latin-1").lower()
        return Framing(keep_alive, length, upgrade, expect, content_coding)


def _join(before: bytes, value: bytes) -> bytes:
    """Return the value of a repeated field as one list (RFC 9110 section 5.3)."""
    return before + b", " + value if before else value


def _read_length(value: bytes) -> int:
    # bytes.isdigit is ASCII only: no sign, no underscore, no other script's digits.
    if not value.isdigit() or len(value) > _MAX_LENGTH_DIGITS:
        raise RefusedError(400, messages.LENGTH_INVALID)
    return int(value)


def _check_transfer_coding(
    value: bytes, content_length: bytes | None, version: tuple[int, int]
) -> None:
    # "A server MAY reject a request that contains both Content-Length and Transfer-Encoding"
    # (RFC 9112 section 6.1): request smuggling depends on such messages.
    if content_length is not None:
        raise RefusedError(400, messages.LENGTH_AND_CODING)
    if version != (1, 1):
        raise RefusedError(400, messages.CODING_BEFORE_11)
    codings = [item.strip(b" \t").lower() for item in value.split(b",")]
    if codings[-1] != b"chunked" or codings.count(b"chunked") != 1:
        raise RefusedError(400, messages.CODING_NOT_CHUNKED)
    if len(codings) > 1:
        raise RefusedError(501, messages.CODING_UNKNOWN)
