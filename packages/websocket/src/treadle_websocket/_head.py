"""Read the head of an opening handshake from the bytes of a connection (RFC 9112).

For programs without an HTTP parser: a ``HandshakeReader`` takes bytes until the head is complete,
and returns it as a value, or as the refusal that the peer should get. It reads what RFC 9112 says
and nothing else: two readers that see different fields in the same bytes can be played off against
each other, and no client of a WebSocket is so old that it needs tolerance.
"""

import re
from dataclasses import dataclass
from typing import Final, final

from ._decision import Reject, bad_request, quote, reject
from ._encoder import BytesLike
from ._errors import WSStateError, WSValueError, wrong_type

__all__ = ["HandshakeReader", "HandshakeRequest"]

_MAX_SIZE: Final = 16 * 1024
_MAX_FIELDS: Final = 100

_TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# Sections 3 and 2.3. A target has no space, no control byte and nothing beyond ASCII.
_REQUEST_LINE: Final = re.compile(rb"(%b) ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])" % _TOKEN)
# Section 5. White space before the colon and line folding are refused (5.1, 5.2).
_FIELD: Final = re.compile(rb"(%b):([\t\x20-\x7e\x80-\xff]*)" % _TOKEN)
_METHOD_BEGINS: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]")
_BARE_LF: Final = re.compile(rb"(?<!\r)\n")


@final
@dataclass(frozen=True, slots=True)
class HandshakeRequest:
    """The head of a request, for ``ServerHandshake.decide``.

    ``target`` is as it was sent, such as ``/chat?room=1``. The values of ``headers`` are Latin-1,
    without the white space around them.
    """

    method: str
    target: str
    http_version: tuple[int, int]
    headers: tuple[tuple[str, str], ...]


@final
class HandshakeReader:
    """Reads one request head of at most ``max_size`` bytes and ``max_fields`` fields.

    Raises ``WSMessageTypeError`` or ``WSValueError`` for a limit that is no number from 1.
    """

    __slots__ = ("_buffer", "_max_fields", "_max_size", "_result", "_searched")

    def __init__(self, *, max_size: int = _MAX_SIZE, max_fields: int = _MAX_FIELDS) -> None:
        for name, limit in (("max_size", max_size), ("max_fields", max_fields)):
            if isinstance(limit, bool) or not isinstance(limit, int):
                raise wrong_type(f"{name}={limit!r}", "an int", limit)
            if limit < 1:
                raise WSValueError(f"{name} must be at least 1, not {limit}")
        self._max_size = max_size
        self._max_fields = max_fields
        self._buffer = bytearray()
        # No head ends before this byte.
        self._searched = 0
        self._result: HandshakeRequest | Reject | None = None

    @property
    def rest(self) -> bytes:
        """The bytes behind the head, the first ones for ``WebSocketSession.receive_data``.

        Raises ``WSStateError`` before the head is complete.
        """
        if not isinstance(self._result, HandshakeRequest):
            raise WSStateError("there is no complete head: give receive_data() more bytes")
        return bytes(self._buffer)

    def receive_data(self, data: BytesLike) -> HandshakeRequest | Reject | None:
        """Take bytes of the connection; return the head, or the refusal of it.

        None means that the head is not complete yet. A connection that ends before has nobody to
        answer. Send a ``Reject`` and close the connection. Raises ``WSMessageTypeError`` for
        another type than bytes, and ``WSStateError`` behind the head.
        """
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise wrong_type("receive_data()", "bytes, bytearray or memoryview", data)
        if self._result is not None:
            raise WSStateError("the head is complete: what follows is for WebSocketSession")
        self._buffer += bytes(data)
        self._result = self._read()
        return self._result

    def _read(self) -> HandshakeRequest | Reject | None:
        buffer = self._buffer
        # Section 2.2: an empty line before the request line is ignored.
        begin = 2 if buffer.startswith(b"\r\n") else 0
        if len(buffer) == begin or buffer == b"\r":
            return None
        if _METHOD_BEGINS.match(buffer, begin) is None:
            # TLS, for example: such a peer would wait for ever for an end of its head.
            return bad_request("the request does not begin with a method")
        end = buffer.find(b"\r\n\r\n", max(begin, self._searched - 3))
        # What is refused must not depend on how the bytes were cut. The last three bytes may be
        # the begin of the end.
        size = end if end >= 0 else len(buffer) - 3
        last = min(end if end >= 0 else len(buffer), begin + self._max_size)
        if _BARE_LF.search(buffer, max(begin, self._searched - 1), last) is not None:
            return bad_request("a line of the head ends with LF alone, not with CR and LF")
        if size > last:
            if buffer.find(b"\r\n", begin, last) < 0:
                return reject(414, "URI Too Long", f"request line of over {self._max_size} bytes")
            return self._too_large(f"head of over {self._max_size} bytes")
        self._searched = len(buffer)
        if end < 0:
            return None
        lines = bytes(buffer[begin:end]).split(b"\r\n")
        del buffer[: end + 4]
        return self._parse(lines)

    def _parse(self, lines: list[bytes]) -> HandshakeRequest | Reject:
        found = _REQUEST_LINE.fullmatch(lines[0])
        if found is None:
            return bad_request(f"request line {_quote_bytes(lines[0])} is malformed")
        version = (int(found[3]), int(found[4]))
        if version[0] != 1:
            text = f"HTTP/{version[0]}.{version[1]} is not spoken here, HTTP/1.1 is"
            return reject(505, "HTTP Version Not Supported", text)
        if len(lines) - 1 > self._max_fields:
            return self._too_large(f"more than {self._max_fields} header fields")
        headers = []
        for line in lines[1:]:
            field = _FIELD.fullmatch(line)
            if field is None:
                return bad_request(f"header field {_quote_bytes(line)} is malformed")
            headers.append((field[1].decode("ascii"), field[2].strip(b" \t").decode("latin-1")))
        return _check(
            HandshakeRequest(
                found[1].decode("ascii"), found[2].decode("ascii"), version, tuple(headers)
            )
        )

    @staticmethod
    def _too_large(text: str) -> Reject:
        return reject(431, "Request Header Fields Too Large", text)


def _check(request: HandshakeRequest) -> HandshakeRequest | Reject:
    """Refuse what a server must refuse before it looks at the meaning of a request."""
    fields = [(name.lower(), value) for name, value in request.headers]
    hosts = [value for name, value in fields if name == "host"]
    if len(hosts) > 1 or (not hosts and request.http_version >= (1, 1)):
        # Section 3.2.
        return bad_request(f"there must be one Host field, not {len(hosts)}")
    for name, value in fields:
        if name == "transfer-encoding" or (name == "content-length" and value != "0"):
            # Its bytes would be read as frames.
            return bad_request("a request that opens a WebSocket has no body")
    return request


def _quote_bytes(line: bytes) -> str:
    return quote(line[:80].decode("latin-1"))
