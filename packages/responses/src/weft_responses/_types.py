"""What a response needs of the server that sends it: two protocols.

Any server can send these responses by satisfying them; ``weft_server`` is one that does.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from multidict import CIMultiDict

if TYPE_CHECKING:
    from ._stream import StreamResponse

__all__ = ["RequestInfo", "ResponseWriter"]


class ResponseWriter(Protocol):
    """Sends one response: one head, any number of pieces, one end.

    The writer owns framing and the connection: it writes ``Content-Length`` or chunks, adds the
    fields of the connection, and sends no body where the request or the status allows none.
    """

    def write_head(
        self, status: int, reason: str, headers: CIMultiDict[str], *, body_follows: bool
    ) -> None:
        """Take the head; with ``body_follows`` it may wait for the first piece of the body."""

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a piece of the body; returns when the peer keeps up."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the last piece and end the response."""


class RequestInfo(Protocol):
    """What a response looks at in the request that it answers."""

    @property
    def method(self) -> str:
        """The request method, upper-case."""

    @property
    def version(self) -> tuple[int, int]:
        """The HTTP version of the request."""

    @property
    def keep_alive(self) -> bool:
        """Whether the client wants to keep the connection."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's fields."""

    @property
    def response_writer(self) -> ResponseWriter:
        """Where this request's response is written."""

    async def _prepare_hook(self, response: "StreamResponse") -> None:
        """Run before the head is sent, when every header is in place."""
