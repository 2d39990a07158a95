"""The values that a connection hands to its caller.

The order of events for each request is: one ``Request``, any number of ``Data``, one
``EndOfMessage``. An ``Error`` may take the place of any of them and is always the last event of its
connection.
"""

from typing import Final, final

from ._framing import Fields, Framing
from ._memo import Memo

__all__ = ["Data", "EndOfMessage", "Error", "Event", "Request"]


def _read_line(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.lower(), value.strip()


# A client sends most of its field lines with each request. ``differ`` of treadle-asgi in
# tools/bench/compare.py: without this memo the fields of a browser take 6 times as long.
_LINES: Final[Memo[bytes, tuple[bytes, bytes]]] = Memo(_read_line, 1024)
# A subscription of a subclass of dict takes twice as long as this.
_known_line: Final = _LINES.get


@final
class Request:
    """The head of one request (RFC 9112 sections 3 and 5).

    ``method`` is as sent (methods are case-sensitive). ``target`` is the path and query, for
    origin- and absolute-form requests alike, ``"*"`` for ``OPTIONS *`` and ``host:port`` for
    CONNECT; it is ASCII, because anything else was refused. ``authority`` is the host and port of
    an absolute-form target, else that of the ``Host`` field, else ``""`` (HTTP/1.0 only).
    ``version`` is ``(1, 0)`` or ``(1, 1)``.

    The constructor takes the fields, or the bytes of a valid head, which are split when ``fields``
    is first read: most requests are answered from few fields or none.
    """

    __slots__ = ("_fields", "authority", "framing", "method", "target", "version")

    def __init__(
        self,
        method: str,
        target: str,
        authority: str,
        version: tuple[int, int],
        fields: Fields | bytes,
        framing: Framing,
    ) -> None:
        self.method: Final = method
        self.target: Final = target
        self.authority: Final = authority
        self.version: Final = version
        self._fields = fields
        #: The body's framing and the connection's options; the properties below read them.
        self.framing: Final = framing

    @property
    def fields(self) -> Fields:
        """The field lines in the order and case of the sender."""
        fields = self._fields
        if isinstance(fields, bytes):
            # The request line is in front of them, and the empty line behind.
            parts = [line.partition(b":") for line in fields.split(b"\r\n")[1:-2]]
            fields = self._fields = tuple([(name, value.strip()) for name, _, value in parts])
        return fields

    @property
    def lower_fields(self) -> list[tuple[bytes, bytes]]:
        """A new list of the field lines in their order, with names in lower case."""
        fields = self._fields
        if isinstance(fields, bytes):
            return [_known_line(line) or _LINES[line] for line in fields.split(b"\r\n")[1:-2]]
        return [(name.lower(), value) for name, value in fields]

    @property
    def content_length(self) -> int | None:
        """The announced size of the body in bytes, None if it is chunked."""
        return self.framing.content_length

    @property
    def chunked(self) -> bool:
        """True if the body comes in chunks."""
        return self.framing.chunked

    @property
    def keep_alive(self) -> bool:
        """True if the client wants to send another request on this connection."""
        return self.framing.keep_alive

    @property
    def upgrade(self) -> str:
        """The protocols that the client asks to switch to, lower-cased, ``""`` if it asks for none.

        Always ``""`` for HTTP/1.0, and without ``Connection: upgrade`` (RFC 9110 section 7.8).
        """
        return self.framing.upgrade

    @property
    def expect(self) -> str:
        """The lower-cased ``Expect`` value, ``""`` without one (RFC 9110 section 10.1.1)."""
        return self.framing.expect

    @property
    def content_coding(self) -> str:
        """The lower-cased ``Content-Encoding`` value, ``""`` without one."""
        return self.framing.content_coding

    @property
    def has_body(self) -> bool:
        """True if the framing fields announce content."""
        return self.framing.content_length != 0

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.target} HTTP/{self.version[0]}.{self.version[1]}>"


@final
class Data:
    """A part of the body, never empty; ``chunk_end`` is True if it ends an HTTP chunk."""

    __slots__ = ("chunk_end", "data")

    def __init__(self, data: bytes, chunk_end: bool = False) -> None:
        self.data: Final = data
        self.chunk_end: Final = chunk_end

    def __repr__(self) -> str:
        return f"<Data {len(self.data)} bytes>"


@final
class EndOfMessage:
    """The end of the request; ``trailers`` are the fields behind a chunked body."""

    __slots__ = ("trailers",)

    def __init__(self, trailers: Fields = ()) -> None:
        self.trailers: Final = trailers

    def __repr__(self) -> str:
        return f"<EndOfMessage {len(self.trailers)} trailers>"


@final
class Error:
    """The peer broke the protocol: answer ``status`` with ``reason`` and close.

    ``reason`` is a fixed English sentence, safe to send. ``detail`` may hold what httptools found,
    for the log. ``limit`` is the name of the field of ``Limits`` that the request exceeds,
    None for another mistake. None of them holds bytes that the peer sent.
    """

    __slots__ = ("detail", "limit", "reason", "status")

    def __init__(
        self, status: int, reason: str, detail: str = "", limit: str | None = None
    ) -> None:
        self.status: Final = status
        self.reason: Final = reason
        self.detail: Final = detail
        self.limit: Final = limit

    def __repr__(self) -> str:
        return f"<Error {self.status} {self.reason!r}>"


#: The values that a connection hands to its caller.
Event = Request | Data | EndOfMessage | Error
