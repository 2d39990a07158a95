"""The writer of a response under aiohttp's names: ``request.writer``.

``AbstractStreamWriter`` is the class that programs and tests implement to have a response written
to an object of their own. ``PayloadWriter`` is the view of a ``ResponseChannel`` with these
methods. ``_http.writer_channel`` goes the other way.
"""

import abc
import asyncio
import re
from typing import Final, final

from multidict import CIMultiDict

from .interfaces import ResponseChannel

__all__ = ["AbstractStreamWriter", "PayloadWriter"]

#: The head of a 1xx response: its status and its field lines.
_INTERIM: Final = re.compile(rb"HTTP/1\.[01] (1\d\d)[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n")


class AbstractStreamWriter(abc.ABC):
    """Writes one response: the head, the pieces of the body, the end."""

    buffer_size: int = 0
    #: Bytes that were written.
    output_size: int = 0
    #: The bytes of the body that may still be written, None for any number.
    length: int | None = 0

    @abc.abstractmethod
    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Write a piece of the body."""

    @abc.abstractmethod
    async def write_eof(self, chunk: bytes = b"") -> None:
        """Write the last piece and the end of the response."""

    @abc.abstractmethod
    async def drain(self) -> None:
        """Wait until the peer keeps up."""

    @abc.abstractmethod
    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        """Compress the body."""

    @abc.abstractmethod
    def enable_chunking(self) -> None:
        """Send the body in chunks."""

    @abc.abstractmethod
    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        """Write the head, whose first line is ``status_line``."""

    def send_headers(self) -> None:  # noqa: B027  # a writer that keeps no head need not have it
        """Send a head that waits for the first piece of the body."""


@final
class PayloadWriter(AbstractStreamWriter):
    """The channel of a response, for code that writes to it past the response.

    The server frames the body by the fields of the head, and compresses nothing by itself: use
    ``enable_compression`` of the response.
    """

    def __init__(self, channel: ResponseChannel) -> None:
        #: The channel that all is written to.
        self.channel: Final = channel
        self.length = None

    @property
    def transport(self) -> asyncio.Transport | None:
        """The connection's transport, None once the client is gone."""
        return self.channel.transport

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Write a piece of the body, and wait while the peer is behind.

        Before the head of the response it may be that of a 1xx response, which a handler of
        ``Expect`` sends: ``b"HTTP/1.1 100 Continue\\r\\n\\r\\n"``.
        """
        channel = self.channel
        if not channel.head_sent and not channel.response_ended:
            interim = _INTERIM.fullmatch(bytes(chunk))
            if interim is not None:
                lines = interim[2].decode("latin-1").splitlines()
                fields = (line.partition(":") for line in lines)
                channel.write_informational(
                    int(interim[1]), [(name, value.strip()) for name, _, value in fields]
                )
                return
        self.output_size += len(chunk)
        await channel.write(chunk)

    async def write_eof(self, chunk: bytes = b"") -> None:
        """Write the last piece and the end of the response."""
        self.output_size += len(chunk)
        await self.channel.write_eof(chunk)

    async def drain(self) -> None:
        """Wait until the peer keeps up."""
        await self.channel.drain()

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        """Raise ``RuntimeError``: a response compresses its body itself."""
        raise RuntimeError(
            f"The writer does not compress ({encoding}, strategy {strategy}): call "
            "enable_compression() of the response before prepare()"
        )

    def enable_chunking(self) -> None:
        """Do nothing: the field Transfer-Encoding, or a body without a length, has chunks."""

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        """Write the head; raises ``ValueError`` if ``status_line`` has no status."""
        _, _, rest = status_line.partition(" ")
        status, _, reason = rest.partition(" ")
        if not (status.isascii() and status.isdecimal()):
            raise ValueError(f"{status_line!r} is not a status line such as 'HTTP/1.1 200 OK'")
        self.output_size += len(status_line)
        self.channel.write_head(int(status), reason, headers, body_follows=False)
