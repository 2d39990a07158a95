"""Headers of the PROXY protocol: each whole, byte by byte and with a request behind it."""

import itertools
import random
import struct
from ipaddress import ip_address

import pytest

from treadle_server._transport import proxy_header
from treadle_server._transport.proxy_header import (
    MOST_HEADER,
    HeaderFault,
    ProxyHeader,
    read_proxy_header,
)

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
TAIL = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
TCP4 = bytes([10, 0, 0, 1, 10, 0, 0, 2]) + struct.pack("!HH", 4711, 80)
TCP6 = ip_address("2001:db8::1").packed + ip_address("::1").packed + struct.pack("!HH", 9, 443)
MAPPED = ip_address("::ffff:10.0.0.1").packed * 2 + struct.pack("!HH", 9, 443)


def binary(family: int, block: bytes, command: int = 0x21) -> bytes:
    return SIGNATURE + bytes([command, family]) + struct.pack("!H", len(block)) + block


def unix(path: bytes) -> bytes:
    return path.ljust(108, b"\0") + b"/there".ljust(108, b"\0")


def tlv(kind: int, value: bytes) -> bytes:
    return bytes([kind]) + struct.pack("!H", len(value)) + value


def with_checksum(family: int, block: bytes, change: int = 0) -> bytes:
    header = binary(family, block + tlv(3, bytes(4)) + tlv(4, b"noop"))
    place = len(header) - 4 - 3 - 4
    crc = proxy_header._crc32c(header) ^ change
    return header[:place] + struct.pack("!I", crc) + header[place + 4 :]


Source = tuple[str, int] | str | None

