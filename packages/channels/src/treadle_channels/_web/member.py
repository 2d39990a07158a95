"""A WebSocket as a subscriber: messages go to its transport directly, while its peer keeps up.

There is no task and no queue for such a peer. One that is behind (more than ``writer_limit`` bytes
wait for it) gets a bounded queue, and a task that sends what is in it when the peer reads again.
Loss is never silent: ``gap`` makes a message of it, and without ``gap`` the WebSocket is closed.
"""

import asyncio
from collections.abc import Callable
from operator import itemgetter
from typing import Final, cast, final

from treadle_channels._channels.logs import RareLog
from treadle_channels._core.buffer import Buffer, Overflow
from treadle_channels._core.messages import Gap, Message
from treadle_server import ClientConnectionResetError
from treadle_server.interfaces import WebSocketChannel
from treadle_websocket import PreparedMessage, State, WSCloseCode

from .encoder import Encoder

__all__ = ["GapMessage", "Member"]

GapMessage = Callable[[Gap], str | bytes]

#: A frame with its topic.
_Queued = tuple[str, PreparedMessage]

_topic_of: Final = cast("Callable[[_Queued], str]", itemgetter(0))
_OPEN: Final = State.OPEN
_log: Final = RareLog()


@final
class Member:
    """One WebSocket, with the options of its first ``join``.

    ``left`` is called once, when it gets nothing any more.
    """

    __slots__ = ("_buffer", "_encoder", "_gap", "_has_left", "_left", "_overflow", "_queue",
                 "_task", "_ws")  # fmt: skip

    def __init__(
        self,
        ws: WebSocketChannel,
        encoder: Encoder,
        *,
        queue: int,
        overflow: Overflow,
        gap: GapMessage | None,
        left: "Callable[[Member], None]",
    ) -> None:
        self._ws: Final = ws
        self._encoder: Final = encoder
        self._queue: Final = queue
        self._overflow: Final[Overflow] = overflow
        self._gap: Final = gap
        self._left: Final = left
        self._has_left = False
        # While the peer is behind, else None.
        self._buffer: Buffer[_Queued] | None = None
        self._task: asyncio.Task[None] | None = None
        ws.add_close_callback(self.leave)

    @property
    def ws(self) -> WebSocketChannel:
        """The WebSocket."""
        return self._ws

    @property
    def options(self) -> tuple[Encoder, int, Overflow, GapMessage | None]:
        """What a later ``join`` must not change."""
        return self._encoder, self._queue, self._overflow, self._gap

    @property
    def task(self) -> "asyncio.Task[None] | None":
        """The task that sends what waits, None for a peer that keeps up."""
        return self._task

    # The methods of ``Subscriber``.

    def deliver(self, message: Message) -> None:
        """Send a message, or queue it."""
        ws = self._ws
        if self._buffer is None and ws.session.state is _OPEN and not ws.behind:
            prepared = self._encoder.prepare(message)
            if prepared is not None:
                try:
                    ws.put(prepared, None)
                except Exception:
                    # Whatever it is, the peer must know that it has not got all.
                    self._close("messages were lost")
                    raise
                return
        self._deliver_slowly(message)

    def _deliver_slowly(self, message: Message) -> None:
        if self._has_left or self._ws.session.state is not _OPEN:
            # Nothing can be sent; it leaves when the WebSocket has closed.
            return
        prepared = self._encoder.prepare(message)
        if prepared is None:
            self.lose(Gap(frozenset((message.topic,)), "undecodable", 1))
            return
        if self._buffer is None:
            self._buffer = Buffer(self._queue, self._overflow, _topic_of)
            self._task = asyncio.get_running_loop().create_task(self._send_queued())
        if not self._buffer.put((message.topic, prepared)):
            self._close("too slow")

    def lose(self, gap: Gap) -> None:
        """Tell the peer of a loss, in its place."""
        if self._ws.session.state is not _OPEN:
            return
        if self._gap is None:
            self._close("messages were lost")
        elif self._buffer is not None:
            self._buffer.put_gap(gap)
        else:
            self._tell(self._gap, gap)

    def end(self) -> None:
        """Close the WebSocket: the channels stop."""
        self._ws.close(WSCloseCode.GOING_AWAY)
        self.leave()

    # A peer that is behind.

    async def _send_queued(self) -> None:
        ws, buffer = self._ws, self._buffer
        assert buffer is not None
        try:
            # ``leave`` takes the buffer away.
            while buffer and self._buffer is buffer:
                await ws.drain()
                while buffer and not ws.behind:
                    if ws.session.state is not _OPEN:
                        return
                    self._send_next(buffer.take())
        except ClientConnectionResetError:
            # The peer is gone.
            return
        finally:
            if self._buffer is buffer:
                self._buffer = self._task = None

    def _send_next(self, item: _Queued | Gap) -> None:
        if not isinstance(item, Gap):
            self._ws.put(item[1], None)
        elif self._gap is None:
            self._close("messages were lost")
        else:
            self._tell(self._gap, item)

    def _tell(self, make: GapMessage, gap: Gap) -> None:
        try:
            told = PreparedMessage(make(gap))
        except Exception as error:  # noqa: BLE001  # it is the caller's function
            _log.error("The function gap=%r has failed", make, error=error)
            self._close("messages were lost")
        else:
            self._ws.put(told, None)

    # The end.

    def _close(self, reason: str) -> None:
        self._ws.close(WSCloseCode.TRY_AGAIN_LATER, reason)
        self.leave()

    def leave(self) -> None:
        """Get nothing any more, at once; a second call does nothing."""
        if self._has_left:
            return
        self._has_left = True
        self._ws.remove_close_callback(self.leave)
        task = self._task
        # The task itself may be what leaves: it ends by itself.
        if task is not None and task is not _current_task():
            task.cancel()
        self._left(self)
        # A task that is cancelled before it has begun does not do this.
        self._buffer = self._task = None


def _current_task() -> "asyncio.Task[object] | None":
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
