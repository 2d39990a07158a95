"""``EventSourceResponse``: an event stream (server-sent events) as the response to a request.

WHATWG HTML, section 9.2. The events are those of an asynchronous iterator that the response is made
with, or the handler sends them in a block. Both end in the same way: the client leaves or the
server stops, ``Block`` ends the wait for the next event, and the response is completed.

This module is imported when one of its names is first used.
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterable, AsyncIterator
from types import TracebackType
from typing import Final, Self

from treadle_responses import (
    LooseHeaders,
    RequestInfo,
    ResponseWriter,
    ServerSentEvent,
    StreamResponse,
)
from treadle_server._core.errors import ClientConnectionResetError
from treadle_server._core.logs import shown
from treadle_server._http.interfaces import ResponseChannel
from treadle_server._http.request import BaseRequest
from treadle_server._transport.deadlines import NEVER

from .block import Block

__all__ = ["EventSourceResponse", "sse_response"]

_COMMENT: Final = ServerSentEvent(comment="").encode()

#: ``no-transform`` keeps proxies from compressing the stream, and thereby from holding events back.
_FIELDS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store, no-transform",
    # For nginx, which otherwise collects a response before it passes it on.
    "X-Accel-Buffering": "no",
}

#: Statuses of responses without a body.
_EMPTY: Final = (204, 205, 304)


class EventSourceResponse(StreamResponse):
    """An event stream: ``return EventSourceResponse(events())``, or a block that sends events.

    ``events`` is an asynchronous iterable of ``ServerSentEvent`` values, or of ``str`` for their
    data. It is iterated by one task, behind the handler and its middlewares, and closed there
    (``aclose``) whatever ends the stream. Without it, the handler sends the events::

        response = EventSourceResponse()
        await response.prepare(request)
        async with response:
            await response.send("hello")
        return response

    The block, and the iteration, end when the client has left, the server stops or
    ``stop_streaming`` was called: the task is cancelled inside, and goes on behind the block. So
    ``finally`` is the place for what is to be done at the end.

    ``keepalive``: seconds of silence after which a comment is sent, so that proxies keep the
    connection, and a client that has vanished is found; None sends none. ``status``, ``reason`` and
    ``headers`` are those of any response; ``headers`` may replace the fields of event streams.

    Raises ``TypeError`` and ``ValueError`` for arguments that cannot be used.
    """

    #: When, by the clock of the event loop, the next comment is due; for the server.
    deadline: float = NEVER

    _channel: ResponseChannel | None = None
    _last_event_id: str | None = None
    _watch: "asyncio.Task[None] | None" = None
    _comment: "asyncio.Task[None] | None" = None

    def __init__(
        self,
        events: AsyncIterable[str | ServerSentEvent] | None = None,
        *,
        status: int = 200,
        reason: str | None = None,
        headers: LooseHeaders | None = None,
        keepalive: float | None = 15.0,
    ) -> None:
        super().__init__(status=status, reason=reason, headers=headers)
        if events is not None and not isinstance(events, AsyncIterable):
            raise TypeError(_not_events(events))
        if keepalive is not None and not 0 < keepalive < math.inf:
            raise ValueError(f"keepalive is a number of seconds above 0, or None, not {keepalive}")
        for name, value in _FIELDS.items():
            self.headers.setdefault(name, value)
        self._events = events
        self._has_iterator = events is not None
        #: The seconds of silence after which a comment is sent, None for never.
        self.keepalive: Final = keepalive
        self._block = Block()
        self._over = asyncio.Event()

    # The head.

    async def prepare(self, request: RequestInfo) -> ResponseWriter | None:
        """Send the head; a second call does nothing."""
        if self.prepared:
            return await super().prepare(request)
        if not isinstance(request, BaseRequest):
            raise TypeError(f"An event stream needs a request of this server, not {request!r}")
        writer = await super().prepare(request)
        self._last_event_id = request.last_event_id
        if request.method == "HEAD" or self.status in _EMPTY:
            # The response has no body: the block ends where its task first waits.
            self.stop_streaming()
        else:
            self._begin(request, request.response_writer)
        return writer

    def _begin(self, request: BaseRequest, channel: ResponseChannel) -> None:
        self._channel = channel
        self._put_off_comment()
        channel.streams.add(channel, self)
        request.add_cleanup(self._release)
        self._watch = asyncio.get_running_loop().create_task(channel.wait_client_left())
        self._watch.add_done_callback(self._client_left)

    def _client_left(self, watch: "asyncio.Task[None]") -> None:
        if not watch.cancelled():
            self.stop_streaming()

    # The stream.

    @property
    def last_event_id(self) -> str | None:
        """The id of the last event that the client has got, None for a new client.

        Raises ``RuntimeError`` before ``prepare``; ``request.last_event_id`` is there at any time.
        """
        self._check_prepared("last_event_id")
        return self._last_event_id

    def is_connected(self) -> bool:
        """Return True from ``prepare`` until the client leaves or the stream is to end."""
        return self.prepared and not self._block.ended

    async def send(
        self,
        data: str | ServerSentEvent,
        id: str | None = None,  # noqa: A002  # the field's name
        event: str | None = None,
        retry: int | None = None,
    ) -> None:
        """Send an event, and wait while the client is behind with reading.

        It may be called by other tasks too, while one is in the block. Raises what
        ``ServerSentEvent`` raises, ``RuntimeError`` outside of the block, and
        ``ClientConnectionResetError`` once the client has left or the stream is to end.
        """
        if not isinstance(data, ServerSentEvent):
            data = ServerSentEvent(data, event=event, id=id, retry=retry)
        elif not (id is None and event is None and retry is None):
            raise TypeError("A ServerSentEvent has its own id, event and retry")
        if not self._block.entered:
            raise RuntimeError(
                "Events are sent in the block `async with response:`, which ends when the client "
                "leaves or the server stops"
            )
        if self._block.ended:
            raise ClientConnectionResetError("Cannot send an event: the stream has ended")
        self._put_off_comment()
        await self._write_or_end(data.encode())

    async def _write_or_end(self, data: bytes) -> None:
        try:
            await self.write(data)
        except ClientConnectionResetError:
            self.stop_streaming()
            raise

    def stop_streaming(self) -> None:
        """End the stream: the block ends where its task waits, and the client connects again."""
        self.deadline = NEVER
        self._over.set()
        if not self._block.ended:
            self._block.end()

    async def wait(self) -> None:
        """Wait until the stream is to end; for tasks besides the one in the block, and in it."""
        self._check_prepared("wait()")
        await self._over.wait()

    def _check_prepared(self, call: str) -> None:
        if not self.prepared:
            raise RuntimeError(f"The event stream has not begun: {call} comes behind prepare()")

    # The block.

    async def __aenter__(self) -> Self:
        self._check_prepared("the block")
        if self._has_iterator or self._block.entered:
            raise RuntimeError(
                "The events of this response come from its iterator: return it from the handler"
                if self._has_iterator
                else "An event stream has one block"
            )
        self._block.__enter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        suppressed = self._block.__exit__(exc_type, exc, traceback)
        self.stop_streaming()
        if exc is None or suppressed:
            # A client that is behind may leave meanwhile.
            with contextlib.suppress(ClientConnectionResetError):
                await self.write_eof()
        return suppressed

    # The end.

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the events of the iterator, if there is one, and end the response.

        The server calls it. A second call does nothing.
        """
        events, self._events = self._events, None
        if events is not None:
            await self._send_all(events)
        self.stop_streaming()
        channel = self._channel
        if channel is not None and channel.is_lost and not self.eof_sent:
            self.end_sending()
        else:
            await super().write_eof(data)

    async def _send_all(self, events: AsyncIterable[str | ServerSentEvent]) -> None:
        try:
            # An iterator that is not to be started is closed only.
            if not self._block.ended:
                with self._block:
                    async for event in events:
                        await self.send(event)
        finally:
            aclose = getattr(events, "aclose", None)
            if aclose is not None:
                await aclose()

    def end_sending(self) -> None:
        """Note that the response is complete."""
        super().end_sending()
        self._release()

    def _release(self) -> None:
        """Let go of the connection: the exchange has ended, with a whole response or without."""
        self.stop_streaming()
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.streams.remove(channel)
        for task in (self._watch, self._comment):
            if task is not None:
                task.cancel()
        self._watch = self._comment = None

    # For the server: the methods of ``OpenStream``.

    def shut_down(self) -> None:
        """End the stream: the server stops."""
        self.stop_streaming()

    def abort(self) -> None:
        """End the stream: its deadline has failed."""
        self.stop_streaming()

    def on_deadline(self) -> None:
        """Send a comment, unless one still waits for the client."""
        self._put_off_comment()
        if self._comment is None or self._comment.done():
            self._comment = asyncio.get_running_loop().create_task(self._send_comment())

    def _put_off_comment(self) -> None:
        if self.keepalive is not None:
            self.deadline = asyncio.get_running_loop().time() + self.keepalive

    async def _send_comment(self) -> None:
        if not self._block.ended:
            try:
                await self._write_or_end(_COMMENT)
            except ClientConnectionResetError:
                return


def _not_events(given: object) -> str:
    text = "events is an async iterable of events, such as an async generator"
    if callable(given):
        name = getattr(given, "__qualname__", type(given).__name__)
        return f"{text}, not the function {name}: call it, as in EventSourceResponse({name}())"
    return f"{text}, not {shown(given)}"


@contextlib.asynccontextmanager
async def _streaming(
    request: BaseRequest, response: EventSourceResponse
) -> AsyncIterator[EventSourceResponse]:
    await response.prepare(request)
    async with response:
        yield response


def sse_response(
    request: BaseRequest,
    *,
    status: int = 200,
    reason: str | None = None,
    headers: LooseHeaders | None = None,
    keepalive: float | None = 15.0,
) -> contextlib.AbstractAsyncContextManager[EventSourceResponse]:
    """Return the block of an ``EventSourceResponse`` with these arguments, prepared.

    ``async with sse_response(request) as response: await response.send("hello")``; the handler
    returns the response behind it.
    """
    response = EventSourceResponse(
        status=status, reason=reason, headers=headers, keepalive=keepalive
    )
    return _streaming(request, response)
