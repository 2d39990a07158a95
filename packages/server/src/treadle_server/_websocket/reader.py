"""The reading side of a WebSocket: messages wait in a queue for the one task that receives them.

A reader that waits gets a message as the result of its future, else from the queue. Behind them it
gets once the message that ended the WebSocket, then only CLOSED. Memory is bounded: the transport
stops reading from the peer while the queue is full.
"""

import abc
import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from treadle_websocket import WS_CLOSED_MESSAGE, WS_CLOSING_MESSAGE, State, WSMsgType

from .channel import SessionState
from .closing import run_callbacks
from .queue import PER_MESSAGE, AnyMessage, MessageQueue, Waiter, expire

__all__ = ["MessageReader"]

S = TypeVar("S", bound=SessionState)

_OPEN: Final = State.OPEN

# The messages that end an iteration, and the number of CLOSED messages that a reader gets before it
# is taken for an endless loop.
_END: Final = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED)
_MAX_TOLD_CLOSED: Final = 5


class MessageReader(abc.ABC, Generic[S]):
    """The messages of one WebSocket; a transport adds them with ``_add``, and the last one."""

    __slots__ = (
        "_close_callbacks", "_last", "_loop", "_queue", "_told_closed", "session", "waiter",
    )  # fmt: skip

    def __init__(self, session: S, loop: asyncio.AbstractEventLoop) -> None:
        self.session: Final[S] = session
        self._loop: Final = loop
        # For the reader: the messages and the last one behind them, the future that it waits for
        # (else None), and the number of times that it was told that there are no more.
        self._queue: Final = MessageQueue()
        self._last: AnyMessage | None = None
        self.waiter: Waiter | None = None
        self._told_closed = 0
        # What is called at the end; None for most WebSockets.
        self._close_callbacks: list[Callable[[], None]] | None = None

    @abc.abstractmethod
    def answer_close(self) -> None:
        """Answer the peer's close frame or its fault, if that is due."""

    @abc.abstractmethod
    def _read_on(self) -> None:
        """Take messages from the peer again, unless the queue is full."""

    @abc.abstractmethod
    def _pause(self) -> None:
        """Take no more messages from the peer: the queue is full."""

    def _add(self, messages: list[AnyMessage]) -> None:
        """Give the reader data messages, pings and pongs: the others end a session."""
        waiter = self.waiter
        if waiter is not None and not waiter.done():
            # The queue is empty: a reader that has a message does not wait.
            waiter.set_result(messages.pop(0))
            if not messages:
                return
        self._queue.add(messages)
        if self._queue.full:
            self._pause()

    async def receive(self, timeout: float | None, autoclose: bool, iterating: bool) -> AnyMessage:
        """Return the next message; see ``WebSocketResponse.receive`` and its ``__anext__``."""
        if self.waiter is not None:
            raise RuntimeError("Concurrent call to receive(): another task is waiting already")
        queue = self._queue
        while not queue.messages:
            if self._last is not None or self.session.state is not _OPEN:
                last = self._receive_last(autoclose)
                if iterating and last.type in _END:
                    raise StopAsyncIteration
                return last
            waiter = self.waiter = self._loop.create_future()
            timer = None if timeout is None else self._loop.call_later(timeout, expire, waiter)
            try:
                message: AnyMessage | None = await waiter
            except BaseException:
                queue.put_back(waiter)
                raise
            finally:
                self.waiter = None
                if timer is not None:
                    timer.cancel()
            if message is not None:
                return message
        if not queue.full:
            # ``take`` without the call.
            message = queue.messages.popleft()
            queue.size -= len(message[1]) + PER_MESSAGE
            return message
        message = queue.take()
        self._read_on()
        return message

    def _receive_last(self, autoclose: bool) -> AnyMessage:
        message, self._last = self._last, None
        if message is None:
            if self.session.state is State.CLOSE_RECEIVED:
                return WS_CLOSING_MESSAGE
            self._told_closed += 1
            if self._told_closed >= _MAX_TOLD_CLOSED:
                raise RuntimeError("The WebSocket is closed: look at the type of what you receive")
            return WS_CLOSED_MESSAGE
        if message.type is WSMsgType.ERROR or autoclose:
            self.answer_close()
        return message

    def _wake(self) -> None:
        """Let a reader that waits look again: the end has come."""
        waiter = self.waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # The end.

    def add_close_callback(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` once, in the event loop, when the WebSocket has closed."""
        if self.session.state is State.CLOSED:
            self._loop.call_soon(callback)
        elif self._close_callbacks is None:
            self._close_callbacks = [callback]
        else:
            self._close_callbacks.append(callback)

    def remove_close_callback(self, callback: Callable[[], None]) -> None:
        """Do not call ``callback``; nothing happens if it is not there any more."""
        callbacks = self._close_callbacks
        if callbacks is not None and callback in callbacks:
            callbacks.remove(callback)

    def _run_close_callbacks(self) -> None:
        """Note that the WebSocket has closed; the transport calls it at each end that it sees."""
        callbacks, self._close_callbacks = self._close_callbacks, None
        if callbacks:
            run_callbacks(callbacks)
