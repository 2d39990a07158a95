"""The header of the PROXY protocol, versions 1 and 2: bytes in, the address of a client out.

A proxy that forwards bytes, not requests, writes it at the beginning of a connection
(https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt). ``read_proxy_header`` gets all that
has come so far, and is called again when there is more; it keeps nothing.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final, final

from treadle_server._core.trusted_proxies import unmapped

__all__ = ["MOST_HEADER", "HeaderFault", "ProxyHeader", "read_proxy_header"]

#: "a 108-byte buffer is always enough to store all the line and a trailing zero" (section 2.1).
_MOST_LINE: Final = 107
#: The most bytes of a header of version 2. The addresses take 216 at most; what follows may be the
#: certificate of the client.
MOST_HEADER: Final = 8192

_V1: Final = b"PROXY "
_V2: Final = b"\r\n\r\n\x00\r\nQUIT\n"
_FIXED: Final = 16

_LINE: Final = re.compile(
    rb"PROXY (?:UNKNOWN(?: [^\r\n]*)?"
    rb"|(TCP4|TCP6) ([0-9A-Fa-f.:]+) ([0-9A-Fa-f.:]+) (0|[1-9][0-9]{0,4}) (0|[1-9][0-9]{0,4}))\r\n"
)

_LOCAL, _PROXY = 0, 1
_UNSPEC, _INET, _INET6, _UNIX = range(4)
_STREAM: Final = 1
_ADDRESS_SIZES: Final = {_INET: 12, _INET6: 36, _UNIX: 216}
_UNIX_PATH: Final = 108

# Types of TLVs (section 2.2).
_CRC32C: Final = 0x03
_SSL: Final = 0x20
#: The bit that says that the client has connected over TLS.
_CLIENT_SSL: Final = 0x01


@final
@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """A header that was read."""

    #: Its length; the bytes behind it are the client's.
    size: int
    #: Address and port of the client, or the path of its Unix socket; None if the header names
    #: none, because the proxy itself has connected or does not know.
    source: tuple[str, int] | str | None
    #: True if it says that the client has connected to the proxy over TLS.
    tls: bool = False


@final
@dataclass(frozen=True, slots=True)
class HeaderFault:
    """The reason why bytes are no header."""

    reason: str


_NO_HEADER: Final = HeaderFault("it does not begin with a header of the PROXY protocol")


def read_proxy_header(data: bytes | bytearray) -> ProxyHeader | HeaderFault | None:
    """Return the header that ``data`` begins with; None if some of it has not come yet."""
    if data[:1] == _V1[:1]:
        if not data.startswith(_V1[: len(data)]):
            return _NO_HEADER
        return _read_line(bytes(data[:_MOST_LINE]))
    if not data.startswith(_V2[: len(data)]):
        return _NO_HEADER
    if len(data) < _FIXED:
        return None
    size = _FIXED + int.from_bytes(data[14:16], "big")
    if size > MOST_HEADER:
        return HeaderFault(f"its header is longer than {MOST_HEADER} bytes")
    return _read_binary(bytes(data[:size]), size)


def _read_line(line: bytes) -> ProxyHeader | HeaderFault | None:
    """Read a header of version 1; ``line`` is all of it, or more."""
    end = line.find(b"\n") + 1
    if not end:
        if len(line) == _MOST_LINE:
            return HeaderFault(f"its first line is longer than {_MOST_LINE} bytes")
        return None
    found = _LINE.fullmatch(line[:end])
    if found is None:
        return HeaderFault("its header of version 1 is malformed")
    family, *addresses = found.groups()
    if family is None:
        # Section 2.1: "the receiver must ignore anything presented before the CRLF".
        return ProxyHeader(end, None)
    parse = IPv4Address if family == b"TCP4" else IPv6Address
    source, destination, *ports = (value.decode("ascii") for value in addresses)
    try:
        address, _ = parse(source), parse(destination)
    except ValueError:
        return HeaderFault(f"its header has an address that is not of {family.decode()}")
    port, other = map(int, ports)
    if max(port, other) > 0xFFFF:
        return HeaderFault("its header has a port above 65535")
    return ProxyHeader(end, (str(unmapped(address)), port))


def _read_binary(header: bytes, size: int) -> ProxyHeader | HeaderFault | None:
    """Read a header of version 2 and ``size`` bytes, of which some may be missing."""
    version, command = divmod(header[12], 16)
    family, protocol = divmod(header[13], 16)
    if version != 2 or command > _PROXY:
        return HeaderFault(f"its header has the unknown version and command 0x{header[12]:02x}")
    if len(header) < size:
        return None
    if command == _LOCAL or family == _UNSPEC:
        # Section 2.2: "The receiver must accept this connection as valid and must use the real
        # connection endpoints and discard the protocol block including the family".
        return ProxyHeader(size, None)
    length = _ADDRESS_SIZES.get(family)
    if length is None or protocol != _STREAM:
        return HeaderFault(f"its header has the family and protocol 0x{header[13]:02x}")
    if size < _FIXED + length:
        return HeaderFault("its header is too short for its addresses")
    block = header[_FIXED : _FIXED + length]
    source: tuple[str, int] | str | None
    if family == _INET:
        source = str(IPv4Address(block[:4])), int.from_bytes(block[8:10], "big")
    elif family == _INET6:
        source = str(unmapped(IPv6Address(block[:16]))), int.from_bytes(block[32:34], "big")
    else:
        path = block[:_UNIX_PATH].rstrip(b"\0")
        # The NUL of an abstract name is an @, as other programs show it.
        source = path.replace(b"\0", b"@").decode("utf-8", "surrogateescape") or None
    tls = False
    try:
        for kind, value, start in _read_tlvs(header, _FIXED + length):
            if kind == _SSL:
                tls = bool(value[0] & _CLIENT_SSL)
            elif kind == _CRC32C and not _is_checksum(header, value, start):
                return HeaderFault("the checksum of its header is wrong")
    except IndexError:
        return HeaderFault("its header ends within a TLV")
    return ProxyHeader(size, source, tls)


def _read_tlvs(header: bytes, position: int) -> Iterator[tuple[int, bytes, int]]:
    """Return types, values and their places; raises ``IndexError`` for one that is cut off."""
    while position < len(header):
        start = position + 3
        if start > len(header):
            raise IndexError
        position = start + int.from_bytes(header[start - 2 : start], "big")
        if position > len(header):
            raise IndexError
        yield header[start - 3], header[start:position], start


def _is_checksum(header: bytes, value: bytes, start: int) -> bool:
    """Return True if ``value`` is the CRC32C of the header with zeros in its place."""
    if len(value) != 4:
        return False
    cleared = header[:start] + bytes(4) + header[start + 4 :]
    return _crc32c(cleared) == int.from_bytes(value, "big")


@functools.cache
def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            # The polynomial of Castagnoli, reversed (RFC 3720 appendix B.4).
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)  # bit by bit
        table.append(value)
    return tuple(table)


def _crc32c(data: bytes) -> int:
    table = _crc_table()
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF
