"""A session of Redis: a connection that listens to channels, and one that asks.

The listening connection gets one command of pub/sub after the other and reads for ever. A ``PING``
behind each change of subscriptions says when it holds: Redis answers in order. The other connection
takes batches of commands and reads their answers, so that concurrent publishers share round trips.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from treadle_channels._core.errors import BackendError

from .interfaces import Sink
from .link import logger
from .redis_client import Command, RedisServer, Value

__all__ = ["RedisSession"]


class RedisSession:
    """One life of the connections to Redis, for messages that are not kept."""

    ping: Command = ("PING",)

    def __init__(self, server: RedisServer, sink: Sink, prefix: str) -> None:
        self.sink: Final = sink
        #: False until the subscribers were told what was lost before: what comes earlier is lost.
        self.open_for_messages = False
        self._prefix = prefix.encode()
        self.server: Final = server
        self._listening = server.connection()
        self._asking = server.connection()
        self._pongs: dict[bytes, asyncio.Future[None]] = {}
        self._count = 0
        self._complained = False
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Open both connections."""
        await self._listening.open()
        await self._asking.open()

    async def close(self) -> None:
        """Close both connections."""
        for future in self._pongs.values():
            future.cancel()
        await self._listening.close()
        await self._asking.close()

    # Listening

    async def listen(self) -> None:
        """Read until the connection is lost."""
        read = self._listening.reader()
        prefix, received = len(self._prefix), self.received
        while True:
            answer = await read()
            match answer:
                case [b"message", bytes(channel), bytes(data)]:
                    received(channel[prefix:].decode(), data)
                # Without a channel the connection is an ordinary one, also in its answer to PING.
                case [b"pong", bytes(token)] | bytes(token):
                    future = self._pongs.pop(token, None)
                    if future is not None and not future.done():
                        future.set_result(None)
                case [b"subscribe" | b"unsubscribe", _, _]:
                    pass
                case _:
                    raise BackendError(
                        f"{self.server.description} sent {answer!r:.80} to a subscriber"
                    )

    def received(self, topic: str, data: bytes) -> None:
        """Take what came in the channel of ``topic``."""
        if self.open_for_messages:
            if data[:1] in (b"t", b"b"):
                self.sink.deliver(topic, data, None)
            else:
                self.undecodable(topic, data)

    def undecodable(self, topic: str, data: bytes) -> None:
        """Tell of what another program has published."""
        level = logger.debug if self._complained else logger.warning
        self._complained = True
        level(
            "%s: topic %r: %r is no message of treadle-channels; do other programs publish here?",
            self.server.description,
            topic,
            data[:40],
        )
        self.sink.lost((topic,), "undecodable", 1)

    async def change(self, add: Sequence[str], drop: Sequence[str]) -> None:
        """Subscribe and unsubscribe; return when Redis has done it."""
        commands: list[Command] = []
        if add:
            commands.append(("SUBSCRIBE", *map(self.channel, add)))
        if drop:
            commands.append(("UNSUBSCRIBE", *map(self.channel, drop)))
        await self._settle(commands)

    def channel(self, topic: str) -> bytes:
        """Return the channel of ``topic``."""
        return self._prefix + topic.encode()

    async def check(self) -> None:
        """Return when Redis has answered on the listening connection."""
        await self._settle([])

    async def _settle(self, commands: list[Command]) -> None:
        self._count += 1
        token = b"%d" % self._count
        future = self._pongs[token] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(self.server.timeout):
            await self._listening.write([*commands, ("PING", token)])
            await future

    # Asking

    async def send(self, batch: Sequence[Command]) -> Sequence[object | BackendError]:
        """Ask, in one batch; the deadline is the link's."""
        async with self._turn:
            return await self._asking.ask(batch)

    async def ask(self, commands: Sequence[Command]) -> list[Value | BackendError]:
        """Return the answers to ``commands``; several tasks may ask."""
        async with self._turn, asyncio.timeout(self.server.timeout):
            return await self._asking.ask(commands)
