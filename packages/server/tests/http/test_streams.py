"""The open streams of a server: their timer, and their end."""

import asyncio
import logging

from testkit import FakeClock, Run
from treadle_server._http.streams import OpenStreams


class Stream:
    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.told: list[str] = []

    def on_deadline(self) -> None:
        self.deadline += 10
        self.told.append("due")
        if self.deadline < 0:
            raise LookupError

    def abort(self) -> None:
        self.told.append("aborted")

    def shut_down(self) -> None:
        self.told.append("shut down")


def test_one_timer_for_all() -> None:
    clock = FakeClock()

    async def main() -> None:
        streams = OpenStreams(asyncio.get_running_loop(), logging.getLogger("test"))
        first, second = object(), object()
        now = asyncio.get_running_loop().time()
        stream, other = Stream(now + 15), Stream(now + 30)
        streams.add(first, stream)
        streams.add(second, other)
        assert first in streams
        assert len(streams) == 2
        await clock.advance(14)
        assert stream.told == []
        await clock.advance(3)
        assert (stream.told, other.told) == (["due"], [])
        streams.remove(first)
        streams.remove(first)
        await clock.advance(30)
        assert (stream.told, other.told) == (["due"], ["due", "due"])
        streams.remove(second)
        # Without streams there is no timer.
        assert streams._sweeper._handle is None
        assert first not in streams

    clock.run(main())


def test_a_stream_that_fails_is_ended() -> None:
    clock = FakeClock()

    async def main() -> None:
        streams = OpenStreams(asyncio.get_running_loop(), logging.getLogger("test"))
        channel = object()
        stream = Stream(-1000)
        streams.add(channel, stream)
        await clock.advance(2)
        assert stream.told == ["due", "aborted"]
        streams.remove(channel)

    clock.run(main())


def test_the_end(run: Run) -> None:
    async def main() -> None:
        streams = OpenStreams(asyncio.get_running_loop(), logging.getLogger("test"))
        channels = [object() for _ in range(3)]
        early, late = Stream(0), Stream(0)
        streams.add(channels[0], early)
        assert not streams.ended
        streams.shut_down()
        assert streams.ended
        assert early.told == ["shut down"]
        # One that begins while the server stops ends at once, but not within its own call.
        streams.add(channels[1], late)
        assert late.told == []
        await asyncio.sleep(0)
        assert late.told == ["shut down"]
        for channel in channels:
            streams.remove(channel)
        assert len(streams) == 0

    run(main())
