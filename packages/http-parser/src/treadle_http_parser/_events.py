"""The values that a connection hands to its caller.

The order of events for each request is: one ``Request``, any number of ``Data``, one
``EndOfMessage``; an ``Error`` may take the place of any of them and is always the last
event of its connection.
"""

from typing import Final, final

from ._framing import Fields, Framing

__all__ = ["Data", "EndOfMessage", "Error", "Event", "Request"]


@final
class Request:
    """The head of one request (RFC 9112 sections 3 and 5).

    ``method`` is as sent (methods are case-sensitive). ``target`` is the path and query, for
    origin- and absolute-form requests alike, ``"*"`` for ``OPTIONS *`` and ``host:port`` for
    CONNECT; it is ASCII, because anything else was refused. ``authority`` is the host and port of
    an absolute-form target, else that of the ``Host`` field, else ``""`` (HTTP/1.0 only).
    ``version`` is ``(1, 0)`` or ``(1, 1)``.
    """

    __slots__ = ("authority", "fields", "framing", "method", "target", "version")

    def __init__(
        self,
        method: str,
        target: str,
        authority: str,
        version: tuple[int, int],
        fields: Fields,
        framing: Framing,
    ) -> None:
        self.method: Final = method
        self.target: Final = target
        self.authority: Final = authority
        self.version: Final = version
        self.fields: Final = fields
        #: What the fields say of the body and the connection; the properties below read it.
        self.framing: Final = framing

    @property
    def content_length(self) -> int | None:
        """The announced size of the body in bytes, None if it is chunked."""
        return self.framing.content_length

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return self.framing.chunked

    @property
    def keep_alive(self) -> bool:
        """Whether the client wants the connection to go on after this request."""
        return self.framing.keep_alive

    @property
    def upgrade(self) -> str:
        """The protocols the client asks for, lower-cased, ``""`` if it does not."""
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
        """Whether the framing fields announce content."""
        return self.framing.content_length != 0

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.target} HTTP/{self.version[0]}.{self.version[1]}>"


@final
class Data:
    """A piece of the body, never empty; ``chunk_end`` tells that it ends an HTTP chunk."""

    __slots__ = ("chunk_end", "data")

    def __init__(self, data: bytes, chunk_end: bool = False) -> None:
        self.data: Final = data
        self.chunk_end: Final = chunk_end

    def __repr__(self) -> str:
        return f"<Data {len(self.data)} bytes>"


@final
class EndOfMessage:
    """The request is complete; ``trailers`` are the fields behind a chunked body."""

    __slots__ = ("trailers",)

    def __init__(self, trailers: Fields = ()) -> None:
        self.trailers: Final = trailers

    def __repr__(self) -> str:
        return f"<EndOfMessage {len(self.trailers)} trailers>"


@final
class Error:
    """The peer broke the protocol: answer ``status`` with ``reason`` and close.

    ``reason`` is a fixed English sentence, safe to send. ``detail`` may name the parser's own
    finding and is for the log; neither holds bytes that the peer sent.
    """

    __slots__ = ("detail", "reason", "status")

    def __init__(self, status: int, reason: str, detail: str = "") -> None:
        self.status: Final = status
        self.reason: Final = reason
        self.detail: Final = detail

    def __repr__(self) -> str:
        return f"<Error {self.status} {self.reason!r}>"


Event = Request | Data | EndOfMessage | Error