HEADERS: list[tuple[bytes, Source, bool]] = [
    (b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", ("192.168.0.1", 56324), False),
    (b"PROXY TCP4 1.2.3.4 5.6.7.8 0 65535\r\n", ("1.2.3.4", 0), False),
    (b"PROXY TCP6 2001:DB8::1 ::1 1 2\r\n", ("2001:db8::1", 1), False),
    (b"PROXY TCP6 ::ffff:1.2.3.4 ::1 1 2\r\n", ("1.2.3.4", 1), False),
    # The longest line that is possible.
    (
        b"PROXY UNKNOWN " + b"f" * 39 + b" " + b"f" * 39 + b" 65535 65535\r\n",
        None,
        False,
    ),
    (b"PROXY UNKNOWN\r\n", None, False),
    (b"PROXY UNKNOWN 1 2 3 4\r\n", None, False),
    (binary(0x11, TCP4), ("10.0.0.1", 4711), False),
    (binary(0x21, TCP6), ("2001:db8::1", 9), False),
    (binary(0x21, MAPPED), ("10.0.0.1", 9), False),
    (binary(0x31, unix(b"/run/a.sock")), "/run/a.sock", False),
    (binary(0x31, unix(b"\0abstract")), "@abstract", False),
    (binary(0x31, unix(b"/" * 108)), "/" * 108, False),
    (binary(0x31, unix(b"")), None, False),
    (binary(0x00, b""), None, False),
    (binary(0x00, b"anything"), None, False),
    # LOCAL: the family and the addresses are not looked at.
    (binary(0x11, TCP4, command=0x20), None, False),
    (binary(0xFF, b"", command=0x20), None, False),
    (binary(0x11, TCP4 + tlv(4, b"")), ("10.0.0.1", 4711), False),
    (binary(0x11, TCP4 + tlv(0xEE, b"x" * 2000) + tlv(2, b"host")), ("10.0.0.1", 4711), False),
    (binary(0x11, TCP4 + tlv(0x20, b"\x01\0\0\0\0")), ("10.0.0.1", 4711), True),
    (
        binary(0x21, TCP6 + tlv(0x20, b"\x07\0\0\0\0" + tlv(0x21, b"TLSv1.3"))),
        ("2001:db8::1", 9),
        True,
    ),
    (binary(0x11, TCP4 + tlv(0x20, b"\0\0\0\0\0")), ("10.0.0.1", 4711), False),
    (with_checksum(0x11, TCP4), ("10.0.0.1", 4711), False),
    (with_checksum(0x21, TCP6 + tlv(0x20, b"\x01\0\0\0\0")), ("2001:db8::1", 9), True),
    (binary(0x11, TCP4 + tlv(4, bytes(MOST_HEADER - 16 - 12 - 3))), ("10.0.0.1", 4711), False),
]  # fmt: skip


@pytest.mark.parametrize(("header", "source", "tls"), HEADERS)
def test_headers(header: bytes, source: Source, tls: bool) -> None:
    wanted = ProxyHeader(len(header), source, tls)
    assert read_proxy_header(header) == wanted
    assert read_proxy_header(header + TAIL) == wanted
    assert read_proxy_header(header + header) == wanted
    # All of the first bytes; of a large one some.
    for size in itertools.chain(range(min(len(header), 300)), range(300, len(header), 97)):
        assert read_proxy_header(header[:size]) is None, size
    assert read_proxy_header(header[:-1]) is None


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_the_bytes_of_a_buffer(kind: type[bytes] | type[bytearray]) -> None:
    for header, source, tls in HEADERS:
        assert read_proxy_header(kind(header + TAIL)) == ProxyHeader(len(header), source, tls)


NO_HEADER = "it does not begin with a header of the PROXY protocol"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (TAIL, NO_HEADER),
        (b"\x16\x03\x01", NO_HEADER),
        (b"p", NO_HEADER),
        (b"PUT / HTTP/1.1\r\n", NO_HEADER),
        (b"PROXY\tTCP4", NO_HEADER),
        (b"\r\n\r\nGET", NO_HEADER),
        (SIGNATURE[:-1] + b"\r", NO_HEADER),
        (b" PROXY UNKNOWN\r\n", NO_HEADER),
        (b"PROXY UNKNOWN" + b" " * 94, "its first line is longer than 107 bytes"),
        (b"PROXY UNKNOWN" + b" " * 93 + b"\r\n", "its first line is longer than 107 bytes"),
        (b"PROXY UNKNOWN\n", "its header of version 1 is malformed"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", "its header of version 1 is malformed"),
        (b"PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n", "its header of version 1 is malformed"),
        (b"PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n", "its header of version 1 is malformed"),
        (b"PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n", "its header of version 1 is malformed"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", "its header of version 1 is malformed"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", "its header of version 1 is malformed"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", "its header of version 1 is malformed"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n", "its header of version 1 is malformed"),
        (b"PROXY TCP4 evil 5.6.7.8 1 2\r\n", "its header of version 1 is malformed"),
        (b"PROXY UNKNOWNX\r\n", "its header of version 1 is malformed"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n", "its header has a port above 65535"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 70000\r\n", "its header has a port above 65535"),
        (b"PROXY TCP4 ::1 ::1 1 2\r\n", "its header has an address that is not of TCP4"),
        (b"PROXY TCP6 1.2.3.4 ::1 1 2\r\n", "its header has an address that is not of TCP6"),
        (b"PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n", "its header has an address that is not of TCP4"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.800 1 2\r\n", "its header has an address that is not of TCP4"),
        (binary(0x11, TCP4, command=0x11), "its header has the unknown version and command 0x11"),
        (binary(0x11, TCP4, command=0x22), "its header has the unknown version and command 0x22"),
        # Its length is not waited for.
        (
            binary(0x11, TCP4, command=0x31)[:16],
            "its header has the unknown version and command 0x31",
        ),
        (binary(0x12, TCP4), "its header has the family and protocol 0x12"),
        (binary(0x10, TCP4), "its header has the family and protocol 0x10"),
        (binary(0x41, TCP4), "its header has the family and protocol 0x41"),
        (binary(0x11, TCP4[:-1]), "its header is too short for its addresses"),
        (binary(0x21, TCP4), "its header is too short for its addresses"),
        (binary(0x31, unix(b"/a")[:-1]), "its header is too short for its addresses"),
        (binary(0x11, TCP4 + b"\x04"), "its header ends within a TLV"),
        (binary(0x11, TCP4 + b"\x04\0"), "its header ends within a TLV"),
        (binary(0x11, TCP4 + b"\x04\0\x05abcd"), "its header ends within a TLV"),
        (binary(0x11, TCP4 + tlv(0x20, b"")), "its header ends within a TLV"),
        (with_checksum(0x11, TCP4, change=1), "the checksum of its header is wrong"),
        (binary(0x11, TCP4 + tlv(3, b"")), "the checksum of its header is wrong"),
        (binary(0x11, TCP4 + tlv(3, bytes(5))), "the checksum of its header is wrong"),
        (binary(0x11, TCP4 + bytes(MOST_HEADER))[:16], "its header is longer than 8192 bytes"),
        (SIGNATURE + b"\x21\x11\xff\xff", "its header is longer than 8192 bytes"),
    ],
)  # fmt: skip
def test_faults(data: bytes, reason: str) -> None:
    assert read_proxy_header(data) == HeaderFault(reason)
    assert read_proxy_header(data + TAIL) == HeaderFault(reason)
    # Once it is seen, more bytes do not change it, and before it is seen there is no header.
    seen = [read_proxy_header(data[:size]) for size in range(min(len(data), 300))]
    assert set(seen) <= {None, HeaderFault(reason)}
    assert seen == sorted(seen, key=lambda found: found is not None)


def test_the_checksum_is_that_of_castagnoli() -> None:
    # RFC 3720 appendix B.4.
    assert proxy_header._crc32c(bytes(32)) == 0x8A9136AA
    assert proxy_header._crc32c(b"\xff" * 32) == 0x62A8AB43
    assert proxy_header._crc32c(b"123456789") == 0xE3069283


def test_any_change_of_a_byte_is_read_or_refused() -> None:
    random.seed(14)
    kinds = set()
    for header, *_ in HEADERS:
        for _ in range(200):
            changed = bytearray(header + TAIL)
            changed[random.randrange(len(header))] = random.randrange(256)
            found = read_proxy_header(changed)
            kinds.add(type(found))
            if isinstance(found, ProxyHeader):
                assert 0 < found.size <= max(len(changed), MOST_HEADER)
                assert read_proxy_header(changed[: found.size]) == found
    assert kinds == {ProxyHeader, HeaderFault, type(None)}
