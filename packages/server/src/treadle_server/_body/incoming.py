"""The bodies of a connection's requests: each is fed to its ``RequestBody``, or dropped.

``IncomingBody`` belongs to one connection, and has one body at a time. The rest of a body whose
response is out goes to its reader too, which drops it.
"""

from collections.abc import Callable
from typing import Final, Protocol, final

from treadle_http_parser import Data, EndOfMessage
from treadle_http_parser import Request as Head
from treadle_server._core.config import ServerConfig

from .feed import ReadingSide
from .stream import RequestBody

__all__ = ["BodyWriter", "IncomingBody"]


class BodyWriter(Protocol):
    """The part of the writing side that bodies need: 100 Continue."""

    def expect_continue(self) -> None:
        """Note that the client waits for 100 Continue before it sends its body."""

    def continue_body(self) -> None:
        """Send 100 Continue if the client waits for it and no final response has begun."""

    def body_arrives(self) -> None:
        """Note that the client sends its body without having waited."""


@final
class IncomingBody:
    """The body of the request under way, if it has not fully arrived."""

    __slots__ = ("_awaited", "_config", "_flow", "_writer", "current", "reader")

    def __init__(
        self,
        config: ServerConfig,
        flow: ReadingSide,
        writer: BodyWriter,
        awaited: Callable[[], None],
    ) -> None:
        self._config: Final = config
        # Called whenever the handler begins to wait for bytes.
        self._awaited = awaited
        self._flow: Final = flow
        self._writer: Final = writer
        #: The reader of the body; None for a request without one, and once it has fully arrived.
        self.reader: RequestBody | None = None
        #: The reader of the request under way, also when its body has ended or failed; None for a
        #: body that had arrived whole.
        self.current: RequestBody | None = None

    def open(self, head: Head) -> RequestBody:
        """Return the reader of a body that has not fully arrived, or is coded."""
        config = self._config
        writer = self._writer
        reader = RequestBody(self._flow, config.read_bufsize, self._begin_wait)
        self.reader = self.current = reader
        coding = head.framing.content_coding
        if coding and coding != "identity" and config.auto_decompress:
            reader.decode(coding, config.max_expansion)
        if head.framing.expect == "100-continue" and head.version == (1, 1):
            writer.expect_continue()
        return reader

    def _begin_wait(self) -> None:
        self._writer.continue_body()
        self._awaited()

    def release(self) -> None:
        """Let go of the connection, which is lost."""
        self._awaited = _lost

    def feed(self, event: Data) -> None:
        """Take a piece of the body."""
        self._writer.body_arrives()
        assert self.reader is not None
        self.reader.feed(event.data, event.chunk_end)

    def end(self, event: EndOfMessage) -> None:
        """Take the end of the body, if there is one."""
        reader, self.reader = self.reader, None
        if reader is not None:
            reader.end(event.trailers)
            # The reader may have paused reading; from here on the connection decides.
            self._flow.resume_reading()

    def fail(self, error: BaseException) -> None:
        """Raise ``error`` in the handler when it reads on."""
        reader, self.reader = self.reader, None
        if reader is not None:
            reader.fail(error)

    @property
    def is_awaited(self) -> bool:
        """True if the handler waits for bytes of the body."""
        return self.reader is not None and self.reader.waiting

    def end_exchange(self) -> None:
        """Forget the reader of a request that is over, and the traceback of its failure."""
        reader, self.current = self.current, None
        if reader is not None:
            reader.forget_traceback()

    def discard(self) -> None:
        """Drop the rest of a body that its handler did not read before its response was out."""
        if self.reader is not None:
            self.reader.discard()


def _lost() -> None:
    """Do nothing: the connection is lost."""
