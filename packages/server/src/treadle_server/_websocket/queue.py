"""The messages of a WebSocket that its reader has not taken, and their bounds."""

import asyncio
from collections import deque
from typing import Final, TypeAlias, final

from treadle_websocket import Message, RawMessage

__all__ = ["PER_MESSAGE", "AnyMessage", "MessageQueue", "Waiter", "expire"]

#: A message with text as ``str`` or as ``bytes``.
AnyMessage: TypeAlias = Message | RawMessage
#: The future that a reader waits for: its result is a message, or None at the end.
Waiter: TypeAlias = "asyncio.Future[AnyMessage | None]"

# The queue is full above the first and no longer at the second: a few messages of usual size, or
# two thousand of the smallest.
_HIGH: Final = 256 * 1024
_LOW: Final = 64 * 1024
#: The bytes that a message counts besides its own, as in aiohttp.
PER_MESSAGE: Final = 128


@final
class MessageQueue:
    """Data messages, pings and pongs in order; the caller pauses reading while it is ``full``."""

    __slots__ = ("full", "messages", "size")

    def __init__(self) -> None:
        #: The messages, the oldest first.
        self.messages: Final[deque[AnyMessage]] = deque()
        #: True from the message that exceeds the bound until most were taken.
        self.full = False
        #: The bytes of the messages, and 128 more for each of them.
        self.size = 0

    def add(self, messages: list[AnyMessage]) -> None:
        """Append ``messages``, which all have text or bytes."""
        size = self.size
        for message in messages:
            size += len(message[1]) + PER_MESSAGE
        self.messages.extend(messages)
        self.size = size
        if size > _HIGH:
            self.full = True

    def take(self) -> AnyMessage:
        """Remove and return the oldest message; there must be one."""
        message = self.messages.popleft()
        self.size -= len(message[1]) + PER_MESSAGE
        if self.full and self.size <= _LOW:
            self.full = False
        return message

    def put_back(self, waiter: Waiter) -> None:
        """Make the message the oldest that ``waiter`` has, if any: its reader was cancelled."""
        if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
            message = waiter.result()
            if message is not None:
                self.messages.appendleft(message)
                self.size += len(message[1]) + PER_MESSAGE

    def clear(self) -> None:
        """Forget the messages."""
        self.messages.clear()
        self.size = 0
        self.full = False


def expire(waiter: Waiter) -> None:
    """End the wait with ``TimeoutError``, unless it has ended."""
    if not waiter.done():
        waiter.set_exception(TimeoutError())
