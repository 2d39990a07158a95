"""Redis streams: messages are kept for a while, and can be had again by their ids.

A message is added to the stream of its topic and published in a channel beside it, by one script:
so each process listens as with pub/sub, on one connection and for any number of topics, and the
streams are read only to catch up. Reading them with a blocking ``XREAD`` would name all topics in
each call, and would have to be woken for each new topic. After a loss the session reads behind the
last message of each topic, so that nothing is missed but what the stream itself has lost.
"""

from collections.abc import AsyncIterator, Collection
from typing import Final, final

from treadle_channels._core.errors import BackendError
from treadle_channels._core.stream_ids import StreamId, format_id, parse_id

from .interfaces import Delivery, Replayed
from .redis_client import Command
from .redis_pubsub import RedisBackend
from .redis_stream_session import PAGE, RedisStreamSession, read_page, read_state
from .session import LinkOptions, WhenDown

__all__ = ["RedisStreamsBackend"]

_PUBLISH: Final = b"""
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'm', ARGV[2])
if ARGV[3] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
redis.call('PUBLISH', ARGV[4], id .. ' ' .. ARGV[2])
return id
"""


@final
class RedisStreamsBackend(RedisBackend):
    """Messages that Redis keeps in a stream for each topic, to be replayed by id.

    ``history`` is about the number of messages that are kept of each topic, and ``expire`` the
    seconds after the last message when a topic's stream is removed, None for never. The other
    arguments are those of ``RedisPubSubBackend``.
    """

    def __init__(
        self,
        url: str = "redis://localhost:6379/0",
        *,
        prefix: str = "treadle:",
        history: int = 1000,
        expire: float | None = 86_400.0,
        required: bool = True,
        when_down: WhenDown = "fail",
        queue_limit: int = 1000,
        timeout: float = 5.0,
        heartbeat: float = 5.0,
    ) -> None:
        if history < 1:
            raise ValueError(f"history={history!r}: give at least 1, or use RedisPubSubBackend")
        if expire is not None and expire <= 0:
            raise ValueError(f"expire={expire!r}: give seconds above 0, or None")
        super().__init__(
            url, prefix, LinkOptions(required, when_down, queue_limit, timeout, heartbeat)
        )
        self._history = history
        self._expire = 0 if expire is None else max(1, round(expire * 1000))
        self._streams = f"{prefix}stream:".encode()
        self._channels = f"{prefix}live:".encode()
        #: The last message of each subscribed topic, to go on behind it.
        self._positions: dict[str, StreamId] = {}
        #: The server as it names its run: another name means that it was restarted.
        self._server_run: bytes | None = None
        self._current: RedisStreamSession | None = None

    @property
    def delivery(self) -> Delivery:
        """Replayable."""
        return Delivery.REPLAYABLE

    def _session(self) -> RedisStreamSession:
        self._current = RedisStreamSession(
            self._server, self._to(), self._prefix, self._positions, self._link.wants,
            self._server_run,
        )  # fmt: skip
        return self._current

    def _back(self, missed: bool) -> None:  # noqa: ARG002
        if self._current is not None:
            self._current.tell()
            self._server_run = self._current.server_run

    async def stop(self) -> None:
        """Disconnect; messages that wait for the engine are dropped, which the log tells."""
        await super().stop()
        self._positions.clear()
        self._server_run = None

    async def unsubscribe(self, topics: Collection[str]) -> None:
        """Receive no messages of ``topics`` any more."""
        await super().unsubscribe(topics)
        for topic in topics:
            self._positions.pop(topic, None)

    async def publish(self, topic: str, envelope: bytes) -> str | None:
        """Publish a message; return its id, None if it waits for the return of Redis."""
        name = topic.encode()
        command: Command = (
            "EVAL", _PUBLISH, 1, self._streams + name, self._history, envelope, self._expire,
            self._channels + name,
        )  # fmt: skip
        answer = await self._link.call(command, len(envelope), keep=True)
        return answer.decode() if isinstance(answer, bytes) else None

    # Messages of the past

    async def replay(self, topic: str, after: str) -> AsyncIterator[Replayed | None]:
        """Yield the messages behind ``after``; None first if some may be gone."""
        position = parse_id(after)
        key = self._streams + topic.encode()
        state = read_state(await self._answer("XINFO", "STREAM", key))
        if state.last < position:
            # An id of a stream that is gone; the topic has begun again.
            yield None
            position = (0, 0)
        elif state.lacks(position):
            yield None
        while True:
            start = f"({format_id(position)}"
            page = read_page(await self._answer("XRANGE", key, start, "+", "COUNT", PAGE))
            for position, envelope in page:
                yield Replayed(format_id(position), envelope or b"")
            if len(page) < PAGE:
                return

    async def last_id(self, topic: str) -> str:
        """Return the id of the last message of ``topic``, ``"0"`` if there is none."""
        state = read_state(await self._answer("XINFO", "STREAM", self._streams + topic.encode()))
        return format_id(state.last) if state.last > (0, 0) else "0"

    def position(self, id: str) -> tuple[int, ...]:  # noqa: A002
        """Return the numbers of an id; raises ``ValueError`` if it is none."""
        return parse_id(id)

    async def _answer(self, *command: bytes | str | float) -> object:
        try:
            return await self._ask(*command)
        except BackendError as error:
            if "no such key" in str(error):
                return None
            raise
