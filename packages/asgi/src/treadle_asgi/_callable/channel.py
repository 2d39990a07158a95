"""The response of one scope: messages in place of bytes.

``ScopeChannel`` is the ``ResponseChannel`` of ASGI. Its methods that must not wait queue messages,
which the callable or the next method that may wait sends; a lock keeps their order. A head waits
for the first piece of its body, so that an error can still have an answer of its own.

A client that has left, a ``send`` that raises, and a cancelled callable are all the same: the
channel is lost, and what is written is dropped.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import Final, TypeVar

from multidict import CIMultiDict

from treadle_asgi._types import Message, Receive, Scope, Send
from treadle_http_parser import LocalProtocolError
from treadle_responses import asgi_fields, asgi_lines
from treadle_server import ClientConnectionResetError
from treadle_server.interfaces import (
    BlockingCalls,
    BodyDiscardedError,
    OpenStreams,
    ServerState,
    Upgraded,
)

from .intake import Intake
from .transport import ScopeTransport

__all__ = ["ScopeChannel"]

_T = TypeVar("_T")

#: A handler that never has to wait gives other tasks a turn after this many bytes; a
#: call counts for some.
_LONG_TURN: Final = 128 * 1024
_CALL: Final = 1024

#: The bytes that may be written to a response without a body until the handler is told to stop.
_MAX_DISCARDED: Final = 1024 * 1024

_NO_EXTENSIONS: Final[dict[str, object]] = {}


class ScopeChannel:
    """The way of one response to the server in front; ``prefix`` is that of its messages."""

    _prefix = "http.response."

    # Class attributes are the defaults of what most responses do not need: to set them all would be
    # 1 % of a hello (``asgi_treadle`` of tools/bench/compare.py). ``__init__`` has what each of
    # them reads. For the same reason there are no slots: the interpreter has a fast way to call
    # ``__init__``, but only for classes without any.
    output_size: int = 0
    #: True once the response was cut off by ``fail``.
    broken: bool = False
    #: True once the exchange has ended.
    over: bool = False
    #: Called when the client leaves.
    on_left: Callable[[], None] | None = None
    # The messages that were not sent, and their bytes.
    _queue: deque[Message] | None = None
    queued: int = 0
    _bodiless: bool = False
    _trailers: bool = False
    # The bytes that are missing of a body with Content-Length; None for one without.
    _left: int | None = None
    # Bytes written since other tasks had their turn, and those dropped.
    _turn: int = 0
    _discarded: int = 0
    _lock: asyncio.Lock | None = None
    _waker: asyncio.Future[None] | None = None
    _blocking: BlockingCalls | None = None
    _transport: ScopeTransport | None = None
    _intake: Intake | None = None

    def __init__(self, scope: Scope, receive: Receive, send: Send, state: ServerState) -> None:
        self.scope: Final = scope
        self._receive: Final = receive
        self.send: Final = send
        self._state: Final = state
        self.head_sent = False
        self.response_ended = False
        #: True once the client is gone.
        self.is_lost = False
        # A head that may still be withdrawn.
        self._start: Message | None = None
        #: The messages of a response that was written as a whole, until they are sent.
        self.whole: tuple[Message, ...] | None = None
        #: False once there are messages before ``whole``, or a task may receive.
        self.is_plain = True

    @property
    def _extensions(self) -> Message:
        return self.scope.get("extensions") or _NO_EXTENSIONS

    # The client.

    @property
    def intake(self) -> Intake:
        """The messages of the client."""
        if self._intake is None:
            self.is_plain = False
            self._intake = Intake(self._receive, self._state.loop, self.lose)
        return self._intake

    @property
    def transport(self) -> asyncio.Transport | None:
        """An object that knows the addresses, None once the client is gone."""
        if self.is_lost:
            return None
        if self._transport is None:
            self._transport = ScopeTransport(self.scope, self.abort)
        return self._transport

    @property
    def client_left(self) -> bool:
        """True once the client is gone; ASGI does not tell a client that only sends no more."""
        if not self.is_lost:
            self.intake.watch()
        return self.is_lost

    async def wait_client_left(self) -> None:
        """Wait until ``client_left``."""
        if not self.is_lost:
            await self.intake.wait_left()

    def lose(self, error: BaseException | None = None) -> None:
        """Note that the client is gone."""
        if self.is_lost:
            return
        self.is_lost = True
        self._start = self.whole = None
        if self._queue is not None:
            self._queue.clear()
            self.queued = 0
        if self._intake is not None:
            self._intake.leave(error)
        if self.on_left is not None:
            self.on_left()
        self.kick()

    def abort(self) -> None:
        """Cut the response off."""
        if not (self.response_ended or self.is_lost):
            self.broken = True
        self.lose()

    @property
    def streams(self) -> OpenStreams:
        """The open streams of the application's server."""
        return self._state.streams

    # Messages in order.

    def put(self, message: Message, size: int = 0) -> None:
        """Queue a message."""
        if self._queue is None:
            self.is_plain = False
            self._queue = deque()
        if self._start is not None:
            self._queue.append(self._start)
            self._start = None
        self._queue.append(message)
        self.queued += size

    async def flush(self) -> None:
        """Send what is queued; returns when all of it is sent, or the client is gone."""
        if self._start is not None:
            start, self._start = self._start, None
            self.put(start)
        elif self.whole is not None:
            whole, self.whole = self.whole, None
            for message in whole:
                self.put(message)
        queue = self._queue
        if queue is None:
            return
        if self._lock is None:
            self._lock = asyncio.Lock()
        async with self._lock:
            while queue:
                message = queue.popleft()
                try:
                    await self.send(message)
                except Exception as error:  # noqa: BLE001  # whatever it is, the client gets no more
                    self.refused(message, error)
            self.queued = 0

    def refused(self, message: Message, error: Exception) -> None:
        """Note that ``send`` has raised."""
        if not (self.is_lost or isinstance(error, OSError)):
            self._state.config.logger.warning(
                "The server has refused the message %r, so its client counts as gone: %s: %s",
                message["type"], type(error).__name__, error,
            )  # fmt: skip
        self.lose(error)

    def kick(self) -> None:
        """Have the callable send what is queued, or end."""
        waker = self._waker
        if waker is not None and not waker.done():
            waker.set_result(None)

    def end_exchange(self) -> None:
        """Note the end of the exchange, which calls this."""
        self.over = True
        self.kick()

    async def serve(self) -> None:
        """Send what is queued until the exchange is over."""
        while True:
            # A head waits for its body, unless ``_send_head`` has put it into the queue.
            if self._queue or (self.over and (self.whole or self._start) is not None):
                await self.flush()
            elif self.over:
                return
            else:
                self._waker = self._state.loop.create_future()
                try:
                    await self._waker
                finally:
                    self._waker = None

    async def wait_over(self) -> None:
        """Wait for the end of an exchange that was cancelled."""
        while not self.over:
            self._waker = self._state.loop.create_future()
            try:
                await self._waker
            finally:
                self._waker = None

    async def close(self) -> None:
        """End the task that receives."""
        self.on_left = None
        if self._intake is not None:
            await self._intake.stop()

    # Responses.

    def withdraw(self) -> bool:
        """Forget a head that was not sent; return True if a response may be sent."""
        if self._start is not None:
            self._start = None
            self.head_sent = False
        return not (self.head_sent or self.response_ended)

    def _check_connected(self) -> None:
        if self.is_lost:
            raise ClientConnectionResetError("Cannot write: the client has closed the connection")

    def write_whole(
        self,
        status: int,
        reason: str | None,  # noqa: ARG002  # ASGI has none
        block: bytes,
        body: bytes,
    ) -> int:
        """Queue a whole response: two messages."""
        if self.is_lost:
            return 0
        # Not ``withdraw``: a call more for each response.
        if self._start is not None:
            self._start = None
            self.head_sent = False
        if self.head_sent or self.response_ended:
            raise LocalProtocolError("There is a response already")
        self.response_ended = True
        if status == 204 or status == 304 or self.scope.get("method") == "HEAD":
            body = b""
        self.put_whole(status, [*asgi_lines(block)], body)
        return len(block) + len(body)

    def put_whole(self, status: int, fields: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Keep the messages of a whole response."""
        self.whole = (
            {"type": "http.response.start", "status": status, "headers": fields},
            {"type": "http.response.body", "body": body},
        )

    def write_head(
        self, status: int, reason: str, headers: CIMultiDict[str], *, body_follows: bool
    ) -> None:
        """Make the head; raises ``ValueError`` for a field that cannot be sent."""
        del reason  # ASGI has none.
        self._check_connected()
        if not self.withdraw():
            raise ValueError("There is a response already: a request has one")
        fields = asgi_fields(headers, keep_connection=self._is_http_1)
        self._bodiless = self.scope.get("method") == "HEAD" or status in (204, 304)
        length = headers.get("Content-Length")
        self._left = None
        if length is not None and not self._bodiless:
            self._left = int(length) if length.isdecimal() else None
        start: Message = {"type": f"{self._prefix}start", "status": status, "headers": fields}
        if "Trailer" in headers and "http.response.trailers" in self._extensions:
            self._trailers = start["trailers"] = True
        self.output_size = sum(len(name) + len(value) + 4 for name, value in fields)
        self._start = start
        self.head_sent = True
        if not body_follows:
            # As over HTTP/1.1: the first piece may come before the task waits, or an error.
            self._state.loop.call_soon(self._send_head_soon)

    @property
    def _is_http_1(self) -> bool:
        version: str = self.scope.get("http_version", "1.1")
        return version < "2"

    def _send_head_soon(self) -> None:
        if self._start is not None:
            self._state.loop.call_soon(self._send_head)

    def _send_head(self) -> None:
        if self._start is not None and not self.over:
            start, self._start = self._start, None
            self.put(start)
            self.kick()

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a piece of the body; return when the server wants more."""
        self._check_connected()
        size = data.nbytes if type(data) is memoryview else len(data)
        self._count(size)
        if self._bodiless:
            await self.flush()
            self._discard(_CALL + size)
        else:
            if size:
                self._put_body(bytes(data), more=True)
            # The end of a client shows only in what is received.
            self.intake.watch()
            await self.flush()
        self._check_connected()
        self._turn += _CALL + size
        if self._turn > _LONG_TURN:
            self._turn = 0
            await asyncio.sleep(0)

    def _count(self, size: int) -> None:
        if self._left is not None:
            if size > self._left:
                raise RuntimeError(
                    f"The body is longer than its Content-Length: {size} bytes are written, and "
                    f"{self._left} were left"
                )
            self._left -= size

    def _put_body(self, data: bytes, *, more: bool) -> None:
        self.output_size += len(data)
        self.put({"type": f"{self._prefix}body", "body": data, "more_body": more}, len(data))

    def _discard(self, cost: int) -> None:
        self._discarded += cost
        if self._discarded > _MAX_DISCARDED:
            raise BodyDiscardedError(
                "The response has no body (it answers HEAD, or its status allows none): the client "
                "has all of it, and nothing more needs to be written"
            )

    def end_bodiless(self) -> None:
        """End a response that has no body."""
        self._left = None
        self._end(b"", ())

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the last piece and the end; raises ``RuntimeError`` for a body that is too short."""
        self.finish(data)
        await self.flush()

    def finish(self, data: bytes = b"", trailers: Iterable[tuple[str, str]] = ()) -> None:
        """Queue the last piece and the end of the response, with ``trailers`` if they can be sent.

        They need the extension of the server, and a field ``Trailer`` of the response.
        """
        if self.response_ended or self.is_lost:
            return
        self._count(len(data))
        if self._left:
            missing = self._left
            if self._start is None:
                self.abort()
            raise RuntimeError(
                f"The body is shorter than its Content-Length: {missing} are missing"
            )
        self._end(b"" if self._bodiless else data, trailers)

    def _end(self, data: bytes, trailers: Iterable[tuple[str, str]]) -> None:
        self.response_ended = True
        self.head_sent = False
        if self.is_lost:
            return
        self._put_body(data, more=False)
        if self._trailers:
            fields = asgi_fields(CIMultiDict(trailers), keep_connection=False)
            self.put({"type": "http.response.trailers", "headers": fields, "more_trailers": False})

    def write_informational(self, status: int, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Queue an early hint, if the server takes any; other 1xx responses are the server's."""
        if self.head_sent or self.response_ended:
            raise ValueError("The response has begun: a 1xx response comes before it")
        if status != 103 or "http.response.early_hint" not in self._extensions or self.is_lost:
            return
        fields = asgi_fields(CIMultiDict(headers), keep_connection=False)
        if links := [value for name, value in fields if name == b"link"]:
            self.put({"type": "http.response.early_hint", "links": links})

    async def drain(self) -> None:
        """Send what is queued."""
        await self.flush()
        self._check_connected()

    async def run_blocking(self, call: Callable[[], _T], executor: Executor | None = None) -> _T:
        """Return ``call()``, made in a thread behind the calls before it."""
        if self._blocking is None:
            self._blocking = BlockingCalls()
        return await self._blocking.run(call, executor)

    # Files.

    @property
    def sends_paths(self) -> bool:
        """True if the server sends files by their paths."""
        return "http.response.pathsend" in self._extensions and self._prefix == "http.response."

    async def send_path(self, path: str, size: int) -> None:
        """Have the server send a whole file."""
        self._check_connected()
        self.response_ended = True
        self.head_sent = False
        self.output_size += size
        self.put({"type": "http.response.pathsend", "path": path}, size)
        await self.flush()

    # The end.

    def switch(self, headers: CIMultiDict[str], upgraded: Upgraded) -> None:  # noqa: ARG002  # the interface's
        """Raise ``RuntimeError``: the connection is the server's."""
        raise RuntimeError(
            "The server in front has passed this request on as HTTP, so it cannot become a "
            "WebSocket or another protocol: have it serve WebSockets (uvicorn needs the package "
            "websockets or wsproto)"
        )

    def fail(self, error: BaseException | None) -> None:  # noqa: ARG002  # the interface's
        """Cut the response off; the callable raises, so that the server tells the client."""
        self.abort()
