"""A session of Redis streams: listen to the channels, and catch up from the streams.

A topic that is resumed first catches up: pages of its stream are delivered until no message has
come in its channel that the stream did not show. From then on messages of the channel are
delivered, except for those that were read already.
"""

from collections.abc import Callable, Sequence
from typing import Final, final

from treadle_channels._core.errors import BackendError, BackendUnavailableError
from treadle_channels._core.stream_ids import ZERO, StreamId, StreamState, format_id, parse_id

from .interfaces import Sink
from .link import logger
from .redis_client import RedisServer
from .redis_session import RedisSession

__all__ = ["PAGE", "RedisStreamSession", "read_page", "read_state"]

#: The messages that are read from a stream at a time.
PAGE: Final = 100


@final
class RedisStreamSession(RedisSession):
    """One life of the connections to Redis, for messages that are kept.

    ``positions`` outlives the session; ``server_run`` names the run of the server before.
    """

    def __init__(
        self,
        server: RedisServer,
        sink: Sink,
        prefix: str,
        positions: dict[str, StreamId],
        wants: Callable[[str], bool],
        server_run: bytes | None,
    ) -> None:
        super().__init__(server, sink, f"{prefix}live:")
        self._streams = f"{prefix}stream:".encode()
        self._positions = positions
        self._wants = wants
        self.server_run = server_run
        #: True if the server was restarted: it may have lost what it had not written to its disk.
        self._restarted = False
        #: True if all subscribers know that messages may be lost here.
        self._told = False
        #: The newest message that came in the channel of each topic that catches up.
        self._catching: dict[str, StreamId] = {}

    async def open(self) -> None:
        """Open both connections, and look whether the server is the one of before."""
        await super().open()
        answer = (await self.ask([("INFO", "server")]))[0]
        run: bytes | None = None
        if isinstance(answer, bytes):
            for line in answer.splitlines():
                if line.startswith(b"run_id:"):
                    run = line[7:]
        # A server that does not say it (a right that is missing) may have been restarted.
        self._restarted = self.server_run is not None and run != self.server_run
        self.server_run = run or b"unknown"

    def tell(self) -> None:
        """Tell the subscribers of a restart, once; messages may have been lost with it."""
        self.open_for_messages = True
        if self._restarted and not self._told:
            self._told = True
            self.sink.lost(None, "link")

    # Listening

    def received(self, topic: str, data: bytes) -> None:
        """Take what came in the channel of ``topic``: the id, a space, the envelope."""
        text, _, envelope = data.partition(b" ")
        try:
            position = parse_id(text.decode("ascii", "replace"))
        except ValueError:
            self.undecodable(topic, data)
            return
        if topic in self._catching:
            self._catching[topic] = position
        elif self._wants(topic) and position > self._positions.get(topic, ZERO):
            self._deliver(topic, position, envelope)

    def _deliver(self, topic: str, position: StreamId, envelope: bytes | None) -> None:
        self._positions[topic] = position
        if envelope is not None and envelope[:1] in (b"t", b"b"):
            self.sink.deliver(topic, envelope, format_id(position))
        else:
            self.undecodable(topic, envelope or b"")

    # Catching up

    async def change(self, add: Sequence[str], drop: Sequence[str]) -> None:
        """Subscribe and unsubscribe; the topics that were subscribed to before go on there."""
        resumed = [topic for topic in add if topic in self._positions]
        fresh = [topic for topic in add if topic not in self._positions]
        # Before the subscription: a message in between is then at worst delivered, never skipped.
        for topic, state in zip(fresh, await self._states(fresh), strict=True):
            self._positions.setdefault(topic, state.last)
        self._catching.update(dict.fromkeys(resumed, ZERO))
        await super().change(add, drop)
        if not self.open_for_messages:
            self.tell()
            if fresh and not self._told:
                # They were subscribed to while the link was down.
                self.sink.lost(frozenset(fresh), "link")
        for topic, state in zip(resumed, await self._states(resumed), strict=True):
            await self._catch_up(topic, state)
        for topic in [*fresh, *resumed]:
            if not self._wants(topic):
                self._positions.pop(topic, None)

    async def _states(self, topics: Sequence[str]) -> list[StreamState]:
        if not topics:
            return []
        answers = await self.ask([("XINFO", "STREAM", self._streams + t.encode()) for t in topics])
        states = []
        for topic, answer in zip(topics, answers, strict=True):
            if isinstance(answer, BackendError) and "no such key" not in str(answer):
                logger.warning("topic %r: %s", topic, answer)
            states.append(read_state(answer))
        return states

    async def _catch_up(self, topic: str, state: StreamState) -> None:
        position = self._positions.get(topic, state.last)
        if state.last < position:
            # The stream is gone, or is another one: what it has is new.
            position, lacks = ZERO, True
        else:
            lacks = state.lacks(position)
        if lacks and not self._told:
            self.sink.lost((topic,), "trimmed")
        while self._wants(topic):
            start = f"({format_id(position)}"
            key = self._streams + topic.encode()
            answer = (await self.ask([("XRANGE", key, start, "+", "COUNT", PAGE)]))[0]
            page = read_page(answer) if not isinstance(answer, BackendError) else []
            for position, envelope in page:
                self._deliver(topic, position, envelope)
            if len(page) < PAGE and (not page or self._catching[topic] <= position):
                break
        self._positions[topic] = position
        del self._catching[topic]


def read_state(answer: object) -> StreamState:
    """Return what ``XINFO STREAM`` has answered; None and errors stand for no stream."""
    if not isinstance(answer, list):
        return StreamState()
    fields = dict(zip(answer[::2], answer[1::2], strict=True))
    first = fields.get(b"first-entry")
    return StreamState(
        last=parse_id(fields[b"last-generated-id"].decode()),
        first=parse_id(first[0].decode()) if first else None,
        length=fields[b"length"],
        added=fields.get(b"entries-added"),
    )


def read_page(answer: object) -> list[tuple[StreamId, bytes | None]]:
    """Return the messages that ``XRANGE`` has answered; None for an entry of another program."""
    if not isinstance(answer, list):
        raise BackendUnavailableError(f"Redis answered {answer!r:.80} instead of messages")
    page: list[tuple[StreamId, bytes | None]] = []
    for name, fields in answer:
        values = dict(zip(fields[::2], fields[1::2], strict=True)) if fields else {}
        page.append((parse_id(name.decode()), values.get(b"m")))
    return page
