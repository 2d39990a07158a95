"""How long a request's body is, whether the connection lives on, and what could be smuggled.

Pure functions over the fields of one head. Where RFC 9112 leaves a choice, the one is taken that
no proxy in front could read differently: everything ambiguous is refused, and the connection
closes behind the refusal.
"""

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Final, final

from . import _errors as texts
from ._errors import RefusedError

__all__ = ["Fields", "Framing", "read_framing", "valid_authority"]

#: Field lines as sent: names in the sender's case, values without surrounding white space.
Fields = tuple[tuple[bytes, bytes], ...]

# The fields that decide on framing, routing and how the body is read; all others are the
# application's.
_CONNECTION: Final = 1
_CONTENT_LENGTH: Final = 2
_TRANSFER_ENCODING: Final = 3
_HOST: Final = 4
_UPGRADE: Final = 5
_EXPECT: Final = 6
_CODING: Final = 7
_OLD_WEBSOCKET: Final = 8
_SPECIAL: Final = {
    b"connection": _CONNECTION,
    b"content-length": _CONTENT_LENGTH,
    b"transfer-encoding": _TRANSFER_ENCODING,
    b"host": _HOST,
    b"upgrade": _UPGRADE,
    b"expect": _EXPECT,
    b"content-encoding": _CODING,
    # Its request has eight bytes behind the head that no framing field announces.
    b"sec-websocket-key1": _OLD_WEBSOCKET,
}

# RFC 3986 section 3.2: a registered name, an IPv4 address or a bracketed IPv6 address, and a port.
# The IPvFuture form is left out: no such version exists.
# User information is left out on purpose: RFC 9110 section 4.2.4 forbids it in http URIs.
_AUTHORITY: Final = re.compile(
    rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+(?::[0-9]{0,5})?"
    rb"|\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{0,5})?"
)

#: A length with more digits than this is no length that anybody serves (and ``int`` is linear).
_MAX_LENGTH_DIGITS: Final = 18

# Field names as spelled by senders, and which of the above they are, 0 for the application's: one
# lookup instead of lowering each name first. Bounded like the hosts below.
_kinds: Final[dict[bytes, int]] = {}
_MAX_KINDS: Final = 512

# Hosts seen before, so that a busy server matches the pattern once per name and not per request.
# Bounded, and emptied when full: a client that varies its Host costs itself the lookup.
_known_hosts: Final[dict[bytes, str]] = {}
_MAX_KNOWN_HOSTS: Final = 256


@final
class Framing:
    """What the fields of a head say about its message and its connection; never changed."""

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


# What nearly every GET comes to: shared, because building one costs as much as reading two fields.
_PLAIN: Final = Framing(keep_alive=True)
_PLAIN_CLOSE: Final = Framing(keep_alive=False)


def valid_authority(value: bytes) -> str | None:
    """Return ``value`` as text if it is ``host [":" port]`` with a port up to 65535, else None."""
    known = _known_hosts.get(value)
    if known is not None:
        return known
    if len(value) > 512 or _AUTHORITY.fullmatch(value) is None:
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
    if len(_known_hosts) >= _MAX_KNOWN_HOSTS:
        _known_hosts.clear()
    _known_hosts[value] = text
    return text


def _kind_of(name: bytes) -> int:
    kind = _SPECIAL.get(name.lower(), 0)
    if len(_kinds) >= _MAX_KINDS:
        _kinds.clear()
    _kinds[name] = kind
    return kind


def read_framing(fields: Fields, version: tuple[int, int]) -> tuple[str, Framing]:
    """Return the host and the framing of a request head; raises ``RefusedError``.

    The checks are RFC 9112 sections 3.2 (Host), 6.1 (Transfer-Encoding), 6.2 and 6.3
    (Content-Length), 9.3 and 9.6 (persistence), and RFC 9110 sections 7.8 (Upgrade) and 10.1.1
    (Expect).
    """
    host = None
    others = None
    for name, value in fields:
        special = _kinds.get(name)
        if special is None:
            special = _kind_of(name)
        if not special:
            continue
        if special is _HOST:
            if host is not None:
                raise RefusedError(400, texts.HOST_REPEATED)
            host = value
        elif special is not _CONNECTION or value != b"keep-alive" or version != (1, 1):
            if others is None:
                others = _Others()
            others.add(special, value)
    if host is not None:
        authority = _known_hosts.get(host) or valid_authority(host)
        if authority is None:
            raise RefusedError(400, texts.HOST_INVALID)
    elif version == (1, 1):
        raise RefusedError(400, texts.HOST_MISSING)
    else:
        authority = ""
    if others is not None:
        return authority, others.framing(version)
    return authority, _PLAIN if version == (1, 1) else _PLAIN_CLOSE


@final
class _Others:
    """Collects the special fields beside Host, which most requests do not have."""

    __slots__ = ("coding", "connection", "content_coding", "expect", "length", "upgrade")

    def __init__(self) -> None:
        self.connection = b""
        self.length: bytes | None = None
        self.coding: bytes | None = None
        self.upgrade = b""
        self.expect = b""
        self.content_coding = b""

    def add(self, special: int, value: bytes) -> None:
        if special is _CONNECTION:
            self.connection += b"," + value
        elif special is _CONTENT_LENGTH:
            # Two equal lengths would be allowed (section 6.3), but no honest client sends them.
            if self.length is not None:
                raise RefusedError(400, texts.LENGTH_INVALID)
            self.length = value
        elif special is _TRANSFER_ENCODING:
            self.coding = value if self.coding is None else self.coding + b"," + value
        elif special is _UPGRADE:
            self.upgrade = value if not self.upgrade else self.upgrade + b", " + value
        elif special is _EXPECT:
            self.expect = value if not self.expect else self.expect + b", " + value
        elif special is _CODING:
            before = self.content_coding
            self.content_coding = value if not before else before + b", " + value
        else:
            raise RefusedError(400, texts.OLD_WEBSOCKET)

    def framing(self, version: tuple[int, int]) -> Framing:
        keep_alive = version == (1, 1)
        upgrade = ""
        length: int | None = 0
        if self.coding is not None:
            _check_coding(self.coding, self.length, version)
            length = None
        elif self.length is not None:
            length = _read_length(self.length)
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


def _read_length(value: bytes) -> int:
    # bytes.isdigit is ASCII only: no sign, no underscore, no other script's digits.
    if not value.isdigit() or len(value) > _MAX_LENGTH_DIGITS:
        raise RefusedError(400, texts.LENGTH_INVALID)
    return int(value)


def _check_coding(coding: bytes, length: bytes | None, version: tuple[int, int]) -> None:
    # "A server MAY reject a request that contains both Content-Length and Transfer-Encoding"
    # (RFC 9112 section 6.1): such a message is what request smuggling is made of.
    if length is not None:
        raise RefusedError(400, texts.LENGTH_AND_CODING)
    if version != (1, 1):
        raise RefusedError(400, texts.CODING_BEFORE_11)
    codings = [item.strip(b" \t").lower() for item in coding.split(b",")]
    if codings[-1] != b"chunked" or codings.count(b"chunked") != 1:
        raise RefusedError(400, texts.CODING_NOT_CHUNKED)
    if len(codings) > 1:
        raise RefusedError(501, texts.CODING_UNKNOWN)
