"""The client's side of a connection in memory: requests out, responses in.

A request whose handler does not wait is answered before ``MemoryConnection.send`` returns.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, final

from aiohttp import ServerDisconnectedError
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from multidict import CIMultiDict

from treadle_server import StreamReader

from ._transport import ClientSide, MemoryTransport

__all__ = ["Answer", "MemoryConnection"]

#: The bytes of a body that wait for a test to read them before the server has to wait: the stream
#: takes twice as many.
_LIMIT: Final = 2**19


@final
class Answer:
    """One response as it arrives: ``started`` ends with its head, ``body`` gets the rest.

    httptools calls the methods whose names begin with ``on_``.
    """

    def __init__(self, method: str, connection: "MemoryConnection") -> None:
        self._method: Final = method
        self._connection: Final = connection
        self._parser: Final = HttpResponseParser(self)
        self.status: int = 0
        self.reason: str = ""
        self.version: str = "1.1"
        self.headers: CIMultiDict[str] = CIMultiDict()
        self.body: StreamReader = StreamReader(connection, _LIMIT)
        #: Done once the head, or the end of the connection, is there.
        self.started: bool = False
        self._waiter: asyncio.Future[None] | None = None
        #: Done once the response is complete.
        self.ended: bool = False
        # True if the end of the connection is the end of the body.
        self._until_close = False
        self._error: Exception | None = None

    async def wait_started(self) -> None:
        """Wait for the head; raises what ended the connection before it."""
        if not self.started:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self._error is not None and not self.status:
            raise self._error

    @property
    def is_whole(self) -> bool:
        """True if the response has ended, and no reading of it can fail or wait."""
        return self.ended and self._error is None

    def _start(self) -> None:
        self.started = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def receive(self, data: bytes) -> bytes:
        """Take bytes of the connection; return those behind a 101."""
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            return data[upgrade.args[0] :]
        except HttpParserError as error:
            self._fail(error)
        return b""

    def lost(self) -> None:
        """Take the end of the connection."""
        if self._until_close and self.started:
            self._end()
        elif not self.ended:
            self._fail(ServerDisconnectedError())

    def _fail(self, error: Exception) -> None:
        self._error = error
        self.body.set_exception(error)
        self.ended = True
        self._start()

    def _end(self) -> None:
        if not self.ended:
            self.ended = True
            self.body.feed_eof()
            self._connection.answered()

    # The parser's calls.

    def on_status(self, reason: bytes) -> None:
        """Take a piece of the reason phrase."""
        self.reason += reason.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field."""
        self.headers.add(name.decode("latin-1"), value.decode("utf-8", "surrogateescape"))

    def on_headers_complete(self) -> None:
        """Take the end of a head."""
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            # The response proper follows.
            self.headers.clear()
            self.reason = ""
            return
        self.status = status
        self.version = self._parser.get_http_version()
        has_body = self._method != "HEAD" and status not in (101, 204, 304)
        self._until_close = (
            has_body
            and "Content-Length" not in self.headers
            and "Transfer-Encoding" not in self.headers
        )
        self._connection.reusable = (
            status != 101 and not self._until_close and self._parser.should_keep_alive()
        )
        self._start()
        if not has_body:
            self._end()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if not self.ended:
            self.body.feed_data(body)

    def on_message_complete(self) -> None:
        """Take the end of a message, which may have been an informational one."""
        if self.status:
            self._end()


@final
class MemoryConnection:
    """One connection to a server; requests go over it one after the other."""

    def __init__(self, factory: Callable[[], asyncio.BaseProtocol], extra: dict[str, Any]) -> None:
        #: True if another request may follow the one under way.
        self.reusable: bool = True
        self._answer: Answer | None = None
        # The client of a WebSocket, once there is one.
        self._upgraded: ClientSide | None = None
        self._rest = b""
        self.transport: Final = MemoryTransport(self, extra)
        self.transport.connect(factory)

    @property
    def is_free(self) -> bool:
        """True if a request may be sent now."""
        return self.reusable and self._answer is None and not self.transport.is_closing()

    def send(self, method: str, head_and_body: bytes) -> Answer:
        """Send a request, or its beginning, and return the answer, which may be complete."""
        answer = self._answer = Answer(method, self)
        self.transport.send(head_and_body)
        return answer

    def answered(self) -> None:
        """Note the end of an answer."""
        self._answer = None

    def upgrade(self, client: ClientSide) -> None:
        """Give what the server sends behind its 101 to ``client``."""
        self.reusable = False
        self._upgraded = client
        rest, self._rest = self._rest, b""
        if rest:
            client.receive(rest)

    # The transport's side of the client.

    def receive(self, data: bytes) -> None:
        """Take bytes of the server."""
        if self._upgraded is not None:
            self._upgraded.receive(data)
        elif self._answer is not None:
            self._rest += self._answer.receive(data)
        else:
            # Behind a 101 that the test has not seen yet; a server says nothing else unasked.
            self._rest += data

    def lost(self) -> None:
        """Take the end of the connection."""
        self.reusable = False
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.lost()
        if self._upgraded is not None:
            self._upgraded.lost()

    # The flow of a body: its reader is behind, or not any more.

    def pause_reading(self) -> None:
        """Have the server wait."""
        self.transport.hold()

    def resume_reading(self) -> None:
        """Have the server go on."""
        self.transport.release()
