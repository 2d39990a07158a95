"""The responses of a server that go on until they are told to end, and their one timer."""

import asyncio
import logging
from typing import Final, Protocol, final

from treadle_server._transport.deadlines import HasDeadline, Sweeper

__all__ = ["OpenStream", "OpenStreams"]


class OpenStream(HasDeadline, Protocol):
    """A response that goes on until its client leaves or the server stops.

    ``abort`` ends it as ``shut_down`` does.
    """

    def shut_down(self) -> None:
        """End soon: the server stops."""


@final
class OpenStreams:
    """The open streams of a server, by the channels that they are written to."""

    __slots__ = ("_loop", "_streams", "_sweeper", "ended")

    def __init__(self, loop: asyncio.AbstractEventLoop, logger: logging.Logger) -> None:
        self._loop: Final = loop
        # By the identity of the channel, which a stream refers to until it is removed.
        self._streams: Final[dict[int, OpenStream]] = {}
        self._sweeper: Final = Sweeper(loop, self._streams.values(), _do_nothing, logger)
        #: True once the server has ended its streams: new ones end as they begin.
        self.ended: bool = False

    def __contains__(self, channel: object) -> bool:
        return id(channel) in self._streams

    def __len__(self) -> int:
        return len(self._streams)

    def add(self, channel: object, stream: OpenStream) -> None:
        """Add the stream that is written to ``channel``; the first one starts the timer."""
        if not self._streams:
            self._sweeper.start()
        self._streams[id(channel)] = stream
        if self.ended:
            self._loop.call_soon(stream.shut_down)

    def remove(self, channel: object) -> None:
        """Remove the stream of ``channel``, if there is one; the last one stops the timer."""
        if self._streams.pop(id(channel), None) is not None and not self._streams:
            self._sweeper.stop()

    def shut_down(self) -> None:
        """End all streams, and those to come."""
        self.ended = True
        for stream in list(self._streams.values()):
            stream.shut_down()


def _do_nothing() -> None:
    """Do nothing at a tick but to look at the deadlines."""
